"""What senders said, sorted: requests that were kept before they were answered are read, decided on, and told why.

Run by `app` beside the loop. A request is sorted once, however often the program dies: what it was made of is one commit. It also
notices what nobody sends: alerts that were not repeated in time, heartbeats that stopped, silences that are over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Beat, Deploy, Observation, Signal, SignalKind
from firstfive.incident.triage.silences import matching
from firstfive.intake import UNRECOGNISED
from firstfive.ports import Alert, Fenced, Heartbeat, Outcome, Received, Transaction

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

# So many requests are sorted in one transaction; fewer where that takes longer than a slice, since nothing else is kept meanwhile.
AT_ONCE, FEWEST, SLICE = 50, 8, 0.1
# While more comes in, sorting leaves the disk and the processor to those who wait for an answer.
SHARE, FLOODED = 2.0, 30.0
FLOOD = 2000
LONGEST_PAUSE = 0.4
SAME_AGAIN = timedelta(seconds=10)
REMEMBERED = 50_000
MOST_SEEN = 200
LOOK_EVERY = timedelta(seconds=5)
KEPT_FOR = timedelta(days=90)
FORGET_AT_ONCE, FORGET_EVERY = 500, timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A request and what was read out of it; `odd` when nobody understood it."""

    request: Received
    seen: tuple[Observation, ...]
    odd: str = ""


