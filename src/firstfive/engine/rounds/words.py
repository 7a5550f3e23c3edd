"""What the daily round has to say, as messages: promises that are due, holes in the schedules, a test of each way to a person.

Called by `daily`. Pure: it reads no clock and sends nothing. The key of a message is the same until it is to be said again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from firstfive.documents.actions import ActionItem
from firstfive.documents.actions.remind import due_today
from firstfive.engine.telling.routes import Destination
from firstfive.incident.business_days import WorkingDays
from firstfive.incident.oncall import AHEAD, Schedule, gaps

SOON = timedelta(days=1)
REACH = "reach"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A message without an incident: for `person`, or for the channel when that is empty. `to` is its one way; None for the usual ones."""

    key: str
    title: str
    text: str
    person: str = ""
    to: Destination | None = None


def promises(items: Iterable[ActionItem], today: date) -> tuple[Word, ...]:
    """Action items that are due or late, to whoever promised them."""
    return tuple(Word(key=one.key, title=one.title, text=one.text, person=one.owner) for one in due_today(items, today))


def holes(rota: Iterable[Schedule], now: datetime) -> tuple[Word, ...]:
    """Stretches of the next fourteen days in which nobody is on call, each once, and once more a day before."""
    found: list[Word] = []
    for schedule in rota:
        for gap in gaps(schedule, now, now + AHEAD):
            since = gap.since if gap.since is not None and gap.since > now else None
            soon = since is None or since - now <= SOON
            until = f"{gap.until:%Y-%m-%d %H:%M} UTC" if gap.until is not None else "an open end"
            begins = f"from {since:%Y-%m-%d %H:%M} UTC" if since is not None else "now"
            key = f"gap:{schedule.name}:{since.isoformat() if since else now.date()}{':soon' if soon else ''}"
            text = f"{begins} until {until}: {gap.why}.\nFill it with a layer or an override in the settings' [oncall]."
            found.append(Word(key=key, title=f"Nobody is on call in {schedule.name} {begins}", text=text))
    return tuple(found)


def tests(people: Mapping[str, Sequence[Destination]], now: datetime, calendar: WorkingDays) -> tuple[Word, ...]:
    """On the first working day of a week: one message by each way to each person, who answers it with its button."""
    monday = now.date() - timedelta(days=now.weekday())
    days = (monday + timedelta(days=n) for n in range(7))
    if now.date() != next((day for day in days if calendar.includes(day)), monday):
        return ()
    week = f"{now.isocalendar().year}-W{now.isocalendar().week:02}"
    return tuple(
        Word(
            key=f"{REACH}:{week}:{name}:{way}",
            title="Does this reach you?",
            text="This is the weekly test of how you are paged. Press the button, so that it counts as proved.",
            person=name,
            to=way,
        )
        for name, ways in people.items()
        for way in ways
    )
