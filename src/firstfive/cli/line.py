"""How a command reaches the program: over the running server, or straight into the journal when none runs.

Used by every command that reads or says something. The server owns the journal while it runs, so the command line asks it; with the
server down the same words are written by this process, and the next start takes them up. A server elsewhere is asked in the same words.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstfive.errors import Exit, FirstfiveError, SettingsError
from firstfive.settings import FILE, Settings, load

if TYPE_CHECKING:
    import http.client

    from firstfive.client.line import Line

View = dict[str, Any]
_FAR = "firstfive.server"


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command of an installation has."""
    command = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")(command)
    command = click.option(
        "--config", type=click.Path(path_type=Path), help="Settings file (default: firstfive.toml here or above)."
    )(command)
    return click.option("--vault", type=click.Path(path_type=Path), help="Vault folder, or the page in it.")(command)


def anywhere(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same, for a command that asks: of this installation, or of a server elsewhere."""
    return options(elsewhere(command))


def elsewhere(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that names a server elsewhere."""
    return click.option(
        "--server",
        metavar="URL",
        expose_value=False,
        callback=_far,
        help="Ask that server (default: $FIRSTFIVE_SERVER, with the token in $FIRSTFIVE_TOKEN).",
    )(command)


def _far(context: click.Context, _: click.Parameter, url: str | None) -> None:
    context.meta[_FAR] = url or ""


def settings_of(vault: Path | None, config: Path | None, *, here: bool = False, vaultless: bool = False) -> Settings:
    """The settings that a command's options ask for; `here` is set by one that is about files of this machine whatever server is named,
    `vaultless` by one that works in any folder.

    Raises FirstfiveError when a server elsewhere is meant and the command, which would read what this one remembers, cannot ask it;
    SettingsError in a folder that is no vault, before a whole disk is looked through for a page.
    """
    settings = load(vault=vault, config=config)
    context = click.get_current_context(silent=True)
    if context is None or _FAR in context.meta:
        settings = replace(settings, server=(context.meta[_FAR] if context else "") or settings.server)
        if not (settings.server or vault or vaultless):
            _refuse_outside(settings)
        return settings
    if settings.server and not here:
        from firstfive.cli.commands import stays_here

        said = context.command_path.partition(" ")[2]
        raise stays_here(said, said.partition(" ")[0], settings.server)
    if not (vault or vaultless):
        _refuse_outside(settings)
    return settings


def _refuse_outside(settings: Settings) -> None:
    """Raise SettingsError in a folder that has no settings, no page and nothing that was remembered."""
    here = settings.vault
    if settings.file or settings.state.is_dir() or any(name.lower().endswith(".md") for name in os.listdir(here)):
        return
    raise SettingsError(
        f"there is no {FILE} here or above, and no page here",
        where=str(here),
        remedy=f"go to the folder of the vault, or name it: --vault PATH, or its {FILE} in $FIRSTFIVE_CONFIG",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: where it answers, its key, and its certificate's file when it speaks TLS. `url` is set for one elsewhere."""

    host: str
    port: int
    key: str
    tls: str = ""
    url: str = ""


def server_of(settings: Settings) -> Server | None:
    """The server that the settings name elsewhere, else the one that owns this state folder, or None when none is alive."""
    if settings.server:
        return Server(host="", port=0, key=settings.token, url=settings.server)
    try:
        known = json.loads((settings.state / "server.json").read_text())
        os.kill(int(known["pid"]), 0)
        host, port, key = str(known["host"]), int(known["port"]), str(known["key"])
        return Server(host=host, port=port, key=key, tls=str(known.get("tls", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def only_there(settings: Settings, option: str, why: str) -> None:
    """Raises FirstfiveError when a server elsewhere is meant: `option` is not to be had over its API, and why."""
    if settings.server:
        raise FirstfiveError(
            f"{option} works only on the machine of the vault: {why}",
            where=settings.server,
            remedy=f"leave {option} out, or run the command there",
            exit_code=Exit.USAGE,
        )


def rows_of(settings: Settings, path: str, rows: str) -> View:
    """The answer to a GET that comes in parts, with every row of the list called `rows`."""
    from urllib.parse import urlencode

    first = ask(settings, "GET", path)
    part = first
    while part["next"]:
        mark = "&" if "?" in path else "?"
        part = ask(settings, "GET", f"{path}{mark}{urlencode({'cursor': part['next']})}")
        first[rows] += part[rows]
    return first


def ask(settings: Settings, method: str, path: str, body: View | None = None) -> View:
    """One call of the API: over the server when it runs, else against the journal in this process."""
    server = server_of(settings)
    if server is not None:
        return over_http(server, method, path, body, token=settings.token)
    from firstfive.cli.direct import answer

    if method != "GET" and path != "/simulate":
        click.echo("note: no server runs, so this is only written down; `firstfive serve` acts on it", err=True)
    return asyncio.run(answer(settings, method, path, body or {}))


def _line(server: Server, token: str = "") -> Line:
    from firstfive.client.line import Line

    if server.url:
        return Line(url=server.url, token=server.key)
    host = f"[{server.host}]" if ":" in server.host else server.host
    return Line(
        url=f"{'https' if server.tls else 'http'}://{host}:{server.port}",
        token=token or server.key,
        certificate=server.tls,
        tries=1,  # it is on this machine: a second try would meet what the first one met
        remedy="look at its log; `firstfive serve` starts it again, and commands work without it once it is gone",
    )


def connected(server: Server, *, timeout: float = 20) -> http.client.HTTPConnection:
    """A connection to the server; over TLS it must show the very certificate that it said it uses, whatever names stand in it.

    `timeout` is how many seconds it may be silent.
    """
    return _line(server).connect(timeout)


def over_http(server: Server, method: str, path: str, body: View | None, *, token: str = "") -> View:
    """One call of a running server's API. Raises FirstfiveError with the server's own words, or that it does not answer."""
    line = _line(server, token)
    raw = line.ask(method, path, body)
    try:
        answer: View = json.loads(raw or b"{}")
    except ValueError as problem:
        raise line.silent(problem) from None
    if not isinstance(answer, dict):
        raise line.silent("its answer is no object")
    return answer


def show(answer: View, *, as_json: bool, text: Callable[[View], str]) -> None:
    """Print an answer for a machine or for a person."""
    if as_json:
        click.echo(json.dumps({"schema": "firstfive/1", **answer}, ensure_ascii=False))
    else:
        click.echo(text(answer))
