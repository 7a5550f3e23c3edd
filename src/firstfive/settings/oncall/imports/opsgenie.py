"""An Opsgenie schedule with its rotations, as `GET /v2/schedules/{id}?expand=rotation` answers.

Called by `read`. Opsgenie knows no stronger rotation: of two that overlap both are on call. Those become schedules of their own.
"""

from __future__ import annotations

from datetime import time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from firstfive.incident.communicate import slug
from firstfive.incident.oncall import Layer, Override, Schedule, Unit, Window
from firstfive.incident.oncall.walls import week_of
from firstfive.settings.oncall.imports import shape
from firstfive.settings.oncall.imports.shape import Imported, Row

ALL = frozenset(range(7))
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = {"hourly": Unit.HOUR, "daily": Unit.DAY, "weekly": Unit.WEEK}


def fits(data: Any) -> bool:
    """Whether this is such an answer, one schedule or a list of them."""
    return isinstance(data, dict) and any("rotations" in one and "timezone" in one for one in _schedules(data))


def read(data: Any) -> Imported:
    """Its rotations, and its overrides when the file holds them."""
    found: list[Schedule] = []
    left: list[str] = []
    for row in _schedules(data):
        made, failed = _schedule(row)
        found += made
        left += failed
    return Imported(source="Opsgenie", schedules=tuple(found), left=tuple(left))


def _schedules(data: Row) -> list[Row]:
    whole = data.get("data", data)
    return shape.rows(whole if isinstance(whole, list) else [whole])


def _schedule(row: Row) -> tuple[list[Schedule], list[str]]:
    name = slug(str(row.get("name") or row.get("id") or "imported"))
    left = [f"schedule {name}: it is switched off there and is on call here"] if row.get("enabled") is False else []
    layers: list[Layer] = []
    for one in shape.rows(row.get("rotations")):
        called = str(one.get("name") or one.get("id"))
        try:
            layers.append(_layer(called, one, shape.zone(row.get("timezone"))))
        except ValueError as problem:
            left.append(f"rotation {called} of {name}: {problem}")
    overrides, failed = _overrides(row, name)
    left += failed
    if not layers:
        return [], [*left, f"schedule {name}: no rotation is left of it"]
    if _overlap(layers):
        left.append(
            f"schedule {name}: its rotations overlap, and there all of them are on call: each is a schedule here"
        )
        left += [f"an override of {name}: it may belong to any of its rotations"] * bool(overrides)
        return [shape.schedule(f"{name}-{slug(layer.name)}", [layer], []) for layer in layers], left
    return [shape.schedule(name, layers, overrides)], left


def _layer(name: str, row: Row, where: ZoneInfo) -> Layer:
    first = shape.instant(row, "startDate")
    if first is None:
        raise ValueError("it has no startDate")
    kind = shape.text(row, "type")
    if kind not in UNITS:
        raise ValueError(f"turns of the type {kind!r} are not known")
    members = [_participant(one) for one in shape.rows(row.get("participants"))]
    return Layer(
        name=name,
        rotation=shape.rotation(members, UNITS[kind], shape.number(row, "length", 1), first, where),
        windows=_windows(row.get("timeRestriction")),
        begins=first,
        ends=shape.instant(row, "endDate"),
    )


def _windows(value: Any) -> tuple[Window, ...]:
    if not value:
        return ()
    match value:
        case {"type": "time-of-day", "restriction": dict(one)}:
            return (_window(one, ALL, timedelta(days=1)),)
        case {"type": "weekday-and-time-of-day", "restrictions": list(several)}:
            return tuple(_window(one, None, timedelta(days=7)) for one in shape.rows(several))
        case _:
            raise ValueError("its timeRestriction is of a type that is not known")


def _window(row: Row, days: frozenset[int] | None, around: timedelta) -> Window:
    start = timedelta(hours=shape.number(row, "startHour"), minutes=shape.number(row, "startMin", 0))
    end = timedelta(hours=shape.number(row, "endHour"), minutes=shape.number(row, "endMin", 0))
    if days is None:
        first, last = (_day(shape.text(row, key)) for key in ("startDay", "endDay"))
        days, end = frozenset({first}), end + timedelta(days=last - first)
    minutes = start // timedelta(minutes=1)
    return shape.window(days, time(minutes // 60, minutes % 60), (end - start) % around or around)


def _day(name: str) -> int:
    if name.lower() not in DAYS:
        raise ValueError(f"{name!r} is no day of the week")
    return DAYS.index(name.lower())


def _participant(row: Row) -> str:
    if row.get("type") != "user":
        raise ValueError(f"a participant of the type {row.get('type')!r} is not one person")
    return shape.text(row, "username" if row.get("username") else "name" if row.get("name") else "id")


def _overrides(row: Row, name: str) -> tuple[list[Override], list[str]]:
    found, left = [], []
    for one in shape.rows(row.get("overrides")):
        try:
            if one.get("rotations"):
                raise ValueError("it holds for some of its rotations only")  # noqa: TRY301 - listed below like the rest
            user = one.get("user")
            person = _participant(user if isinstance(user, dict) else {})
            found.append(shape.override(person, shape.instant(one, "startDate"), shape.instant(one, "endDate")))
        except ValueError as problem:
            left.append(f"an override of {name}: {problem}")
    return found, left


def _overlap(layers: list[Layer]) -> bool:
    """Whether two of them can be on call at once, told from an ordinary week."""
    if len(layers) > 1 and not all(layer.windows for layer in layers):
        return True
    seen = [stretch for layer in layers for stretch in week_of(layer.windows)]
    seen.sort()
    return any(later[0] < earlier[1] for earlier, later in pairwise(seen))
