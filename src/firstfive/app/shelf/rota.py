"""Every on-call schedule of the settings with its calendar's events, and what is wrong with them.

Called by the `oncall` command and by `books`. Reads the calendars that settings name.
"""

from __future__ import annotations

from datetime import datetime

from firstfive.incident.oncall import Schedule
from firstfive.settings import Settings


def schedules(settings: Settings, since: datetime, until: datetime) -> tuple[list[Schedule], list[str]]:
    """Every schedule with its calendar's events between these instants, and what could not be taken from them."""
    if not settings.oncall:
        return [], []
    from firstfive.settings.oncall.calendar import schedule_between  # its parts are slow to load

    found: list[Schedule] = []
    remarks: list[str] = []
    for plan in settings.oncall:
        schedule, left = schedule_between(plan, settings.people, since, until)
        found.append(schedule)
        remarks += left
    return found, remarks


def strangers(settings: Settings, found: list[Schedule]) -> list[str]:
    """People of a schedule whom the settings give no way to reach."""
    missing = {person.name for one in found for person in one.people} - set(settings.people)
    return [f"{name} has no table [people.{name}], so nobody can reach them" for name in sorted(missing)]
