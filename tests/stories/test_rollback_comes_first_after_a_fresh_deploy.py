"""A bad release goes out at night: from the first failing look to the post-mortem, with a crash after any event."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.handbook.model import HttpSymptom, StatusSymptom
from firstfive.incident import events as ev
from stories.world import World


def a_bad_release(world: World) -> None:
    """The story. Every step of it can be told again after a crash without changing its end."""
    http, status = world.symptom(HttpSymptom, "shop"), world.symptom(StatusSymptom, "shop")
    world.host.answers = [("keeper ps", "NAME STATUS\nweb Restarting (1) 2s ago\n", 0), ("curl", "refused", 7)]
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=1)
    world.signal(http, text="connection refused")
    world.signal(status, text="web Restarting (1) 2s ago")
    world.say(ev.Acknowledged(responder="sam"))
    world.say(ev.HypothesisSet(text="1.4.2 cannot start"))
    world.approve()
    world.host.answers = []
    world.pass_(seconds=5)
    world.signal(http, firing=False, text="HTTP 200 in 4 ms")
    world.signal(status, firing=False, text="web Up 5s")
    world.pass_(minutes=6)


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


def test_it_is_declared_graded_mitigated_resolved_and_written_up(world: World) -> None:
    a_bad_release(world)
    incident = world.incident
    assert incident.level == 1
    assert "3.1 Shop down" in incident.level_why
    assert incident.rollback is not None
    assert incident.rollback.step == "shop-down#4"
    assert [c.answer for c in incident.checks.values()].count("unknown") == 1, "only the error tracker is not there"
    assert world.host.changes == ['ln -sfn "releases/${FF_PREVIOUS_VERSION}" current\nkeeper restart web']
    assert incident.mitigated_at is not None
    assert incident.verified_at is not None
    assert incident.resolved_at is not None
    assert incident.resolved_at - max(incident.mitigated_at, incident.verified_at) >= timedelta(minutes=5)
    assert len(world.told("initial")) == len(world.told("resolution")) == 1
    assert world.told("update")
    assert list(world.shelf.written) == ["postmortems/2026-03-02-shop-down-inc-1.md"]
    assert "1.4.2 cannot start" in world.shelf.written["postmortems/2026-03-02-shop-down-inc-1.md"]


def test_the_changing_step_waits_for_its_approval(world: World) -> None:
    http = world.symptom(HttpSymptom, "shop")
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=1)
    world.signal(http)
    world.pass_(minutes=3)
    assert world.host.changes == []
    assert [a.run.environment for a in world.incident.waiting()] == [(("FF_PREVIOUS_VERSION", "1.4.1"),)]


def test_what_the_ledger_knows_is_never_signed_by_the_person_who_declares(world: World) -> None:
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=2)
    world.do(lambda: world.engine.declare("kim", "the shop is down", 1))
    by = {type(entry.event): entry.by for entry in world.incident.entries}
    assert (by[ev.Declared], by[ev.DeployNoticed], by[ev.FactsFound]) == ("kim", ev.SELF, ev.SELF)
    asked = world.incident.waiting()
    assert [a.run.environment for a in asked] == [(("FF_PREVIOUS_VERSION", "1.4.1"),)], "and it is decided on"


def test_without_a_deploy_the_clock_proposes_it_after_five_minutes(world: World) -> None:
    world.signal(world.symptom(HttpSymptom, "shop"))
    world.pass_(minutes=4, seconds=59)
    assert world.incident.rollback is None
    world.pass_(seconds=2)
    assert world.incident.rollback is not None
    assert "no hypothesis" in world.incident.rollback.why


def test_a_hypothesis_stops_the_clock(world: World) -> None:
    world.signal(world.symptom(HttpSymptom, "shop"))
    world.pass_(minutes=4)
    world.say(ev.HypothesisSet(text="the network card"))
    world.pass_(minutes=20)
    assert world.incident.rollback is None


def test_a_changing_step_of_unknown_outcome_is_not_run_again(world: World) -> None:
    http = world.symptom(HttpSymptom, "shop")
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=1)
    world.signal(http)
    world.host.die_in_run, world.host.forgetful = True, True
    world.approve()
    world.work()
    assert len(world.host.changes) == 1
    assert [a.state for a in world.incident.attempts.values() if a.run.changing] == ["unknown"]
    world.pass_(minutes=30)
    assert len(world.host.changes) == 1


def test_a_crash_in_the_middle_of_the_step_reads_its_outcome(world: World) -> None:
    http = world.symptom(HttpSymptom, "shop")
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=1)
    world.signal(http)
    world.host.die_in_run = True
    world.approve()
    world.work()
    assert world.crashes == 1
    assert len(world.host.changes) == 1
    assert [a.state for a in world.incident.attempts.values() if a.run.changing] == ["finished"]


def outline(text: str) -> set[str]:
    """What a post-mortem says, without what may differ between two runs: times, durations, counts, hashes, the order of parallel looks,
    and a page, which is not sent any more when it was answered while the program was down.
    """
    plain = re.sub(r"\d\d:\d\d(:\d\d)?|\b[0-9a-f]{16,64}\b|\d+(\.\d+)? (s|ms|min)\b|\b\d+ events\b", "·", text)
    kept = (line for line in plain.splitlines() if "aged Sam" not in line and "entries up to" not in line)
    return {re.sub(r"^(\| |### Run )\d+", r"\1·", line) for line in kept}


def test_a_crash_after_any_event_ends_in_the_same_post_mortem(tmp_path: Path) -> None:
    def told(crash_after: int) -> tuple[str, World]:
        folder = tmp_path / str(crash_after)
        folder.mkdir()
        world = World(folder, crash_after=crash_after)
        a_bad_release(world)
        (text,) = world.shelf.written.values()
        world.kinds_seen = world.kinds()
        world.close()
        return text, world

    whole, calm = told(0)
    events = len(calm.kinds_seen)
    assert events > 30
    for number in range(1, events + 1):
        text, world = told(number)
        assert world.crashes == 1
        assert len(world.host.changes) == 1, f"after event {number} the change ran {len(world.host.changes)} times"
        assert outline(text) == outline(whole), f"a crash after event {number} changed the post-mortem"
