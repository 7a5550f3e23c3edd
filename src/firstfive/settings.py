"""`firstfive.toml` and the environment, read once into one frozen value.

The only reader of the environment. Called by `cli` before anything is built; unknown keys and wrong types are refused with the
place and the remedy, since a misspelt setting that is silently ignored is found at 03:00.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from firstfive.errors import SettingsError

FILE = "firstfive.toml"
PORT = 8455

# A step sees these of our own environment and nothing else, unless settings add to it.
INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """Where commands run. `workdir` is absolute; `env_file` holds `KEY=VALUE` lines that steps may use by name."""

    kind: str
    workdir: Path
    env_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    path: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a team sets. Paths are absolute; `file` is where it was read from, None when all is default.

    `alone` is set when a page itself was named: then only it and the pages that it links to are read.
    `key` is the secret that signs in to the room; empty means that serve makes one.
    """

    file: Path | None
    vault: Path
    page: str
    alone: bool
    state: Path
    database: str
    host: str = "127.0.0.1"
    port: int = PORT
    probe_interval: timedelta = timedelta(seconds=2)
    log_quiet: timedelta = timedelta(seconds=60)
    resolve_after: timedelta = timedelta(minutes=10)
    update_every: timedelta = timedelta(minutes=15)
    escalate_after: timedelta = timedelta(minutes=15)
    channel: str = "#incidents"
    postmortem_folder: str = ""
    targets: Mapping[str, TargetSettings] = field(default_factory=dict)
    default_target: str = "local"
    logs: Mapping[str, Path] = field(default_factory=dict)
    deploys: Mapping[str, Path] = field(default_factory=dict)
    risk: Mapping[str, Any] = field(default_factory=dict)
    lexicon: Mapping[str, str] = field(default_factory=dict)
    inherited: Mapping[str, str] = field(default_factory=dict)
    person: str = "operator"
    cache: Path = Path("/nonexistent")


_TOP = {
    "vault",
    "page",
    "state",
    "database",
    "listen",
    "timing",
    "notify",
    "postmortems",
    "targets",
    "target",
    "logs",
    "deploys",
}
_TOP |= {"risk", "lexicon"}
_TIMING = ("probe_interval", "log_quiet", "resolve_after", "update_every", "escalate_after")


def find(start: Path | None = None) -> Path | None:
    """The settings file that applies: $FIRSTFIVE_CONFIG, else `firstfive.toml` here or in a parent folder."""
    named = os.environ.get("FIRSTFIVE_CONFIG")  # noqa: TID251
    if named:
        return Path(named)
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        candidate = folder / FILE
        if candidate.is_file():
            return candidate
    return None


def load(*, vault: Path | None = None, config: Path | None = None, page: str = "") -> Settings:
    """Settings for a vault. `vault` may be a folder or a page in it. Raises SettingsError naming the key and the remedy."""
    folder, named_page = _vault_of(vault)
    file = config or find(folder)
    data = _read(file) if file is not None else {}
    at = str(file) if file else ""
    _refuse_unknown(data, _TOP, "", at)
    home = file.parent.resolve() if file is not None else (folder or Path.cwd()).resolve()
    root = folder or _path(data, "vault", home, home, at)
    state = _path(data, "state", home, home / ".firstfive", at)
    listen = _table(data, "listen", {"host", "port"}, at)
    timing = _table(data, "timing", set(_TIMING), at)
    notify = _table(data, "notify", {"channel"}, at)
    postmortems = _table(data, "postmortems", {"folder"}, at)
    targets = _targets(_table(data, "targets", None, at), home, at)
    return Settings(
        file=file,
        vault=root.resolve(),
        page=page or named_page or _text(data, "page", "", at),
        alone=bool(named_page),
        state=state,
        database=_database(data, home, state, at),
        host=_text(listen, "host", "127.0.0.1", at),
        port=_port(listen, at),
        **{name: _span(timing, name, at) for name in _TIMING if name in timing},
        channel=_text(notify, "channel", "#incidents", at),
        postmortem_folder=_text(postmortems, "folder", "", at),
        targets=targets,
        default_target=_default_target(data, targets, at),
        logs={name: _inside(value, home, f"logs.{name}", at) for name, value in _table(data, "logs", None, at).items()},
        deploys={
            name: _inside(value, home, f"deploys.{name}", at)
            for name, value in _table(data, "deploys", None, at).items()
        },
        risk=_table(data, "risk", None, at),
        lexicon=_texts(data, "lexicon", at),
        inherited={name: os.environ[name] for name in INHERITED if name in os.environ},  # noqa: TID251
        cache=_cache(),
        person=os.environ.get("FIRSTFIVE_USER") or os.environ.get("SUDO_USER") or os.environ.get("USER") or "operator",  # noqa: TID251
    )


def _cache() -> Path:
    """Where things may be kept that can be made again (the XDG base directory rules)."""
    named = os.environ.get("XDG_CACHE_HOME", "")  # noqa: TID251
    home = os.environ.get("HOME", "")  # noqa: TID251
    return (Path(named) if named.startswith("/") else Path(home or "/nonexistent") / ".cache") / "firstfive"


