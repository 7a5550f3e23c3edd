"""Runs the program and its room on one uvicorn until a signal ends both.

Called by `__main__` for `firstfive serve`. Answers within a second of its start; leaves within five of a signal, open rooms or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import uvicorn
import uvloop
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from firstfive.app import Program, open_program
from firstfive.app.history import Archive
from firstfive.app.several import key_of
from firstfive.app.shelf.books import Books
from firstfive.app.status import book_of
from firstfive.errors import Exit, FirstfiveError
from firstfive.intake import Credentials
from firstfive.notifiers.console import Console
from firstfive.settings import Settings
from firstfive.settings.entrance import is_wide, refuse_open
from firstfive.settings.people import known_as
from firstfive.stores.accounts.model import Role
from firstfive.stores.calls import Keys
from firstfive.stores.files.key import ROOM, write_private
from firstfive.web.accounts.entrance import Entrance
from firstfive.web.app import build
from firstfive.web.live import reaching
from firstfive.web.public.reports import Front
from firstfive.web.senders.amtool import Alertmanager
from firstfive.web.senders.hooks import KEPT_BODY, Hooks
from firstfive.web.senders.lane import Lane

GRACE = 3


def serve(settings: Settings, say: Callable[[dict[str, object]], None]) -> None:
    """Open everything, serve until SIGINT or SIGTERM, close everything. Raises FirstfiveError before anything is started."""
    sys.setswitchinterval(0.001)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, say))


def _log(text: str) -> None:
    print(f"firstfive: {text}", file=sys.stderr, flush=True)


async def _serve(settings: Settings, say: Callable[[dict[str, object]], None]) -> None:
    refuse_open(settings)
    _tls(settings)
    _provider(settings)
    listener = _bound(settings)
    try:
        program = await open_program(settings, notifiers=(Console(sys.stdout),), log=_log)
    except BaseException:
        listener.close()
        raise
    try:
        await _together(program, listener, say)
    finally:
        await program.close()
        listener.close()


def _bound(settings: Settings) -> socket.socket:
    """A listening socket, taken before anything else so that a port in use is one clear error and nothing is begun."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as problem:
        listener.close()
        raise FirstfiveError(
            f"the room cannot be opened on {settings.host}:{settings.port}: {problem.strerror}",
            remedy="another program (or another firstfive serve) has the port; stop it, or choose one with --port",
            exit_code=Exit.CONFLICT,
        ) from None
    return listener


def _hooks(program: Program, key: str, base: str) -> Hooks:
    """The senders' door of this program. The room's key opens it too."""
    redactor, intake = program.engine.tools.redactor, program.settings.intake
    return Hooks(
        credentials=Credentials(masters=(key,), tokens=intake.tokens, secrets=intake.secrets),
        clock=program.engine.clock,
        base=base,
        keep=program.journal.keep,
        keep_soon=program.journal.keep_soon,
        preview=program.engine.preview,
        wake=program.inbox.wake,
        harmless=redactor.harmless,
        redacted=lambda body: redactor.body(body, cap=KEPT_BODY),
        waiting=lambda: program.inbox.waiting,
        alertmanager=Alertmanager(outside=program.engine.outside),
    )


