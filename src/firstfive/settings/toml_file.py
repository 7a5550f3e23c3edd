"""`firstfive.toml` and the environment, read once into one frozen value.

The only reader of the environment. Called by `cli` before anything is built; unknown keys and wrong types are refused with the
place and the remedy, since a misspelt setting that is silently ignored is found at 03:00.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from firstfive.errors import SettingsError
from firstfive.settings import mouth, reading, watching
from firstfive.settings.entrance import LISTEN, entrance, oidc
from firstfive.settings.model import (
    PORT,
    BackupSettings,
    ForgeSettings,
    HolidaySettings,
    Settings,
    StatusPageSettings,
    TargetSettings,
)
from firstfive.settings.packs import packs
from firstfive.settings.people import people
from firstfive.settings.targets import env_file, targets

FILE = "firstfive.toml"

# A step sees these of our own environment and nothing else, unless settings add to it.
INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")
TOP = set(
    """
    vault page state database database_env listen timing notify postmortems targets target logs deploys risk lexicon
    backup forge probes docker trackers heartbeats intake severity packs status_page people oidc oncall holidays notifiers
    """.split()  # noqa: SIM905 - a word list is read as words
)
TIMING = ("probe_interval", "log_quiet", "resolve_after", "update_every", "escalate_after", "one_fault", "deploy_grace")


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
    reading.refuse_unknown(data, TOP, "", at)
    home = file.parent.resolve() if file is not None else (folder or Path.cwd()).resolve()
    root = folder or reading.path(data, "vault", home, home, at)
    state = reading.path(data, "state", home, home / ".firstfive", at)
    listen = reading.table(data, "listen", LISTEN, at)
    timing = reading.table(data, "timing", set(TIMING), at)
    spans: dict[str, Any] = {name: reading.span(timing, name, at, shown="timing") for name in TIMING if name in timing}
    places = targets(reading.table(data, "targets", None, at), home, at)
    return Settings(
        file=file,
        vault=root.resolve(),
        page=page or named_page or reading.text(data, "page", "", at),
        alone=bool(named_page),
        state=state,
        database=_database(data, home, state, _known(places), at),
        host=reading.text(listen, "host", "127.0.0.1", at),
        port=_port(listen, at),
        address=_address(listen, at),
        **_entrance(data, listen, home, _known(places), at),
        **spans,
        **_mouth(data, _known(places), at),
        targets=places,
        default_target=_default_target(data, places, at),
        logs={
            name: reading.inside(value, home, f"logs.{name}", at)
            for name, value in reading.table(data, "logs", None, at).items()
        },
        deploys={
            name: reading.inside(value, home, f"deploys.{name}", at)
            for name, value in reading.table(data, "deploys", None, at).items()
        },
        risk=reading.table(data, "risk", None, at),
        lexicon=reading.texts(data, "lexicon", at),
        **_ears(data, _known(places), at),
        **_afterwards(data, home, _known(places), at),
        status_page=_status_page(data, home, (state, root, home), at),
        **_team(data, home, at),
        variables=_known(places),
        inherited={name: os.environ[name] for name in INHERITED if name in os.environ},  # noqa: TID251
        cache=_cache(),
        person=os.environ.get("FIRSTFIVE_USER") or os.environ.get("SUDO_USER") or os.environ.get("USER") or "operator",  # noqa: TID251
    )


def _afterwards(data: Mapping[str, Any], home: Path, known: Mapping[str, str], at: str) -> dict[str, Any]:
    postmortems = reading.table(data, "postmortems", {"folder", "commit"}, at)
    return {
        "postmortem_folder": reading.text(postmortems, "folder", "", at),
        "postmortem_commit": reading.flag(postmortems, "commit", False, at),
        "backup": _backup(data, home, at),
        "forge": _forge(data, known, at),
    }


def _backup(data: Mapping[str, Any], home: Path, at: str) -> BackupSettings:
    table = reading.table(data, "backup", {"folder", "keep"}, at)
    keep = table.get("keep", 7)
    if not isinstance(keep, int) or isinstance(keep, bool) or not 1 <= keep <= 1000:
        raise SettingsError("backup.keep is a number from 1 to 1000", where=at, remedy="write keep = 7")
    folder = reading.inside(table["folder"], home, "backup.folder", at) if "folder" in table else None
    return BackupSettings(folder=folder, keep=keep)


def _forge(data: Mapping[str, Any], known: Mapping[str, str], at: str) -> ForgeSettings | None:
    table = reading.table(data, "forge", {"kind", "project", "url", "token_env"}, at)
    if not table:
        return None
    named = {key: reading.text(table, key, "", at) for key in ("kind", "project", "url", "token_env")}
    if named["kind"] not in ("github", "gitlab"):
        raise SettingsError("forge.kind is github or gitlab", where=at, remedy='write kind = "github"')
    if not named["project"].strip("/") or not named["token_env"]:
        raise SettingsError(
            "forge needs project and token_env",
            where=at,
            remedy='write project = "owner/name" and token_env = "VARIABLE"',
        )
    token = known.get(named["token_env"], "")
    return ForgeSettings(
        kind=named["kind"],
        project=named["project"].strip("/"),
        url=named["url"],
        token=token,
        missing="" if token else named["token_env"],
    )


def _entrance(
    data: Mapping[str, Any], listen: Mapping[str, Any], home: Path, known: Mapping[str, str], at: str
) -> dict[str, Any]:
    asked = {name: os.environ.get(f"FIRSTFIVE_{name.upper()}", "") for name in ("token", "server")}  # noqa: TID251
    return {**entrance(listen, home, at), "oidc": oidc(data, known, at), **asked}


def _status_page(data: Mapping[str, Any], home: Path, kept: tuple[Path, ...], at: str) -> StatusPageSettings | None:
    if "status_page" not in data:
        return None
    from firstfive.settings.status_page import status_page  # few have one, and every command reads settings

    return status_page(data, home, kept, at)


def _mouth(data: Mapping[str, Any], known: Mapping[str, str], at: str) -> dict[str, Any]:
    notifiers = mouth.notifiers(data, known, at)
    notify = mouth.notify(data, notifiers, at)
    return {"notifiers": notifiers, "notify": notify, "channel": notify.channel}


def _ears(data: Mapping[str, Any], known: Mapping[str, str], at: str) -> dict[str, Any]:
    docker = reading.table(data, "docker", {"socket", "pin_images"}, at)
    return {
        "probes": watching.probes(data, at),
        "allow": watching.allowed(data, at),
        "docker": reading.text(docker, "socket", "", at),
        "pin_images": reading.flag(docker, "pin_images", False, at),
        "trackers": watching.trackers(data, known, at),
        "heartbeats": watching.heartbeats(data, at),
        "intake": watching.intake(data, known, at),
        "severity": watching.severity(data, at),
        "packs": packs(data, at),
    }


def _team(data: Mapping[str, Any], home: Path, at: str) -> dict[str, Any]:
    found = people(data, at)
    holidays = reading.table(data, "holidays", {"country", "subdivision"}, at)
    team: dict[str, Any] = {"people": found}
    if holidays:
        named = {key: reading.text(holidays, key, "", at) for key in ("country", "subdivision")}
        team["holidays"] = HolidaySettings(**named)
    if "oncall" in data:
        from firstfive.settings.oncall.schedules import schedules

        team["oncall"] = schedules(data, home, found, at)
    return team


def _known(places: Mapping[str, TargetSettings]) -> Mapping[str, str]:
    """The variables that settings may name a secret by: those of this process, then those of the targets' env files here."""
    files = [env_file(place.env_file) for place in places.values() if place.kind == "local"]
    return {name: value for held in (*files, os.environ) for name, value in held.items()}  # noqa: TID251


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


