"""What the readers of exports share: single values out of JSON that others wrote, and what came of a whole file.

Called by the readers beside it. A value that is not what it should be raises ValueError, which the reader turns into a line of `left`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from firstfive.incident.oncall import Layer, Override, Person, Rotation, Schedule, Unit, Window
from firstfive.settings.oncall.schedules import YEARS

Row = Mapping[str, Any]


LARGEST = 366 * 86400

LONGEST = 9999  # units that a period of ours can count


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The schedules of an export, and one sentence for each thing that could not be carried over."""

    source: str
    schedules: tuple[Schedule, ...]
    left: tuple[str, ...]


def rows(value: Any) -> list[Row]:
    """The objects of a list, or of a page of an API's answer; none when it is absent. One that is no object is not passed over."""
    value = value.get("results") if isinstance(value, dict) else value
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError("it holds a list that is none")
    return value


def text(row: Row, key: str) -> str:
    """A text that must be there."""
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"it has no {key}")
    return value.strip()


def number(row: Row, key: str, default: int | None = None) -> int:
    """A whole number, neither negative nor beyond the seconds of a year."""
    value = row.get(key)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        raise ValueError(f"its {key} is no number that makes sense")
    return value


def instant(row: Row, key: str) -> datetime | None:
    """An instant with its offset as UTC; None when it is absent."""
    if row.get(key) in (None, ""):
        return None
    found = moment(row, key)
    if found.tzinfo is None:
        raise ValueError(f"its {key} has no offset")
    return found.astimezone(UTC)


def moment(row: Row, key: str) -> datetime:
    """A date and time as it is written, of a year that a schedule can hold."""
    found = datetime.fromisoformat(text(row, key))
    if found.year not in YEARS:
        raise ValueError(f"its {key} is in the year {found.year}")
    return found


def zone(name: Any) -> ZoneInfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(f"{name!r} is not a time zone") from None


def rotation(members: list[str], unit: Unit, every: int, first: datetime, where: ZoneInfo) -> Rotation:
    """A rotation whose first member takes over at the instant `first`."""
    if not members:
        raise ValueError("it names nobody")
    if every > LONGEST:
        raise ValueError(f"its turns of {every} {unit}s are too long")
    wall = first.astimezone(where)
    people = tuple(Person(name=name) for name in members)
    return Rotation(
        members=people, unit=unit, every=every, zone=where, anchor=wall.date(), hand_off=wall.time().replace(fold=0)
    )


def period(seconds: int) -> tuple[Unit, int]:
    """A length in seconds as whole weeks, days or hours."""
    for unit, length in ((Unit.WEEK, 7 * 86400), (Unit.DAY, 86400), (Unit.HOUR, 3600)):
        if seconds and seconds % length == 0:
            return unit, seconds // length
    raise ValueError(f"its turns of {seconds} s are no whole hours")


def window(days: frozenset[int], start: time, lasts: timedelta) -> Window:
    """A part of the week in whole minutes."""
    if start.second or start.microsecond or lasts % timedelta(minutes=1):
        raise ValueError("its restriction is not in whole minutes")
    return Window(days=days, start=start, lasts=lasts)


def override(person: str, start: datetime | None, end: datetime | None, note: str = "") -> Override:
    """One person between two instants."""
    if start is None or end is None or start >= end:
        raise ValueError("it has no start and end in order")
    return Override(person=Person(name=person), start=start, end=end, note=note)


def schedule(name: str, layers: list[Layer], overrides: list[Override]) -> Schedule:
    """A schedule whose single layer bears its name, so that it is written flat."""
    if len(layers) == 1:
        [one] = layers
        layers = [Layer(name=name, rotation=one.rotation, windows=one.windows, begins=one.begins, ends=one.ends)]
    return Schedule(name=name, layers=tuple(layers), overrides=tuple(overrides))
