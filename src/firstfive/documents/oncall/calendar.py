"""An on-call schedule as an iCalendar file (RFC 5545), for whatever calendar people already look at.

Called by `cli` and `web`. The same turn has the same UID in every file, so that a calendar that reads it again moves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from firstfive.incident.oncall import Answer, OnCall, Person

OCTETS = 75  # RFC 5545 section 3.1: the longest line, without its end


def calendar(turns: Iterable[tuple[str, Answer]], *, stamp: datetime, person: Person | None = None) -> str:
    """One event for each turn of `turns` (name of the schedule, answer), of `person` alone when one is given; gaps are left out.

    Give whole turns, not ones that are cut to a range: the UID is made from the schedule, the person and the beginning. `stamp` is the
    instant at which the file is made.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Firstfive//On call//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ]
    lines += ["X-WR-CALNAME:" + escaped(f"On call: {person.name}" if person else "On call")]
    for schedule, turn in turns:
        if isinstance(turn, OnCall) and person in (None, turn.person):
            lines += _event(schedule, turn, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in folded(line))


def escaped(text: str) -> str:
    """A text value: backslash, comma, semicolon and line ends written as RFC 5545 section 3.3.11 wants, other controls left out."""
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(letter for letter in text if letter >= " " and letter != "\x7f")


def folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets; all but the first begin with a space. No letter is cut in two."""
    piece, room = "", OCTETS
    for letter in line:
        size = len(letter.encode())
        if size > room:
            yield piece
            piece, room = " ", OCTETS - 1
        piece, room = piece + letter, room - size
    yield piece


def _event(schedule: str, turn: OnCall, stamp: datetime) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{_uid(schedule, turn)}",
        f"DTSTAMP:{_utc(stamp)}",
        f"DTSTART:{_utc(turn.since)}",
        f"DTEND:{_utc(turn.until)}",
        "SUMMARY:" + escaped(f"{turn.person.name} is on call ({schedule})"),
        "DESCRIPTION:" + escaped(turn.why),
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _uid(schedule: str, turn: OnCall) -> str:
    known = "\n".join((schedule, turn.person.name, turn.since.astimezone(UTC).isoformat()))
    return f"{hashlib.sha256(known.encode()).hexdigest()[:32]}@oncall.firstfive"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
