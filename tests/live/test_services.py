"""The services themselves keep the same promises as the shapes that were recorded of them. Real messages go out, marked as a drill."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from firstfive.notifiers.answers.press import Press, Pressed
from firstfive.notifiers.answers.slack import SlackAnswers
from firstfive.notifiers.answers.telegram import TelegramAnswers
from firstfive.notifiers.slack import Slack
from firstfive.notifiers.telegram import Telegram
from firstfive.ports import Notifier
from live.services import SERVICES, given, missing, now
from notifiers.promises import PROMISES, WORD, gives_up_a_void_token, message, taken

pytestmark = pytest.mark.timeout(120)


def service(name: str) -> Notifier:
    lacks = missing(name)
    if lacks:
        pytest.skip(f"{name} is not asked: set {', '.join(lacks)}")
    return SERVICES[name].make(given(name))


def test_there_is_a_service_to_ask() -> None:
    assert any(not missing(name) for name in SERVICES), "no LIVE_... variable is set; docs/how-to names them"


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_is_kept(name: str, promise: str) -> None:
    asyncio.run(PROMISES[promise](service(name), secrets.token_hex(4)))


@pytest.mark.parametrize("name", [name for name, one in SERVICES.items() if one.spoil is not None])
def test_a_void_token_is_given_up_and_not_shown(name: str) -> None:
    notifier, spoil, void = service(name), SERVICES[name].spoil, "a-token-that-opens-nothing"
    assert spoil is not None
    asyncio.run(gives_up_a_void_token(spoil(notifier, void), void))


@pytest.mark.parametrize("name", ["slack", "telegram"])
def test_a_button_that_the_chat_brings_back_is_taken(name: str) -> None:
    asyncio.run(taken(service(name), message(secrets.token_hex(4), actions=(WORD,))))


async def unheard(press: Press) -> Pressed:
    return Pressed(text=f"heard from {press.user}: this was only a test")


def test_slack_opens_its_socket_and_says_hello() -> None:
    slack = service("slack")
    assert isinstance(slack, Slack)
    if not slack.app_token:
        pytest.skip("the socket is not asked for: set LIVE_SLACK_APP_TOKEN")
    told: list[str] = []

    async def run() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(SlackAnswers(slack=slack, heard=unheard, log=told.append).run(stop))
        await asyncio.sleep(12)  # two more than it waits for the hello
        stop.set()
        await running

    asyncio.run(run())
    assert told == []


def test_telegram_gives_its_updates() -> None:
    telegram = service("telegram")
    assert isinstance(telegram, Telegram)
    told: list[str] = []
    listener = TelegramAnswers(telegram=telegram, heard=unheard, log=told.append, now=now)
    assert (asyncio.run(listener.turn()), told) == (0.0, [])
