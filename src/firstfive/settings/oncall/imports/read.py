"""An export of another program, recognised by its shape, as our TOML text.

Called by `cli`. What cannot be carried over is listed in comments on top and never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from firstfive.errors import SettingsError
from firstfive.incident.oncall import Schedule
from firstfive.settings.oncall.imports import grafana, opsgenie, pagerduty
from firstfive.settings.oncall.imports.shape import Imported
from firstfive.settings.oncall.written import toml_of

READERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Imported]], ...] = (
    (pagerduty.fits, pagerduty.read),
    (opsgenie.fits, opsgenie.read),
    (grafana.fits, grafana.read),
)
LARGEST = 16 * 1024 * 1024


def imported(file: Path) -> Imported:
    """What an export holds. Raises SettingsError when it is no JSON or of no shape that is known."""
    data = _json(file)
    try:
        found = next((read(data) for fits, read in READERS if fits(data)), None)
    except ValueError as problem:
        raise SettingsError(
            f"the export makes no sense: {problem}", where=str(file), remedy="export it again, whole"
        ) from None
    if found is not None:
        left = found.left or (() if found.schedules else ("the export holds no schedule",))
        return replace(found, schedules=_told_apart(found.schedules), left=left)
    raise SettingsError(
        "this is no export that is known",
        where=str(file),
        remedy="there are PagerDuty (GET /schedules/ID), Opsgenie (schedule with its rotations) and Grafana OnCall "
        '({"schedules": ..., "on_call_shifts": ..., "users": ...})',
    )


def toml(found: Imported) -> str:
    """The tables to paste into the settings, below a comment for each thing that is left out of them."""
    lines = [f"# From {found.source}. Give everybody a table [people.NAME] so that they can be reached."]
    lines += [f"# Not carried over: {_one_line(one)}" for one in found.left]
    return "\n\n".join(["\n".join(lines), *(toml_of(schedule).rstrip() for schedule in found.schedules)]) + "\n"


def _told_apart(schedules: tuple[Schedule, ...]) -> tuple[Schedule, ...]:
    """The same schedules, the second of a name with a number behind it: a table of the settings stands once."""
    made: dict[str, Schedule] = {}
    for one in schedules:
        names = (one.name, *(f"{one.name}-{number}" for number in range(2, len(schedules) + 2)))
        free = next(name for name in names if name not in made)
        layers = tuple(replace(layer, name=free) if layer.name == one.name else layer for layer in one.layers)
        made[free] = replace(one, name=free, layers=layers)
    return tuple(made.values())


def _json(file: Path) -> Any:
    try:
        if file.stat().st_size > LARGEST:
            raise SettingsError("the export is larger than 16 MiB", where=str(file), remedy="export one schedule alone")
        return json.loads(file.read_bytes())
    except OSError as problem:
        raise SettingsError(
            f"the export cannot be read: {problem.strerror}", where=str(file), remedy="check the path and its rights"
        ) from None
    except (ValueError, RecursionError) as problem:
        raise SettingsError(f"the export is no JSON: {problem}", where=str(file), remedy="export it again") from None


def _one_line(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