async def _together(program: Program, listener: socket.socket, say: Callable[[dict[str, object]], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    host, port = listener.getsockname()[:2]
    settings = program.settings
    key = key_of(settings, program.nodes, ROOM)
    address = f"{'https' if settings.tls_cert else 'http'}://{f'[{host}]' if ':' in host else host}:{port}/"
    reached = settings.address or address.rstrip("/")
    program.engine.links.base = reached
    also = urlsplit(reached).hostname or ""
    book = book_of(settings, program.journal, program.engine.clock)
    hooks = _hooks(program, key, reached)
    entrance = _entrance(program, int(port), reached)
    pages = build(
        program.engine,
        key=key,
        host=str(host),
        port=int(port),
        also=also,
        status_page=book,
        front=_front(settings, hooks),
        past_of=Archive(settings=settings),
        shelf=Books(program=program, at=(str(host), int(port))),
        entrance=entrance,
        calls=Keys(journal=program.journal, clock=program.engine.clock),
    )
    config = _config(settings, hooks, pages)
    server = uvicorn.Server(config)
    leave = _calmed(server)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    running = asyncio.create_task(program.run(stop))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells it by a flag only
        await asyncio.sleep(0.01)
    known = settings.state / "server.json"
    _found_at(known, settings, str(host), int(port), key)
    say({"url": address, **_way_in(entrance, address, key, settings.person), "pid": os.getpid()})
    sys.stdout.flush()
    gc.freeze()  # what is there by now stays; walking over all of it held every stream up for a tenth of a second, again and again
    try:
        await asyncio.wait({serving, running, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        pages.state.streams.close()
        leave()
        with contextlib.suppress(FileNotFoundError):
            known.unlink()
        await asyncio.gather(serving, running)
        entrance.close()


def _calmed(server: uvicorn.Server) -> Callable[[], None]:
    """Let it wake once a second, for the date of its answers, and not ten times to see whether it is to end; what ends it."""
    leaving = asyncio.Event()

    async def turning() -> None:
        told = asyncio.create_task(leaving.wait())
        while not await server.on_tick(0):
            await asyncio.wait({told}, timeout=1.0)
        told.cancel()

    def leave() -> None:
        server.should_exit = True
        leaving.set()

    server.main_loop = turning  # type: ignore[method-assign]
    return leave


def _found_at(known: Path, settings: Settings, host: str, port: int, key: str) -> None:
    """Write down where the command line finds this server."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asked by this machine alone
    tls = str(settings.tls_cert) if settings.tls_cert else ""
    write_private(known, json.dumps({"host": here, "port": port, "key": key, "pid": os.getpid(), "tls": tls}))


def _front(settings: Settings, hooks: Hooks) -> Front | None:
    """The public report form, where settings name its address."""
    page = settings.status_page
    if page is None or not page.report:
        return None
    return Front(name=page.name, home=page.url, address=page.report, components=page.components, tell=hooks.reported)


def _config(settings: Settings, hooks: Hooks, pages: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        hooks.beside(pages),
        http=cast("Any", Lane.of(hooks).protocol(reaching(HttpToolsProtocol))),
        loop="asyncio",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


def _entrance(program: Program, port: int, reached: str) -> Entrance:
    settings = program.settings
    return Entrance(
        state=settings.state,
        database=settings.database,
        clock=program.engine.clock,
        port=port,
        address=reached if settings.address else "",
        wide=is_wide(settings.host),
        people=settings.people,
        oidc=settings.oidc,
        log=_log,
    )


def _way_in(entrance: Entrance, address: str, key: str, person: str) -> dict[str, object]:
    """The address that signs in: with the key, or by name; with the first admin's one-time link when nobody has an account yet."""
    if not entrance.required():
        return {"sign_in": f"{address}?key={key}"}
    reached = entrance.address or address.rstrip("/")
    told: dict[str, object] = {"sign_in": f"{reached}/sign-in"}
    if not entrance.accounts.required():
        known = known_as(person, entrance.people)
        name = known.name if known else "admin" if person in ("root", "firstfive") else person
        told["welcome"] = f"{reached}/welcome/{entrance.accounts.invite(name, Role.ADMIN, entrance.clock.now())}"
    return told


def _provider(settings: Settings) -> None:
    """Raises FirstfiveError when settings name an identity provider and the part that speaks to one is not installed."""
    if settings.oidc is not None and not (find_spec("authlib") and find_spec("httpx")):
        raise FirstfiveError(
            "settings name an identity provider, and the part that speaks to one is not installed",
            remedy='pip install "firstfive[oidc]", or take [oidc] out of the settings',
        )


def _tls(settings: Settings) -> None:
    """Raises FirstfiveError when the certificate and its key cannot be used, before anything is begun."""
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as problem:
        raise FirstfiveError(
            f"the room cannot speak TLS: {problem.strerror or problem}",
            where=f"{settings.tls_cert}, {settings.tls_key}",
            remedy="tls_cert is the certificate with its chain in PEM, tls_key its key, both readable by this user",
        ) from None
