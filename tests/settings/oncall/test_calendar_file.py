"""On-call from a calendar file of another program."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firstfive.errors import SettingsError
from firstfive.incident.oncall import OnCall, Override, Person, Schedule, who
from firstfive.settings import PersonSettings, ScheduleSettings
from firstfive.settings.oncall.calendar import schedule_between, shifts_of

PEOPLE = {
    "ann": PersonSettings(name="ann", aliases=("Ann Lee",), email="ann@example.org"),
    "bob": PersonSettings(name="bob"),
}
BERLIN = ZoneInfo("Europe/Berlin")
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 15, tzinfo=UTC)


def event(title: str, *lines: str, start: str = "20260302T080000Z", end: str = "20260303T080000Z") -> str:
    mark = ";VALUE=DATE" if len(start) == 8 else ""
    times = [f"DTSTART{mark}:{start}", f"DTEND{mark}:{end}"]
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{title}", f"SUMMARY:{title}", *times, *lines, "END:VEVENT"])


def calendar(folder: Path, *events: str) -> Path:
    file = folder / "rota.ics"
    file.write_text("\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *events, "END:VCALENDAR", ""]))
    return file


def names(file: Path, zone: ZoneInfo | None = BERLIN) -> list[str]:
    return [one.person.name for one in shifts_of(file, PEOPLE, zone, START, END)[0]]


@pytest.mark.parametrize(
    ("title", "lines", "expected", "reason"),
    [
        ("On call: Ann Lee", (), ["ann"], "an alias in the title"),
        ("BOB", (), ["bob"], "the title is the name, whatever its case"),
        ("rota", ("ATTENDEE:mailto:ANN@example.org",), ["ann"], "an attendee by address"),
        ("rota", ("ATTENDEE;CN=Ann Lee:mailto:x@y.org",), ["ann"], "an attendee by name"),
        ("bob for ann", ("ATTENDEE:mailto:ann@example.org",), ["ann"], "the attendee counts more than the title"),
        ("ann and bob", (), [], "two people are not one"),
        ("annexe", (), [], "a part of a word is no name"),
        ("somebody", (), [], "nobody is not guessed"),
        ("ann", ("STATUS:CANCELLED",), [], "a cancelled event is none"),
    ],
)
def test_who_is_meant(tmp_path: Path, title: str, lines: tuple[str, ...], expected: list[str], reason: str) -> None:
    assert names(calendar(tmp_path, event(title, *lines))) == expected, reason


def test_what_is_not_understood_is_listed(tmp_path: Path) -> None:
    file = calendar(tmp_path, event("ann and bob"), event("somebody"))
    _, remarks = shifts_of(file, PEOPLE, BERLIN, START, END)
    assert sorted(remarks) == [
        "rota.ics: 'ann and bob' on 2026-03-02 08:00:00+00:00: it names ann and bob",
        "rota.ics: 'somebody' on 2026-03-02 08:00:00+00:00: it names nobody of [people]",
    ]


def test_a_repeated_event_stays_on_the_wall_clock_and_keeps_its_exception(tmp_path: Path) -> None:
    lines = ["BEGIN:VEVENT", "UID:1", "SUMMARY:ann", "DTSTART;TZID=Europe/Berlin:20260316T090000"]
    lines += ["DTEND;TZID=Europe/Berlin:20260316T170000", "RRULE:FREQ=WEEKLY;COUNT=3", "END:VEVENT"]
    moved = ["BEGIN:VEVENT", "UID:1", "SUMMARY:bob", "RECURRENCE-ID;TZID=Europe/Berlin:20260330T090000"]
    moved += ["DTSTART;TZID=Europe/Berlin:20260331T090000", "DTEND;TZID=Europe/Berlin:20260331T170000", "END:VEVENT"]
    found, remarks = shifts_of(calendar(tmp_path, *lines, *moved), PEOPLE, None, START, END)
    assert [(one.person.name, one.start.isoformat()) for one in found] == [
        ("ann", "2026-03-16T08:00:00+00:00"),
        ("ann", "2026-03-23T08:00:00+00:00"),
        ("bob", "2026-03-31T07:00:00+00:00"),
    ]
    assert remarks == ()


@pytest.mark.parametrize("start", ["20260329", "20260329T000000"])
def test_a_time_without_a_zone_is_the_schedules(tmp_path: Path, start: str) -> None:
    file = calendar(tmp_path, event("ann", start=start, end=start.replace("0329", "0330")))
    [found] = shifts_of(file, PEOPLE, BERLIN, START, END)[0]
    assert (found.start, found.end) == (
        datetime(2026, 3, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    )
    none, [remark] = shifts_of(file, PEOPLE, None, START, END)
    assert none == ()
    assert "names no zone" in remark


def test_an_override_wins_over_the_calendar(tmp_path: Path) -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    swap = Override(person=Person(name="bob"), start=at, end=at.replace(hour=10))
    plan = ScheduleSettings(
        schedule=Schedule(name="p", overrides=(swap,)), calendar=calendar(tmp_path, event("ann")), zone=BERLIN
    )
    whole, remarks = schedule_between(plan, PEOPLE, START, END)
    answers = [who(whole, moment) for moment in (at, at.replace(hour=11))]
    assert [one.person.name for one in answers if isinstance(one, OnCall)] == ["bob", "ann"]
    assert answers[1].why == "override: rota.ics: ann"
    assert remarks == ()


def test_a_schedule_without_a_calendar_is_as_it_is() -> None:
    plan = ScheduleSettings(schedule=Schedule(name="p"))
    assert schedule_between(plan, {}, START, END) == (plan.schedule, ())


@pytest.mark.parametrize(
    ("content", "what"),
    [(None, "cannot be read"), (b"nonsense", "makes no sense"), (b"\xff\xfe\x00", "makes no sense")],
)
def test_a_file_that_is_no_calendar_is_refused(tmp_path: Path, content: bytes | None, what: str) -> None:
    file = tmp_path / "rota.ics"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        shifts_of(file, PEOPLE, BERLIN, START, END)
    assert what in refused.value.what
    assert refused.value.where == str(file)
    assert refused.value.remedy


def test_without_the_extra_the_remedy_is_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "recurring_ical_events", None)
    with pytest.raises(SettingsError) as refused:
        shifts_of(calendar(tmp_path), PEOPLE, BERLIN, START, END)
    assert "firstfive[calendar]" in refused.value.remedy
