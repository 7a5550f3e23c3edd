"""Three nodes on one PostgreSQL while everything dies under them: no change runs twice, nothing accepted is lost, every chain holds.

Killed at any moment, stopped past their leases and woken, cut off by a network that swallows everything, their database restarted and their
connections dropped; one of them has a clock that is an hour fast. `make soak` does it for half an hour.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from stories.fire.crowd import Crowd
from stories.fire.ground import Ground, ground
from stories.fire.harms import (
    Takeovers,
    burn,
    connections_dropped,
    cut_off,
    database_restarted,
    killed,
    stopped_past_its_lease,
)
from stories.fire.invariants import broken
from stories.nodes import Node, soon

pytestmark = [pytest.mark.process]

KILLS = int(os.environ.get("FIRE_KILLS", "200"))
STEPS = int(os.environ.get("FIRE_STEPS", "2400"))
SECONDS = float(os.environ.get("FIRE_SECONDS", "6000"))
TOOK_OVER = 20.0  # seconds, at the 95th percentile


def settled(here: Ground) -> None:
    """Everybody is up again, and nothing that is due now waits."""
    here.raise_the_dead()
    for node in here.nodes:
        here.up(node)

    def rests() -> bool:
        due = (
            "SELECT count(*) FROM work WHERE state <> 'done' AND due < extract(epoch FROM clock_timestamp()) * 1000000"
        )
        waiting = "SELECT count(*) FROM received WHERE state = 'waiting'"
        return here.sql(due) == [(0,)] and here.sql(waiting) == [(0,)]

    soon(rests, within=300)


def _spread(values: list[float]) -> list[float]:
    """Half of them, 95 of 100, and the most."""
    values = sorted(values)
    return [round(values[int(len(values) * at)], 1) for at in (0.5, 0.95)] + [round(values[-1], 1)] if values else []


def reported(here: Ground, crowd: Crowd, took: Takeovers, seconds: float) -> str:
    runs = {run for word, run in _ran(here) if word == "done"}
    twice = sum(count - 1 for count in here.channel.seen.values())
    figures = {
        "seconds": round(seconds),
        "harms": dict(here.harms),
        "changes": len(runs),
        "signals": len(crowd.accepted.signals),
        "notes": len(crowd.accepted.notes),
        "incidents": here.sql("SELECT count(*) FROM incident")[0][0],
        "entries": here.sql("SELECT count(*) FROM event")[0][0],
        "messages": len(here.channel.seen),
        "messages twice": twice,
        "taken over": len(took.seconds),
        "takeover p50, p95, most": _spread(took.seconds),
        "of it after the lease had ended": _spread(took.late),
        "slow": took.slow,
    }
    return json.dumps(figures)


def _ran(here: Ground) -> list[list[str]]:
    path = here.folder / "work" / "ran"
    return [line.split(" ") for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.timeout(300)
def test_one_of_each_harm_breaks_no_promise(tmp_path: Path) -> None:
    took = Takeovers()
    with ground(tmp_path, seconds=1.5) as here:
        crowd = Crowd(here=here, steps=18, a_room=3)

        def hurt() -> None:
            soon(lambda: len(_ran(here)) >= 4)
            killed(here, _busy(here), took)
            here.raise_the_dead()
            asleep, cut = here.nodes[0], here.nodes[1]
            both = [
                threading.Thread(target=harm, args=(here, node, took), daemon=True)
                for harm, node in ((stopped_past_its_lease, asleep), (cut_off, cut))
            ]
            for one in both:
                one.start()
            time.sleep(2)
            connections_dropped(here, here.nodes[2], took)
            for one in both:
                one.join()
            database_restarted(here, here.nodes[2], took)
            killed(here, _busy(here), took)
            here.raise_the_dead()

        hurting = threading.Thread(target=hurt, daemon=True)
        hurting.start()
        crowd.work(people=6)
        hurting.join(timeout=120)
        assert not hurting.is_alive()
        settled(here)
        assert crowd.accepted.troubles == []
        assert broken(here, crowd.accepted) == []
        seconds = took.settled()
        assert not seconds or seconds[-1] < TOOK_OVER + 5


def _busy(here: Ground) -> Node:
    """Whoever does a step now, or else anybody."""
    try:
        return soon(lambda: here.doing("step"), within=5)
    except AssertionError:
        return here.nodes[2]


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_two_hundred_kills_break_no_promise(tmp_path: Path) -> None:
    took, began = Takeovers(), time.monotonic()
    with ground(tmp_path, seconds=2) as here:
        crowd = Crowd(here=here, steps=STEPS, seconds=SECONDS)
        burning = threading.Thread(target=burn, args=(here, took, KILLS, 5.0, 0.8 * STEPS / KILLS), daemon=True)
        burning.start()
        crowd.work(people=12)
        burning.join(timeout=180)
        seconds = took.settled()
        print(reported(here, crowd, took, time.monotonic() - began), flush=True)
        settled(here)
        assert crowd.accepted.troubles == []
        assert broken(here, crowd.accepted) == []
        assert here.harms["kill"] >= KILLS
        assert seconds[int(len(seconds) * 0.95)] < TOOK_OVER
