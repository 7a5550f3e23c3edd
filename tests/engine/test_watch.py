"""Changes are passed on, samples are not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.engine.redact import Redactor
from firstfive.engine.watch import Watch
from firstfive.errors import JournalError
from firstfive.incident.signals import Deploy, Signal, SignalKind

START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(slots=True)
class Scripted:
    """A probe that sees what it is told to see, one letter a look: B bad, G good, X an error."""

    sights: str
    name: str = "scripted"
    symptoms: tuple[str, ...] = ("s/1",)
    looked: int = 0
    kind: SignalKind = SignalKind.HTTP

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        sight = self.sights[self.looked]
        self.looked += 1
        if sight == "X":
            raise OSError("the host is gone")
        return [
            Signal(
                kind=self.kind,
                source="http",
                subject="u",
                firing=sight == "B",
                text="t\x1b[31m",
                at=now,
                symptom="s/1",
            )
        ]


@dataclass(slots=True)
class Turned:
    at: datetime = START

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass(slots=True)
class Ear:
    heard: list[Signal | Deploy] = field(default_factory=list)
    deaf: int = 0

    async def observe(self, seen: Signal | Deploy) -> str:
        if self.deaf:
            self.deaf -= 1
            raise JournalError("the disk is full")
        self.heard.append(seen)
        return ""


def told(sights: str, *, deaf: int = 0) -> tuple[str, list[bool]]:
    """What was passed on, as letters, and after which looks another one soon was asked for."""
    probe, ear = Scripted(sights), Ear(deaf=deaf)
    watch = Watch(probes=(probe,), clock=Turned(), observe=ear.observe, redactor=Redactor(), log=lambda _: None)

    async def looks() -> list[bool]:
        return [await watch.once(probe) for _ in sights]

    doubts = asyncio.run(looks())
    return "".join("B" if s.firing else "G" for s in ear.heard if isinstance(s, Signal)), doubts


@pytest.mark.parametrize(
    ("sights", "passed_on", "why"),
    [
        ("GGGGGG", "G", "it is well: said once, so that a restart learns it"),
        ("GGGB", "G", "one bad look is doubt, not trouble"),
        ("GGGBG", "G", "a lost packet is no trouble"),
        ("GGGBB", "GB", "two in a row are"),
        ("GGGBBBBBB", "GB", "it is said once, not at every look"),
        ("BBGB", "B", "one lucky second does not end it"),
        ("BBGGB", "B", "nor do two"),
        ("BBGGG", "BG", "three do"),
        ("BXB", "B", "an error of the probe itself neither confirms nor clears"),
    ],
)
def test_a_change_counts_once_it_is_confirmed(sights: str, passed_on: str, why: str) -> None:
    assert told(sights)[0] == passed_on, why


def test_doubt_asks_for_another_look_soon() -> None:
    assert told("GGGB")[1] == [True, True, False, True]


def test_what_the_journal_did_not_take_is_told_again() -> None:
    assert told("BBB", deaf=1)[0] == "B"


def test_the_first_bad_look_is_when_it_began() -> None:
    probe, ear = Scripted("BB"), Ear()
    watch = Watch(probes=(probe,), clock=Turned(), observe=ear.observe, redactor=Redactor(), log=lambda _: None)

    async def looks() -> None:
        await watch.once(probe)
        await watch.once(probe)

    asyncio.run(looks())
    (signal,) = ear.heard
    assert isinstance(signal, Signal)
    assert signal.at == START + timedelta(seconds=1)
    assert signal.text == "t", "evidence is clean before anybody sees it"


TURNED = [
    # sights, how many looks are excused as a deploy, how many signals come through, why this row
    ("BBB", 9, 0, "a deploy that goes on is no trouble"),
    ("BBBBB", 3, 1, "what is no deploy any more is trouble"),
    ("BB", 0, 1, "nothing is being exchanged: at once"),
    ("BBGGGG", 9, 0, "a deploy that ended well never was trouble"),
]


@pytest.mark.parametrize("kind", [SignalKind.HTTP, SignalKind.PROBE, SignalKind.STATUS])
@pytest.mark.parametrize(("sights", "excused", "count", "because"), TURNED, ids=[row[3] for row in TURNED])
def test_what_may_be_a_deploy_is_looked_at_again_and_no_more(
    sights: str, excused: int, count: int, because: str, kind: SignalKind
) -> None:
    told: list[Signal | Deploy] = []

    async def heard(seen: Signal | Deploy) -> str:
        told.append(seen)
        return ""

    asked: list[tuple[datetime, datetime]] = []

    async def exchanged(signal: Signal, since: datetime, now: datetime) -> bool:
        asked.append((since, now))
        return len(asked) <= excused

    probe = Scripted(sights, kind=kind)
    watch = Watch(probes=(probe,), clock=Turned(), observe=heard, redactor=Redactor(), log=lambda _: None)
    watch.turning = exchanged

    async def look() -> None:
        for _ in sights:
            await watch.once(probe)

    asyncio.run(look())
    firing = [one for one in told if isinstance(one, Signal) and one.firing]
    assert len(firing) == count, because
    assert all(one.at == START + timedelta(seconds=1) for one in firing), "it began with its first bad look"
    assert all(since == START + timedelta(seconds=1) and now > since for since, now in asked)


def test_what_a_log_says_is_never_excused() -> None:
    told: list[Signal | Deploy] = []

    async def heard(seen: Signal | Deploy) -> str:
        told.append(seen)
        return ""

    async def exchanged(signal: Signal, since: datetime, now: datetime) -> bool:
        raise AssertionError("nobody is asked")

    probe = Scripted("BB", kind=SignalKind.LOG)
    watch = Watch(probes=(probe,), clock=Turned(), observe=heard, redactor=Redactor(), log=lambda _: None)
    watch.turning = exchanged

    async def look() -> None:
        for _ in "BB":
            await watch.once(probe)

    asyncio.run(look())
    assert len(told) == 1


@dataclass(slots=True)
class Deaf:
    """A probe that swallows the first cancellations, as a look does that is cancelled in the moment of its answer."""

    name: str = "deaf"
    symptoms: tuple[str, ...] = ()
    swallows: int = 2

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            if not self.swallows:
                raise
            self.swallows -= 1
        return ()


def test_a_look_that_swallows_its_end_does_not_hold_up_the_watch() -> None:
    async def never(seen: Signal | Deploy) -> str:
        return ""

    async def run() -> None:
        watch = Watch(probes=(Deaf(),), clock=Turned(), observe=never, redactor=Redactor(), log=lambda _: None)
        stop = asyncio.Event()
        running = asyncio.create_task(watch.run(stop))
        await asyncio.sleep(0.05)
        stop.set()
        await asyncio.wait_for(running, 20)

    asyncio.run(run())
