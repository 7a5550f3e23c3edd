"""The calendar of a schedule, read back by a program that others use."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstfive.documents.oncall import calendar, view
from firstfive.documents.oncall.calendar import OCTETS, folded
from firstfive.incident.oncall import Layer, OnCall, Override, Person, Rotation, Schedule, Unit, Window, turns

STAMP = datetime(2026, 1, 1, tzinfo=UTC)
START = datetime(2026, 3, 23, 12, tzinfo=UTC)
ANN, BOB = Person(name="ann"), Person(name="Bob; Übermäßig, \\ of the third shift 🔥" * 3)
TURN = Rotation(members=(ANN, BOB), unit=Unit.WEEK, zone=ZoneInfo("Europe/Berlin"), anchor=date(2026, 1, 5))
PLAN = Schedule(name="primary", layers=(Layer(name="all", rotation=TURN),))


def text(start: datetime = START, person: Person | None = None) -> str:
    found = [("primary", turn) for turn in turns(PLAN, start, START + timedelta(days=21))]
    return calendar(found, stamp=STAMP, person=person)


def events(written: str) -> list[icalendar.Event]:
    return list(icalendar.Calendar.from_ical(written).walk("VEVENT"))


def test_another_program_reads_the_turns() -> None:
    found = events(text())
    assert [event.start for event in found] == [
        datetime(2026, 3, 23, 8, tzinfo=UTC),
        datetime(2026, 3, 30, 7, tzinfo=UTC),
        datetime(2026, 4, 6, 7, tzinfo=UTC),
        datetime(2026, 4, 13, 7, tzinfo=UTC),
    ]
    assert all(a.end == b.start for a, b in pairwise(found))
    assert str(found[1]["SUMMARY"]) in {f"{p.name} is on call (primary)" for p in (ANN, BOB)}
    assert found[0]["DTSTAMP"].dt == STAMP


def test_one_person_sees_their_own_turns() -> None:
    assert {str(event["SUMMARY"]) for event in events(text(person=ANN))} == {"ann is on call (primary)"}
    assert len(events(text(person=ANN))) == 2


def test_a_turn_keeps_its_uid_when_the_file_is_made_later() -> None:
    first = {event.start: str(event["UID"]) for event in events(text())}
    later = {event.start: str(event["UID"]) for event in events(text(START + timedelta(days=3)))}
    assert first == later
    assert len(set(first.values())) == len(first)


def test_lines_end_and_fold_as_the_format_wants() -> None:
    written = text().encode()
    assert written.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in written.replace(b"\r\n", b"")
    lines = written.split(b"\r\n")
    assert max(map(len, lines)) <= OCTETS
    assert any(line.startswith(b" ") for line in lines)
    for line in lines:
        line.decode()


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300))
def test_no_text_is_lost(name: str) -> None:
    assert "".join(piece if n == 0 else piece[1:] for n, piece in enumerate(folded(name))) == name
    turn = OnCall(person=Person(name=name), since=STAMP, until=START, why=name)
    [event] = events(calendar([("x", turn)], stamp=STAMP))
    assert str(event["SUMMARY"]) == f"{name} is on call (x)"
    assert len(events(calendar([("x", turn)], stamp=STAMP))) == 1


def test_a_line_end_in_a_note_starts_no_line_of_its_own() -> None:
    turn = OnCall(person=ANN, since=STAMP, until=START, why="one\r\nEND:VEVENT\x07")
    [event] = events(calendar([("x", turn)], stamp=STAMP))
    assert str(event["DESCRIPTION"]) == "one\nEND:VEVENT"


# ---------------------------------------------------------------------------------------------------------------- view


def test_who_is_next_is_somebody_else() -> None:
    swap = Override(person=ANN, start=datetime(2026, 3, 30, 7, tzinfo=UTC), end=datetime(2026, 3, 31, tzinfo=UTC))
    plan = Schedule(name="primary", layers=PLAN.layers, overrides=(swap,))
    told = view(plan, datetime(2026, 3, 28, tzinfo=UTC))
    assert told["schedule"] == "primary"
    assert told["now"]["person"] in (ANN.name, BOB.name)
    assert told["next"]["person"] != told["now"]["person"]
    assert told["gaps"] == []


@pytest.mark.parametrize(
    ("at", "now", "following"),
    [("2026-03-23T10:00", "ann", None), ("2026-03-23T20:00", None, "ann")],
)
def test_a_gap_is_next_and_has_a_next(at: str, now: str | None, following: str | None) -> None:
    office = Window(days=frozenset({0}), lasts=timedelta(hours=17))
    turn = Rotation(members=(ANN,), unit=Unit.WEEK, zone=ZoneInfo("UTC"), anchor=date(2026, 1, 5))
    plan = Schedule(name="p", layers=(Layer(name="all", rotation=turn, windows=(office,)),))
    told = view(plan, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert (told["now"]["person"], told["next"]["person"]) == (now, following)
    assert told["gaps"]
    assert all(gap["person"] is None and gap["since"] < gap["until"] for gap in told["gaps"])


def test_a_schedule_without_anybody_has_no_next() -> None:
    told = view(Schedule(name="empty"), STAMP)
    assert told["next"] is None
    assert told["now"] == {"person": None, "since": None, "until": None, "why": "the schedule holds nobody"}
