"""Telegram's updates: each is taken once and in order, answered where it came from, and a poll that is refused is explained."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstfive.errors import JournalError
from firstfive.notifiers.answers.press import Press, Pressed
from firstfive.notifiers.answers.telegram import TelegramAnswers
from firstfive.notifiers.telegram import Telegram
from notifiers import recorded
from notifiers.recorded import Asked, Reply

NOW = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
DONE = Pressed(text="ana has INC-1, 03:05 UTC", done=True, settled=True)
ANA = {"id": 77, "is_bot": False, "first_name": "Ana", "username": "ana"}


def query(number: int, data: object = "a.INC-1.3.ff.seal", **changes: Any) -> dict[str, Any]:
    message = {"message_id": 12, "chat": {"id": -100, "type": "group"}, "date": 1, "text": "PAGE INC-1"}
    held = {"id": f"q{number}", "from": ANA, "message": message, "chat_instance": "1", "data": data}
    return {"update_id": number, "callback_query": {**held, **changes}}


def words(number: int, text: object, *, age: timedelta = timedelta(0), **changes: Any) -> dict[str, Any]:
    at = int((NOW - age).timestamp())
    held = {"message_id": 13, "from": ANA, "chat": {"id": 77, "type": "private"}, "date": at, "text": text}
    return {"update_id": number, "message": {**held, **changes}}


@dataclass(slots=True)
class Bot:
    """Keeps updates until a later one is asked for, as Telegram does."""

    updates: list[Any]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply:
        method, body = asked.path.rpartition("/")[2], asked.json()
        self.calls.append((method, body))
        if method != "getUpdates":
            return 200, {}, {"ok": True, "result": True}
        self.updates = [u for u in self.updates if not _number(u) or _number(u) >= body["offset"]]
        return 200, {}, {"ok": True, "result": self.updates}

    def called(self, method: str) -> list[dict[str, Any]]:
        return [body for name, body in self.calls if name == method]


def _number(update: Any) -> int:
    found = update.get("update_id") if isinstance(update, dict) else None
    return found if isinstance(found, int) else 0


def turned(
    updates: list[Any], *, turns: int = 2, answer: Callable[[Press], Pressed] = lambda press: DONE, mood: Any = None
) -> tuple[Bot, list[Press], list[str], list[float]]:
    bot, heard, told = Bot(updates), list[Press](), list[str]()

    async def take(press: Press) -> Pressed:
        heard.append(press)
        return answer(press)

    with recorded.serving(bot.answer) as server:
        server.mood = mood
        telegram = Telegram(name="tg", token="123:secret", chat="-100", url=server.url)
        listener = TelegramAnswers(telegram=telegram, heard=take, log=told.append, now=lambda: NOW)

        async def run() -> list[float]:
            return [await listener.turn() for _ in range(turns)]

        return bot, heard, told, asyncio.run(run())


def test_a_press_is_heard_once_answered_and_loses_its_button() -> None:
    bot, heard, _, _ = turned([query(5)])
    assert heard == [Press(user="77", called="ana", sealed="a.INC-1.3.ff.seal")]
    assert [body["offset"] for body in bot.called("getUpdates")] == [0, 6]
    (answered,) = bot.called("answerCallbackQuery")
    assert (answered["callback_query_id"], answered["text"], answered["show_alert"]) == ("q5", DONE.text, False)
    (edited,) = bot.called("editMessageReplyMarkup")
    assert (edited["chat_id"], edited["message_id"], edited["reply_markup"]) == (-100, 12, {"inline_keyboard": []})
    assert bot.called("sendMessage")[0]["text"] == DONE.text


def test_a_refusal_is_shown_to_who_pressed_alone() -> None:
    bot, _, _, _ = turned([query(5)], answer=lambda press: Pressed(text="x" * 500))
    (answered,) = bot.called("answerCallbackQuery")
    assert answered["show_alert"] is True
    assert len(answered["text"]) <= 200
    assert bot.called("editMessageReplyMarkup") == bot.called("sendMessage") == []


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("ack INC-7", "INC-7"),
        ("/ack inc-7", "INC-7"),
        ("/ack@firstfive_bot INC-7 ", "INC-7"),
        ("ack INC-7 and rm -rf", ""),
        ("please ack INC-7", ""),
        ("ack INC-07", ""),
        ("ack INC-" + "9" * 400, ""),
        (None, ""),
    ],
)
def test_who_writes_ack_takes_the_incident(text: object, takes: str) -> None:
    bot, heard, _, _ = turned([words(5, text)])
    assert [press.takes for press in heard] == ([takes] if takes else [])
    assert len(bot.called("sendMessage")) == (1 if takes else 0)


def test_words_that_lay_there_for_long_are_not_taken_and_their_writer_hears_it() -> None:
    bot, heard, _, _ = turned([words(5, "ack INC-7", age=timedelta(minutes=11))])
    assert heard == []
    assert "too late" in bot.called("sendMessage")[0]["text"]


@pytest.mark.parametrize(
    ("update", "because"),
    [
        (7, "no object"),
        ({"update_id": "x"}, "a number that is text"),
        ({"update_id": 4}, "nothing in it"),
        ({"update_id": 4, "callback_query": []}, "a list"),
        (query(4, data=None), "a game's button has no data"),
        ({**query(4), "callback_query": {**query(4)["callback_query"], "from": None}}, "nobody pressed"),
        (words(4, ["ack"]), "text that is a list"),
        (words(4, "ack INC-1", date="x"), "a date that is text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_update_of_no_known_shape_holds_up_no_other(update: Any, because: str) -> None:
    _, heard, _, _ = turned([update, query(5)])
    assert [press.sealed for press in heard if press.sealed] == ["a.INC-1.3.ff.seal"], because


def test_a_press_in_a_message_that_is_gone_is_taken_all_the_same() -> None:
    gone = query(5)
    del gone["callback_query"]["message"]
    bot, heard, told, _ = turned([gone])
    assert len(heard) == 1
    assert len(bot.called("answerCallbackQuery")) == 1
    assert told == []


def test_what_could_not_be_written_down_comes_again_and_is_not_tried_for_ever() -> None:
    tries: list[int] = []

    def full(press: Press) -> Pressed:
        tries.append(1)
        if len(tries) < 3:
            raise JournalError("the disk is full")
        return DONE

    bot, _, told, pauses = turned([query(5), query(6)], turns=4, answer=full)
    assert [body["offset"] for body in bot.called("getUpdates")] == [0, 0, 0, 7]
    assert pauses == [5.0, 5.0, 0.0, 0.0]
    assert len([line for line in told if "the disk is full" in line]) == 2

    def never(press: Press) -> Pressed:
        if press.sealed == "bad":
            raise JournalError("the disk is full")
        return DONE

    _, heard, _, _ = turned([query(5, "bad"), query(6)], turns=6, answer=never)
    assert [press.sealed for press in heard].count("bad") == 5
    assert heard[-1].sealed == "a.INC-1.3.ff.seal"


CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
HOOKED = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
REFUSED = [
    ((409, {}, {"ok": False, "error_code": 409, "description": CONFLICT}), "another program", 30.0, "two pollers"),
    ((409, {}, {"ok": False, "error_code": 409, "description": HOOKED}), "deleteWebhook", 300.0, "a webhook"),
    ((401, {}, {"ok": False, "error_code": 401, "description": "Unauthorized"}), "not valid", 300.0, "a void token"),
    (
        (429, {}, {"ok": False, "description": "Too Many Requests: retry after 17", "parameters": {"retry_after": 17}}),
        "Too Many Requests",
        17.0,
        "too much at once",
    ),
    ((502, {}, b"<html>bad gateway</html>"), "it answers 502", 5.0, "a gateway"),
    ((200, {}, b"<html>please sign in</html>"), "it answers 200", 5.0, "a login page"),
    ((200, {}, {"ok": True, "result": {"a": 1}}), "it answers 200", 5.0, "a result that is no list"),
]


@pytest.mark.parametrize(("mood", "said", "pause", "because"), REFUSED, ids=[row[3] for row in REFUSED])
def test_a_poll_that_is_refused_is_explained_once_and_waits(mood: Any, said: str, pause: float, because: str) -> None:
    _, _, told, pauses = turned([], mood=mood, turns=3)
    assert pauses == [pause] * 3
    assert len(told) == 1
    assert said in told[0]
    assert "secret" not in told[0]


def test_it_ends_when_it_is_told_to_although_telegram_hangs() -> None:
    async def run() -> None:
        with recorded.serving(Bot([]).answer) as server:
            server.mood = 1.5
            telegram = Telegram(name="tg", token="123:secret", chat="-100", url=server.url)
            listener = TelegramAnswers(telegram=telegram, heard=_never, log=lambda _: None, now=lambda: NOW)
            stop = asyncio.Event()
            running = asyncio.create_task(listener.run(stop))
            await asyncio.sleep(0.2)
            stop.set()
            await asyncio.wait_for(running, 5)

    asyncio.run(run())


async def _never(press: Press) -> Pressed:
    raise AssertionError
