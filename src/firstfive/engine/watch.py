"""Runs probes on schedule and passes on changes, not samples.

Started by `app`. A first bad look is looked at again soon; a change of state counts once it was seen `CONFIRM` times in a row, so
one lost packet declares nothing and one lucky second resolves nothing. What may be no more than a deploy that goes on is looked at again
until it is well, or no deploy any more.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from firstfive.engine.redact import Redactor
from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.ports import Clock, Probe

CONFIRM_BAD = 2
CONFIRM_GOOD = 3
HELD = frozenset({SignalKind.HTTP, SignalKind.PROBE, SignalKind.STATUS})  # looks at what fails while a deploy goes on
# Looks of a crowd begin together, five times a second: that costs half of what a timer each does (bench/http_checks.py).
MANY, SLOT = 50, 0.2
LOOK_DEADLINE = 30.0
# Whether a look has become ours is asked once a second, of a crowd less often: what a node holds changes every four seconds at most.
NOT_MINE, NOT_MINE_MOST, ASKED_A_SECOND = 1.0, 4.0, 100


def who(probe: Probe) -> str:
    """A probe among others of its name."""
    return " ".join((probe.name, *probe.symptoms))


def _in_slots(seconds: float) -> float:
    """About that long, up to the next beginning of a slot."""
    now = asyncio.get_running_loop().time()
    return math.ceil((now + seconds) / SLOT) * SLOT - now


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What a fingerprint last told, and how often in a row it has contradicted what was passed on."""

    told: bool | None = None
    streak: int = 0
    since: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Watch:
    """Every probe in its own loop. `observe` is the engine's ear; `turning` says of a trouble, its beginning and the present whether
    what is behind it is being exchanged; `mine` whether this node looks after a probe, which it always does where it is alone.
    """

    probes: Sequence[Probe]
    clock: Clock
    observe: Callable[[Signal | Deploy], Awaitable[str]]
    redactor: Redactor
    log: Callable[[str], None]
    interval: timedelta = timedelta(seconds=2)
    turning: Callable[[Signal, datetime, datetime], Awaitable[bool]] | None = None
    mine: Callable[[str], bool] = lambda _: True
    _of: dict[str, set[str]] = field(default_factory=dict)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _blind: dict[str, str] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set."""
        loops = [asyncio.create_task(self._watch(probe, number)) for number, probe in enumerate(self.probes)]
        await stop.wait()
        going = set(loops)
        while going:  # a look may swallow a cancellation that meets its answer; it is told again
            for loop in going:
                loop.cancel()
            _, going = await asyncio.wait(going, timeout=0.5)

    async def _watch(self, probe: Probe, number: int) -> None:
        many = len(self.probes) > MANY
        if many:
            await self.clock.sleep(number / len(self.probes) * self.interval.total_seconds())
        while True:
            if not self.mine(who(probe)):  # another node looks; what it tells is told there
                self._forget(probe)
                await self.clock.sleep(min(max(NOT_MINE, len(self.probes) / ASKED_A_SECOND), NOT_MINE_MOST))
                continue
            doubtful = await self.once(probe)
            seconds = self.interval.total_seconds()
            wait = min(0.4, seconds / 4) if doubtful else seconds
            await self.clock.sleep(_in_slots(wait) if many else wait)

    async def once(self, probe: Probe) -> bool:
        """One look; True when something is in doubt and wants another look soon."""
        try:
            found = await asyncio.wait_for(probe.look(self.clock.now()), LOOK_DEADLINE)
        except Exception as problem:
            self._complain(probe, problem)
            return False
        self._blind.pop(who(probe), None)
        doubtful = False
        for seen in found:
            if isinstance(seen, Deploy):
                await self._pass_on(seen)
            else:
                self._of.setdefault(who(probe), set()).add(seen.fingerprint)
                doubtful |= await self._weigh(seen)
        return doubtful

    def _forget(self, probe: Probe) -> None:
        """What it told is no longer known here, so that the first look of the next time tells it anew."""
        for fingerprint in self._of.pop(who(probe), ()):
            self._seen.pop(fingerprint, None)

    def _complain(self, probe: Probe, problem: Exception) -> None:
        """Say once that a probe cannot see, and again only when the reason changes."""
        told = problem.what if isinstance(problem, FirstfiveError) else f"{type(problem).__name__}: {problem}"
        told = self.redactor.line(told)
        if self._blind.get(who(probe)) != told:
            self._blind[who(probe)] = told
            self.log(f"probe {probe.name} cannot see: {told}")

    async def _weigh(self, signal: Signal) -> bool:
        held = self._seen.setdefault(signal.fingerprint, _Seen())
        if held.told is signal.firing:
            held.streak, held.since = 0, None
            return False
        held.streak += 1
        held.since = held.since or signal.at
        needed = CONFIRM_BAD if signal.firing else CONFIRM_GOOD
        if held.streak < needed or await self._held_back(signal, held.since):
            return True
        first_seen = held.since if signal.firing else signal.at
        told = await self._pass_on(replace(signal, at=first_seen, text=self.redactor.line(signal.text)))
        if told:
            held.told, held.streak, held.since = signal.firing, 0, None
        return not told

    async def _held_back(self, signal: Signal, since: datetime) -> bool:
        """Whether it may be no more than a deploy that goes on."""
        if self.turning is None or not signal.firing or signal.kind not in HELD:
            return False
        return await self.turning(signal, since, self.clock.now())

    async def _pass_on(self, seen: Signal | Deploy) -> bool:
        try:
            await self.observe(seen)
        except Exception as problem:
            self.log(f"watch: {self.redactor.line(str(problem))}")
            return False
        return True
