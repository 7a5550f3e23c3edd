"""A change that the page does not hold: asked for, shown, approved, looked at, taken back; with a crash after any event."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.handbook.model import HttpSymptom
from firstfive.incident import events as ev
from firstfive.incident.packs.offered import RESUME, UNVERIFIED
from stories.world import World


def offer(number: int = 1, **changes: object) -> ev.ChangeOffered:
    fields: dict = {
        "id": f"block.{number}",
        "pack": "block",
        "title": "block 203.0.113.7 for 60 min",
        "target": "local",
        "script": "block it",
        "undo": "unblock it",
        "verify": "look at it",
        "timeout": timedelta(seconds=30),
        "why": "one address sends 400 requests a minute",
    }
    return ev.ChangeOffered(**{**fields, **changes})


def asked(world: World, change: ev.ChangeOffered) -> None:
    world.signal(world.symptom(HttpSymptom, "shop"), text="connection refused")
    world.say(change)


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


def mine(world: World) -> list[str]:
    return [a.state for a in world.incident.of_step("block.1")]


def test_it_waits_for_a_yes_then_runs_once_and_is_looked_at(world: World) -> None:
    asked(world, offer())
    assert (mine(world), world.host.changes) == (["asked"], [])
    world.approve("block.1")
    world.pass_(seconds=2)
    assert (mine(world), world.host.changes) == (["finished"], ["block it"])
    assert world.host.looks.count("look at it") == 1


def test_a_yes_of_ten_minutes_ago_is_asked_for_again(world: World) -> None:
    asked(world, offer())
    world.host.answers = []
    first = world.incident.of_step("block.1")[0].run
    world.pass_(minutes=20)
    assert world.incident.of_step("block.1")[0].run == first, "an open request does not run out"
    assert world.host.changes == []


def test_it_is_taken_back_only_with_a_yes_of_its_own(world: World) -> None:
    asked(world, offer())
    world.approve("block.1")
    world.pass_(seconds=2)
    world.say(ev.UndoRequested(run=world.incident.of_step("block.1")[0].run.id))
    assert world.host.changes == ["block it"]
    world.approve("block.1~undo")
    world.pass_(seconds=2)
    assert world.host.changes == ["block it", "unblock it"]


def test_what_nothing_verifies_says_so_before_the_yes(world: World) -> None:
    asked(world, offer(verify=""))
    assert UNVERIFIED in world.incident.of_step("block.1")[0].warnings


@pytest.mark.parametrize("crash_after", range(1, 40))
def test_a_crash_after_any_event_changes_nothing_of_it(tmp_path: Path, crash_after: int) -> None:
    world = World(tmp_path, crash_after=crash_after)
    try:
        asked(world, offer())
        world.approve("block.1")
        world.pass_(seconds=30)
        assert world.host.changes == ["block it"]
        assert mine(world) == ["finished"]
    finally:
        world.close()


def rolled_back(world: World) -> None:
    """The shop went back by the ledger, with its updater stopped."""
    asked(world, offer(2))
    world.say(ev.Acknowledged(responder="sam"))
    plan = ev.RollbackPlanned(
        step="shop-down#4",
        target="local",
        script="go back",
        environment=(),
        undo="go forward",
        diff="",
        service="web",
        image="web:1.4.1",
        paused=("watchtower",),
        timeout=timedelta(minutes=3),
        why="pins it",
    )
    world.say(plan)
    world.say(ev.RollbackProposed(step="shop-down#4", why="fresh deploy"))
    world.approve("shop-down#4")
    world.pass_(seconds=2)
    assert "go back" in world.host.changes


def reminders(world: World) -> list[str]:
    return [reminder.text for reminder, _ in world.incident.reminders if reminder.what == "updater"]


def test_an_updater_that_was_stopped_is_reminded_of_an_hour_and_a_day_later(world: World) -> None:
    rolled_back(world)
    world.pass_(minutes=59)
    assert reminders(world) == []
    world.pass_(minutes=2)
    assert [text.split(" since")[0] for text in reminders(world)] == ["watchtower is still stopped"]
    assert any("watchtower" in message.text for message in world.channel.sent)
    world.pass_(minutes=23 * 60)
    assert len(reminders(world)) == 2
    world.pass_(minutes=48 * 60)
    assert len(reminders(world)) == 2


def test_a_started_updater_is_not_reminded_of(world: World) -> None:
    rolled_back(world)
    world.say(offer(3, id="resume-updater.1", pack=RESUME, script="docker start watchtower", afterwards=True))
    world.approve("resume-updater.1")
    world.pass_(minutes=120)
    assert reminders(world) == []


def test_it_can_still_be_started_after_the_incident_is_over(world: World) -> None:
    rolled_back(world)
    world.say(ev.Resolved(why="well", root_cause="the release"))
    world.say(offer(3, id="resume-updater.1", pack=RESUME, script="docker start watchtower", afterwards=True))
    world.approve("resume-updater.1")
    world.pass_(seconds=2)
    assert world.host.changes[-1] == "docker start watchtower"
