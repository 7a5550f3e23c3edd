"""The plainest possible counting of patterns in a log, to hold the fast one against."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

from firstfive.probes.logs.patterns import Pattern
from firstfive.probes.logs.tally import Tally
from firstfive.probes.logs.times import Times

NEWEST = datetime(2026, 6, 1, tzinfo=UTC)


def matcher(pattern: Pattern) -> re.Pattern[bytes]:
    text = pattern.text if pattern.regex else re.escape(pattern.text)
    return re.compile(text.encode(), re.IGNORECASE if pattern.caseless else 0)


# A line's end is before its carriage return too, so a line counts when it matches with or without it.
def counted(log: bytes, patterns: list[Pattern]) -> list[dict[int | None, int]]:
    """Lines a pattern and minute: every line alone, an undated one in the minute of the dated one before it."""
    found: list[Counter[int | None]] = [Counter() for _ in patterns]
    times, minute = Times(newest=NEWEST), None
    for line in log.split(b"\n"):
        moment = times.moment(line)
        minute = minute if moment is None else int(moment.timestamp()) // 60
        for number, pattern in enumerate(patterns):
            if any(matcher(pattern).search(text) for text in (line, line.removesuffix(b"\r"))):
                found[number][minute] += 1
    return [dict(one) for one in found]


def minutes(tally: Tally) -> list[dict[int | None, int]]:
    return [one.minutes for one in tally.seen]
