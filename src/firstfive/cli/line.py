"""How a command reaches the program: over the running server, or straight into the journal when none runs.

Used by every command that reads or says something. The server owns the journal while it runs, so the command line asks it; with the
server down the same words are written by this process, and the next start takes them up.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from firstfive.errors import Exit, FirstfiveError
from firstfive.settings import Settings, load

View = dict[str, Any]


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command of an installation has."""
    command = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")(command)
    command = click.option(
        "--config", type=click.Path(path_type=Path), help="Settings file (default: firstfive.toml here or above)."
    )(command)
    return click.option("--vault", type=click.Path(path_type=Path), help="Vault folder, or the page in it.")(command)


def settings_of(vault: Path | None, config: Path | None) -> Settings:
    """The settings that a command's options ask for."""
    return load(vault=vault, config=config)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: where it answers, its key, and its certificate's file when it speaks TLS."""

    host: str
    port: int
    key: str
    tls: str = ""


def server_of(settings: Settings) -> Server | None:
    """The server that owns this state folder, or None when none is alive."""
    try:
        known = json.loads((settings.state / "server.json").read_text())
        os.kill(int(known["pid"]), 0)
        host, port, key = str(known["host"]), int(known["port"]), str(known["key"])
        return Server(host=host, port=port, key=key, tls=str(known.get("tls", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ask(settings: Settings, method: str, path: str, body: View | None = None) -> View:
    """One call of the API: over the server when it runs, else against the journal in this process."""
    server = server_of(settings)
    if server is not None:
        return over_http(server, method, path, body, token=settings.token)
    from firstfive.cli.direct import answer

    if method != "GET" and path != "/simulate":
        click.echo("note: no server runs, so this is only written down; `firstfive serve` acts on it", err=True)
    return asyncio.run(answer(settings, method, path, body or {}))


def connected(server: Server, *, timeout: float = 20) -> http.client.HTTPConnection:
    """A connection to the server; over TLS it must show the very certificate that it said it uses, whatever names stand in it.

    `timeout` is how many seconds it may be silent.
    """
    if not server.tls:
        return http.client.HTTPConnection(server.host, server.port, timeout=timeout)
    import ssl

    context = ssl.create_default_context(cafile=server.tls)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return http.client.HTTPSConnection(server.host, server.port, timeout=timeout, context=context)


def over_http(server: Server, method: str, path: str, body: View | None, *, token: str = "") -> View:
    """One call of a running server's API. Raises FirstfiveError with the server's own words, or that it does not answer."""
    host, port = server.host, server.port
    connection = connected(server)
    try:
        headers = {"Authorization": f"Bearer {token or server.key}", "Content-Type": "application/json"}
        connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        answer: View = json.loads(response.read() or b"{}")
        if not isinstance(answer, dict):
            raise ValueError("its answer is no object")  # noqa: TRY004, TRY301 - told below like any answer that makes no sense
    except (OSError, ValueError, http.client.HTTPException) as problem:
        raise FirstfiveError(
            f"the server at {host}:{port} does not answer: {problem}",
            remedy="look at its log; `firstfive serve` starts it again, and commands work without it once it is gone",
            exit_code=Exit.TARGET_UNREACHABLE,
        ) from None
    finally:
        connection.close()
    if response.status >= 400:
        raise FirstfiveError(
            str(
                answer.get("what")
                or answer.get("detail")
                or answer.get("title")
                or f"the server answered {response.status}"
            ),
            where=str(answer.get("where", "")),
            remedy=str(answer.get("remedy", "")),
            code=str(answer.get("code", "")),
            exit_code=_exit(answer.get("exit_code")),
        )
    return answer


def _exit(told: object) -> Exit:
    return Exit(told) if told in [int(known) for known in Exit] else Exit.FAILED


def show(answer: View, *, as_json: bool, text: Callable[[View], str]) -> None:
    """Print an answer for a machine or for a person."""
    if as_json:
        click.echo(json.dumps({"schema": "firstfive/1", **answer}, ensure_ascii=False))
    else:
        click.echo(text(answer))