@dataclass(slots=True, kw_only=True)
class Inbox:
    """Requests that wait. `read` understands one and never raises; `since` is when we began to listen (aware UTC)."""

    engine: Engine
    read: Callable[[Received], tuple[tuple[Observation, ...], str]]
    since: datetime
    _recent: dict[tuple[str, bool], tuple[Outcome, datetime]] = field(default_factory=dict)
    waiting: int = 0  # as far as this process knows: what was kept here and is not sorted yet
    _at_once: int = FEWEST
    _forgot: datetime | None = None
    _awake: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Something was kept just now."""
        self.waiting += 1
        self._awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Sort until `stop` is set."""
        stopper = asyncio.create_task(self._wake_on(stop))
        looked = self.since
        self.waiting = await self.engine.journal.read(lambda tx: tx.count_waiting())
        try:
            while not stop.is_set():
                self._awake.clear()
                took = await self._turn()
                now = self.engine.clock.now()
                if now - looked >= LOOK_EVERY or looked > now:
                    looked = now
                    await self._look(now)
                if took is None:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._awake.wait(), LOOK_EVERY.total_seconds())
                elif self._awake.is_set():
                    flooded = self.waiting > FLOOD
                    await asyncio.sleep(min(took * (FLOODED if flooded else SHARE), LONGEST_PAUSE))
        finally:
            stopper.cancel()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._awake.set()

    async def _turn(self) -> float | None:
        """Sort one batch; the seconds it took, or None when nothing waited or nothing could be written."""
        began = asyncio.get_running_loop().time()
        try:
            if not await self.sort_waiting():
                return None
        except Fenced:  # another node sorted one of these in the meantime
            return 0.0
        except Exception as problem:  # one odd request must not end the program
            self.engine.complain(problem)
            return None
        return asyncio.get_running_loop().time() - began

    async def sort_waiting(self) -> int:
        """Sort the oldest requests that wait; how many they were. Raises JournalError with nothing written."""
        waiting = await self.engine.journal.read(lambda tx: tx.waiting(self._at_once))
        if not waiting:
            self.waiting = 0
            return 0
        reads = await asyncio.to_thread(lambda: [self._read(request) for request in waiting])
        if any(self._is_news(one) for read in reads for one in read.seen):
            await self.engine.look_for_deploys()
        for part in _parts(reads):
            await self._sort(part)
            self.waiting = max(0, self.waiting - len(part))
        return len(reads)

    def _is_news(self, seen: Observation) -> bool:
        return isinstance(seen, Signal) and seen.firing and self._lately(seen) is None

    async def _sort(self, reads: Sequence[Read]) -> None:
        """One transaction. What it concluded is remembered for a moment, once it is durable."""
        concluded: dict[tuple[str, bool], Outcome] = {}
        began = asyncio.get_running_loop().time()
        try:
            touched = await self.engine.commit(lambda tx: self._sorted(tx, reads, concluded))
        except (FirstfiveError, Fenced):
            raise
        except Exception as problem:
            self.engine.complain(problem)
            touched = await self._one_by_one(reads)
            concluded.clear()
        took = asyncio.get_running_loop().time() - began
        if took > SLICE:
            self._at_once = max(FEWEST, self._at_once // 2)
        elif took < SLICE / 4:
            self._at_once = min(AT_ONCE, self._at_once * 2)
        now = self.engine.clock.now()
        if len(self._recent) > REMEMBERED:
            self._recent.clear()
        for state, outcome in concluded.items():
            self._recent.pop((state[0], not state[1]), None)
            self._recent[state] = (outcome, now)
        await self._learn(touched)

    def _lately(self, seen: Signal) -> Outcome | None:
        """What was made of the same trouble in the same state seconds ago, when that needs no second look."""
        found = self._recent.get((seen.fingerprint, seen.firing))
        if found is None or not timedelta(0) <= self.engine.clock.now() - found[1] < SAME_AGAIN:
            return None
        return found[0]

    def _read(self, request: Received) -> Read:
        if request.seen:  # read at the door, since what was kept of it is masked
            strange = any(isinstance(one, Signal) and UNRECOGNISED in one.labels for one in request.seen)
            return Read(request=request, seen=request.seen, odd="not understood" if strange else "")
        seen, odd = self.read(request)
        return Read(request=request, seen=tuple(self.engine.cleaned(one) for one in seen), odd=odd)

    async def _one_by_one(self, reads: Sequence[Read]) -> set[str]:
        """After a fault of ours in a batch: each request for itself, and the culprit is put aside with the reason."""
        touched: set[str] = set()
        for one in reads:
            touched |= await self._alone(one)
        return touched

    async def _alone(self, one: Read) -> set[str]:
        try:
            return await self.engine.commit(lambda tx: self._sorted(tx, [one], {}))
        except (FirstfiveError, Fenced):
            raise
        except Exception as problem:
            self.engine.complain(problem)
            why = f"firstfive could not sort it, please report: {type(problem).__name__}: {problem}"
            failed = Outcome(fingerprint="", subject=one.request.source, verdict="failed", why=why)
            await self.engine.journal.write(
                lambda tx: tx.sorted_out(one.request.id, (failed,), seen=(), state="unrecognised")
            )
            return set()

    def _sorted(self, tx: Transaction, reads: Sequence[Read], concluded: dict[tuple[str, bool], Outcome]) -> set[str]:
        """Decide on every observation of these requests, in order; the incidents that it touched."""
        concluded.clear()  # a try before this one, which the database undid, concluded nothing
        touched: set[str] = set()
        for one in reads:
            outcomes = tuple(self._outcome(tx, seen, concluded) for seen in one.seen)
            touched |= {outcome.incident for outcome in outcomes if outcome.incident}
            tx.sorted_out(one.request.id, outcomes, seen=one.seen, state="unrecognised" if one.odd else "sorted")
        return touched

    def _outcome(self, tx: Transaction, seen: Observation, concluded: dict[tuple[str, bool], Outcome]) -> Outcome:
        match seen:
            case Beat(name=name):
                tx.beat(seen)
                return Outcome(fingerprint="", subject=name, verdict="beat", why=f"{name} says {seen.state}")
            case Deploy():
                return self.engine.sort(tx, seen)
            case Signal():
                state, other = (seen.fingerprint, seen.firing), (seen.fingerprint, not seen.firing)
                known = concluded.get(state) or (None if other in concluded else self._lately(seen))
                if known is not None:
                    return known
                concluded.pop(other, None)
                outcome = self.engine.sort(tx, seen)
                if outcome.verdict in ("joined", "declared", "repeated", "backlog"):
                    again = "the same alert in the same state was sorted seconds ago"
                    concluded[state] = replace(outcome, verdict="repeated", why=again)
                return outcome

    async def _learn(self, touched: set[str]) -> None:
        for incident_id in sorted(touched):
            with contextlib.suppress(FirstfiveError):
                await self.engine.incident(incident_id)

    # ------------------------------------------------------------------------------------------- what nobody sends

    async def _look(self, now: datetime) -> None:
        try:
            await self.look_around(now)
        except Exception as problem:
            self.engine.complain(problem)

    async def look_around(self, now: datetime) -> None:
        """Alerts that lapsed, heartbeats that stopped or came back, silences that are over; old requests are forgotten."""
        lapsed, unsilenced, beats = await self.engine.journal.read(
            lambda tx: (tx.lapsed(now), _unsilenced(tx, now), _beats(tx))
        )
        again = [_lapsed(alert, now) for alert in lapsed]
        again += [replace(alert.signal, at=now) for alert in unsilenced]
        again += [
            changed for heartbeat, alert in beats if (changed := late(heartbeat, alert, now, self.since)) is not None
        ]
        if again:
            outcomes = await self.engine.commit(lambda tx: [self.engine.sort(tx, signal) for signal in again])
            await self._learn({outcome.incident for outcome in outcomes if outcome.incident})
        if self._forgot is None or not timedelta(0) <= now - self._forgot < FORGET_EVERY:
            gone = await self.engine.journal.write(lambda tx: tx.forget(now - KEPT_FOR, FORGET_AT_ONCE))
            self._forgot = None if gone == FORGET_AT_ONCE else now


def _parts(reads: Sequence[Read]) -> list[list[Read]]:
    """Requests in groups that one transaction can take without keeping those waiting who want an answer."""
    parts: list[list[Read]] = []
    size = 0
    for one in reads:
        if not parts or size + len(one.seen) > MOST_SEEN:
            parts.append([])
            size = 0
        parts[-1].append(one)
        size += max(1, len(one.seen))
    return parts


def _unsilenced(tx: Transaction, now: datetime) -> list[Alert]:
    """What still fires and is covered by no silence any more."""
    held = tx.silences(now)
    return [alert for alert in tx.alerts("silenced") if alert.signal.firing and not matching(held, alert.signal, now)]


def _beats(tx: Transaction) -> tuple[tuple[Heartbeat, Alert | None], ...]:
    return tuple(
        (one, tx.alert(beat_signal(one, firing=True, text="", at=one.since).fingerprint)) for one in tx.heartbeats()
    )


def beat_signal(heartbeat: Heartbeat, *, firing: bool, text: str, at: datetime) -> Signal:
    """A heartbeat as a signal."""
    return Signal(
        kind=SignalKind.HEARTBEAT,
        source="heartbeat",
        subject=heartbeat.name,
        firing=firing,
        text=text,
        at=at,
        key=heartbeat.name,
    )


def late(heartbeat: Heartbeat, alert: Alert | None, now: datetime, since: datetime) -> Signal | None:
    """The change of a heartbeat that is news: it stopped, it failed, it is back. Our own absence (before `since`) is nobody's silence."""
    firing = alert is not None and alert.signal.firing
    if heartbeat.state == "failed":
        text = f"{heartbeat.name} says it failed" + (f": {heartbeat.text}" if heartbeat.text else "")
        return None if firing else beat_signal(heartbeat, firing=True, text=text, at=heartbeat.last or now)
    heard = max(heartbeat.last or heartbeat.since, since)
    overdue = now - heard > heartbeat.every + heartbeat.grace
    if overdue and not firing:
        last = f"{heartbeat.last:%Y-%m-%d %H:%M:%S} UTC" if heartbeat.last else "never"
        text = f"{heartbeat.name} gave no sign of life for {_spoken(now - heard)} (expected every {_spoken(heartbeat.every)}); last: {last}"
        return beat_signal(heartbeat, firing=True, text=text, at=now)
    if firing and not overdue and heartbeat.state in ("ok", "started"):
        return beat_signal(heartbeat, firing=False, text=f"{heartbeat.name} gives signs of life again", at=now)
    return None


def _spoken(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def _lapsed(alert: Alert, now: datetime) -> Signal:
    until = alert.signal.until or now
    text = f"not sent again before {until:%Y-%m-%d %H:%M:%S} UTC, so it is over"
    return replace(alert.signal, firing=False, text=text, at=now, until=None)
