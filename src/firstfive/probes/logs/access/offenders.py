"""Addresses that are refused too often, and paths on which many addresses are: a brute force, by one or by many.

Built by `app` from the page's words and from settings. Follows the access log; keeps a few times an address, and no line.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.logs.access.line import HIDDEN, LINE, is_hidden, path_of
from firstfive.probes.logs.symptom import Lines

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_ADDRESSES, MOST_PATHS = 50_000, 2_000
WIDEST = {4: 24, 6: 48}  # prefix lengths; a wider block hits bystanders, so nobody is offered one
MANY = 20  # addresses refused on one path within the window: not people who forgot a password


# It is over when it has been silent for ten of its own usual pauses: a flood after some seconds, a slow trickle after minutes.
PAUSES, SHORTEST = 10, timedelta(seconds=15)
MOST_OF = 0.8  # of the addresses on a path lie in one network: then that network is meant


@dataclass(slots=True, kw_only=True)
class Offenders:
    """Fires when one address is refused (`statuses`) more than `more_than` times in `window` below `path`, or many addresses are.

    It is well again when the window has passed, or sooner once whoever it was is silent for ten times its own usual pause.
    """

    name: str
    symptom: str
    lines: Lines
    path: str = ""
    statuses: frozenset[int] = frozenset({401, 403, 429})
    more_than: int = 30
    window: timedelta = timedelta(minutes=5)
    host: str = ""
    _refused: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)
    _let_in: OrderedDict[str, datetime] = field(default_factory=OrderedDict)
    _paths: dict[str, OrderedDict[str, datetime]] = field(default_factory=dict)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when the log cannot be read."""
        for line in (await self.lines.fresh(now)).split(b"\n"):
            found = LINE.match(line)
            if found is None:
                continue
            path, status = path_of(found[4]), int(found[5])
            if path.startswith(self.path):
                address = found[1].decode("ascii", "replace")[:64]
                if status in self.statuses:
                    self._take(address, path[:200], now)
                elif 200 <= status < 300:
                    self._let_in[address] = now
                    self._let_in.move_to_end(address)
        self._forget(now)
        firing, text, who = self._judged(now)
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
                who=who,
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
        while self._let_in and (next(iter(self._let_in.values())) <= edge or len(self._let_in) > MOST_ADDRESSES):
            self._let_in.popitem(last=False)
        for path, seen in list(self._paths.items()):
            while seen and next(iter(seen.values())) <= edge:
                seen.popitem(last=False)
            if not seen:
                del self._paths[path]

    def _judged(self, now: datetime) -> tuple[bool, str, tuple[str, ...]]:
        edge, minutes = now - self.window, int(self.window.total_seconds() // 60)
        over = [a for a, times in self._refused.items() if len(times) > self.more_than and times[0] > edge]
        loud = [a for a in over if now - self._refused[a][-1] <= _patience(self._refused[a])]
        path, seen = max(self._paths.items(), key=lambda pair: len(pair[1]), default=("", OrderedDict()))
        many = len(seen) > MANY and _still(seen.values(), now) > MANY // 10
        if many:
            network = self._network(tuple(seen))
            where = f", most of them in {network}, which gets nothing else there" if network else ""
            text = f"{len(seen)} addresses were refused on {path} in {minutes} min: many at once, each below the limit{where}"
            if not loud:
                return True, text, (network,) if network else ()
        if loud:
            strangers = [a for a in loud if not is_hidden(a)]
            who = ", ".join(strangers[:5]) or f"{loud[0]} ({HIDDEN})"
            more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
            named = tuple(strangers[:5]) if not many else ((network, *strangers[:5]) if network else ())
            return True, f"{who}{more}: more than {self.more_than} refusals in {minutes} min", named
        if over or len(seen) > MANY:
            return False, "whoever was refused too often is silent for ten times the usual pause", ()
        return False, f"no address was refused more than {self.more_than} times in {minutes} min", ()

    def _network(self, addresses: Sequence[str]) -> str:
        """The narrowest network that holds most of these addresses, none wider than what may be blocked, and nobody who was let in."""
        strangers = [ipaddress.ip_address(a) for a in addresses if not is_hidden(a)]
        version = 4 if sum(a.version == 4 for a in strangers) * 2 >= len(strangers) else 6
        width = WIDEST[version]
        holders = Counter(ipaddress.ip_network((a, width), strict=False) for a in strangers if a.version == version)
        if not holders:
            return ""
        network, count = holders.most_common(1)[0]
        if count < MOST_OF * len(addresses):
            return ""
        mine = [a for a in strangers if a.version == version and a in network]
        half: Network | None = network
        while half is not None and half.num_addresses >= 2 * len(mine):  # who has used so many of them has more
            network = half
            parts = network.subnets() if network.prefixlen < network.max_prefixlen else ()
            half = next((one for one in parts if all(a in one for a in mine)), None)
        let_in = (ipaddress.ip_address(a) for a in self._let_in if not is_hidden(a))
        return "" if any(a.version == version and a in network for a in let_in) else str(network)


def _still(times: Collection[datetime], now: datetime) -> int:
    """How many of these are so new that it is not over."""
    patience = _patience(times)
    return sum(now - at <= patience for at in times)


def _patience(times: Collection[datetime]) -> timedelta:
    """How long it may be silent until it counts as over."""
    ordered = sorted(times)
    return max(SHORTEST, PAUSES * (ordered[-1] - ordered[0]) / max(1, len(ordered) - 1))
