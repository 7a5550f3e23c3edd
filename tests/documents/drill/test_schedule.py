"""Every fault has its day: what failed first, nothing twice, nothing at a weekend."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from firstfive.documents.drill import Card, Mark, as_ical, schedule

MONDAY = date(2026, 11, 23)
QUARTER = timedelta(days=90)


def drilled(fault: str, day: str, *, passed: bool = True) -> Card:
    return Card(
        fault=fault,
        what="",
        at=f"{day}T10:00:00+00:00",
        hurt="",
        mode="auto",
        page="p",
        incident="INC-1",
        mended="",
        marks=(Mark(name="detected", met=passed, why=""),),
    )


def told(*cards: Card, faults: tuple[str, ...] = ("a", "b", "c"), first: tuple[str, ...] = ()) -> list[str]:
    return [f"{turn.day:%m-%d} {turn.fault} {turn.why}" for turn in schedule(faults, cards, MONDAY, QUARTER, first)]


@pytest.mark.parametrize(
    ("cards", "first", "days", "why"),
    [
        ((), (), ["11-23 a never drilled", "12-23 b never drilled", "01-22 c never drilled"], "spread evenly"),
        (
            (),
            ("c",),
            ["11-23 c never drilled", "12-23 a never drilled", "01-22 b never drilled"],
            "the page's own lead",
        ),
        (
            (drilled("b", "2026-11-01", passed=False),),
            (),
            ["11-23 b failed on 2026-11-01", "12-23 a never drilled", "01-22 c never drilled"],
            "what failed comes first",
        ),
        (
            (drilled("a", "2026-11-20"), drilled("b", "2026-11-21")),
            (),
            ["11-23 c never drilled", "02-18 a proven on 2026-11-20", "02-19 b proven on 2026-11-21"],
            "what was proven waits for its own day",
        ),
        (
            (drilled("a", "2026-11-20"), drilled("a", "2026-11-22", passed=False)),
            (),
            ["11-23 a failed on 2026-11-22", "12-23 b never drilled", "01-22 c never drilled"],
            "the newest drill counts",
        ),
    ],
)
def test_who_is_next(cards: tuple[Card, ...], first: tuple[str, ...], days: list[str], why: str) -> None:
    assert told(*cards, first=first) == days, why


def test_a_weekend_is_left_alone_and_no_two_share_a_day_without_need() -> None:
    names = tuple(f"f{number:02}" for number in range(20))
    days = [turn.day for turn in schedule(names, (), date(2026, 11, 28), QUARTER)]
    assert days[0] == date(2026, 11, 30)
    assert all(day.weekday() < 5 for day in days)
    assert len(set(days)) == 20
    assert days[-1] <= date(2026, 11, 28) + timedelta(days=100)


def test_no_fault_fits_no_turn() -> None:
    assert schedule((), (), MONDAY, QUARTER) == ()


def test_a_calendar_keeps_its_uids_when_a_day_moves() -> None:
    stamp = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    made = as_ical(schedule(("redis-stopped",), (), MONDAY, QUARTER), stamp)
    assert "UID:drill-redis-stopped@firstfive\r\n" in made
    assert "DTSTART;VALUE=DATE:20261123\r\n" in made
    assert made.endswith("END:VCALENDAR\r\n")
    assert all(len(row.encode()) <= 75 for row in made.split("\r\n"))
