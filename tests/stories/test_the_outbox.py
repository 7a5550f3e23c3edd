"""One row a message and destination: threads, second ways, drained in order, given up in words, and never lost in a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from firstfive.engine.telling.outbox import pause
from firstfive.engine.telling.routes import Destination, Routes
from firstfive.handbook.model import HttpSymptom
from firstfive.incident import events as ev
from firstfive.ports import Delivered, GaveUp, Message, Receipt, Retry
from stories.world import World


@dataclass(slots=True)
class Chat:
    """A channel that can be down, and then takes nothing; it numbers what it took."""

    name: str
    down: bool = False
    dead: bool = False
    sent: list[Message] = field(default_factory=list)
    tried: int = 0

    async def send(self, message: Message) -> Receipt:
        self.tried += 1
        if self.dead:
            return GaveUp(why="the token was revoked")
        if self.down:
            return Retry(after=timedelta(seconds=1), why="it does not answer")
        self.sent.append(message)
        return Delivered(reference=f"{self.name}-{len(self.sent)}")


def wired(world: World, *chats: Chat, **routes: Any) -> None:
    world.engine.tools = replace(world.engine.tools, notifiers=chats, routes=Routes(**routes))


def to(*names: str) -> tuple[Destination, ...]:
    return tuple(Destination(notifier=name.partition(":")[0], address=name.partition(":")[2]) for name in names)


def down(world: World) -> None:
    world.signal(world.symptom(HttpSymptom, "shop"), text="connection refused")


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


def titles(chat: Chat) -> list[str]:
    return [message.key.split(":", 1)[1].partition(">")[0] for message in chat.sent]


def test_the_first_message_opens_the_thread_and_all_others_reply_to_it(world: World) -> None:
    chat = Chat(name="chat")
    wired(world, chat, default=to("chat:!ops"))
    down(world)
    world.pass_(minutes=20)
    first, *others = (message for message in chat.sent if not message.urgent)
    began = f"chat-{chat.sent.index(first) + 1}"
    assert first.root == ""
    assert others
    assert {message.root for message in others} == {began}
    assert world.incident.threads == {"chat:!ops": began}


def test_a_reply_waits_for_its_root_and_the_backlog_drains_in_order(world: World) -> None:
    chat = Chat(name="chat", down=True)
    wired(world, chat, default=to("chat:!ops"))
    down(world)
    world.say(ev.UpdateAsked(text="we look into it"))
    world.say(ev.Acknowledged(responder="sam"))
    world.pass_(minutes=20)
    assert chat.sent == []
    chat.down = False
    world.pass_(minutes=10)
    told = [title for title in titles(chat) if title.startswith("notice")]
    assert told[0] == "notice:initial:1:#incidents"
    assert told == sorted(told)
    assert len(set(told)) == len(told)
    assert any("we look into it" in message.text for message in chat.sent)
    assert {message.root for message in chat.sent[1:]} == {"chat-1"}


def test_what_nobody_took_for_45_seconds_goes_to_the_fallback_once(world: World) -> None:
    chat, mail = Chat(name="chat", down=True), Chat(name="mail")
    wired(world, chat, mail, default=to("chat:!ops"), fallback=to("mail:ops@shop.example"))
    down(world)
    world.pass_(seconds=44)
    assert titles(mail) == []
    world.pass_(seconds=16)
    assert "notice:initial:1:#incidents" in titles(mail), "within a minute"
    chat.down = False
    world.pass_(minutes=10)
    assert len(world.told("initial")) == 1


def test_what_arrived_is_not_sent_to_the_fallback(world: World) -> None:
    chat, mail = Chat(name="chat"), Chat(name="mail")
    wired(world, chat, mail, default=to("chat:!ops"), fallback=to("mail:ops@shop.example"))
    down(world)
    world.pass_(minutes=5)
    assert [title for title in titles(mail) if title.startswith("notice")] == []


def test_a_page_takes_the_next_way_every_45_seconds_until_somebody_answers(world: World) -> None:
    chat, phone, mail = Chat(name="chat"), Chat(name="phone"), Chat(name="mail")
    ways: Mapping[str, tuple[Destination, ...]] = {"sam example": to("chat:@sam", "phone:+1", "mail:sam@shop.example")}
    wired(world, chat, phone, mail, people=ways, default=to("chat:!ops"))
    down(world)
    assert [m.address for m in chat.sent if m.urgent] == ["@sam"]
    world.pass_(seconds=46)
    assert [m.address for m in phone.sent] == ["+1"]
    world.say(ev.Acknowledged(responder="sam"))
    world.pass_(minutes=20)
    assert [m for m in mail.sent if m.urgent] == []
    assert len([p for p, _ in world.incident.pages if isinstance(p, ev.Paged)]) == 1, "one page by two ways is one page"


def test_a_page_that_no_way_takes_goes_on_to_the_next_person(world: World) -> None:
    phone, chat = Chat(name="phone", down=True), Chat(name="chat")
    wired(world, phone, chat, people={"sam example": to("phone:+1")}, default=to("chat:!ops"))
    down(world)
    world.pass_(minutes=5)
    first, second = (page for page, _ in world.incident.pages[:2])
    assert isinstance(first, ev.PageFailed)
    assert "it does not answer; it was tried for" in first.why
    assert isinstance(second, ev.Paged)


def test_what_was_given_up_is_seen_and_the_failure_is_told_once(world: World) -> None:
    one, two = Chat(name="chat", dead=True), Chat(name="mail", dead=True)
    wired(world, one, two, default=to("chat:!ops", "mail:ops@shop.example"))
    down(world)
    world.pass_(minutes=1)
    failed = [e.event for e in world.incident.entries if isinstance(e.event, ev.NoticeFailed)]
    assert [(f.kind, f.number) for f in failed][:1] == [("initial", 1)]
    dead = world.do(lambda: world.engine.journal.read(lambda tx: tx.outbox(50)))
    assert {letter.why for letter in dead if letter.state == "dead"} == {"the token was revoked"}


def test_a_destination_that_settings_no_longer_name_is_said(world: World) -> None:
    wired(world, Chat(name="chat"), default=to("pigeon:loft"))
    down(world)
    (failed, *_) = (e.event for e in world.incident.entries if isinstance(e.event, ev.NoticeFailed))
    assert failed.why == "pigeon: settings name no notifier pigeon (known: chat)"


@pytest.mark.parametrize("crash_after", range(1, 30))
def test_after_a_crash_anywhere_nothing_is_lost_and_at_most_one_is_told_twice(tmp_path: Path, crash_after: int) -> None:
    world = World(tmp_path, crash_after=crash_after)
    try:
        chat, mail = Chat(name="chat"), Chat(name="mail")
        tools = dict(notifiers=(chat, mail), routes=Routes(default=to("chat:!ops", "mail:ops@shop.example")))
        start = world._start

        def again() -> Any:
            engine = start()
            engine.tools = replace(engine.tools, **tools)
            return engine

        world._start = again  # type: ignore[method-assign]
        world.engine.tools = replace(world.engine.tools, **tools)
        down(world)
        world.pass_(minutes=16)
        for channel in (chat, mail):
            told = titles(channel)
            assert {"notice:initial:1:#incidents", "notice:update:1:#incidents"} <= set(told)
            assert len(told) - len(set(told)) <= 1, told
    finally:
        world.close()


def test_pauses_double_up_to_five_minutes_differ_and_are_never_shorter_than_asked_for() -> None:
    spans = [pause("k", tries, timedelta(0)) for tries in range(12)]
    assert all(timedelta(seconds=2**n) <= span <= timedelta(seconds=2**n) * 1.25 for n, span in enumerate(spans[:8]))
    assert timedelta(minutes=5) <= spans[-1] <= timedelta(minutes=6.25)
    assert len({pause(f"k{n}", 5, timedelta(0)) for n in range(20)}) > 15
    assert pause("k", 0, timedelta(hours=1)) >= timedelta(hours=1)


def test_whoever_took_it_is_asked_for_each_yes_once_with_buttons(world: World) -> None:
    chat = Chat(name="chat")
    wired(world, chat, default=to("chat:!ops"), people={"sam": to("chat:@sam")})
    world.engine.links.base = "https://ops.example"
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=1)
    down(world)
    world.pass_(seconds=5)
    assert [m for m in chat.sent if m.address == "@sam" and m.actions] == []
    world.say(ev.Acknowledged(responder="sam"))
    world.pass_(minutes=3)
    (asked,) = (m for m in chat.sent if m.address == "@sam" and m.actions)
    assert [action.label for action in asked.actions] == ["Approve", "Decline"]
    assert all(action.url.startswith("https://ops.example/act/") for action in asked.actions)
    assert "keeper restart web" in asked.text
    token = asked.actions[0].url.rpartition("/")[2]
    link = world.engine.links.open(token, world.clock.now())
    assert (link.by, link.run) == ("sam", world.incident.waiting()[0].run.id)


def test_a_page_has_a_button_for_the_one_it_wakes(world: World) -> None:
    chat = Chat(name="chat")
    wired(world, chat, default=to("chat:!ops"), people={"sam example": to("chat:@sam")})
    world.engine.links.base = "https://ops.example"
    down(world)
    (page, *_) = (m for m in chat.sent if m.urgent)
    assert [action.label for action in page.actions] == ["I have it"]
    link = world.engine.links.open(page.actions[0].url.rpartition("/")[2], world.clock.now())
    assert (link.act, link.by) == ("ack", "Sam Example")


def test_a_person_is_not_woken_twice_within_two_minutes_but_hears_of_both(world: World) -> None:
    chat = Chat(name="chat")
    wired(world, chat, people={"sam example": to("chat:@sam")}, default=to("chat:!ops"))
    for title in ("the shop is down", "payments are down"):
        world.do(lambda title=title: world.engine.declare("kim", title, 1))
        world.work()
    began = world.clock.now()

    def woken() -> list[str]:
        return [message.thread for message in chat.sent if message.address == "@sam" and message.urgent]

    assert woken() == ["INC-1"]
    world.pass_(seconds=115)
    assert woken() == ["INC-1"]
    world.pass_(seconds=10)
    assert woken() == ["INC-1", "INC-2"]
    assert world.clock.now() - began < timedelta(minutes=3)


def test_a_channel_that_others_read_gets_no_button_that_acts_in_a_person_s_name(world: World) -> None:
    chat, mail = Chat(name="chat"), Chat(name="mail")
    wired(world, chat, mail, default=to("chat:!ops"), fallback=to("mail:ops@shop.example"))
    world.engine.links.base = "https://ops.example"
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=1)
    down(world)
    world.say(ev.Acknowledged(responder="sam"))
    world.pass_(minutes=3)
    assert any("waits for your yes" in message.title for message in chat.sent)
    assert [message.actions for message in (*chat.sent, *mail.sent) if message.actions] == []


def test_a_fallback_is_nobody_s_own_address(world: World) -> None:
    chat, mail = Chat(name="chat", down=True), Chat(name="mail")
    people = {"sam": to("chat:@sam")}
    wired(world, chat, mail, default=to("chat:!ops"), people=people, fallback=to("mail:ops@shop.example"))
    world.engine.links.base = "https://ops.example"
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=1)
    down(world)
    world.say(ev.Acknowledged(responder="sam"))
    world.pass_(minutes=3)
    assert any("waits for your yes" in message.title for message in mail.sent)
    assert [message.actions for message in mail.sent if message.actions] == []


def test_a_page_that_did_not_arrive_holds_up_no_other(world: World) -> None:
    chat, phone = Chat(name="chat"), Chat(name="phone", down=True)
    wired(world, chat, phone, people={"sam example": to("phone:+1")}, default=to("chat:!ops"))
    for title in ("the shop is down", "payments are down"):
        world.do(lambda title=title: world.engine.declare("kim", title, 1))
        world.work()
    phone.down = False
    world.pass_(seconds=10)
    assert len({message.thread for message in phone.sent}) == 1
    world.pass_(minutes=3)
    told = " ".join(message.text for message in phone.sent)
    assert all(f"firstfive ack {name}" in told for name in ("INC-1", "INC-2")), "one goes within the other"
