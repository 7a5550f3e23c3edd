"""Packs put together for an incident: the right one, with what the team sets, refused in words, and nothing begun."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstfive.engine.steps.packing import PACKS, PackRules
from firstfive.errors import FirstfiveError, Refused
from firstfive.handbook.model import HttpSymptom
from firstfive.probes.upkeep.nginx_config import configuration
from stories.world import World

LACKING = """\
nginx: the configuration file /etc/nginx/nginx.conf syntax is ok
# configuration file /etc/nginx/nginx.conf:
events {}
http {
  server {
    listen 80;
    location /socket.io/ {
      proxy_pass http://backend;
    }
  }
}
"""


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    made.signal(made.symptom(HttpSymptom, "shop"), text="connection refused")
    rules = PackRules(never=("198.51.100.0/24",), read_nginx=configuration)
    made.engine.tools = replace(made.engine.tools, packs=rules)
    yield made
    made.close()


def offer(world: World, pack: str, **fields: Any) -> Any:
    made = world.do(lambda: world.engine.offer(world.incident.id, "sam", pack, fields))
    world.work()
    return next(iter(made.offered.values()))


def test_a_block_is_offered_and_waits(world: World) -> None:
    change = offer(world, "block", address="203.0.113.7", seconds=1800)
    assert change.title == "block 203.0.113.7 for 30 minutes"
    assert "203.0.113.7 timeout 1800s" in change.script
    assert [a.run.step for a in world.incident.waiting() if a.run.step == "block.1"] == ["block.1"]
    assert world.host.changes == []


REFUSED = [
    ("block", {"address": "198.51.100.9"}, "never", "the team's own network"),
    ("block", {"address": "203.0.113.7", "mine": ["203.0.113.7"]}, "203.0.113.7", "the operator's own address"),
    ("block", {"address": "10.1.2.3"}, "10.1.2.3", "a private address"),
    ("block", {"address": "203.0.113.7", "how": "pigeon"}, "no way to block", "a way that is none"),
    ("block", {"address": "203.0.113.7", "seconds": True}, "whole number", "a time that is none"),
    ("block", {"address": "203.0.113.7", "secnds": 5}, "unknown field secnds", "a slip of the pen"),
    ("evidence", {"containers": "a b"}, "no container's name", "a name with a blank"),
    ("disable-account", {"value": "m@x.example", "container": "db"}, "database is missing", "half a wish"),
    ("resume-updater", {}, "no updater was stopped", "nothing is stopped"),
    ("pigeon", {}, "there is no pack", "no such pack"),
]


@pytest.mark.parametrize(("pack", "fields", "words", "because"), REFUSED, ids=[row[3] for row in REFUSED])
def test_what_a_pack_never_does_is_refused_and_leaves_nothing(
    world: World, pack: str, fields: dict[str, Any], words: str, because: str
) -> None:
    with pytest.raises(FirstfiveError, match=words):
        offer(world, pack, **fields)
    assert not world.incident.offered, because


def test_evidence_names_the_containers_of_the_page_when_nobody_names_any(world: World) -> None:
    change = offer(world, "evidence", containers="web\nqueue")
    assert "/var/incidents/" in change.why
    assert change.title == "keep evidence of web, queue"


def test_an_nginx_that_lacks_the_headers_is_offered_the_mend_and_one_that_is_well_is_left_alone(world: World) -> None:
    world.host.answers = [("nginx -T", LACKING, 0)]
    change = offer(world, "mend-websocket")
    assert "Upgrade" in change.script
    assert world.host.changes == []
    world.host.answers = [("nginx -T", LACKING.replace("/socket.io/", "/elsewhere/"), 0)]
    with pytest.raises(Refused, match="as it should"):
        offer(world, "mend-websocket")
    world.host.answers = [("nginx -T", "nginx: command not found", 127)]
    with pytest.raises(FirstfiveError, match="ended with 127"):
        offer(world, "mend-websocket")


def test_every_pack_is_one_that_a_person_can_ask_for() -> None:
    assert set(PACKS) == {"block", "evidence", "disable-account", "mend-websocket", "resume-updater"}
