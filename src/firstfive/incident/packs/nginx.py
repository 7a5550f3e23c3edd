"""Whether nginx lets WebSocket connections through and keeps them: the headers and the read timeout of the location that serves them.

Asked with a configuration that `probes.upkeep.nginx_config` has read. Looks at text only; what to change is written by `nginx_fix`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

# Socket.IO's documented defaults: the server pings every 25 s and waits 20 s for the answer. So long a living connection may be quiet.
QUIET = timedelta(seconds=45)

_MARK = re.compile(r"^# configuration file (.+):\n", re.MULTILINE)
_TIME = re.compile(r"(\d+)(ms|[smhdwMy]?)")
_UNITS = {"ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
_READ_TIMEOUT = timedelta(seconds=60)  # nginx's default


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One directive as written, at `file:line` (1-based); `block` is None where it has none."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    block: tuple[Directive, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One line that the location should have, and why. `instead` is the location's own directive that it replaces."""

    line: str
    why: str
    instead: Directive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A location that serves a WebSocket path and does not keep its connections. `server` are the server's names."""

    location: Directive
    server: tuple[str, ...]
    wanted: tuple[Wanted, ...]

    @property
    def place(self) -> str:
        """Where the location begins, as `file:line`."""
        return f"{self.location.file}:{self.location.line}"


def configuration_files(dump: str) -> dict[str, str]:
    """The files in what `nginx -T` prints, each under its path, the main one first, byte for byte as they lie there."""
    marks = list(_MARK.finditer(dump))
    ends = [mark.start() for mark in marks[1:]] + [len(dump)] * bool(marks)
    # nginx ends each file with one line end of its own.
    return {mark[1]: dump[mark.end() : end].removesuffix("\n") for mark, end in zip(marks, ends, strict=True)}


def joined(main: str, files: Mapping[str, Sequence[Directive]]) -> tuple[Directive, ...]:
    """The whole configuration from its `main` file on, with what its files include put in their place."""
    return tuple(_spliced(files.get(main, ()), files, posixpath.dirname(main), frozenset({main})))


def _spliced(
    level: Sequence[Directive], files: Mapping[str, Sequence[Directive]], root: str, open_: frozenset[str]
) -> Iterator[Directive]:
    for one in level:
        if one.name == "include" and one.args:
            pattern = posixpath.join(root, one.args[0])
            for name in sorted(files):
                if name not in open_ and (name == pattern or PurePosixPath(name).match(pattern)):
                    yield from _spliced(files[name], files, root, open_ | {name})
        elif one.block is None:
            yield one
        else:
            block = tuple(_spliced(one.block, files, root, open_))
            yield Directive(name=one.name, args=one.args, file=one.file, line=one.line, block=block)


def websocket_findings(
    configuration: Sequence[Directive], *, path: str = "/socket.io/", quiet: timedelta = QUIET
) -> tuple[Finding, ...]:
    """The locations that serve `path` to a backend and lack what a WebSocket needs, one for each server; empty when all is well.

    `quiet` is the longest time in which a living connection may say nothing.
    """
    found: dict[str, Finding] = {}
    for http in (d for d in configuration if d.name == "http"):
        for server in (d for d in http.block or () if d.name == "server"):
            way = _serving(server.block or (), path)
            if not way or not any(d.name == "proxy_pass" for d in way[-1].block or ()):
                continue
            wanted = tuple(_wanted((http, server, *way), quiet))
            names = tuple(name for d in server.block or () if d.name == "server_name" for name in d.args)
            finding = Finding(location=way[-1], server=names, wanted=wanted)
            if wanted:
                found.setdefault(finding.place, finding)
    return tuple(found.values())


# ------------------------------------------------------------------------------------------- which location serves a path


def _serving(level: Sequence[Directive], path: str) -> tuple[Directive, ...]:
    """nginx's own choice: the exact one, else the longest prefix with what is nested in it, unless an expression matches first."""
    best: Directive | None = None
    longest, final = -1, False
    expressions: list[Directive] = []
    for one in (d for d in level if d.name == "location"):
        kind, text = _matcher(one)
        if kind == "=" and text == path:
            return (one,)
        if kind in ("", "^~") and path.startswith(text) and len(text) > longest:
            best, longest, final = one, len(text), kind == "^~"
        if kind in ("~", "~*") and _matches(text, path, any_case=kind == "~*"):
            expressions.append(one)
    nested = _serving(best.block or (), path) if best else ()
    if best and nested:
        return (best, *nested)
    if expressions and not final:
        return (expressions[0], *_serving(expressions[0].block or (), path))
    return (best,) if best else ()


