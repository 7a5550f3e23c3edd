"""Changes that nobody asked for: looked for on the host while it goes on, offered with the evidence, and run only on a yes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.engine.steps.packing import PackRules
from firstfive.handbook.model import HttpSymptom
from firstfive.incident import events as ev
from firstfive.incident.mends.put_back import Kept
from firstfive.incident.mends.restore import Stored
from firstfive.incident.policy import Policy
from firstfive.incident.signals import Signal, SignalKind
from stories.world import START, World

EVERYTHING = frozenset({"put-back", "block", "make-room", "restore", "rejoin"})
SINCE = int(START.timestamp())
CHANGED = f"versions {'a' * 20} {'b' * 20} {SINCE} {SINCE}\nfile 0 changed\nkey 0 gone JWT_SECRET\n"
FULL = "log 99 9437184 /srv/shop/debug.log\n"
DAMAGED = f"damage is corrupted\nbackup {SINCE} 10240 /srv/backup/night.tar\n"
LOST = "lost nickapp-pay pay nickapp_default\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, policy=Policy(resolve_after=timedelta(minutes=5), offers=EVERYTHING))
    rules = PackRules(
        kept=Kept(folder="/srv/kept", compose=(".env",)),
        logs=("/srv/shop/*.log",),
        stores=(Stored(name="db", container="db", data="/srv/data", backups="/srv/backup/*.tar"),),
        folder="/srv/kept",
        never=("203.0.113.9/32",),
    )
    made.engine.tools = replace(made.engine.tools, packs=rules)
    yield made
    made.close()


def evidence(world: World, pattern: str, told: str) -> None:
    world.host.answers.insert(0, (pattern, told, 0))


def trouble(world: World) -> None:
    world.signal(world.symptom(HttpSymptom, "shop"), text="connection refused")


def offered(world: World) -> dict[str, str]:
    return {offer.id: offer.title for offer in world.incident.offered.values()}


ROWS = [
    # words of the look, what it prints, the offer, how many have to say yes
    ("envs=", CHANGED, "put .env back as it was when all was well", 1),
    ("/srv/shop/[*].log", FULL, "make room on the full disk", 2),
    ("docker logs --since 10m", DAMAGED, "restore db from its newest backup", 2),
    ("com.docker.compose.service", LOST, "give nickapp-pay its name on the network back", 1),
]


@pytest.mark.parametrize(("look", "told", "title", "people"), ROWS, ids=[row[2] for row in ROWS])
def test_what_a_look_finds_is_offered_and_waits(world: World, look: str, told: str, title: str, people: int) -> None:
    evidence(world, look, told)
    trouble(world)
    assert list(offered(world).values()) == [title]
    (waiting,) = [a for a in world.incident.waiting() if a.run.step in offered(world)]
    assert (waiting.people, bool(waiting.confirm)) == (people, people == 2)
    assert world.host.changes == [], "nothing runs without a yes"
    world.approve(waiting.run.step)
    world.pass_(seconds=2)
    assert world.host.changes == [waiting.run.script]


def test_nothing_is_looked_for_where_settings_offer_nothing(tmp_path: Path) -> None:
    quiet = World(tmp_path)
    evidence(quiet, "envs=", CHANGED)
    trouble(quiet)
    quiet.pass_(minutes=3)
    assert offered(quiet) == {}
    assert not [look for look in quiet.host.looks if re.search("envs=|compose.service", look)]
    quiet.close()


def test_nothing_is_looked_for_or_offered_on_the_default_host_for_the_trouble_of_another(world: World) -> None:
    evidence(world, "envs=", CHANGED)
    targets = {**world.engine.tools.targets, "db": world.host}
    world.engine.tools = replace(world.engine.tools, targets=targets)
    world.signal(world.symptom(HttpSymptom, "shop"), text="connection refused", host="db")
    world.pass_(minutes=3)
    assert offered(world) == {}
    assert not [look for look in world.host.looks if re.search("envs=|compose.service", look)]


def test_it_is_looked_for_again_while_it_goes_on_and_offered_once(world: World) -> None:
    trouble(world)
    assert offered(world) == {}
    evidence(world, "envs=", CHANGED)
    world.pass_(seconds=25)
    assert list(offered(world)) == ["put-back.1"]
    world.pass_(minutes=6)
    assert list(offered(world)) == ["put-back.1"]


def test_once_all_is_well_nothing_more_is_looked_for_or_asked_again(world: World) -> None:
    evidence(world, "envs=", CHANGED)
    trouble(world)
    world.signal(world.symptom(HttpSymptom, "shop"), firing=False)
    looks = len(world.host.looks)
    world.pass_(minutes=4)
    assert len(world.host.looks) == looks
    world.pass_(minutes=30)
    assert world.incident.resolved_at is not None
    states = [a.state for a in world.incident.of_step("put-back.1")]
    assert states.count("asked") <= 1
    assert world.host.changes == []


def test_a_change_of_files_long_ago_is_not_taken_for_the_cause(world: World) -> None:
    evidence(world, "envs=", CHANGED.replace(str(SINCE), str(SINCE - 7200)))
    trouble(world)
    assert offered(world) == {}


def test_our_own_change_of_files_is_not_put_back(world: World) -> None:
    """A roll-back writes the Compose file: that is no evidence against it."""
    evidence(world, "com.docker.compose.service", LOST)
    trouble(world)
    world.approve("rejoin.1")
    world.pass_(seconds=2)
    evidence(world, "envs=", CHANGED.replace(str(SINCE), str(SINCE + 60)))
    world.pass_(minutes=2)
    assert list(offered(world)) == ["rejoin.1"]


def seen(world: World, *who: str) -> None:
    signal = Signal(
        kind=SignalKind.LOG,
        source="offenders",
        subject="access.log",
        firing=True,
        text="too many refusals",
        at=world.clock.now(),
        symptom=world.symptom(HttpSymptom, "shop").id,
        who=who,
    )
    world.do(lambda: world.engine.observe(signal))
    world.work()


def test_whom_the_log_names_is_offered_to_be_blocked_once(world: World) -> None:
    seen(world, "203.0.113.7", "203.0.113.8")
    assert list(offered(world).values()) == ["block 203.0.113.7 for 1 hour"]
    world.approve("block.1")
    world.pass_(minutes=6)
    assert list(offered(world)) == ["block.1"], "the same block is not offered again"


@pytest.mark.parametrize("who", ["10.0.0.1", "203.0.113.9", "203.0.112.0/22", "nobody", "8.8.8.8; rm -rf /"])
def test_who_is_never_blocked_is_not_offered(world: World, who: str) -> None:
    seen(world, who)
    assert offered(world) == {}


def test_a_look_that_fails_spoils_no_other(world: World) -> None:
    world.host.answers.insert(0, ("envs=", "no such file", 1))
    evidence(world, "com.docker.compose.service", LOST)
    trouble(world)
    assert list(offered(world)) == ["rejoin.1"]


@pytest.mark.parametrize("after", range(1, 24))
def test_a_crash_after_any_event_offers_it_once_and_runs_it_once(tmp_path: Path, after: int) -> None:
    world = World(
        tmp_path, policy=Policy(resolve_after=timedelta(minutes=5), offers=frozenset({"rejoin"})), crash_after=after
    )
    evidence(world, "com.docker.compose.service", LOST)
    trouble(world)
    world.pass_(seconds=5)
    world.approve("rejoin.1")
    world.pass_(seconds=30)
    assert list(offered(world)) == ["rejoin.1"]
    assert len(world.host.changes) == 1
    world.close()


def test_a_yes_that_is_said_twice_stands_once_until_it_does_not_count_any_more(world: World) -> None:
    evidence(world, "/srv/shop/[*].log", FULL)
    trouble(world)
    (waiting,) = [one for one in world.incident.waiting() if one.people == 2]
    yes = ev.Approved(run=waiting.run.id, sha256=waiting.run.sha256, confirm=waiting.confirm)
    for _ in range(3):
        world.say(yes, by="sam")
    assert world.kinds().count("Approved") == 1
    assert world.incident.attempts[waiting.run.id].state == "asked", "nobody else has said so"
    world.say(yes, by="ana")
    assert world.kinds().count("Approved") == 2
    assert world.incident.attempts[waiting.run.id].state != "asked"
