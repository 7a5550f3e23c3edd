"""Addresses that are refused too often, and paths on which many addresses are: a brute force, by one or by many.

Built by `app` from the page's words and from settings. Follows the access log; keeps a few times an address, and no line.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.logs.access.line import HIDDEN, LINE, is_hidden, path_of
from firstfive.probes.logs.symptom import Lines

MOST_ADDRESSES, MOST_PATHS = 50_000, 2_000
MANY = 20  # addresses refused on one path within the window: not people who forgot a password


@dataclass(slots=True, kw_only=True)
class Offenders:
    """Fires when one address is refused (`statuses`) more than `more_than` times in `window` below `path`, or many addresses are."""

    name: str
    symptom: str
    lines: Lines
    path: str = ""
    statuses: frozenset[int] = frozenset({401, 403, 429})
    more_than: int = 30
    window: timedelta = timedelta(minutes=5)
    host: str = ""
    _refused: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)
    _paths: dict[str, OrderedDict[str, datetime]] = field(default_factory=dict)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when the log cannot be read."""
        for line in (await self.lines.fresh(now)).split(b"\n"):
            found = LINE.match(line)
            if found is not None and int(found[5]) in self.statuses:
                path = path_of(found[4])
                if path.startswith(self.path):
                    self._take(found[1].decode("ascii", "replace")[:64], path[:200], now)
        self._forget(now)
        firing, text = self._judged(now)
        return (
            Signal(
                kind=SignalKind.LOG,
                source=self.name,
                subject=self.lines.name,
                firing=firing,
                text=text,
                at=now,
                symptom=self.symptom,
                host=self.host,
                family="brute force" if firing else "",
            ),
        )

    def _take(self, address: str, path: str, now: datetime) -> None:
        times = self._refused.setdefault(address, deque(maxlen=self.more_than + 1))
        times.append(now)
        self._refused.move_to_end(address)
        if len(self._paths) >= MOST_PATHS and path not in self._paths:
            del self._paths[next(iter(self._paths))]
        seen = self._paths.setdefault(path, OrderedDict())
        seen[address] = now
        seen.move_to_end(address)
        if len(self._refused) > MOST_ADDRESSES:
            self._refused.popitem(last=False)
        if len(seen) > MOST_ADDRESSES:
            seen.popitem(last=False)

    def _forget(self, now: datetime) -> None:
        edge = now - self.window
        while self._refused and next(iter(self._refused.values()))[-1] <= edge:
            self._refused.popitem(last=False)
        for path, seen in list(self._paths.items()):
            while seen and next(iter(seen.values())) <= edge:
                seen.popitem(last=False)
            if not seen:
                del self._paths[path]

    def _judged(self, now: datetime) -> tuple[bool, str]:
        edge, minutes = now - self.window, int(self.window.total_seconds() // 60)
        loud = [a for a, times in self._refused.items() if len(times) > self.more_than and times[0] > edge]
        if loud:
            strangers = [a for a in loud if not is_hidden(a)]
            who = ", ".join(strangers[:5]) or f"{loud[0]} ({HIDDEN})"
            more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
            return True, f"{who}{more}: more than {self.more_than} refusals in {minutes} min"
        path, seen = max(self._paths.items(), key=lambda pair: len(pair[1]), default=("", OrderedDict()))
        if len(seen) > MANY:
            return (
                True,
                f"{len(seen)} addresses were refused on {path} in {minutes} min: many at once, each below the limit",
            )
        return False, f"no address was refused more than {self.more_than} times in {minutes} min"
