"""What the clock on a wall shows, as instants: hand-offs on nights when the clock is moved, and the windows of a week.

Called by `who`. Reads no clock, only the rules of time zones. Moving forward along the wall never moves back in time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from firstfive.incident.oncall.model import WEEK, Window

# Windows repeat weekly and a moved clock can close one gap between them, so the edges of any stretch lie within two weeks and a day.
_AROUND = timedelta(days=22)
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

Stretch = tuple[datetime, datetime]


def instant(wall: datetime, zone: ZoneInfo) -> tuple[datetime, bool]:
    """The UTC instant of a naive wall-clock time, and whether the clock shows that time at all.

    A time that is skipped becomes the first instant after the jump; one that comes twice is the first of the two.
    """
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found, True
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), found
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after, False


def wall_of(at: datetime, zone: ZoneInfo) -> datetime:
    """What the wall clock shows at an instant, without its zone."""
    return at.astimezone(zone).replace(tzinfo=None)


def within(windows: tuple[Window, ...], zone: ZoneInfo, at: datetime) -> tuple[bool, Stretch]:
    """Whether `at` lies in a window, and the whole stretch around it for which that stays so."""
    if not windows or whole_week(windows):
        return True, (EARLIEST, LATEST)
    today = datetime.combine(wall_of(at, zone).date(), datetime.min.time())
    reach = _AROUND // timedelta(days=1)
    days = (today + timedelta(days=n) for n in range(-reach, reach + 1))
    walls = [
        (day.replace(hour=w.start.hour, minute=w.start.minute, second=w.start.second), w.lasts)
        for day in days
        for w in windows
        if day.weekday() in w.days
    ]
    stretches = union((instant(start, zone)[0], instant(start + lasts, zone)[0]) for start, lasts in walls)
    place = bisect_right(stretches, at, key=lambda stretch: stretch[0])
    if place and at < stretches[place - 1][1]:
        return True, stretches[place - 1]
    return False, (stretches[place - 1][1], stretches[place][0])


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time as stretches that neither touch nor overlap, in order; those of no length are gone."""
    joined: list[Stretch] = []
    for start, end in sorted(stretches):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def whole_week(windows: tuple[Window, ...]) -> bool:
    """Whether the windows leave nothing of a week out."""
    monday = datetime(2001, 1, 1, tzinfo=UTC)
    covered = week_of(windows)
    return any(start <= monday and end >= monday + WEEK for start, end in covered)


def week_of(windows: tuple[Window, ...]) -> list[Stretch]:
    """The windows of one week that has no moved clock, from before its Monday to after its Sunday, for comparing."""
    monday = datetime(2001, 1, 1, tzinfo=UTC)
    return union(
        (begin, begin + window.lasts)
        for window in windows
        for day in window.days
        for week in (-1, 0, 1)
        for begin in [datetime.combine(monday.date() + timedelta(days=day + 7 * week), window.start, tzinfo=UTC)]
    )
