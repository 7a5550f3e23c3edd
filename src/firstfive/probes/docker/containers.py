"""Containers that the page names, watched through Docker's own words.

Built by `app` from the page's status symptoms. Asks for the named containers only and keeps the last two minutes of each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.docker.engine import ENDING, EngineApi
from firstfive.probes.docker.judge import WINDOW, Look, judge, look_at, well

TOLERATED = timedelta(seconds=3)
ENDS_WITHIN = timedelta(
    seconds=15
)  # from being asked to an end that is taken for obeying; Docker waits ten before it kills


@dataclass(slots=True, kw_only=True)
class Containers:
    """`wanted` maps a symptom id to (container, the status word of the page). `host` names the target, empty for the default one.

    A name that no container has counts as in trouble only once there was one.
    """

    name: str
    engine: EngineApi
    wanted: Mapping[str, tuple[str, str]]
    host: str = ""
    _looks: dict[str, list[Look]] = field(default_factory=dict)
    _told: datetime | None = None

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptoms it watches."""
        return tuple(self.wanted)

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal a symptom. Raises FirstfiveError when the Engine does not answer: then nobody knows, and nothing is claimed."""
        found: dict[str, Look] = {}
        names = {container for container, _ in self.wanted.values()}
        ends, asked = await self._ends(names, now)
        for name in names:
            found[name] = look_at(await self.engine.container(name), now, ends, asked)
        signals = []
        for symptom, (name, status) in self.wanted.items():
            signal = self._signal(symptom, name, status, found[name])
            signals += [signal] if signal is not None else []
        for name, look in found.items():
            self._remember(name, look)
        return signals

    async def _ends(
        self, names: Collection[str], now: datetime
    ) -> tuple[Mapping[str, tuple[datetime, ...]], Mapping[str, int]]:
        """What ended by itself since the look before, in our time (the Engine's host may have a clock of its own), and how often each was
        asked to.
        """
        theirs = await self.engine.clock()
        if theirs <= (since := self._told or theirs - WINDOW):
            return {}, {}
        ended = await self.engine.ends(names, since, theirs)
        told = await self.engine.acts(names, "kill", since - ENDS_WITHIN, theirs) if ended else ()
        self._told = theirs
        off = now - theirs if abs(now - theirs) > TOLERATED else timedelta(0)
        alone: dict[str, tuple[datetime, ...]] = {}
        asked: dict[str, int] = {}
        for container, ends in ended.items():
            words = [act.at for act in told if act.container == container and act.signal in ENDING]
            own = tuple(end for end in ends if not any(timedelta(0) <= end - at <= ENDS_WITHIN for at in words))
            alone[container], asked[container] = tuple(end + off for end in own), len(ends) - len(own)
        return alone, asked

    def _signal(self, symptom: str, name: str, status: str, now: Look) -> Signal | None:
        before = self._looks.get(name, [])
        if not now.id and not before:
            return None
        trouble = judge((*before, now))
        literal = status.lower() in trouble.words.lower()
        return Signal(
            kind=SignalKind.STATUS,
            source=self.name,
            subject=name,
            firing=bool(trouble.words),
            text=trouble.words or well(now),
            at=now.at,
            symptom=symptom,
            host=self.host,
            family="" if literal else trouble.family,
        )

    def _remember(self, name: str, look: Look) -> None:
        kept = [old for old in self._looks.get(name, []) if look.at - old.at <= WINDOW]
        if look.id or kept:
            self._looks[name] = [*kept, look]
