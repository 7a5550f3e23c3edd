"""A PagerDuty schedule, as `GET /schedules/{id}` of its API version 2 answers.

Called by `read`. The answer lists the strongest layer first, the reverse of the order in which they were made (its Terraform provider
turns it round as well); `start_day_of_week` counts from 1 for Monday.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from firstfive.incident.communicate import slug
from firstfive.incident.oncall import Layer, Override, Window
from firstfive.settings.oncall.imports import shape
from firstfive.settings.oncall.imports.shape import Imported, Row

ALL = frozenset(range(7))


def fits(data: Any) -> bool:
    """Whether this is such an answer."""
    return isinstance(data, dict) and isinstance(data.get("schedule"), dict) and "schedule_layers" in data["schedule"]


def read(data: Any) -> Imported:
    """Its layers, and its overrides when the export was asked for a stretch of time."""
    row: Row = data["schedule"]
    name = slug(str(row.get("name") or row.get("summary") or row.get("id") or "imported"))
    left: list[str] = []
    layers: list[Layer] = []
    for one in reversed(shape.rows(row.get("schedule_layers"))):
        called = str(one.get("name") or one.get("id"))
        try:
            layers.append(_layer(called, one, shape.zone(row.get("time_zone"))))
        except ValueError as problem:
            left.append(f"layer {called} of {name}: {problem}")
    overrides, failed = _overrides(row, name)
    left += failed
    left += [
        f"escalation policy {one.get('summary') or one.get('id')}: the page says who is paged after whom"
        for one in shape.rows(row.get("escalation_policies"))
    ]
    if not layers:
        return Imported(source="PagerDuty", schedules=(), left=(*left, f"schedule {name}: no layer is left of it"))
    return Imported(source="PagerDuty", schedules=(shape.schedule(name, layers, overrides),), left=tuple(left))


def _layer(name: str, row: Row, where: ZoneInfo) -> Layer:
    first = shape.instant(row, "rotation_virtual_start")
    if first is None:
        raise ValueError("it has no rotation_virtual_start")
    unit, every = shape.period(shape.number(row, "rotation_turn_length_seconds"))
    members = [_user(one.get("user")) for one in shape.rows(row.get("users"))]
    return Layer(
        name=name,
        rotation=shape.rotation(members, unit, every, first, where),
        windows=tuple(_window(one) for one in shape.rows(row.get("restrictions"))),
        begins=shape.instant(row, "start"),
        ends=shape.instant(row, "end"),
    )


def _window(row: Row) -> Window:
    start = time.fromisoformat(shape.text(row, "start_time_of_day"))
    lasts = timedelta(seconds=shape.number(row, "duration_seconds"))
    match row.get("type"):
        case "daily_restriction":
            return shape.window(ALL, start, lasts)
        case "weekly_restriction":
            return shape.window(frozenset({shape.number(row, "start_day_of_week") - 1}), start, lasts)
        case other:
            raise ValueError(f"a restriction of the type {other!r} is not known")


def _overrides(row: Row, name: str) -> tuple[list[Override], list[str]]:
    part = row.get("overrides_subschedule") or row.get("override_subschedule") or {}
    found, left = [], []
    if not isinstance(part, dict):
        raise ValueError("its overrides are no object")  # noqa: TRY004 - one kind of error for all that is amiss
    for one in shape.rows(part.get("rendered_schedule_entries")):
        try:
            found.append(shape.override(_user(one.get("user")), shape.instant(one, "start"), shape.instant(one, "end")))
        except ValueError as problem:
            left.append(f"an override of {name}: {problem}")
    return found, left


def _user(value: Any) -> str:
    if not isinstance(value, dict):
        raise ValueError("it names a user who is not there")  # noqa: TRY004 - one kind of error for all that is amiss
    return shape.text(value, "summary" if value.get("summary") else "name" if value.get("name") else "id")
