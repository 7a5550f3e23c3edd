"""A pager hears that an incident was taken, and that it is over, each once, and only of those that somebody was paged for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from firstfive.engine.telling import following
from firstfive.engine.telling.following import Following
from firstfive.incident import events as ev
from firstfive.notifiers.pagerduty import PagerDuty
from notifiers import recorded
from notifiers.recorded import Recorded
from stories.test_the_outbox import Chat, down, to, wired
from stories.world import World


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


@contextmanager
def pager(world: World) -> Iterator[tuple[Recorded, Following, list[str]]]:
    wired(world, Chat(name="chat"), default=to("chat:!ops"))
    told: list[str] = []
    with recorded.serving(recorded.pagerduty()) as server:
        held = PagerDuty(name="pd", routing_key="secretkey", url=server.url)
        yield server, Following(engine=world.engine, pager=held, log=told.append), told


def turned(world: World, follower: Following) -> bool:
    follower._heard("INC-1")
    done: bool = world.do(follower.turn)
    return done


def sent(server: Recorded) -> list[tuple[str, str]]:
    rows: list[Any] = [asked.json() for asked in server.asked]
    return [(row["event_action"], row["dedup_key"]) for row in rows]


def test_it_is_told_what_became_of_it_once_each(world: World) -> None:
    with pager(world) as (server, follower, _):
        down(world)
        assert turned(world, follower)
        assert sent(server) == [], "nobody has it yet"
        world.say(ev.Acknowledged(responder="sam"))
        assert turned(world, follower)
        assert turned(world, follower)
        assert sent(server) == [("acknowledge", "firstfive-INC-1")]
        world.say(ev.Resolved(why="it is well", root_cause="a bad deploy"))
        assert turned(world, follower)
        assert sent(server)[1:] == [("resolve", "firstfive-INC-1")]


def test_an_incident_that_woke_nobody_is_not_told(world: World) -> None:
    with pager(world) as (server, follower, _):
        world.do(lambda: world.engine.declare("kim", "a small thing", 4))
        world.work()
        world.pass_(seconds=5)
        world.do(lambda: world.engine.say("INC-1", "kim", ev.Acknowledged(responder="kim")))
        assert turned(world, follower)
        assert sent(server) == []


def test_a_pager_that_is_away_is_asked_again_and_in_the_end_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_TRIES", 3)
    with pager(world) as (server, follower, told):
        down(world)
        world.say(ev.Acknowledged(responder="sam"))
        server.mood = (503, {}, b"")
        assert not turned(world, follower)
        assert not world.do(follower.turn)
        server.mood = None
        assert world.do(follower.turn)
        assert told == []
        server.mood = (503, {}, b"")
        world.say(ev.Resolved(why="it is well", root_cause="a bad deploy"))
        assert [turned(world, follower), world.do(follower.turn), world.do(follower.turn)] == [False, False, True]
        assert told == ["notifier pd: could not be told what became of INC-1"]


def test_it_ends_when_it_is_told_to(world: World) -> None:
    import asyncio

    with pager(world) as (server, follower, _):
        down(world)
        world.say(ev.Acknowledged(responder="sam"))

        async def run() -> None:
            stop = asyncio.Event()
            running = asyncio.create_task(follower.run(stop))
            async with asyncio.timeout(timedelta(seconds=10).total_seconds()):
                while not server.asked:
                    await asyncio.sleep(0.02)
            stop.set()
            await asyncio.wait_for(running, 5)

        world.do(run)
        assert sent(server) == [("acknowledge", "firstfive-INC-1")], "what was open before it began is told too"
