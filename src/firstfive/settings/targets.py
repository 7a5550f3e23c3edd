"""The targets of `firstfive.toml`: where commands run.

Called by `toml_file`. Connects to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firstfive.errors import SettingsError
from firstfive.settings import reading
from firstfive.settings.model import TargetSettings

_KEYS = {"kind", "workdir", "env_file", "environment", "path", "docker", "lab"}


def targets(tables: Mapping[str, Any], home: Path, at: str) -> dict[str, TargetSettings]:
    """Every target by name; without any there is one, `local`, in the folder of the settings."""
    made = {name: _target(name, table, home, at) for name, table in tables.items()}
    return made or {"local": TargetSettings(kind="local", workdir=home)}


def _target(name: str, table: object, home: Path, at: str) -> TargetSettings:
    shown = f"targets.{name}"
    if not isinstance(table, dict):
        raise SettingsError(f"{shown} is a table", where=at, remedy=f"write [{shown}] and its keys below it")
    reading.refuse_unknown(table, _KEYS, shown, at)
    kind = reading.text(table, "kind", "local", at)
    if kind != "local":
        raise SettingsError(f"{shown}.kind {kind!r} is not available", where=at, remedy='"local" is; ssh is not yet')
    environment = reading.texts(table, "environment", at, f"{shown}.environment")
    docker, lab = reading.text(table, "docker", "", at), reading.flag(table, "lab", False, at)
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
