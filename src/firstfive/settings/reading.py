"""Reads single values out of TOML tables: the right type, or an error that names the key and the remedy.

Used by the other modules of `settings`. Knows no setting by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from firstfive.errors import SettingsError


def refuse_unknown(data: Mapping[str, Any], known: set[str], table: str, at: str) -> None:
    """Raises SettingsError for the first key that is not known."""
    for name in data:
        if name not in known:
            place = f"[{table}] {name}" if table else name
            raise SettingsError(
                f"there is no setting {place}", where=at, remedy=f"known here: {', '.join(sorted(known))}"
            )


def table(data: Mapping[str, Any], name: str, known: set[str] | None, at: str) -> dict[str, Any]:
    """A table, empty when absent; its keys are checked when `known` is given."""
    value = data.get(name, {})
    if not isinstance(value, dict):
        raise SettingsError(f"{name} is a table", where=at, remedy=f"write [{name}] and its keys below it")
    if known is not None:
        refuse_unknown(value, known, name, at)
    return value


def text(data: Mapping[str, Any], name: str, default: str, at: str) -> str:
    """A text, or the default."""
    value = data.get(name, default)
    if not isinstance(value, str):
        raise SettingsError(f"{name} is a text", where=at, remedy=f'write {name} = "..."')
    return value


def path(data: Mapping[str, Any], name: str, home: Path, default: Path, at: str) -> Path:
    """A path relative to `home`, made absolute."""
    return (home / text(data, name, str(default), at)).resolve()


def texts(data: Mapping[str, Any], name: str, at: str, shown: str = "") -> dict[str, str]:
    """A table of texts; whole numbers are taken as they are written."""
    found: dict[str, str] = {}
    for key, value in table(data, name, None, at).items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise SettingsError(f"{shown or name}.{key} is a text", where=at, remedy=f'write {key} = "..."')
        found[key] = str(value)
    return found


def inside(value: object, home: Path, name: str, at: str) -> Path:
    """A path below or beside `home` that a table's value names."""
    if not isinstance(value, str):
        raise SettingsError(f"{name} is a path", where=at, remedy=f'write {name.split(".")[-1]} = "path/to/file"')
    return home / value


_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SHORTEST, LONGEST = 0.01, 366 * 86400.0
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def span(holder: Mapping[str, Any], name: str, at: str, *, shown: str) -> timedelta:
    """A duration such as "90s", between 10 ms and 366 days. `shown` is the table's name for messages, empty for what is no setting."""
    value, key = holder[name], f"{shown}.{name}" if shown else name
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise SettingsError(
            f"{key} is a duration, not {value!r}", where=at, remedy='write a number and ms, s, m, h or d: "2s"'
        )
    seconds = float(found[1]) * _UNIT[found[2]]
    if not SHORTEST <= seconds <= LONGEST:
        raise SettingsError(
            f"{key} is between 10ms and 366d, not {value}", where=at, remedy="give a duration that makes sense"
        )
    return timedelta(seconds=seconds)


def flag(data: Mapping[str, Any], name: str, default: bool, at: str) -> bool:
    """A truth value, or the default."""
    value = data.get(name, default)
    if not isinstance(value, bool):
        raise SettingsError(f"{name} is true or false", where=at, remedy=f"write {name} = true")
    return value


def names(data: Mapping[str, Any], name: str, at: str) -> tuple[str, ...]:
    """A list of texts, empty when absent."""
    value = data.get(name, [])
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise SettingsError(f"{name} is a list of texts", where=at, remedy=f'write {name} = ["..."]')
    return tuple(value)
