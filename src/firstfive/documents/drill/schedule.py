"""When each fault is to be drilled next, so that every one comes round and no week brings two without need.

Called by `firstfive drill schedule` and `drill run --due`. Pure: the faults, the cards that were kept, and the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from firstfive.documents.actions.hand_on import escaped, folded
from firstfive.documents.drill.card import Card

SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One fault's next drill: its day (a working day in UTC) and why it is then."""

    fault: str
    day: date
    why: str


def schedule(
    faults: Sequence[str], cards: Sequence[Card], today: date, every: timedelta, first: Sequence[str] = ()
) -> tuple[Turn, ...]:
    """The next drill of every fault, the soonest first.

    Whatever failed last comes first, then what was never drilled, then the longest proven; of equals what the page itself names
    (`first`) leads. Each is proven again within `every`, and those that are due already are spread over working days evenly.
    """
    newest = {one.fault: one for one in sorted(cards, key=lambda one: one.at)}
    proven = {one.fault: _day(one) for one in sorted(cards, key=lambda one: one.at) if one.passed}

    def urgency(fault: str) -> tuple[int, date, bool]:
        last = newest.get(fault)
        rank = 1 if last is None else 2 if last.passed else 0
        return rank, proven.get(fault, date.min), fault not in first

    step = max(timedelta(days=1), every / max(1, len(faults)))
    turns = []
    slot = datetime(today.year, today.month, today.day, tzinfo=UTC)
    for fault in sorted(faults, key=urgency):
        last, good = newest.get(fault), proven.get(fault)
        if last is None:
            why = "never drilled"
        elif not last.passed:
            why = f"failed on {_day(last)}"
        else:
            why = f"proven on {good}"
        owed = good + every if good is not None and last is not None and last.passed else today
        day = _working(max(owed, slot.date()))
        turns.append(Turn(fault=fault, day=day, why=why))
        if owed <= slot.date():
            slot = datetime(day.year, day.month, day.day, slot.hour, slot.minute, slot.second, tzinfo=UTC) + step
    return tuple(sorted(turns, key=lambda turn: turn.day))


def as_ical(turns: Sequence[Turn], stamp: datetime) -> str:
    """A calendar of whole days after RFC 5545. A fault keeps its UID, so that importing anew moves its day. `stamp` is aware."""
    rows = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Firstfive//Drills//EN"]
    at = stamp.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    for turn in turns:
        rows += [
            "BEGIN:VEVENT",
            f"UID:drill-{turn.fault}@firstfive",
            f"DTSTAMP:{at}",
            f"DTSTART;VALUE=DATE:{turn.day:%Y%m%d}",
            f"SUMMARY:{escaped(f'Drill: {turn.fault}')}",
            f"DESCRIPTION:{escaped(f'{turn.why}; firstfive drill run {turn.fault}')}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    rows.append("END:VCALENDAR")
    return "".join(f"{folded(row)}\r\n" for row in rows)


def _working(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= SATURDAY else day


def _day(one: Card) -> date:
    return datetime.fromisoformat(one.at).date()
