"""Channels that fail, people who do not answer, vaults that are full: the incident goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.errors import VaultError
from firstfive.handbook.model import HttpSymptom
from firstfive.incident import events as ev
from firstfive.ports import Delivered, GaveUp, Message, Receipt, Retry
from stories.world import World


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


def down(world: World) -> None:
    world.signal(world.symptom(HttpSymptom, "shop"), text="connection refused")


@dataclass(slots=True)
class Moody:
    """A channel that answers as it is told, then delivers."""

    answers: list[Receipt]
    name: str = "moody"
    sent: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> Receipt:
        if self.answers:
            return self.answers.pop(0)
        self.sent.append(message)
        return Delivered()


def speak_through(world: World, *channels: Moody) -> None:
    tools = world.engine.tools
    world.engine.tools = type(tools)(
        targets=tools.targets, notifiers=channels, vault=tools.vault, redactor=tools.redactor, log=tools.log
    )


def test_people_are_paged_until_one_answers(world: World) -> None:
    down(world)
    assert [p.contact for p, _ in world.incident.pages] == ["Sam Example"]
    world.pass_(minutes=14)
    assert len(world.incident.pages) == 1
    world.pass_(minutes=2)
    assert len(world.incident.pages) == 2
    world.say(ev.Acknowledged(responder="kim"))
    world.pass_(minutes=29)
    assert len(world.incident.pages) == 2


def test_whoever_took_it_and_says_nothing_for_half_an_hour_loses_it(world: World) -> None:
    down(world)
    world.say(ev.Acknowledged(responder="kim"))
    pages = len(world.incident.pages)
    world.pass_(minutes=31)
    assert world.incident.acknowledged_by == ""
    assert len(world.incident.pages) == pages + 1


def test_updates_go_out_every_fifteen_minutes_while_it_is_open(world: World) -> None:
    down(world)
    world.pass_(minutes=46)
    assert len(world.told("update")) == 3


def test_an_update_can_be_asked_for_with_words(world: World) -> None:
    down(world)
    world.pass_(seconds=20)
    world.say(ev.UpdateAsked(text="the database is being restored"))
    assert any("the database is being restored" in text for text in world.told("update"))


def test_a_channel_that_is_busy_is_asked_again_and_nothing_is_lost(world: World) -> None:
    moody = Moody(answers=[Retry(after=timedelta(seconds=30), why="busy")] * 3)
    speak_through(world, moody)
    down(world)
    world.pass_(minutes=5)
    assert len(world.told("initial")) == 1
    assert len([m for m in moody.sent if ":notice:initial" in m.key]) == 1


def test_the_second_channel_takes_over_when_the_first_has_given_up(world: World) -> None:
    first, second = Moody(answers=[GaveUp(why="no such channel")] * 100, name="chat"), Moody(answers=[], name="mail")
    speak_through(world, first, second)
    down(world)
    assert [m.key.split(":", 1)[1] for m in second.sent if "initial" in m.key] == ["notice:initial:1:#incidents>mail:"]


def test_when_every_channel_gave_up_the_timeline_says_so_and_the_incident_goes_on(world: World) -> None:
    speak_through(world, Moody(answers=[GaveUp(why="the token was revoked")] * 1000))
    down(world)
    failed = [e.event for e in world.incident.entries if isinstance(e.event, ev.NoticeFailed)]
    assert failed
    assert "the token was revoked" in failed[0].why
    world.say(ev.Resolved(why="it is over", root_cause="a cable"))
    world.pass_(minutes=1)
    assert world.shelf.written


class Full:
    """A vault with no room."""

    def pages(self):
        return {}

    def write_new(self, path: str, text: str) -> str:
        raise VaultError("the disk is full", where=path, remedy="free space")


def test_a_vault_that_cannot_be_written_is_said_and_nothing_is_lost(world: World) -> None:
    tools = world.engine.tools
    world.engine.tools = type(tools)(
        targets=tools.targets, notifiers=tools.notifiers, vault=Full(), redactor=tools.redactor, log=tools.log
    )
    down(world)
    world.say(ev.Resolved(why="it is over", root_cause="a cable"))
    world.pass_(minutes=1)
    assert "the disk is full" in world.incident.postmortem_why_not
    assert world.incident.root_cause == "a cable"


def test_eleven_reports_in_five_minutes_raise_it_once(world: World) -> None:
    world.do(lambda: world.engine.declare("sam", "the shop is slow", 3))
    for _ in range(10):
        world.do(lambda: world.engine.report("a customer", "I cannot pay"))
        world.pass_(seconds=20)
    assert world.incident.level == 3
    world.do(lambda: world.engine.report("a customer", "I cannot pay"))
    assert world.incident.level == 2
    for _ in range(20):
        world.do(lambda: world.engine.report("a customer", "I cannot pay"))
    assert world.incident.level == 2, "once an incident"


def test_a_flapping_symptom_reopens_what_seemed_over(world: World) -> None:
    down(world)
    http = world.symptom(HttpSymptom, "shop")
    world.pass_(seconds=10)
    world.signal(http, firing=False)
    assert world.incident.status == "monitoring"
    world.pass_(minutes=4)
    down(world)
    assert world.incident.status == "investigating"
    world.pass_(minutes=10)
    assert world.incident.resolved_at is None
