"""The tables `[oncall.NAME]`: who takes turns, and when.

Called by `toml_file`. A schedule with one layer is written flat: people, zone, from. A key that is not known, a zone or a part of a
week that does not exist is refused with its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from firstfive.errors import SettingsError
from firstfive.incident.oncall import Layer, Override, Person, Rotation, Schedule, Unit
from firstfive.incident.oncall.walls import instant
from firstfive.settings import reading
from firstfive.settings.model import PersonSettings, ScheduleSettings
from firstfive.settings.oncall.windows import window
from firstfive.settings.people import known_as

LAYER = frozenset({"people", "zone", "from", "every", "hand_off", "only", "begins", "ends"})
SCHEDULE = LAYER | {"layers", "overrides", "calendar"}
OVERRIDE = frozenset({"person", "start", "end", "note"})
_EVERY = re.compile(r"(?:([1-9]\d{0,3}) ?)?(hour|day|week)s?")

YEARS = range(1970, 2200)

People = Mapping[str, PersonSettings]


def schedules(data: Mapping[str, Any], home: Path, people: People, at: str) -> tuple[ScheduleSettings, ...]:
    """Every schedule, in the order of the file. `home` is the folder that a calendar's path starts from."""
    return tuple(
        _schedule(name, table, home, people, at) for name, table in reading.table(data, "oncall", None, at).items()
    )


def _schedule(name: str, table: object, home: Path, people: People, at: str) -> ScheduleSettings:
    shown = f"oncall.{name}"
    if not isinstance(table, dict):
        raise SettingsError(f"{shown} is a table", where=at, remedy=f"write [{shown}] and its keys below it")
    reading.refuse_unknown(table, set(SCHEDULE), shown, at)
    zone = _zone(table, shown, at) if "zone" in table else None
    layers = []
    if "people" in table:
        layers.append(_layer(name, {key: table[key] for key in LAYER & set(table)}, zone, people, f"{shown}", at))
    for number, one in enumerate(_tables(table, "layers", shown, at), 1):
        reading.refuse_unknown(one, {*LAYER, "name"}, f"{shown}.layers", at)
        called = reading.text(one, "name", str(number), at)
        layers.append(_layer(called, one, zone, people, f"{shown}.layers {called}", at))
    calendar = reading.text(table, "calendar", "", at)
    if not layers and not calendar:
        raise SettingsError(f"{shown} names nobody", where=at, remedy='write people = ["ann", "bob"], zone and from')
    if calendar and not people:
        raise SettingsError(
            f"{shown}.calendar needs to know who there is", where=at, remedy="write a table [people.NAME] for everybody"
        )
    zone = zone or (layers[0].rotation.zone if layers else None)
    overrides = tuple(_override(one, zone, people, shown, at) for one in _tables(table, "overrides", shown, at))
    return ScheduleSettings(
        schedule=Schedule(name=name, layers=tuple(layers), overrides=overrides),
        calendar=home / calendar if calendar else None,
        zone=zone,
    )


def _tables(table: Mapping[str, Any], key: str, shown: str, at: str) -> list[dict[str, Any]]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SettingsError(f"{shown}.{key} is a list of tables", where=at, remedy=f"write [[{shown}.{key}]]")
    return found


def _layer(name: str, table: Mapping[str, Any], zone: ZoneInfo | None, people: People, shown: str, at: str) -> Layer:
    here = _zone(table, shown, at) if "zone" in table else zone
    if here is None:
        raise SettingsError(f"{shown} has no zone", where=at, remedy='write zone = "Europe/Berlin"')
    members = tuple(_person(one, people) for one in reading.names(table, "people", at))
    if not members:
        raise SettingsError(f"{shown} names nobody", where=at, remedy='write people = ["ann", "bob"]')
    unit, every = _every(table, shown, at)
    rotation = Rotation(
        members=members,
        unit=unit,
        every=every,
        zone=here,
        anchor=_anchor(table, shown, at),
        hand_off=_hand_off(table, shown, at),
    )
    try:
        windows = tuple(window(words) for words in reading.names(table, "only", at))
    except ValueError as problem:
        raise SettingsError(
            f"{shown}.only: {problem}", where=at, remedy='write "Mon-Fri 09:00-17:00", "Sat,Sun" or "22:00-06:00"'
        ) from None
    begins, ends = (_instant(table, key, here, shown, at) if key in table else None for key in ("begins", "ends"))
    return Layer(name=name, rotation=rotation, windows=windows, begins=begins, ends=ends)


