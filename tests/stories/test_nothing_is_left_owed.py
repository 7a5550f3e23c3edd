"""Customers are told before it ends, the post-mortem is read back until it is whole, and the closing list is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from firstfive.errors import Refused
from firstfive.handbook.model import HttpSymptom
from firstfive.incident import events as ev
from stories.world import DEMO, World

PAGE = (DEMO / "Incident Response.md").read_text()


@dataclass(slots=True)
class Edited:
    """A vault whose post-mortems are read back as people left them."""

    written: dict[str, str] = field(default_factory=dict)

    def pages(self) -> dict[str, bytes]:
        return {path: text.encode() for path, text in self.written.items()}

    def write_new(self, path: str, text: str) -> str:
        self.written.setdefault(path, text)
        return path


def telling() -> bytes:
    """The demo's page, on which customers are always told of a shop that is down, and that ends with a list."""
    head, sep, tail = PAGE.partition("\n---\n\n### 3.2") if "\n---\n\n### 3.2" in PAGE else PAGE.partition("\n### 3.2")
    assert sep, "the demo's page has a second runbook"
    closing = "\n\n## 7. After every incident\n\n- [ ] Post-mortem published?\n- [ ] Action items tracked?\n"
    said = "\n\n**Always communicate.** Post a status update.\n"
    return (head + said + sep + tail + ("" if "After every incident" in PAGE else closing)).encode()


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path, page=telling())
    made.shelf = Edited()  # type: ignore[assignment]
    made.engine.tools = replace(made.engine.tools, vault=made.shelf)
    yield made
    made.close()


def whats(world: World) -> list[str]:
    return [reminder.what for reminder, _ in world.incident.reminders]


def test_a_shop_that_was_down_does_not_come_back_in_silence(world: World) -> None:
    shop = world.symptom(HttpSymptom, "shop")
    world.signal(shop, text="connection refused")
    world.say(ev.Acknowledged(responder="sam"))
    world.pass_(minutes=16)
    assert "word to customers 1" in whats(world)
    world.signal(shop, firing=False, text="answers 200")
    with pytest.raises(Refused, match="customers have not been told"):
        world.say(ev.Resolved(why="it works", root_cause="a bad release"))
    world.pass_(minutes=60)
    assert world.incident.resolved_at is None
    world.say(ev.PublicUpdate(status="resolved", text="The shop works again."))
    world.pass_(minutes=1)
    assert world.incident.resolved_at is not None


def test_the_post_mortem_is_read_back_until_it_is_whole(world: World) -> None:
    shop = world.symptom(HttpSymptom, "shop")
    world.signal(shop, text="connection refused")
    world.say(ev.Acknowledged(responder="sam"))
    world.say(ev.PublicUpdate(status="resolved", text="The shop works again."))
    world.signal(shop, firing=False, text="answers 200")
    world.say(ev.Resolved(why="it works", root_cause="a bad release"))
    world.pass_(minutes=24 * 60 + 1)
    assert whats(world).count("closing list") == 1
    assert world.incident.postmortem_read is not None
    assert world.incident.postmortem_read.gaps
    (path,) = world.shelf.written
    del world.shelf.written[path]
    world.pass_(minutes=7 * 24 * 60)
    assert world.incident.postmortem_read.gaps == ("the file is not in the vault any more",)
    assert 3 <= whats(world).count("closing list") <= 6, "around the day on which it is due, not every day"