def _matcher(location: Directive) -> tuple[str, str]:
    if len(location.args) == 2:
        return location.args[0], location.args[1]
    only = location.args[0] if location.args else ""
    if only.startswith("@"):
        return "@", only
    for kind in ("^~", "~*", "~", "="):
        if only.startswith(kind):
            return kind, only.removeprefix(kind)
    return "", only


def _matches(expression: str, path: str, *, any_case: bool) -> bool:
    try:
        return re.search(expression, path, re.IGNORECASE if any_case else 0) is not None
    except re.error:  # an expression of a richer dialect than ours: not taken for a match
        return False


# -------------------------------------------------------------------------------------------------- what it has and lacks


def _wanted(levels: Sequence[Directive], quiet: timedelta) -> Iterator[Wanted]:
    own = levels[-1].block or ()
    version = _nearest(levels, "proxy_http_version")
    if version is None or version.args != ("1.1",):
        why = f"HTTP/{version.args[0] if version and version.args else '1.0'} to the backend cannot be upgraded"
        yield Wanted(line="proxy_http_version 1.1;", why=why, instead=version if version in own else None)
    yield from _headers(levels)
    timeout = _nearest(levels, "proxy_read_timeout")
    lasts = _READ_TIMEOUT if timeout is None else _time(" ".join(timeout.args))
    if lasts is not None and lasts < quiet:
        yield Wanted(
            line=f"proxy_read_timeout {int(2 * quiet.total_seconds())}s;",
            why=f"after {lasts.total_seconds():g} s of silence nginx cuts a connection that may be quiet for {quiet.total_seconds():g} s",
            instead=timeout if timeout in own else None,
        )


def _headers(levels: Sequence[Directive]) -> Iterator[Wanted]:
    own = [d for d in levels[-1].block or () if d.name == "proxy_set_header"]
    inherited: list[Directive] = []
    for level in reversed(levels[:-1]):
        inherited = [d for d in level.block or () if d.name == "proxy_set_header"]
        if inherited:
            break
    in_force = {d.args[0].lower(): d for d in (own or inherited) if len(d.args) == 2}
    lacks = [
        Wanted(line=f"proxy_set_header {name} {value};", why=why, instead=has if has in own else None)
        for name, value, right, why in _NEEDED
        if (has := in_force.get(name.lower())) is None or not right.fullmatch(has.args[1])
    ]
    if lacks and not own:
        # A location with one header of its own inherits none: those from above are repeated, or they would be lost.
        said = {name.lower() for name, *_ in _NEEDED if any(name in w.line.split() for w in lacks)}
        for header in inherited:
            if header.args and header.args[0].lower() not in said:
                line = " ".join(("proxy_set_header", *(_written(arg) for arg in header.args))) + ";"
                yield Wanted(line=line, why=f"is inherited from {header.file}:{header.line}, and would not be any more")
    yield from lacks


_NEEDED = (
    (
        "Upgrade",
        "$http_upgrade",
        re.compile(r"\$http_upgrade|websocket"),
        "the client's wish to upgrade is not passed on",
    ),
    (
        "Connection",
        '"upgrade"',
        re.compile(r"(?i:upgrade)|\$\w+"),
        "the backend is not told that the connection is upgraded",
    ),
)


def _written(arg: str) -> str:
    if re.fullmatch(r"[^\s;{}\"'\\#]+", arg):
        return arg
    return '"' + arg.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _nearest(levels: Sequence[Directive], name: str) -> Directive | None:
    for level in reversed(levels):
        for one in level.block or ():
            if one.name == name:
                return one
    return None


def _time(text: str) -> timedelta | None:
    """nginx's way of writing a time: `90`, `1m 30s`, `500ms`. None for what is none."""
    parts = _TIME.findall(text)
    if not parts or _TIME.sub("", text).strip():
        return None
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))
