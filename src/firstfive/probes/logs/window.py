"""Where in a log a stretch of time lies, found by halving, without reading the rest.

Called by `workers` and `access`. Says the whole log where halving cannot be trusted: times that go back, or none.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from firstfive.probes.logs.times import Times

PIECE = 64 * 1024
MARGIN = 256 * 1024  # lines are written when a request ends, so neighbours may stand a little out of order
PROBES = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `since` (inclusive) to `until` (exclusive), aware UTC; None leaves that side open."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, moment: datetime | None) -> bool:
        """Whether it lies within; an unknown moment lies only within a window open on both sides."""
        if moment is None:
            return self.since is None and self.until is None
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    @property
    def open(self) -> bool:
        """Whether it leaves nothing out."""
        return self.since is None and self.until is None

    def minutes(self) -> range:
        """The minutes since 1970 that it holds, when it is of whole minutes."""
        low = int(self.since.timestamp()) // 60 if self.since else -(1 << 40)
        return range(low, int(self.until.timestamp()) // 60 if self.until else 1 << 40)

    def whole_minutes(self) -> Window:
        """Widened to the minutes that its ends lie in."""
        minute = timedelta(minutes=1)
        since = self.since.replace(second=0, microsecond=0) if self.since else None
        until = self.until.replace(second=0, microsecond=0) if self.until else None
        return Window(since=since, until=until + minute if until and until != self.until else until)


def span(handle: int, size: int, times: Times, window: Window) -> tuple[int, int]:
    """Bytes (start, end) that hold every line of `window`, and some lines around it. Both are clipped to the log."""
    if window.open or not in_order(handle, size, times):
        return 0, size
    start = 0 if window.since is None else _first(handle, size, times, window.since)
    end = size if window.until is None else _first(handle, size, times, window.until)
    return max(0, start - MARGIN), min(size, end + MARGIN)


def in_order(handle: int, size: int, times: Times) -> bool:
    """Whether times at places spread over the log never go back by more than a little, and there are any."""
    known = [at for n in range(PROBES) if (at := _dated(handle, size * n // PROBES, times))]
    return len(known) > PROBES // 2 and all(b >= a - timedelta(seconds=5) for a, b in pairwise(known))


def _first(handle: int, size: int, times: Times, moment: datetime) -> int:
    """About where lines from `moment` on begin, to one piece."""
    low, high = 0, size
    while high - low > PIECE:
        middle = (low + high) // 2
        found = _dated(handle, middle, times)
        if found is None or found >= moment:
            high = middle
        else:
            low = middle
    return low


def _dated(handle: int, at: int, times: Times) -> datetime | None:
    """The time of the first dated line that begins after `at`, within one piece; that of the first line for 0."""
    lines = os.pread(handle, PIECE, at).split(b"\n")
    return next((moment for line in lines[1 if at else 0 :] if line and (moment := times.moment(line))), None)
