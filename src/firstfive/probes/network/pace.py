"""How often a slow look asks again: often while it is in doubt, seldom once it is sure.

Held by looks at things that change in hours (DNS records); the watch polls every look at its own pace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from firstfive.incident.signals import Signal

SURE = 3  # as many equal looks in a row as the watch wants before it passes on that something is well


@dataclass(slots=True, kw_only=True)
class Pace:
    """Keeps the last looks: after `SURE` equal ones in a row it is `every` until the next."""

    every: timedelta
    _kept: tuple[Signal, ...] = ()
    _equal: int = 0
    _at: datetime | None = None

    def kept(self, now: datetime) -> tuple[Signal, ...]:
        """What is still believed at `now`, dated so; empty when it is time to ask."""
        if self._at is None or self._equal < SURE or not timedelta() <= now - self._at < self.every:
            return ()
        return tuple(replace(signal, at=now) for signal in self._kept)

    def keep(self, seen: Sequence[Signal], now: datetime) -> None:
        """A look at `now` saw this."""
        same = [s.firing for s in seen] == [s.firing for s in self._kept]
        self._kept, self._equal, self._at = tuple(seen), self._equal + 1 if same else 1, now
