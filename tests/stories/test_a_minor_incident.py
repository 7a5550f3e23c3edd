"""A minor incident is over when it is resolved; a post-mortem of it is written when somebody wants one, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstfive.errors import Refused
from firstfive.incident import events as ev
from stories.world import World


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


def test_one_declared_as_minor_leaves_no_open_row_and_no_paper(world: World) -> None:
    world.do(lambda: world.engine.declare("kim", "a button is grey", 3))
    world.work()
    with pytest.raises(Refused, match="is not resolved yet"):
        world.say(ev.PostmortemAsked())
    world.say(ev.Resolved(why="it was meant so", root_cause="taste"))
    world.pass_(minutes=1)
    assert world.shelf.written == {}
    assert world.do(world.engine.open_incidents) == (), "nothing is due on it, so it is not listed as open"
    world.say(ev.PostmortemAsked())
    world.pass_(minutes=1)
    assert len(world.shelf.written) == 1
