"""Buttons in a chat that says who pressed: a page taken, a change decided, and only by whom, once, over the very bytes, in time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstfive.engine.telling.pressing import Pressing
from firstfive.incident import events as ev
from firstfive.incident.timeline import Attempt
from firstfive.notifiers.answers.press import Press, Pressed
from stories.test_the_outbox import Chat, down, to, wired
from stories.world import World

KNOWN = {"U1": "sam", "U2": "kim"}


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


def wire(world: World) -> Chat:
    chat = Chat(name="chat")
    wired(world, chat, default=to("chat:#incidents"), people={"sam": to("chat:U1")}, answering=frozenset({"chat"}))
    return chat


def press(
    world: World, user: str, word: str = "", takes: str = "", barred: Callable[[str, Attempt | None], str] | None = None
) -> Pressed:
    may = barred or (lambda person, attempt: "")
    pressing = Pressing(engine=world.engine, way="chat", known=lambda user: KNOWN.get(user, ""), barred=may)
    found: Pressed = world.do(
        lambda: pressing.heard(Press(user=user, called="mallory\n<!here>", sealed=word, takes=takes))
    )
    world.work()
    return found


def button(chat: Chat, label: str) -> str:
    return next(action.press for message in reversed(chat.sent) for action in message.actions if action.label == label)


def said(world: World, kind: type[Any]) -> list[tuple[str, Any]]:
    return [(entry.by, entry.event) for entry in world.incident.entries if isinstance(entry.event, kind)]


def waits(world: World) -> Chat:
    """A change that waits for a yes, asked for in a chat."""
    chat = wire(world)
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=1)
    down(world)
    world.say(ev.Acknowledged(responder="sam"))
    world.pass_(minutes=3)
    return chat


def test_a_page_carries_a_button_wherever_it_goes_and_no_link(world: World) -> None:
    chat = wire(world)
    down(world)
    pages = [message for message in chat.sent if message.urgent]
    assert pages
    for page in pages:
        assert [(action.label, action.url) for action in page.actions] == [("I have it", "")]


def test_whoever_presses_takes_it_under_their_name_once(world: World) -> None:
    chat = wire(world)
    down(world)
    word = button(chat, "I have it")
    first = press(world, "U1", word)
    assert (first.done, first.settled) == (True, True)
    assert first.text.startswith("sam has INC-1")
    assert world.incident.acknowledged_by == "sam"
    again = press(world, "U2", word)
    assert (again.done, again.text) == (False, "sam has taken INC-1 already")
    assert [by for by, _ in said(world, ev.Acknowledged)] == ["sam"]


def test_a_stranger_may_take_it_and_stands_there_as_one(world: World) -> None:
    chat = wire(world)
    down(world)
    found = press(world, "U9", button(chat, "I have it"))
    assert found.done
    assert world.incident.acknowledged_by == "chat:U9 (mallory<!here>)"


def test_a_stranger_decides_nothing_and_a_person_does(world: World) -> None:
    chat = waits(world)
    yes = button(chat, "Approve")
    for word in (yes, button(chat, "Decline")):
        refused = press(world, "U9", word)
        assert not refused.done
        assert "no person of the settings is U9" in refused.text
    assert said(world, ev.Approved) == said(world, ev.Declined) == []
    run = world.incident.waiting()[0].run
    found = press(world, "U1", yes)
    assert found.text.startswith(f"sam approved {run.step}")
    ((by, event),) = said(world, ev.Approved)
    assert (by, event.run, event.sha256) == ("sam", run.id, run.sha256)
    again = press(world, "U1", yes)
    assert (again.done, again.settled) == (False, True)
    assert len(said(world, ev.Approved)) == 1
    assert len(world.host.changes) == 1


def test_a_no_is_a_no(world: World) -> None:
    chat = waits(world)
    assert press(world, "U2", button(chat, "Decline")).done
    ((by, event),) = said(world, ev.Declined)
    assert (by, event.why) == ("kim", "declined in chat")
    assert not press(world, "U1", button(chat, "Approve")).done
    assert world.host.changes == []


def test_a_yes_after_ten_minutes_is_none(world: World) -> None:
    chat = waits(world)
    word = button(chat, "Approve")
    world.pass_(minutes=11)
    assert not press(world, "U1", word).done
    assert said(world, ev.Approved) == []


def test_whom_an_account_bars_is_told_why(world: World) -> None:
    chat = waits(world)
    asked: list[bool] = []

    def barred(person: str, attempt: Attempt | None) -> str:
        asked.append(attempt is not None)
        return f"the account of {person} is disabled"

    found = press(world, "U1", button(chat, "Approve"), barred=barred)
    assert "disabled" in found.text
    assert asked == [True]
    assert said(world, ev.Approved) == []


@pytest.mark.parametrize(
    ("word", "because"),
    [
        ("", "nothing"),
        ("a.INC-1.1.ffffffff.forged-by-hand", "forged"),
        ("y.INC-999.aa.ff.x", "an incident that is none"),
    ],
)
def test_a_word_that_is_not_ours_does_nothing(world: World, word: str, because: str) -> None:
    wire(world)
    down(world)
    assert not press(world, "U1", word).done, because
    assert world.incident.acknowledged_by == ""


def test_words_are_taken_from_people_of_the_settings_only(world: World) -> None:
    wire(world)
    down(world)
    assert not press(world, "U9", takes="INC-1").done
    assert not press(world, "U1", takes="INC-77").done
    assert press(world, "U1", takes="inc-1").done
    assert world.incident.acknowledged_by == "sam"


def test_what_a_message_does_not_show_whole_is_not_approved_there(world: World) -> None:
    chat = wire(world)
    world.deploy("1.4.1", "", minutes_ago=6000, first=True)
    world.deploy("1.4.2", minutes_ago=1)
    down(world)
    world.engine.tools.redactor.learn(("keeper restart web",))
    world.say(ev.Acknowledged(responder="sam"))
    world.pass_(minutes=3)
    asked = [message for message in chat.sent if "waits for your yes" in message.title]
    assert asked
    assert "[redacted]" in asked[0].text
    assert [action.label for message in asked for action in message.actions] == []


def test_the_weekly_test_is_answered_by_its_button(world: World) -> None:
    from firstfive.engine.telling.buttons import Buttons

    wire(world)
    word = Buttons(key=world.engine.links.key).reach(world.clock.now())
    assert not press(world, "U9", word).done
    assert press(world, "U1", word).done
    (reached,) = world.do(lambda: world.engine.journal.read(lambda tx: tx.all_reached()))
    assert (reached.person, reached.way, reached.answered_at is not None) == ("sam", "chat", True)
