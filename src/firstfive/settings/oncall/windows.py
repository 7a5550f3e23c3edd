"""Parts of a week in words: "Mon-Fri 09:00-17:00", "22:00-06:00", "Sat,Sun", "Fri 17:00 - Mon 09:00".

Read by `schedules`, written by `written`; what is written is read as the same windows.
"""

from __future__ import annotations

import re
from datetime import time, timedelta

from firstfive.incident.oncall import Window

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = f"(?:{'|'.join(DAYS)})"
_CLOCK = r"(?:[01]\d|2[0-4]):[0-5]\d"
_SPAN = re.compile(rf"({_DAY}) ({_CLOCK}) ?- ?({_DAY}) ({_CLOCK})", re.IGNORECASE)
_DAILY = re.compile(
    rf"(?P<days>{_DAY}(?:-{_DAY}|(?:, ?{_DAY})+)?)?(?: ?(?P<start>{_CLOCK}) ?- ?(?P<end>{_CLOCK}))?", re.IGNORECASE
)
_MINUTE, _DAILY_LENGTH, _WEEK = timedelta(minutes=1), timedelta(days=1), timedelta(days=7)


def window(text: str) -> Window:
    """The window that the words mean; ValueError when they mean none."""
    words = " ".join(text.split())
    if span := _SPAN.fullmatch(words):
        first, last = _number(span[1]), _number(span[3])
        start, end = _clock(span[2]), timedelta(days=(last - first) % 7) + _clock(span[4])
        lasts = (end - start) % _WEEK or _WEEK
        return Window(days=frozenset({first}), start=_time(start), lasts=lasts)
    found = _DAILY.fullmatch(words) if words else None
    if found is None:
        raise ValueError(f"{text!r} is no part of a week")
    days = _days(found["days"]) if found["days"] else frozenset(range(7))
    if not found["start"]:
        return Window(days=days)
    start, end = _clock(found["start"]), _clock(found["end"])
    return Window(days=days, start=_time(start), lasts=(end - start) % _DAILY_LENGTH or _DAILY_LENGTH)


def written(part: Window) -> tuple[str, ...]:
    """The words that mean this window; several when one phrase cannot. ValueError when it is not in whole minutes."""
    start = timedelta(hours=part.start.hour, minutes=part.start.minute)
    if part.start.second or part.start.microsecond or part.lasts % _MINUTE:
        raise ValueError("a window is in whole minutes")
    if part.lasts <= _DAILY_LENGTH:
        days = "" if len(part.days) == 7 else ",".join(DAYS[day] for day in sorted(part.days)) + " "
        return (f"{days}{_words(start)}-{_words((start + part.lasts) % _DAILY_LENGTH)}",)
    spans = []
    for day in sorted(part.days):
        end = (timedelta(days=day) + start + part.lasts) % _WEEK
        spans.append(f"{DAYS[day]} {_words(start)} - {DAYS[end.days]} {_words(end - timedelta(days=end.days))}")
    return tuple(spans)


def _days(text: str) -> frozenset[int]:
    if "-" in text:
        first, last = (_number(day) for day in text.split("-"))
        return frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))
    return frozenset(_number(day.strip()) for day in text.split(","))


def _number(day: str) -> int:
    return DAYS.index(day.capitalize())


def _clock(text: str) -> timedelta:
    hours, minutes = (int(part) for part in text.split(":"))
    if hours == 24 and minutes:
        raise ValueError(f"there is no {text} on a clock")
    return timedelta(hours=hours, minutes=minutes)


def _time(since_midnight: timedelta) -> time:
    minutes = since_midnight // _MINUTE
    if minutes >= 24 * 60:
        raise ValueError("a window does not start at 24:00")
    return time(minutes // 60, minutes % 60)


def _words(since_midnight: timedelta) -> str:
    minutes = since_midnight // _MINUTE
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
