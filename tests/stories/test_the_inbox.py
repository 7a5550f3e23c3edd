"""Requests through the real inbox with a turned clock: what is kept is sorted once, what is not said is noticed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from firstfive.app.ears import understood
from firstfive.engine.outsiders.inbox import Inbox
from firstfive.incident.signals import Beat, BeatState
from firstfive.ports import Received
from stories.test_what_comes_from_outside_is_sorted import PAGE
from stories.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, page=PAGE)
    yield made
    made.close()


class Letters:
    """Keeps requests as the door does and runs the inbox by hand."""

    def __init__(self, world: World) -> None:
        self.world, self.count = world, 0
        self.inbox = Inbox(engine=world.engine, read=understood, since=world.clock.now())

    def keep(self, sender: str, body: Any) -> int:
        self.count += 1
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        one = Received(
            id=0,
            key=f"k{self.count}",
            source=sender,
            at=self.world.clock.now(),
            body=raw,
            seen=(),
            state="waiting",
            asked='["POST","",{},{}]',
        )
        kept: tuple[int, bool] = self.world.do(lambda: self.world.engine.journal.keep(one))
        return kept[0]

    def sort(self) -> int:
        done: int = self.world.do(self.inbox.sort_waiting)
        return done

    def look(self) -> None:
        self.world.do(lambda: self.inbox.look_around(self.world.clock.now()))

    def told(self, number: int) -> Received:
        found: Received = self.world.do(lambda: self.world.engine.outside.received(number))
        return found

    def verdicts(self, number: int) -> list[str]:
        return [outcome.verdict for outcome in self.told(number).outcomes]


def alert(name: str, **more: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": name},
        "fingerprint": name,
        "startsAt": "2026-01-01T00:00:00Z",
        **more,
    }


def test_a_request_is_read_sorted_once_and_told_why(world: World) -> None:
    letters = Letters(world)
    first = letters.keep("alertmanager", {"alerts": [alert("A"), alert("B"), alert("A")]})
    assert letters.told(first).state == "waiting"
    assert letters.sort() == 1
    assert letters.verdicts(first) == ["declared", "joined", "repeated"]
    assert letters.sort() == 0
    odd = letters.keep("alertmanager", b"no json")
    letters.sort()
    assert letters.told(odd).state == "unrecognised"
    assert letters.told(odd).outcomes[0].why


def test_an_alert_that_prometheus_stops_sending_is_over(world: World) -> None:
    letters = Letters(world)
    ends = (world.clock.now() + timedelta(minutes=4)).isoformat()
    letters.keep("prometheus", [{"labels": {"alertname": "A"}, "endsAt": ends}])
    letters.sort()
    world.clock.at += timedelta(minutes=3)
    letters.look()
    (signal,) = world.incident.signals.values()
    assert signal.firing
    world.clock.at += timedelta(minutes=2)
    letters.look()
    (signal,) = world.incident.signals.values()
    assert not signal.firing
    assert "not sent again before" in signal.text


def test_a_silenced_alert_counts_the_moment_its_silence_is_over(world: World) -> None:
    letters = Letters(world)
    outside = world.engine.outside
    world.do(lambda: outside.silence("sam", [("alertname", "=", "A")], ends=world.clock.now() + timedelta(hours=1)))
    number = letters.keep("alertmanager", {"alerts": [alert("A")]})
    letters.sort()
    assert letters.verdicts(number) == ["silenced"]
    world.clock.at += timedelta(minutes=59)
    letters.look()
    assert world.do(world.engine.open_incidents) == ()
    world.clock.at += timedelta(minutes=2)
    letters.look()
    assert len(world.do(world.engine.open_incidents)) == 1


def test_a_heartbeat_that_stops_is_an_alert_and_comes_back(world: World) -> None:
    letters = Letters(world)
    outside = world.engine.outside
    world.do(lambda: outside.expect("sync", timedelta(hours=1), timedelta(minutes=10)))
    world.clock.at += timedelta(minutes=69)
    letters.look()
    assert world.do(world.engine.open_incidents) == ()
    world.clock.at += timedelta(minutes=2)
    letters.look()
    (signal,) = world.incident.signals.values()
    assert signal.firing
    assert "gave no sign of life for 71 min" in signal.text
    world.do(lambda: world.engine.journal.write(lambda tx: tx.beat(Beat(name="sync", at=world.clock.now()))))
    letters.look()
    (signal,) = world.incident.signals.values()
    assert not signal.firing


def test_a_late_backup_is_hygiene_and_lies_in_the_backlog(world: World) -> None:
    letters = Letters(world)
    world.do(lambda: world.engine.outside.expect("backup", timedelta(hours=1), timedelta(minutes=10)))
    world.clock.at += timedelta(minutes=71)
    letters.look()
    assert world.do(world.engine.open_incidents) == ()
    (alert_,) = world.do(lambda: world.engine.outside.alerts("backlog"))
    assert alert_.signal.subject == "backup"


def test_our_own_absence_is_nobody_s_silence(world: World) -> None:
    world.do(lambda: world.engine.outside.expect("sync", timedelta(hours=1), timedelta(minutes=10)))
    world.clock.at += timedelta(hours=9)
    letters = Letters(world)
    letters.look()
    assert world.do(world.engine.open_incidents) == ()


def test_a_heartbeat_that_says_it_failed_does_not_wait_to_be_late(world: World) -> None:
    letters = Letters(world)
    beat = Beat(name="sync", at=world.clock.now(), state=BeatState.FAIL, text="exit code 3")
    world.do(lambda: world.engine.journal.write(lambda tx: tx.beat(beat)))
    letters.look()
    (signal,) = world.incident.signals.values()
    assert signal.firing
    assert "exit code 3" in signal.text


def test_one_request_that_cannot_be_sorted_is_put_aside_and_the_others_are_not(world: World) -> None:
    letters = Letters(world)
    good, bad, fine = (
        letters.keep("generic", {"title": "a"}),
        letters.keep("generic", {"title": "b"}),
        letters.keep("generic", {"title": "c"}),
    )
    sort = world.engine.sort

    def breaking(tx: Any, seen: Any) -> Any:
        if getattr(seen, "text", "") == "b":
            raise RuntimeError("a bug of ours")
        return sort(tx, seen)

    letters.inbox.engine = type(
        "Broken", (), {"__getattr__": lambda _, name: breaking if name == "sort" else getattr(world.engine, name)}
    )()
    letters.sort()
    world.engine.complaints.clear()
    assert letters.verdicts(good) == ["declared"]
    assert letters.verdicts(bad) == ["failed"]
    assert letters.told(bad).state == "unrecognised"
    assert letters.verdicts(fine) == ["joined"]


def test_simulating_tells_the_same_and_keeps_nothing(world: World) -> None:
    letters = Letters(world)
    seen, _ = understood(
        Received(
            id=0,
            key="",
            source="generic",
            at=world.clock.now(),
            body=b'{"title": "a"}',
            seen=(),
            state="",
            asked='["POST","",{},{}]',
        )
    )
    (outcome,) = world.do(lambda: world.engine.preview(seen))
    assert outcome.verdict == "declared"
    assert world.do(world.engine.open_incidents) == ()
    number = letters.keep("generic", {"title": "a"})
    letters.sort()
    assert letters.told(number).outcomes[0].why == outcome.why


def test_the_loop_ends_when_it_is_told_to(world: World) -> None:
    async def story() -> None:
        stop = asyncio.Event()
        letters = Letters(world)
        running = asyncio.create_task(letters.inbox.run(stop))
        await asyncio.sleep(0.05)
        stop.set()
        await asyncio.wait_for(running, 5)

    world.do(story)
