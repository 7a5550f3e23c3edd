"""The host goes away in the middle of a change: its outcome is called unknown, asked for until it is known, and never run again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.handbook.model import HttpSymptom
from firstfive.incident import events as ev
from firstfive.incident.timeline import Attempt
from firstfive.ports import Trace
from stories.world import World


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    made.deploy("1.4.1", "", minutes_ago=6000, first=True)
    made.deploy("1.4.2", minutes_ago=1)
    made.signal(made.symptom(HttpSymptom, "shop"))
    yield made
    made.close()


def changes(world: World) -> list[Attempt]:
    return [a for a in world.incident.attempts.values() if a.run.changing]


def states(world: World) -> list[str]:
    return [a.state for a in changes(world)]


def not_begun(world: World) -> list[str]:
    return [e.event.why for e in world.incident.entries if isinstance(e.event, ev.StepNotBegun)]


def notes(world: World) -> list[str]:
    return [e.event.text for e in world.incident.entries if isinstance(e.event, ev.Noted)]


def test_an_outcome_that_cannot_be_asked_for_is_unknown_at_once_and_read_when_the_host_is_back(world: World) -> None:
    world.host.cut = "after"
    world.approve()
    assert states(world) == ["unknown"]
    world.pass_(minutes=20)
    assert states(world) == ["unknown"]
    assert world.kinds().count("OutcomeUnknown") == 1, "said once, however often it is asked"
    world.host.cut = ""
    world.pass_(seconds=6)
    assert states(world) == ["finished"]
    assert changes(world)[0].met
    assert len(world.host.changes) == 1


def test_it_is_still_asked_for_after_the_program_died(world: World) -> None:
    world.host.cut = "after"
    world.approve()
    world.crash()
    world.pass_(minutes=1)
    world.host.cut = ""
    world.pass_(seconds=30)
    assert states(world) == ["finished"]
    assert len(world.host.changes) == 1


def test_a_command_that_never_reached_the_host_is_not_begun_behind_a_person_s_back_but_asked_for_anew(
    world: World,
) -> None:
    world.host.cut = "before"
    world.approve()
    assert states(world) == ["unknown"]
    world.host.cut = ""
    world.pass_(seconds=6)
    assert world.host.changes == []
    assert states(world) == ["expired", "asked"]
    assert "never began" in not_begun(world)[-1]
    world.approve()
    assert states(world) == ["expired", "finished"]
    assert len(world.host.changes) == 1


def test_what_a_person_settled_stands(world: World) -> None:
    world.host.cut = "after"
    world.approve()
    world.say(settled(world))
    world.host.cut = ""
    world.pass_(minutes=1)
    assert (states(world), changes(world)[0].why) == (["finished"], "I looked")
    assert len(world.host.changes) == 1


def test_where_a_person_and_the_host_speak_at_once_the_host_s_word_is_said_beside_it(world: World) -> None:
    world.host.cut = "after"
    world.approve()
    event, host = settled(world), world.host

    class Slow:
        name = "local"
        run, look = host.run, host.look

        async def trace(self, run_id: str) -> Trace:
            await world.engine.say("INC-1", "sam", event)
            return await host.trace(run_id)

    host.cut = ""
    world.engine.tools = replace(world.engine.tools, targets={"local": Slow()})
    world.pass_(seconds=6)
    assert changes(world)[0].why == "I looked"
    assert notes(world)[-1] == f"{event.run} was settled by a person; local tells: exit 0"


def settled(world: World) -> ev.OutcomeSettled:
    run = changes(world)[0].run
    return ev.OutcomeSettled(run=run.id, step=run.step, ran=True, note="I looked")


def test_a_host_that_refuses_to_begin_is_said_and_the_step_is_asked_for_anew(world: World) -> None:
    world.host.refuses = "INC-1 was not begun on local: the disk may be full"
    world.approve()
    assert states(world) == ["expired", "asked"]
    assert not_begun(world) == [
        "INC-1 was not begun on local: the disk may be full; mend that and try again; nothing was run"
    ]
    world.host.refuses = ""
    world.pass_(minutes=12)
    assert world.host.changes == [], "a person says yes again"
    world.approve()
    assert len(world.host.changes) == 1


@pytest.mark.parametrize(("minutes", "states_then"), [(1, ["finished"]), (11, ["expired", "asked"])])
def test_a_run_that_died_before_it_began_may_begin_only_while_its_approval_lives(
    world: World, monkeypatch: pytest.MonkeyPatch, minutes: int, states_then: list[str]
) -> None:
    crash = world.crash

    def and_comes_back_later() -> None:
        world.clock.at += timedelta(minutes=minutes)
        crash()

    monkeypatch.setattr(world, "crash", and_comes_back_later)
    world.crash_after = 2  # the approval, and that it starts
    world.approve()
    assert world.crashes == 1
    assert states(world) == states_then
    assert len(world.host.changes) == states_then.count("finished")
