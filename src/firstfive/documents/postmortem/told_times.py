"""Remarks on the timeline of a post-mortem: its zone, its order, the moments that it names.

Called by `check`. Does not hold the times against a journal: a note may be about an incident that no journal saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise

from firstfive.documents.postmortem.heard import Moment, words
from firstfive.documents.postmortem.parts import Part
from firstfive.documents.postmortem.remark import Remark, Written

_ENTRY = re.compile(
    r"^[ \t]*+(?:[-*+]|\||\d+[.)])?[ \t]*+(?:(?P<day>\d{4}-\d\d-\d\d)[ T,]*)?"
    r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
    r"[ \t]*(?P<zone>Z|UTC|[A-Z]{2,4}T|[+-]\d\d:?\d\d)?\b[ \t|*—–:-]*(?P<text>.*)$",
    re.MULTILINE,
)
_BOLD = re.compile(r"[^*\n]{1,40}\*\*")  # the stars before it are taken off with those of a list
_DAY = re.compile(r"^[ \t]*+#*+[ \t]*+\**+(\d{4}-\d\d-\d\d)\b", re.MULTILINE)
_SAID_ABSENT = re.compile(r"^Not on the timeline: (.*)$", re.MULTILINE | re.IGNORECASE)
MOST = 2000
"""Entries that are read; no timeline that a person wrote has more."""
_ORDERED = ("first signal", "on-call ack", "mitigation deployed", "verified resolved", "incident closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One entry: its byte offset, its instant as written (no zone), the zone beside it, its words."""

    offset: int
    at: datetime
    dated: bool
    zone: str
    text: str


def entries_of(seen: Written, part: Part) -> tuple[Told, ...]:
    """The dated entries of the section, in the order of the page. A time before the one above by half a day begins a new day."""
    text = seen.text(part.start, part.end)
    days = [(match.start(), match.group(1)) for match in _DAY.finditer(text)]
    found: list[Told] = []
    today: date | None = None
    for match in islice(_ENTRY.finditer(text), MOST):
        named = match["day"] or next((day for at, day in reversed(days) if at < match.start()), "")
        day = _date(named) or today or date(2000, 1, 1)
        at = datetime.combine(day, time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0)))
        if not named and found and found[-1].at - at > timedelta(hours=12):
            at += timedelta(days=1)
        today = at.date()
        offset = seen.offset(part.start, text, match.start() + len(match.group()) - len(match.group().lstrip()))
        found.append(
            Told(offset=offset, at=at, dated=bool(named), zone=match["zone"] or "", text=match["text"].strip("*| \r"))
        )
    return tuple(found)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def timeline(seen: Written, part: Part, asked: str) -> Iterator[Remark]:
    """Remarks on the section; `asked` is what the form has under it, which says which moments it wants (none: all)."""
    told = entries_of(seen, part)
    head = seen.line_start(part.line)
    whole = seen.text(part.start, part.end)
    if not told:
        yield seen.remark(
            head, "PM004", "the timeline holds no dated entry", "write one line a moment: - HH:MM — what happened"
        )
        return
    yield from _zone(seen, part, told, whole)
    for before, after in pairwise(told):
        if after.at < before.at:
            what = f"{after.at:%H:%M} stands below {before.at:%H:%M}"
            yield seen.remark(after.offset, "PM005", what, "put the entries in the order in which they happened")
    absent = _SAID_ABSENT.search(whole)
    named = absent.group(1).lower() if absent else ""
    wanted = [m for m in words().moments if m.weak.search(asked)] or list(words().moments)
    for moment in wanted:
        if not any(_is(moment, entry) for entry in told) and moment.name.split()[0] not in named:
            what = f"the timeline does not name: {moment.name}"
            yield seen.remark(
                head, "PM004", what, "add the moment, or a line that says there was none: Not on the timeline: ..."
            )
    yield from _moments_in_order(seen, told)


def _zone(seen: Written, part: Part, told: tuple[Told, ...], whole: str) -> Iterator[Remark]:
    other = next((entry for entry in told if entry.zone not in ("", "Z", "UTC", "+00:00", "+0000")), None)
    if other is not None:
        yield seen.remark(other.offset, "PM006", f"this time is in {other.zone}", "write every time in UTC")
    elif "UTC" not in part.heading.upper() and "UTC" not in whole and not all(entry.zone for entry in told):
        yield seen.remark(
            seen.line_start(part.line), "PM006", "the timeline does not say its zone", "write (UTC) in its heading"
        )


def _is(moment: Moment, entry: Told) -> bool:
    return bool(moment.strong.search(entry.text) or moment.weak.search(entry.text))


def _moments_in_order(seen: Written, told: tuple[Told, ...]) -> Iterator[Remark]:
    """Only entries that begin with the moment's name: a weak word may stand anywhere. A hypothesis may come at any time.

    Of several the one in bold counts, else the first: what was verified and came back was verified again.
    """
    first: dict[str, Told] = {}
    for moment in words().moments:
        hits = [entry for entry in told if moment.strong.search(entry.text)]
        if hits and moment.name in _ORDERED:
            first[moment.name] = next((entry for entry in hits if _BOLD.match(entry.text)), hits[0])
    names = [name for name in _ORDERED if name in first]
    for before, after in pairwise(names):
        if first[after].at < first[before].at:
            what = f"{after} stands before {before}"
            yield seen.remark(first[after].offset, "PM005", what, "check both times; one of them is wrong")