def _database(data: Mapping[str, Any], home: Path, state: Path, known: Mapping[str, str], at: str) -> str:
    """The journal's address; a file named relative to the settings is made absolute, wherever the command is called.

    `database_env` names a variable that holds the whole address, for one with a password in it.
    """
    variable = reading.text(data, "database_env", "", at)
    if variable and "database" in data:
        raise SettingsError(
            "database and database_env say the same thing twice", where=at, remedy="keep one of the two"
        )
    if variable and not known.get(variable):
        raise SettingsError(f"database_env names {variable}, which nobody has set", where=at, remedy=f"set {variable}")
    if variable:
        data = {**data, "database": known[variable]}
    address = reading.text(data, "database", f"sqlite:///{state / 'journal.db'}", at)
    scheme, separator, path = address.partition(":///")
    return f"{scheme}:///{home / path}" if separator and path and scheme == "sqlite" else address


def _default_target(data: Mapping[str, Any], targets: Mapping[str, TargetSettings], at: str) -> str:
    name = reading.text(data, "target", next(iter(targets)), at)
    if name not in targets:
        raise SettingsError(
            f"there is no target {name!r}", where=at, remedy=f"known here: {', '.join(sorted(targets))}"
        )
    return name


def _address(listen: Mapping[str, Any], at: str) -> str:
    """The address that people reach the room by; only over TLS, unless it never leaves this machine."""
    address = reading.text(listen, "address", "", at).rstrip("/")
    try:
        parts = urlsplit(address)
        name = parts.hostname or ""
        whole = bool(name) and not (parts.path or parts.query or parts.fragment or parts.username)
    except ValueError:
        name, whole = "", False
    safe = address.startswith("https://") or (
        address.startswith("http://") and name in ("localhost", "127.0.0.1", "::1")
    )
    if address and not (whole and safe):
        raise SettingsError(
            f"listen.address is the https address of a proxy in front of the room, not {address!r}",
            where=at,
            remedy='write for example address = "https://ops.example.org", without a path',
        )
    return address


def _port(listen: Mapping[str, Any], at: str) -> int:
    port = listen.get("port", PORT)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65535:
        raise SettingsError(
            f"listen.port is a number from 0 to 65535, not {port!r}",
            where=at,
            remedy=f"write port = {PORT}, or 0 for any free one",
        )
    return port
