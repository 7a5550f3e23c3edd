"""Every morning: promises are said again, holes in the schedules are told ahead, each way to a person is tested once a week."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firstfive.documents.actions import ActionItem
from firstfive.engine.rounds.daily import Rounds
from firstfive.incident.oncall import Layer, Person, Rotation, Schedule, Unit, Window
from stories.test_the_outbox import Chat, to, wired
from stories.world import World

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def item(text: str, due: date | None, *, done: bool = False, owner: str = "@sam example") -> ActionItem:
    return ActionItem(
        text=text, owner=owner, due=due, ticket="OPS-1", done=done, file="postmortems/x.md", line=7, incident="INC-1"
    )


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def chat(world: World) -> Chat:
    chat = Chat(name="chat")
    wired(world, chat, people={"sam example": to("chat:@sam")}, default=to("chat:!ops"))
    world.engine.links.base = "https://ops.example"
    return chat


def go(world: World, rounds: Rounds, at: datetime) -> None:
    world.clock.at = at
    world.do(rounds.once)
    world.work()


def titles(chat: Chat) -> list[str]:
    return [message.title for message in chat.sent]


SAID = [
    (-2, None, "two days before is too early"),
    (-1, "Action item is due tomorrow: add a probe", "the day before"),
    (0, "Action item is due today: add a probe", "on the day"),
    (1, "Action item is a day late: add a probe", "a day late"),
]


@pytest.mark.parametrize(("late", "title", "because"), SAID, ids=[row[2] for row in SAID])
def test_a_promise_is_said_to_whoever_made_it(world: World, chat: Chat, late: int, title: str, because: str) -> None:
    due = (MONDAY + DAY - timedelta(days=late)).date()
    go(world, Rounds(engine=world.engine, promised=lambda: [item("add a probe", due)]), MONDAY + DAY)
    assert titles(chat) == ([title] if title else []), because
    assert [m.address for m in chat.sent] == ["@sam"] * len(chat.sent)


def test_a_late_one_is_said_once_a_week_and_a_done_one_never(world: World, chat: Chat) -> None:
    promised = [item("add a probe", MONDAY.date() - DAY), item("old", MONDAY.date(), done=True), item("some day", None)]
    for day in range(21):
        go(world, Rounds(engine=world.engine, promised=lambda: promised), MONDAY + DAY * day)
    assert [title.partition(":")[0] for title in titles(chat)] == [
        "Action item is a day late",
        "Action item is 8 days late",
        "Action item is 15 days late",
    ], "a week fell on a Sunday, so it is said on the Monday"


def test_a_round_is_made_once_a_day_and_not_before_nine(world: World, chat: Chat) -> None:
    rounds = Rounds(engine=world.engine, promised=lambda: [item("add a probe", MONDAY.date())])
    go(world, rounds, MONDAY - timedelta(minutes=1))
    assert titles(chat) == []
    go(world, rounds, MONDAY)
    go(world, Rounds(engine=world.engine, promised=rounds.promised), MONDAY + timedelta(hours=2))
    assert len(titles(chat)) == 1, "nor twice after a restart"


def test_weekends_are_left_alone(world: World, chat: Chat) -> None:
    saturday = MONDAY + DAY * 5
    go(world, Rounds(engine=world.engine, promised=lambda: [item("add a probe", saturday.date())]), saturday)
    assert titles(chat) == []


def test_a_hole_in_the_schedule_is_told_ahead_and_once_more_before_it(world: World, chat: Chat) -> None:
    weekdays = Window(days=frozenset(range(5)))
    rotation = Rotation(
        members=(Person(name="Sam Example"),), unit=Unit.WEEK, zone=ZoneInfo("UTC"), anchor=MONDAY.date()
    )
    schedule = Schedule(name="primary", layers=(Layer(name="week", rotation=rotation, windows=(weekdays,)),))
    world.engine.rules.policy = replace(world.policy, rota=(schedule,))
    for day in range(5):
        go(world, Rounds(engine=world.engine, promised=list), MONDAY + DAY * day)
    holes = [title for title in titles(chat) if "Nobody is on call in primary" in title]
    assert len([title for title in holes if "2026-03-07" in title]) == 2, (
        "on Monday for the weekend, and on Friday again"
    )


def test_a_way_to_a_person_is_tested_once_a_week_and_proved_by_its_button(world: World, chat: Chat) -> None:
    rounds = Rounds(engine=world.engine, promised=list, people={"Sam Example": to("chat:@sam")})
    for day in range(8):
        go(world, rounds, MONDAY + DAY * day)
    assert titles(chat) == ["Does this reach you?"] * 2
    (action,) = chat.sent[0].actions
    link = world.engine.links.open(action.url.rpartition("/")[2], world.clock.now() - DAY)
    assert (link.act, link.by, link.run) == ("reach", "Sam Example", "chat")
    (before,) = world.do(lambda: world.engine.journal.read(lambda tx: tx.all_reached()))
    assert (before.asked_at, before.answered_at) == (MONDAY + DAY * 7, None)
    world.do(lambda: world.engine.reached(link.by, link.run))
    (after,) = world.do(lambda: world.engine.journal.read(lambda tx: tx.all_reached()))
    assert after.answered_at == world.clock.now()


def test_a_word_that_nobody_takes_is_kept_in_the_outbox(world: World, chat: Chat) -> None:
    chat.dead = True
    go(world, Rounds(engine=world.engine, promised=lambda: [item("add a probe", MONDAY.date())]), MONDAY)
    (letter,) = world.do(lambda: world.engine.outside.letters(10))
    assert (letter.state, letter.incident, letter.why) == ("dead", "", "the token was revoked")
