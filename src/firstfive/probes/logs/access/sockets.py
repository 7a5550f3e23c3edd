"""A storm of WebSocket clients, as a proxy's access log shows it: upgrades that fail, and clients that connect again and again.

Built by `app` from the family table and from settings. Facts, seen on a real stack: a proxy without the Upgrade headers answers 400
(the page says 502), and 504 when its read timeout is shorter than the ping interval; counting log lines does not tell good from bad.
Our own look at the upgrade stands in that log as well and is not counted; nor are upgrades that fail as everything fails there.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.logs.access.line import LINE, is_hidden
from firstfive.probes.logs.symptom import Lines

MINUTE = timedelta(minutes=1)
AGAIN = 6  # upgrades of one address in a minute: a page that is opened twice makes two
CROWD = 120  # the same behind one hidden address, where clients cannot be told apart
FAMILY = "websocket storm"
OURS = b'"firstfive"'  # how our own look signs
GONE = frozenset({502, 503})  # nothing is behind the proxy
LATE, LATES = 504, 3  # it waits for what is behind it; one slow page alone is no sign that all wait


@dataclass(slots=True, kw_only=True)
class Sockets:
    """Fires when more than `more_than` upgrades a minute fail and they are most of all, or when clients upgrade again and again."""

    name: str
    symptom: str
    lines: Lines
    path: str = "/socket.io/"
    more_than: int = 10
    _seen: deque[tuple[datetime, str, int]] = field(default_factory=deque)
    _plain: deque[tuple[datetime, int]] = field(default_factory=deque)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when the log cannot be read."""
        below = self.path.encode()
        for line in (await self.lines.fresh(now)).split(b"\n"):
            found = LINE.match(line)
            if found is None or line.rstrip().endswith(OURS):
                continue
            if found[4].startswith(below) and b"transport=websocket" in found[4]:
                self._seen.append((now, found[1].decode("ascii", "replace")[:64], int(found[5])))
            elif not found[4].startswith(below):
                self._plain.append((now, int(found[5])))
        while self._seen and now - self._seen[0][0] >= MINUTE:
            self._seen.popleft()
        while self._plain and now - self._plain[0][0] >= MINUTE:
            self._plain.popleft()
        firing, text = self._judged()
        return (
            Signal(
                kind=SignalKind.LOG,
                source=self.name,
                subject=self.lines.name,
                firing=firing,
                text=text,
                at=now,
                symptom=self.symptom,
                family=FAMILY if firing else "",
            ),
        )

    def _judged(self) -> tuple[bool, str]:
        statuses = Counter(status for _, _, status in self._seen)
        plain = Counter(status for _, status in self._plain)
        shared = GONE if any(plain[status] for status in GONE) else frozenset()
        shared |= {LATE} if plain[LATE] >= LATES else set()
        bad = {status: count for status, count in statuses.items() if status >= 400 and status not in shared}
        failed = sum(bad.values())
        good = statuses[101]
        if failed > self.more_than and failed > good:
            often = max(bad, key=bad.__getitem__)
            return True, f"{failed} of {len(self._seen)} upgrades failed in the last minute, mostly with {often}"
        again = Counter(address for _, address, status in self._seen if status == 101)
        loud = [a for a, count in again.items() if count > (CROWD if is_hidden(a) else AGAIN)]
        if loud and good > self.more_than:
            return (
                True,
                f"{good} upgrades in the last minute by {len(again)} addresses: clients connect again and again",
            )
        return False, f"{good} upgrades in the last minute, {failed} failed"
