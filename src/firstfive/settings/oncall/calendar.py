"""On-call from a calendar file that another program keeps (extra `calendar`): each event that names one person is their shift.

Called by `cli` and the engine for a stretch of time, since events may repeat for ever. Repetition and its exceptions are worked out by
`recurring_ical_events`; both packages are loaded only when a calendar is set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from firstfive.errors import SettingsError
from firstfive.incident.oncall import Override, Person, Schedule
from firstfive.incident.oncall.walls import instant
from firstfive.settings.model import PersonSettings, ScheduleSettings
from firstfive.settings.people import known_as, names_of

People = Mapping[str, PersonSettings]


def schedule_between(
    plan: ScheduleSettings, people: People, start: datetime, end: datetime
) -> tuple[Schedule, tuple[str, ...]]:
    """The schedule with its calendar's events between two instants below its overrides, and a remark for each event left out.

    Raises SettingsError when the calendar cannot be read, or when the extra is not installed.
    """
    if plan.calendar is None:
        return plan.schedule, ()
    found, remarks = shifts_of(plan.calendar, people, plan.zone, start, end)
    return replace(plan.schedule, overrides=(*found, *plan.schedule.overrides)), remarks


def shifts_of(
    file: Path, people: People, zone: ZoneInfo | None, start: datetime, end: datetime
) -> tuple[tuple[Override, ...], tuple[str, ...]]:
    """The shifts between two instants, oldest first, and what could not be taken. `zone` is for times that name none."""
    found: list[Override] = []
    remarks: list[str] = []
    for event in _events(file, start, end):
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        title = " ".join(str(event.get("SUMMARY", "")).split())
        begin, finish = _at(event["DTSTART"].dt, zone), _at(event.end, zone)
        person, why_not = _person(event, title, people)
        if begin is None or finish is None:
            why_not = "its time names no zone: write zone = ... in the schedule"
        elif begin >= finish:
            why_not = "it has no length"
        if why_not or person is None or begin is None or finish is None:
            remarks.append(f"{file.name}: {title!r} on {event['DTSTART'].dt}: {why_not}")
        else:
            found.append(Override(person=person, start=begin, end=finish, note=f"{file.name}: {title}"))
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.person.name))), tuple(remarks)


def _events(file: Path, start: datetime, end: datetime) -> list[Any]:
    try:
        import icalendar
        import recurring_ical_events  # type: ignore[import-untyped]
    except ImportError:
        raise SettingsError(
            "reading a calendar needs two more packages",
            where=str(file),
            remedy='pip install "firstfive[calendar]"',
        ) from None
    try:
        whole = icalendar.Calendar.from_ical(file.read_bytes())
        return list(recurring_ical_events.of(whole).between(start, end))
    except OSError as problem:
        raise SettingsError(
            f"the calendar cannot be read: {problem.strerror}", where=str(file), remedy="check the path and its rights"
        ) from None
    except Exception as problem:  # both packages raise many kinds for text that others wrote
        raise SettingsError(
            f"the calendar makes no sense: {problem}", where=str(file), remedy="export it again as iCalendar (.ics)"
        ) from None


def _person(event: Any, title: str, people: People) -> tuple[Person | None, str]:
    """The one person whom the attendees name, else the title; otherwise why there is none."""
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    named = {known.name for one in attendees for known in [_attendee(one, people)] if known}
    if len(named) == 1:
        return Person(name=named.pop()), ""
    said = {
        person.name for person in people.values() for name in names_of(person) if _word(name).search(title.casefold())
    }
    if len(said) == 1:
        return Person(name=said.pop()), ""
    several = sorted(said or named)
    return None, f"it names {' and '.join(several)}" if several else "it names nobody of [people]"


def _attendee(value: Any, people: People) -> PersonSettings | None:
    address = re.sub(r"^mailto:", "", str(value), flags=re.IGNORECASE)
    return known_as(address, people) or known_as(str(value.params.get("CN", "")), people)


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name.casefold())}(?!\w)")


def _at(value: date | datetime, zone: ZoneInfo | None) -> datetime | None:
    """An instant; a date and a time without a zone are on the wall clock of the schedule."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if zone is None:
        return None
    return instant(value if isinstance(value, datetime) else datetime.combine(value, time()), zone)[0]
