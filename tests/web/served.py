"""The application on a real socket of loopback, in a thread with its own event loop; the room is touched from that loop only."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from firstfive.web.accounts.entrance import Entrance
from firstfive.web.app import build
from firstfive.web.live import reaching
from firstfive.web.public.reports import Front
from firstfive.web.public.status import PublicFiles
from incident.builders import Line
from web.client import BEARER, KEY
from web.past import Archive
from web.room import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A served room: its port, and a way to touch it from the loop it lives in."""

    port: int
    room: Room
    loop: asyncio.AbstractEventLoop
    app: Starlette

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sign_in(self) -> str:
        return f"{self.url}/?key={KEY}"

    def within(self, work: Callable[[], Any]) -> Any:
        """What `work` returns, run in the server's loop."""

        async def run() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def tell(self, *lines: Line, incident: str = "INC-1") -> None:
        """Put these on a timeline, as a commit would."""
        self.within(lambda: self.room.tell(incident, lines))


@contextmanager
def serving(
    room: Room,
    port: int = 0,
    *,
    status_page: PublicFiles | None = None,
    front: Front | None = None,
    past_of: Archive | None = None,
    entrance: Callable[[int], Entrance] | None = None,
) -> Iterator[Served]:
    """Serve until the block is left; streams that are open then are ended. `entrance` makes the way in for a port."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    port = listener.getsockname()[1]
    way_in = entrance(port) if entrance else None
    app = build(
        room,
        key=KEY,
        host="127.0.0.1",
        port=port,
        status_page=status_page,
        front=front,
        past_of=past_of or Archive(),
        entrance=way_in,
    )
    told = {"log_level": "error", "access_log": False, "lifespan": "off", "timeout_graceful_shutdown": 1}
    config = uvicorn.Config(app, http=reaching(HttpToolsProtocol), **told)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    loops: list[asyncio.AbstractEventLoop] = []
    up = threading.Event()

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        serving_now = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving_now.done():
            await asyncio.sleep(0.01)
        up.set()
        await serving_now

    def in_its_own_loop() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=in_its_own_loop)
    thread.start()
    try:
        assert up.wait(10)
        yield Served(port=port, room=room, loop=loops[0], app=app)
    finally:
        if thread.is_alive():
            loops[0].call_soon_threadsafe(app.state.streams.close)
        server.should_exit = True
        thread.join(15)
        listener.close()
        if way_in is not None:
            way_in.close()
        assert not thread.is_alive()


@dataclass(frozen=True, slots=True)
class Stream:
    """An open event stream: its answer's headers and its events one by one."""

    connection: http.client.HTTPConnection
    answer: http.client.HTTPResponse

    def next(self) -> dict[str, str]:
        """The next event as its fields; comments are passed over."""
        fields: dict[str, str] = {}
        while True:
            line = self.answer.readline().decode().rstrip("\r\n")
            if not line and fields:
                return fields
            if line and not line.startswith(":"):
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")

    def entries(self, count: int) -> list[dict[str, Any]]:
        """The next `count` entries; signs of life are passed over."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            event = self.next()
            if event["event"] == "entry":
                assert event["id"] == str(json.loads(event["data"])["seq"])
                found.append(json.loads(event["data"]))
        return found


@contextmanager
def stream(port: int, path: str, *, key: str = KEY, last: str = "") -> Iterator[Stream]:
    """Open an event stream with the key."""
    headers = {**BEARER, "Authorization": f"Bearer {key}", "Accept-Encoding": "gzip"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={**headers, "Last-Event-ID": last} if last else headers)
        answer = connection.getresponse()
        try:
            yield Stream(connection, answer)
        finally:
            answer.close()
    finally:
        connection.close()
