"""Who is on call at an instant: a pure function of the schedule and the instant.

Called by `cli`, `web` and the engine. Stores no pointer that could fall behind: the same schedule gives the same answer for the same
instant whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from firstfive.incident.oncall.model import (
    Answer,
    Answers,
    Gap,
    Layer,
    OnCall,
    Override,
    Person,
    Rotation,
    Schedule,
    Unit,
)
from firstfive.incident.oncall.walls import EARLIEST, LATEST, instant, wall_of, within

AHEAD = timedelta(days=14)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What one layer or override says about an instant: a person, or nobody, from `start` up to `end`."""

    person: Person | None
    start: datetime
    end: datetime
    why: str = ""


def who(schedule: Schedule, at: datetime) -> Answer:
    """Who is on call at `at` (aware), since when, until when and why; or the gap that `at` falls into."""
    at = at.astimezone(UTC)
    said = _asked(schedule, at)
    if said.person is not None:
        return OnCall(person=said.person, since=said.start, until=said.end, why=said.why)
    start, end = said.start, said.end
    while end < LATEST and (later := _asked(schedule, end)).person is None:
        end = later.end
    while start > EARLIEST and (earlier := _asked(schedule, start - _MOMENT)).person is None:
        start = earlier.start
    return Gap(
        since=start if start > EARLIEST else None, until=end if end < LATEST else None, why=_why_nobody(schedule)
    )


def turns(schedule: Schedule, start: datetime, end: datetime) -> Answers:
    """Every answer that holds at some time from `start` up to `end`, whole: the first may begin before, the last end after."""
    return tuple(_walk(schedule, start, end))


def shifts(schedule: Schedule, start: datetime, end: datetime) -> Answers:
    """The same, cut to the range: they and their gaps tile it without overlap."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    return tuple(
        replace(one, since=max(one.since or start, start), until=min(one.until or end, end))
        for one in _walk(schedule, start, end)
    )


def gaps(schedule: Schedule, start: datetime, end: datetime) -> tuple[Gap, ...]:
    """When nobody is on call between `start` and `end`, cut to the range; the usual range is `AHEAD`."""
    return tuple(one for one in shifts(schedule, start, end) if isinstance(one, Gap))


def _walk(schedule: Schedule, start: datetime, end: datetime) -> Iterator[Answer]:
    at: datetime | None = start.astimezone(UTC)
    while at is not None and at < end:
        found = who(schedule, at)
        yield found
        at = found.until


def _asked(schedule: Schedule, at: datetime) -> _Said:
    """The strongest word on `at`, cut where a stronger one begins or ends."""
    start, end = EARLIEST, LATEST
    words = (_override(one, at) for one in reversed(schedule.overrides))
    layers = (_layer(one, at) for one in reversed(schedule.layers))
    for said in (word for source in (words, layers) for word in source):
        start, end = max(start, said.start), min(end, said.end)
        if said.person is not None:
            return replace(said, start=start, end=end)
    return _Said(person=None, start=start, end=end)


def _override(override: Override, at: datetime) -> _Said:
    if at < override.start:
        return _Said(person=None, start=EARLIEST, end=override.start)
    if at >= override.end:
        return _Said(person=None, start=override.end, end=LATEST)
    why = f"override: {override.note}" if override.note else "override"
    return _Said(person=override.person, start=override.start, end=override.end, why=why)


def _layer(layer: Layer, at: datetime) -> _Said:
    begins, ends = layer.begins or EARLIEST, layer.ends or LATEST
    if begins >= ends:
        return _Said(person=None, start=EARLIEST, end=LATEST)  # it never holds
    if at < begins:
        return _Said(person=None, start=EARLIEST, end=begins)
    if at >= ends:
        return _Said(person=None, start=ends, end=LATEST)
    held, (start, end) = within(layer.windows, layer.rotation.zone, at)
    start, end = max(start, begins), min(end, ends)
    if not held:
        return _Said(person=None, start=start, end=end)
    turn = _turn(layer.rotation, at)
    return _Said(
        person=turn.person, start=max(start, turn.start), end=min(end, turn.end), why=f"layer {layer.name}: {turn.why}"
    )


def _turn(rotation: Rotation, at: datetime) -> _Said:
    """The turn that `at` falls into. One whose hand-offs fall on the same instant is passed over."""
    began = datetime.combine(rotation.anchor, rotation.hand_off)
    number = (wall_of(at, rotation.zone) - began) // rotation.period
    while _hand_off(rotation, number + 1)[0] <= at:
        number += 1
    while _hand_off(rotation, number)[0] > at:
        number -= 1
    start, moved = _hand_off(rotation, number)
    end, moving = _hand_off(rotation, number + 1)
    place = number % len(rotation.members)
    person = rotation.members[place]
    notes = [note for note in (moved, moving) if note]
    why = f"turn {place + 1} of {len(rotation.members)}, {_rhythm(rotation)}{''.join(f'; {note}' for note in notes)}"
    return _Said(person=person, start=start, end=end, why=why)


def _hand_off(rotation: Rotation, number: int) -> tuple[datetime, str]:
    """The instant at which turn `number` begins, and a remark when the clock on the wall does not show its time."""
    wall = datetime.combine(rotation.anchor, rotation.hand_off) + number * rotation.period
    found, shown = instant(wall, rotation.zone)
    if shown:
        return found, ""
    instead = wall_of(found, rotation.zone)
    return found, f"{wall:%H:%M} does not exist in {rotation.zone.key} on {wall:%Y-%m-%d}, so it is at {instead:%H:%M}"


def _rhythm(rotation: Rotation) -> str:
    every = f"every {rotation.unit}" if rotation.every == 1 else f"every {rotation.every} {rotation.unit}s"
    day = f" on {rotation.anchor:%A}" if rotation.unit is Unit.WEEK else ""
    return f"{every}{day} at {rotation.hand_off:%H:%M} {rotation.zone.key}"


def _why_nobody(schedule: Schedule) -> str:
    if not schedule.layers and not schedule.overrides:
        return "the schedule holds nobody"
    return "no layer and no override covers this time"
