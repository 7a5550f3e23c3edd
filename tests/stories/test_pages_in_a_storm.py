"""Many incidents at once: a sleeper is woken once and reads of all of them; what was given up can be tried once more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.errors import Refused
from firstfive.incident import events as ev
from stories.test_the_outbox import Chat, down, to, wired
from stories.world import World

TITLES = ("the shop is down", "payments are down", "mail is down", "chat is down")


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


def storm(world: World, chat: Chat) -> None:
    wired(world, chat, people={"sam example": to("chat:@sam")}, default=to("chat:!ops"))
    world.engine.links.base = "https://ops.example"
    for title in TITLES:
        world.do(lambda title=title: world.engine.declare("kim", title, 1))
        world.work()


def woken(chat: Chat) -> list[str]:
    return [message.thread for message in chat.sent if message.address == "@sam" and message.urgent]


def paged(world: World, name: str) -> int:
    state = world.do(lambda: world.engine.incident(name))
    return sum(isinstance(page, ev.Paged) for page, _ in state.pages)


def test_the_second_page_names_all_that_waited_and_they_need_none_of_their_own(world: World) -> None:
    chat = Chat(name="chat")
    storm(world, chat)
    world.pass_(minutes=2, seconds=30)
    first, second = (m for m in chat.sent if m.address == "@sam" and m.urgent)
    assert first.thread == "INC-1"
    assert all(title in second.text or title in second.title for title in TITLES[1:])
    others = sorted({"INC-2", "INC-3", "INC-4"} - {second.thread})
    assert [action.label for action in second.actions] == ["I have it", *(f"I have {name}" for name in others)]
    assert all(f"firstfive ack {name}" in second.text for name in others)
    assert [paged(world, f"INC-{n}") for n in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert len(woken(chat)) == 2


def test_one_that_was_taken_meanwhile_gets_no_button(world: World) -> None:
    chat = Chat(name="chat")
    storm(world, chat)
    world.do(lambda: world.engine.say("INC-3", "kim", ev.Acknowledged(responder="kim")))
    world.pass_(minutes=2, seconds=30)
    second = [m for m in chat.sent if m.address == "@sam" and m.urgent][1]
    assert "I have INC-3" not in [action.label for action in second.actions]


def test_a_crash_between_wakes_at_most_once_more(world: World) -> None:
    chat = Chat(name="chat")
    storm(world, chat)
    world.pass_(minutes=2, seconds=1)
    world.crash()
    wired(world, chat, people={"sam example": to("chat:@sam")}, default=to("chat:!ops"))
    world.pass_(minutes=3)
    assert set(woken(chat)) <= {"INC-1", "INC-2", "INC-3", "INC-4"}
    assert len(woken(chat)) <= 3
    assert [paged(world, f"INC-{n}") for n in (1, 2, 3, 4)] == [1, 1, 1, 1]


def test_a_page_that_failed_takes_nobody_else_s_word_with_it(world: World) -> None:
    chat = Chat(name="chat")
    storm(world, chat)
    world.pass_(minutes=1, seconds=55)
    chat.down = True
    world.pass_(seconds=20)
    chat.down = False
    world.pass_(minutes=2)
    assert [paged(world, f"INC-{n}") for n in (1, 2, 3, 4)] == [1, 1, 1, 1]


def test_what_was_given_up_is_tried_once_more_when_somebody_asks(world: World) -> None:
    chat = Chat(name="chat", dead=True)
    wired(world, chat, default=to("chat:!ops"))
    down(world)
    (dead, *_) = (one for one in world.do(lambda: world.engine.outside.letters(50)) if one.state == "dead")
    chat.dead = False
    world.do(lambda: world.engine.outside.again(dead.key))
    world.work()
    assert [message.key for message in chat.sent].count(dead.key) == 1
    with pytest.raises(Refused, match="no message of that key"):
        world.do(lambda: world.engine.outside.again(dead.key))
    assert world.clock.now() < world.incident.declared_at + timedelta(minutes=5)  # type: ignore[operator]