def _override(table: Mapping[str, Any], zone: ZoneInfo | None, people: People, shown: str, at: str) -> Override:
    shown = f"{shown}.overrides"
    reading.refuse_unknown(table, set(OVERRIDE), shown, at)
    for key in ("person", "start", "end"):
        if key not in table:
            raise SettingsError(f"{shown} needs {key}", where=at, remedy=f"write {key} below [[{shown}]]")
    start, end = (_instant(table, key, zone, shown, at) for key in ("start", "end"))
    if start >= end:
        raise SettingsError(f"{shown} ends before it starts", where=at, remedy="write an end after the start")
    person = _person(reading.text(table, "person", "", at), people)
    return Override(person=person, start=start, end=end, note=reading.text(table, "note", "", at))


def _person(name: str, people: People) -> Person:
    known = known_as(name, people)
    return Person(name=known.name if known else name)


def _zone(table: Mapping[str, Any], shown: str, at: str) -> ZoneInfo:
    name = reading.text(table, "zone", "", at)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise SettingsError(
            f"{shown}.zone {name!r} is not a time zone", where=at, remedy='write its name: zone = "Europe/Berlin"'
        ) from None


def _every(table: Mapping[str, Any], shown: str, at: str) -> tuple[Unit, int]:
    words = reading.text(table, "every", "week", at)
    found = _EVERY.fullmatch(words)
    if found is None:
        raise SettingsError(
            f"{shown}.every {words!r} is no period", where=at, remedy='write "week", "day", "2 weeks" or "12 hours"'
        )
    return Unit(found[2]), int(found[1] or 1)


def _anchor(table: Mapping[str, Any], shown: str, at: str) -> date:
    found = table.get("from")
    if not isinstance(found, date) or isinstance(found, datetime) or found.year not in YEARS:
        raise SettingsError(
            f"{shown} needs from, the day on which the first one takes over",
            where=at,
            remedy="write from = 2026-01-05, without quotes",
        )
    return found


def _hand_off(table: Mapping[str, Any], shown: str, at: str) -> time:
    found = table.get("hand_off", time(9))
    if isinstance(found, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", found):
        return time.fromisoformat(found)
    if isinstance(found, time):
        return found
    raise SettingsError(
        f"{shown}.hand_off is a time of day, not {found!r}", where=at, remedy='write hand_off = "09:00"'
    )


def _instant(table: Mapping[str, Any], key: str, zone: ZoneInfo | None, shown: str, at: str) -> datetime:
    """A TOML date-time with its offset, or one without, or a date, on the wall clock of `zone`."""
    found = table[key]
    if isinstance(found, date) and found.year not in YEARS:
        raise SettingsError(
            f"{shown}.{key} is in the year {found.year}",
            where=at,
            remedy="leave it out, or write a year from 1970 to 2199",
        )
    if isinstance(found, datetime) and found.tzinfo is not None:
        return found.astimezone(UTC)
    if not isinstance(found, date):
        raise SettingsError(
            f"{shown}.{key} is a date and a time", where=at, remedy=f"write {key} = 2026-01-05T09:00:00, without quotes"
        )
    if zone is None:
        raise SettingsError(
            f"{shown}.{key} has no offset", where=at, remedy='write zone = "Europe/Berlin" in the schedule'
        )
    wall = found if isinstance(found, datetime) else datetime.combine(found, time())
    return instant(wall, zone)[0]
