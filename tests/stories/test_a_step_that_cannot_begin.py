"""A step whose target cannot be had: said at once with the whole reason, never running for ever, never tried again in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from firstfive.documents.sentence import sentence
from firstfive.documents.steps import step_rows
from firstfive.errors import Exit, FirstfiveError
from firstfive.handbook.model import HttpSymptom
from firstfive.incident import events as ev
from firstfive.incident.records import Status
from firstfive.incident.timeline import Attempt
from firstfive.ports import Trace
from stories.world import World

KEY = "SHA256:" + "k" * 43
LOUD = (
    "wrongkey was not connected: THE HOST KEY IS NOT THE KNOWN ONE. It shows ssh-ed25519 "
    f"{KEY}. Someone may be in between, or it was set up anew. " + "x" * 120
)


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    made.deploy("1.4.1", "", minutes_ago=6000, first=True)
    made.deploy("1.4.2", minutes_ago=1)
    yield made
    made.close()


def trouble(world: World) -> None:
    world.signal(world.symptom(HttpSymptom, "shop"))


def looks(world: World) -> list[Attempt]:
    return [a for a in world.incident.attempts.values() if not a.run.changing]


def told(world: World) -> list[str]:
    return [sentence(e, world.handbook) for e in world.incident.entries if isinstance(e.event, ev.StepNotBegun)]


def test_a_look_that_cannot_begin_ends_with_the_whole_reason_and_is_not_tried_again_by_itself(world: World) -> None:
    world.host.unseen = LOUD
    trouble(world)
    first = looks(world)[0]
    assert first.state == "failed"
    assert told(world)[0].endswith(f"could not begin on local: {LOUD}; ask who runs the host")
    tried = len(world.host.looks)
    world.pass_(minutes=20)
    assert len(world.host.looks) == tried
    assert {a.state for a in looks(world)} == {"failed"}
    row = next(r for r in step_rows(world.handbook, world.policy, world.incident) if r["step"] == first.run.step)
    assert (row["state"], KEY in str(row["why"])) == ("failed", True)


def test_a_person_asks_again_and_it_looks(world: World) -> None:
    world.host.unseen = LOUD
    trouble(world)
    step = looks(world)[0].run.step
    world.host.unseen = ""
    world.say(ev.StepRequested(step=step))
    assert [a.state for a in world.incident.of_step(step)] == ["failed", "finished"]


def test_a_target_that_settings_do_not_name_is_said_too_and_a_change_there_is_no_mitigation(world: World) -> None:
    trouble(world)
    world.engine.tools = replace(world.engine.tools, targets={})
    world.approve()
    changes = [a.state for a in world.incident.attempts.values() if a.run.changing]
    assert changes == ["expired", "asked"]
    assert "no target is called local; settings name: none; add [targets.local]" in told(world)[0]
    assert world.incident.status is Status.INVESTIGATING, "nothing has run"
    assert "ApprovalExpired" not in world.kinds(), "its time did not run out"


def test_what_comes_first_and_cannot_be_looked_at_is_said_and_the_step_asked_for_anew(world: World) -> None:
    trouble(world)
    asked = next(a for a in world.incident.waiting() if not a.doubts)
    first = replace(asked.run, id=f"{asked.run.id}.first", first=("keeper ps",))
    world.say(ev.ApprovalAsked(run=first, why="x"))
    world.host.unseen = "local could not be reached"
    world.say(ev.Approved(run=first.id, sha256=first.sha256))
    assert "what the page wants first cannot be looked at (keeper ps): local could not be reached" in told(world)[-1]
    assert world.incident.attempts[first.id].state == "expired"


def test_a_change_that_did_begin_is_never_told_as_not_begun_because_its_host_went_away_again(world: World) -> None:
    trouble(world)
    world.host.cut = "after"
    world.approve()
    host = world.host

    class Flaky:
        name, look = "local", host.look

        async def trace(self, run_id: str) -> Trace:
            return Trace.FINISHED

        async def run(self, run: object, heard: object = None) -> object:
            raise FirstfiveError("local could not be reached", exit_code=Exit.TARGET_UNREACHABLE)

    world.engine.tools = replace(world.engine.tools, targets={"local": Flaky()})  # type: ignore[dict-item]
    world.pass_(minutes=1)
    assert told(world) == []
    world.engine.tools = replace(world.engine.tools, targets={"local": host})
    host.cut = ""
    world.pass_(seconds=10)
    assert [a.state for a in world.incident.attempts.values() if a.run.changing] == ["finished"]
