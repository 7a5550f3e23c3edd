"""A schedule as the text of its `[oncall.NAME]` table; what is written is read as the same schedule.

Called by `cli` for what `imports` made of another program's export.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, time
from zoneinfo import ZoneInfo

from firstfive.incident.oncall import Layer, Override, Schedule, Unit
from firstfive.settings.oncall.windows import written

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_of(schedule: Schedule) -> str:
    """The table and its layers and overrides. ValueError when a window is not in whole minutes."""
    table = f"oncall.{_key(schedule.name)}"
    zone = schedule.layers[0].rotation.zone if schedule.layers else None
    alone = len(schedule.layers) == 1 and schedule.layers[0].name == schedule.name
    lines = [f"[{table}]"]
    if zone is not None:
        lines.append(f"zone = {_text(zone.key)}")
    for layer in schedule.layers:
        lines += _layer(layer, zone) if alone else ["", f"[[{table}.layers]]", *_named(layer), *_layer(layer, zone)]
    for override in schedule.overrides:
        lines += ["", f"[[{table}.overrides]]", *_override(override)]
    return "\n".join(lines) + "\n"


def _named(layer: Layer) -> list[str]:
    return [f"name = {_text(layer.name)}"]


def _layer(layer: Layer, zone: ZoneInfo | None) -> list[str]:
    turn = layer.rotation
    lines = [f"people = [{', '.join(_text(person.name) for person in turn.members)}]", f"from = {turn.anchor}"]
    if turn.zone != zone:
        lines.append(f"zone = {_text(turn.zone.key)}")
    if (turn.every, turn.unit) != (1, Unit.WEEK):
        lines.append(f"every = {_text(str(turn.unit) if turn.every == 1 else f'{turn.every} {turn.unit}s')}")
    if turn.hand_off != time(9):
        whole = not turn.hand_off.second and not turn.hand_off.microsecond
        lines.append(f"hand_off = {_text(f'{turn.hand_off:%H:%M}') if whole else turn.hand_off.isoformat()}")
    if layer.windows:
        lines.append(f"only = [{', '.join(_text(words) for part in layer.windows for words in written(part))}]")
    lines += [f"{key} = {_instant(at)}" for key, at in (("begins", layer.begins), ("ends", layer.ends)) if at]
    return lines


def _override(override: Override) -> list[str]:
    lines = [f"person = {_text(override.person.name)}"]
    lines += [f"start = {_instant(override.start)}", f"end = {_instant(override.end)}"]
    return lines + ([f"note = {_text(override.note)}"] if override.note else [])


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    """A TOML basic string: JSON's, with DEL escaped as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
