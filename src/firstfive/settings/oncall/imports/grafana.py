"""Grafana OnCall's schedules and shifts: what its API lists under `schedules`, `on_call_shifts` and `users`, in one file.

Called by `read`. Of two shifts of the same level that overlap, both are on call there; here the later one wins, which is said. Only
turns that come out the same are carried over: no months, no pauses of weeks, no shift of several people.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from firstfive.incident.communicate import slug
from firstfive.incident.oncall import Layer, Override, Rotation, Schedule, Unit, Window
from firstfive.incident.oncall.walls import instant
from firstfive.settings.oncall.imports import shape
from firstfive.settings.oncall.imports.shape import Imported, Row

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
UNITS = {"hourly": Unit.HOUR, "daily": Unit.DAY, "weekly": Unit.WEEK}
ALL, DAY, WEEK = frozenset(range(7)), timedelta(days=1), timedelta(days=7)
Users = Mapping[str, str]


def fits(data: Any) -> bool:
    """Whether the file holds schedules and shifts."""
    return isinstance(data, dict) and "schedules" in data and bool({"on_call_shifts", "shifts"} & set(data))


def read(data: Any) -> Imported:
    """Every schedule of the file, with its shifts as layers and its single events as overrides."""
    shifts = {str(one.get("id")): one for one in shape.rows(data.get("on_call_shifts", data.get("shifts")))}
    users = {
        str(one["id"]): str(one.get("username") or one.get("email") or one["id"])
        for one in shape.rows(data.get("users"))
        if "id" in one
    }
    left = [] if users else ["people: the file holds no users, so their ids stand for their names"]
    found = []
    for row in shape.rows(data["schedules"]):
        made, failed = _schedule(row, shifts, users)
        found += [made] if made else []
        left += failed
    return Imported(source="Grafana OnCall", schedules=tuple(found), left=tuple(left))


def _schedule(row: Row, shifts: Mapping[str, Row], users: Users) -> tuple[Schedule | None, list[str]]:
    name = slug(str(row.get("name") or row.get("id") or "imported"))
    left, layers, overrides = [], [], []
    levels: list[int] = []
    if row.get("ical_url_primary") or row.get("ical_url_overrides"):
        left.append(f"schedule {name}: it reads a calendar from an address; save that file and write calendar = ...")
    wanted = row.get("shifts")
    listed = [shifts.get(str(one), {"name": str(one)}) for one in wanted] if isinstance(wanted, list) else []
    for one in sorted(listed, key=_level):
        called = str(one.get("name") or one.get("id"))
        try:
            where = shape.zone(one.get("time_zone") or row.get("time_zone"))
            if one.get("type") in ("single_event", "override"):
                overrides.append(_single(one, where, users))
                continue
            layers.append(_layer(called, one, where, users))
            levels.append(_level(one))
        except ValueError as problem:
            left.append(f"shift {called} of {name}: {problem}")
    if any(one == other for one, other in pairwise(levels)):
        left.append(
            f"schedule {name}: where shifts of the same level overlap, both are on call there and the later here"
        )
    if not layers:
        return None, [*left, f"schedule {name}: no repeating shift is left of it"]
    return shape.schedule(name, layers, overrides), left


def _level(row: Row) -> int:
    """How strong a shift is; 0 when it does not say."""
    found = row.get("level")
    return found if isinstance(found, int) else 0


def _single(row: Row, where: ZoneInfo, users: Users) -> Override:
    people = _people(row, users)
    if len(people) != 1:
        raise ValueError(f"{len(people)} people share it")
    start = _wall(row, "start")
    end = start + timedelta(seconds=shape.number(row, "duration"))
    return shape.override(people[0], instant(start, where)[0], instant(end, where)[0], str(row.get("name") or ""))


def _layer(name: str, row: Row, where: ZoneInfo, users: Users) -> Layer:
    for key in ("by_month", "by_monthday"):
        if row.get(key):
            raise ValueError(f"its {key} has no counterpart here")
    frequency = shape.text(row, "frequency")
    if frequency not in UNITS:
        raise ValueError(f"the frequency {frequency!r} has no counterpart here")
    start, lasts = _wall(row, "start"), timedelta(seconds=shape.number(row, "duration"))
    unit, every = UNITS[frequency], max(1, shape.number(row, "interval", 1))
    rotation = shape.rotation(_people(row, users), unit, every, start.replace(tzinfo=where), where)
    begins = instant(start, where)[0]
    if row.get("rotation_start"):
        begins = max(begins, instant(_wall(row, "rotation_start"), where)[0])
    until = shape.moment(row, "until") if row.get("until") else None
    ends = until and (until if until.tzinfo else until.replace(tzinfo=UTC)).astimezone(UTC)
    if lasts == rotation.period and not row.get("by_day"):
        return Layer(name=name, rotation=rotation, begins=begins, ends=ends)
    if every != 1 or unit is Unit.HOUR or lasts > rotation.period:
        raise ValueError("it pauses between its turns, or they overlap: that has no counterpart here")
    turn, window = _part(row, rotation, start, lasts)
    return Layer(name=name, rotation=turn, windows=(window,), begins=begins, ends=ends)


def _part(row: Row, rotation: Rotation, start: datetime, lasts: timedelta) -> tuple[Rotation, Window]:
    """The turns of a shift that fills a part of its day or week only. With weekdays, people change where the week starts."""
    named = row.get("by_day") or []
    if not isinstance(named, list) or any(day not in DAYS for day in named):
        raise ValueError("its by_day names no days")
    days = frozenset(DAYS.index(day) for day in named)
    if rotation.unit is Unit.DAY:
        if days and days != ALL:
            raise ValueError("people change daily on some days of the week only: that has no counterpart here")
        return rotation, shape.window(ALL, start.time(), lasts)
    if not days:
        return rotation, shape.window(frozenset({start.weekday()}), start.time(), lasts)
    first = DAYS.index(row["week_start"]) if row.get("week_start") in DAYS else 0
    last = max((day - first) % 7 for day in days) * DAY + timedelta(hours=start.hour, minutes=start.minute)
    if last + lasts > WEEK:
        raise ValueError("a shift of it reaches over the start of the week, where people change")
    if lasts > DAY:
        raise ValueError("its shifts overlap each other")
    monday = (start - timedelta(days=(start.weekday() - first) % 7)).date()
    turn = Rotation(members=rotation.members, unit=Unit.WEEK, zone=rotation.zone, anchor=monday, hand_off=time(0))
    return turn, shape.window(days, start.time(), lasts)


def _people(row: Row, users: Users) -> list[str]:
    """One person for each turn, in order."""
    if row.get("type") == "rolling_users":
        groups = row.get("rolling_users")
        groups = groups if isinstance(groups, list) else []
        if not all(isinstance(group, list) and len(group) == 1 for group in groups):
            raise ValueError("a turn of it is not one person's")
        ids = [group[0] for group in groups]
        first = shape.number(row, "start_rotation_from_user_index", 0) % max(1, len(ids))
        ids = ids[first:] + ids[:first]
    else:
        whole = row.get("users")
        ids = whole if isinstance(whole, list) else []
        if row.get("type") == "recurrent_event" and len(ids) > 1:
            raise ValueError(f"{len(ids)} people share it")
    if row.get("type") not in ("rolling_users", "recurrent_event", "single_event", "override"):
        raise ValueError(f"a shift of the type {row.get('type')!r} is not known")
    return [users.get(str(one), str(one)) for one in ids]


def _wall(row: Row, key: str) -> datetime:
    """A time on the wall clock of the shift's zone."""
    found = shape.moment(row, key)
    if found.tzinfo is not None:
        raise ValueError(f"its {key} has an offset, and is meant to be local")
    return found
