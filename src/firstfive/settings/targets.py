"""The targets of `firstfive.toml`: where commands run, on this machine or over ssh.

Called by `toml_file`. Connects to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firstfive.errors import SettingsError
from firstfive.settings import reading
from firstfive.settings.model import TargetSettings

_KINDS: Mapping[str, set[str]] = {
    "local": {"kind", "workdir", "env_file", "environment", "path", "docker", "lab"},
    "ssh": {"kind", "host", "workdir", "env_file", "environment", "config_file", "known_hosts", "docker", "lab"},
}


def targets(tables: Mapping[str, Any], home: Path, at: str) -> dict[str, TargetSettings]:
    """Every target by name; without any there is one, `local`, in the folder of the settings."""
    made = {name: _target(name, table, home, at) for name, table in tables.items()}
    return made or {"local": TargetSettings(kind="local", workdir=home)}


def _target(name: str, table: object, home: Path, at: str) -> TargetSettings:
    shown = f"targets.{name}"
    if not isinstance(table, dict):
        raise SettingsError(f"{shown} is a table", where=at, remedy=f"write [{shown}] and its keys below it")
    kind = reading.text(table, "kind", "local", at)
    if kind not in _KINDS:
        known = " and ".join(f'"{k}"' for k in _KINDS)
        raise SettingsError(f"{shown}.kind {kind!r} is not known", where=at, remedy=f"there are {known}")
    reading.refuse_unknown(table, _KINDS[kind], shown, at)
    environment = reading.texts(table, "environment", at, f"{shown}.environment")
    docker, lab = reading.text(table, "docker", "", at), reading.flag(table, "lab", False, at)
    if kind == "ssh":
        return _over_ssh(name, table, home, at, environment=environment, docker=docker, lab=lab)
    env_file = reading.text(table, "env_file", "", at)
    path = table.get("path", [])
    if not isinstance(path, list) or not all(isinstance(folder, str) for folder in path):
        raise SettingsError(f"{shown}.path is a list of folders", where=at, remedy='write path = ["bin"]')
    return TargetSettings(
        kind=kind,
        workdir=(home / reading.text(table, "workdir", ".", at)).resolve(),
        env_file=(home / env_file) if env_file else None,
        environment=environment,
        path=tuple((home / folder).resolve() for folder in path),
        docker=docker,
        lab=lab,
    )


def _over_ssh(
    name: str, table: Mapping[str, Any], home: Path, at: str, *, environment: dict[str, str], docker: str, lab: bool
) -> TargetSettings:
    host = reading.text(table, "host", name, at)
    if not host or host.startswith("-") or any(c.isspace() for c in host):
        raise SettingsError(
            f"targets.{name}.host {host!r} is no host",
            where=at,
            remedy='write the alias of ~/.ssh/config: host = "prod"',
        )
    workdir = Path(reading.text(table, "workdir", "/", at))
    if not workdir.is_absolute():
        raise SettingsError(
            f"targets.{name}.workdir is a path on the host and begins with /",
            where=at,
            remedy='write workdir = "/opt/app"',
        )
    named = {key: reading.text(table, key, "", at) for key in ("env_file", "config_file", "known_hosts")}
    return TargetSettings(
        kind="ssh",
        host=host,
        workdir=workdir,
        env_file=workdir / named["env_file"] if named["env_file"] else None,
        environment=environment,
        config_file=(home / named["config_file"]).resolve() if named["config_file"] else None,
        known_hosts=(home / named["known_hosts"]).resolve() if named["known_hosts"] else None,
        docker=docker,
        lab=lab,
    )


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
