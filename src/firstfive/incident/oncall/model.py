"""Who takes turns: people, rotations, layers, overrides and the schedule that they make, and the two answers it gives.

Made by `settings.oncall`; read by `who`. Values only: nothing here knows an instant that is now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be on call, by the one name that the settings use for them."""

    name: str


class Unit(StrEnum):
    """What a period counts; all of them on the wall clock, so a day may last 23 or 25 hours."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """People who follow each other, in order.

    Every `every` units at `hand_off` on the clock of `zone`, the next one takes over. The first member takes over on `anchor`; the order
    holds before that day as well, so that every instant has its turn.
    """

    members: tuple[Person, ...]
    unit: Unit
    zone: ZoneInfo
    anchor: date
    every: int = 1
    hand_off: time = time(9)

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("a rotation has at least one member")
        if self.every < 1:
            raise ValueError("a period is at least one unit")

    @property
    def period(self) -> timedelta:
        """The length of a turn on the wall clock."""
        return self.every * {Unit.HOUR: timedelta(hours=1), Unit.DAY: timedelta(days=1), Unit.WEEK: WEEK}[self.unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of the week: from `start` on each of `days` (0 is Monday) for `lasts`, on the wall clock; at most a week."""

    days: frozenset[int]
    start: time = time(0)
    lasts: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        if not self.days or not self.days <= frozenset(range(7)):
            raise ValueError("a window has days, and they are 0 to 6")
        if not timedelta(0) < self.lasts <= WEEK:
            raise ValueError("a window lasts up to a week")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A rotation, only within `windows` (no window: always), only from `begins` to `ends` (UTC; None: for ever)."""

    name: str
    rotation: Rotation
    windows: tuple[Window, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One person for one stretch of time, from `start` up to but not including `end` (UTC), whatever the layers say."""

    person: Person
    start: datetime
    end: datetime
    note: str = ""

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError("an override ends after it starts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Layers, of which the later wins, below overrides, of which the later wins."""

    name: str
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who ever has a turn, each once, in the order of their first."""
        named = [person for layer in self.layers for person in layer.rotation.members]
        return tuple(dict.fromkeys([*named, *(override.person for override in self.overrides)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """One person is on call from `since` up to but not including `until` (UTC), and why it is they."""

    person: Person
    since: datetime
    until: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Nobody is on call from `since` up to but not including `until` (UTC; None: without end on that side), and why."""

    since: datetime | None
    until: datetime | None
    why: str


Answer = OnCall | Gap
Answers = Sequence[Answer]
