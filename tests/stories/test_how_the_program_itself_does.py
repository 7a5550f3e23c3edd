"""What a scrape is told of the program: turns, messages, runs and what is late, each counted once."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from firstfive.documents.metrics import exposition, own_families
from firstfive.handbook.model import HttpSymptom
from firstfive.incident import events as ev
from stories.world import World


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


def scraped(world: World) -> str:
    return exposition(own_families(world.do(world.engine.own_state)))


def value(text: str, name: str) -> float:
    return float(next(line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(f"{name} ")))


def test_an_incident_is_seen_in_the_numbers(world: World) -> None:
    assert value(scraped(world), "firstfive_timeline_head") == 0
    world.signal(world.symptom(HttpSymptom, "shop"), text="connection refused")
    world.say(ev.Acknowledged(responder="sam"))
    text = scraped(world)
    assert f'firstfive_open_incidents{{severity="{world.incident.level}"}} 1' in text
    assert 'firstfive_notify_total{channel="channel",result="sent"}' in text
    assert value(text, "firstfive_timeline_head") == world.incident.seq
    assert value(text, "firstfive_next_update_overdue_seconds") == 0
    assert value(text, "firstfive_watchdog_last_seen") == world.clock.now().timestamp()
    assert scraped(world) == text, "asking changes nothing"


def test_runs_are_counted_by_how_they_ended_and_only_since_the_start(world: World) -> None:
    world.signal(world.symptom(HttpSymptom, "shop"), text="connection refused")
    for waiting in world.incident.waiting():
        world.say(ev.Declined(run=waiting.run.id, why="no"))
    counted = dict(world.engine.vitals.step_runs)
    assert counted["declined"] >= 1
    world.pass_(seconds=1)
    world.crash()
    world.pass_(minutes=1)
    assert world.engine.vitals.step_runs["declined"] == 0, "a counter begins at 0 with each start"


def test_prometheus_takes_it(world: World) -> None:
    if shutil.which("promtool") is None and os.environ.get("CI") != "true":
        pytest.skip("promtool is not installed")
    world.signal(world.symptom(HttpSymptom, "shop"), text="connection refused")
    said = subprocess.run(
        ["promtool", "check", "metrics"], input=scraped(world), capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode in (0, 3), said.stderr  # 3: only remarks on naming
    assert "error while linting" not in said.stderr
