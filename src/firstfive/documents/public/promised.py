"""Whether the next update that a text for customers promises lies in the past: what nobody can keep must not be promised.

Asked with the clock of the moment in which the text would go out. Reads the times of day that `wording` reads; a span ("in 20 minutes"), a
zone other than UTC and a named day are left to the person.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from firstfive.documents.public.wording import Problem, promises

_CLOCK = re.compile(
    r"(?:(?P<day>\d{4}-\d\d-\d\d)[ T])?\b(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?(?P<half> ?[ap]\.?m\b\.?)?"
    r"(?P<zone> ?(?:\([A-Z]{2,5}\)|[A-Z]{2,5}\b|[+-]\d{2}:?\d{2}|local\b))?",
    re.ASCII,
)
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_OTHER_DAY = re.compile(
    rf"\b(?:tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day|{_MONTH}[a-z]* \d|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH})",
    re.IGNORECASE,
)
_OURS = ("", "UTC", "GMT", "(UTC)", "(GMT)")
_SPANS = re.compile(r" ?(?:min|h\b|hour|more min)", re.IGNORECASE)
HALF_A_DAY = timedelta(hours=12)


def past_promise(text: str, now: datetime) -> Problem | None:
    """The promise that is over already at `now` (aware UTC); None when one of those in the text can still be kept, or none can be read.

    A time without a day is the one nearest to now: at 23:50 a promise by 00:10 is kept tomorrow, one by 23:40 is over.
    """
    over: list[Problem] = []
    for start, end, said in promises(text):
        at = _moment(said, now)
        if at is None or at > now:
            return None
        told = f"{at:%H:%M} UTC" if abs(now - at) < HALF_A_DAY else f"{at:%Y-%m-%d %H:%M} UTC"
        over.append(
            Problem(
                phrase=text[start:end],
                span=(start, end),
                why=f"{told} is past: it is {now.astimezone(UTC):%H:%M} UTC now",
                rewrite=f"promise a time after {now.astimezone(UTC):%H:%M} UTC, with its day when that is not today",
            )
        )
    return over[-1] if over else None


def _moment(said: str, now: datetime) -> datetime | None:
    """The instant that a promise names; None where it names none that can be told."""
    if _OTHER_DAY.search(said):
        return None
    found = [
        hit for hit in _CLOCK.finditer(said) if (hit["minute"] or hit["half"]) and not _SPANS.match(said, hit.end())
    ]
    if len(found) != 1 or (found[0]["zone"] or "").strip() not in _OURS:
        return None
    clock = _time_of(found[0])
    if clock is None:
        return None
    if found[0]["day"]:
        try:
            return datetime.combine(date.fromisoformat(found[0]["day"]), clock, UTC)
        except ValueError:
            return None
    today = datetime.combine(now.astimezone(UTC).date(), clock, UTC)
    return min((today + timedelta(days=n) for n in (-1, 0, 1)), key=lambda at: abs(at - now))


def _time_of(hit: re.Match[str]) -> time | None:
    hour, minute, half = int(hit["hour"]), int(hit["minute"] or 0), (hit["half"] or "").strip().lower()[:1]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