def _vault_of(vault: Path | None) -> tuple[Path | None, str]:
    if vault is None:
        return None, ""
    if vault.is_file():
        return vault.parent, vault.name
    if not vault.exists():
        raise SettingsError(f"there is no vault at {vault}", remedy="give the folder of the vault, or the page itself")
    return vault, ""


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SettingsError(
            f"settings cannot be read: {problem.strerror}", where=str(file), remedy="check the path and its rights"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError("settings are not UTF-8 text", where=str(file), remedy="save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as problem:
        raise SettingsError(
            f"settings are not TOML: {problem}", where=str(file), remedy="mend the line it names"
        ) from None


def _refuse_unknown(data: Mapping[str, Any], known: set[str], table: str, at: str) -> None:
    for name in data:
        if name not in known:
            place = f"[{table}] {name}" if table else name
            raise SettingsError(
                f"there is no setting {place}", where=at, remedy=f"known here: {', '.join(sorted(known))}"
            )


def _table(data: Mapping[str, Any], name: str, known: set[str] | None, at: str) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict):
        raise SettingsError(f"{name} is a table", where=at, remedy=f"write [{name}] and its keys below it")
    if known is not None:
        _refuse_unknown(value, known, name, at)
    return value


def _text(data: Mapping[str, Any], name: str, default: str, at: str) -> str:
    value = data.get(name, default)
    if not isinstance(value, str):
        raise SettingsError(f"{name} is a text", where=at, remedy=f'write {name} = "..."')
    return value


def _path(data: Mapping[str, Any], name: str, home: Path, default: Path, at: str) -> Path:
    return (home / _text(data, name, str(default), at)).resolve()


def _texts(data: Mapping[str, Any], name: str, at: str, shown: str = "") -> dict[str, str]:
    """A table of texts; whole numbers are taken as they are written."""
    found: dict[str, str] = {}
    for key, value in _table(data, name, None, at).items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise SettingsError(f"{shown or name}.{key} is a text", where=at, remedy=f'write {key} = "..."')
        found[key] = str(value)
    return found


def _database(data: Mapping[str, Any], home: Path, state: Path, at: str) -> str:
    """The journal's address; a file named relative to the settings is made absolute, wherever the command is called."""
    address = _text(data, "database", f"sqlite:///{state / 'journal.db'}", at)
    scheme, separator, path = address.partition(":///")
    return f"{scheme}:///{home / path}" if separator and path and scheme == "sqlite" else address


def _default_target(data: Mapping[str, Any], targets: Mapping[str, TargetSettings], at: str) -> str:
    name = _text(data, "target", next(iter(targets)), at)
    if name not in targets:
        raise SettingsError(
            f"there is no target {name!r}", where=at, remedy=f"known here: {', '.join(sorted(targets))}"
        )
    return name


def _inside(value: object, home: Path, name: str, at: str) -> Path:
    if not isinstance(value, str):
        raise SettingsError(f"{name} is a path", where=at, remedy=f'write {name.split(".")[-1]} = "path/to/file"')
    return home / value


def _port(listen: Mapping[str, Any], at: str) -> int:
    port = listen.get("port", PORT)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65535:
        raise SettingsError(
            f"listen.port is a number from 0 to 65535, not {port!r}",
            where=at,
            remedy=f"write port = {PORT}, or 0 for any free one",
        )
    return port


_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SHORTEST, LONGEST = 0.01, 366 * 86400.0
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _span(timing: Mapping[str, Any], name: str, at: str) -> timedelta:
    value = timing[name]
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise SettingsError(
            f"timing.{name} is a duration, not {value!r}", where=at, remedy='write a number and ms, s, m, h or d: "2s"'
        )
    seconds = float(found[1]) * _UNIT[found[2]]
    if not SHORTEST <= seconds <= LONGEST:
        raise SettingsError(
            f"timing.{name} is between 10ms and 366d, not {value}", where=at, remedy="give a duration that makes sense"
        )
    return timedelta(seconds=seconds)


def _targets(tables: Mapping[str, Any], home: Path, at: str) -> dict[str, TargetSettings]:
    made: dict[str, TargetSettings] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise SettingsError(
                f"targets.{name} is a table", where=at, remedy=f"write [targets.{name}] and its keys below it"
            )
        _refuse_unknown(table, {"kind", "workdir", "env_file", "environment", "path"}, f"targets.{name}", at)
        kind = _text(table, "kind", "local", at)
        if kind != "local":
            raise SettingsError(
                f"targets.{name}.kind {kind!r} is not available", where=at, remedy='"local" is; ssh is not yet'
            )
        env_file = _text(table, "env_file", "", at)
        path = table.get("path", [])
        if not isinstance(path, list) or not all(isinstance(folder, str) for folder in path):
            raise SettingsError(f"targets.{name}.path is a list of folders", where=at, remedy='write path = ["bin"]')
        made[name] = TargetSettings(
            kind=kind,
            workdir=(home / _text(table, "workdir", ".", at)).resolve(),
            env_file=(home / env_file) if env_file else None,
            environment=_texts(table, "environment", at, f"targets.{name}.environment"),
            path=tuple((home / folder).resolve() for folder in path),
        )
    return made or {"local": TargetSettings(kind="local", workdir=home)}


def env_file(path: Path | None) -> dict[str, str]:
    """`KEY=VALUE` lines of an env file, quotes removed; comments and blank lines skipped. Missing file: empty."""
    if path is None or not path.is_file():
        return {}
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        key, separator, value = line.strip().removeprefix("export ").partition("=")
        if separator and key.strip().isidentifier():
            found[key.strip()] = value.strip().strip("'\"")
    return found
