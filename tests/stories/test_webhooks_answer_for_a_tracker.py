"""Without a tracker to ask, what Sentry told by webhook answers the first-five item; its silence proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.incident import events as ev
from firstfive.incident.records import Answer
from stories.test_the_inbox import Letters
from stories.test_what_comes_from_outside_is_sorted import PAGE
from stories.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, page=PAGE)
    yield made
    made.close()


def asked(world: World) -> ev.CheckDone:
    world.work()
    done = [e.event for e in world.incident.entries if isinstance(e.event, ev.CheckDone)]
    return done[-1]


def sentry(title: str) -> dict[str, object]:
    return {
        "action": "created",
        "data": {"issue": {"id": title, "title": title, "culprit": "web", "status": "unresolved"}},
    }


def test_what_was_told_lately_answers(world: World) -> None:
    letters = Letters(world)
    letters.keep("sentry", sentry("TypeError: x is undefined"))
    letters.sort()
    done = asked(world)
    assert done.answer is Answer.BAD
    assert "TypeError: x is undefined" in done.evidence


def test_what_was_told_long_ago_or_never_does_not(world: World) -> None:
    letters = Letters(world)
    letters.keep("sentry", sentry("TypeError: x is undefined"))
    letters.sort()
    world.do(lambda: world.engine.say(world.incident.id, "sam", ev.Resolved(why="done", root_cause="a typo")))
    world.work()
    world.clock.at += timedelta(hours=1)
    world.do(lambda: world.engine.declare("sam", "another"))
    done = asked(world)
    assert done.answer is Answer.UNKNOWN
