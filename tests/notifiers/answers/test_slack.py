"""Slack's socket: a press comes in once, is confirmed in time, shows its answer, and nothing that Slack sends ends the listener."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from firstfive.errors import JournalError
from firstfive.notifiers.answers import slack as socket_mode
from firstfive.notifiers.answers.press import Press, Pressed
from firstfive.notifiers.answers.slack import SlackAnswers
from firstfive.notifiers.slack import Slack
from notifiers.answers.slack_server import FakeSlack, Play, Socket, disconnect, pressed, slack

DONE = Pressed(text="ana has INC-1, 03:05 UTC", done=True, settled=True)


def played(
    play: Play,
    answer: Callable[[Press], Awaitable[Pressed]] | Pressed = DONE,
    *,
    until: Callable[[FakeSlack, list[Press], list[str]], bool],
    prepare: Callable[[FakeSlack], None] = lambda fake: None,
) -> tuple[FakeSlack, list[Press], list[str]]:
    """Listen to that play until `until` holds, at most fifteen seconds; what Slack saw, what was heard, what was logged."""
    heard: list[Press] = []
    told: list[str] = []

    async def take(press: Press) -> Pressed:
        heard.append(press)
        return answer if isinstance(answer, Pressed) else await answer(press)

    async def run() -> FakeSlack:
        async with slack(play) as fake:
            prepare(fake)
            stop = asyncio.Event()
            chat = Slack(name="chat", token="xoxb-secret", app_token="xapp-secret", channel="C1", url=fake.url)
            running = asyncio.create_task(SlackAnswers(slack=chat, heard=take, log=told.append).run(stop))
            async with asyncio.timeout(15):
                while not until(fake, heard, told) and not running.done():
                    await asyncio.sleep(0.02)
            assert not running.done(), "nothing ends it but being told"
            stop.set()
            await asyncio.wait_for(running, 5)
            return fake

    return asyncio.run(run()), heard, told


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_mode, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(socket_mode, "LONGEST_PAUSE", 0.2)


async def forever(socket: Socket) -> None:
    await socket.raw.wait_closed()


def test_a_press_is_heard_confirmed_and_shown_without_its_button() -> None:
    async def play(socket: Socket) -> None:
        await socket.say(pressed("e1", "a.INC-1.3.ff.seal"))
        await socket.acks(1)
        await forever(socket)

    fake, heard, _ = played(play, until=lambda fake, *_: bool(fake.called("chat.update")))
    assert heard == [Press(user="U1", called="ana", sealed="a.INC-1.3.ff.seal")]
    assert fake.acked == ["e1"]
    (shown,) = fake.called("chat.update")
    assert (shown["channel"], shown["ts"]) == ("C1", "1700000000.000001")
    assert [block["type"] for block in shown["blocks"]] == ["section", "context"]
    assert shown["blocks"][-1]["elements"][0]["text"] == DONE.text


def test_a_refusal_is_told_only_to_who_pressed_and_the_buttons_stay() -> None:
    async def play(socket: Socket) -> None:
        await socket.say(pressed("e1", "y", user="U9"))
        await socket.acks(1)
        await forever(socket)

    refused = Pressed(text="no person of the settings is <@U9>")
    fake, _, _ = played(play, refused, until=lambda fake, *_: bool(fake.called("chat.postEphemeral")))
    (told,) = fake.called("chat.postEphemeral")
    assert (told["user"], told["text"]) == ("U9", "no person of the settings is &lt;@U9&gt;")
    assert fake.called("chat.update") == []


def test_one_of_two_yeses_keeps_the_buttons() -> None:
    async def play(socket: Socket) -> None:
        await socket.say(pressed("e1", "y"))
        await forever(socket)

    half = Pressed(text="ana approved it; another person has to as well", done=True)
    fake, _, _ = played(play, half, until=lambda fake, *_: bool(fake.called("chat.update")))
    assert [block["type"] for block in fake.called("chat.update")[0]["blocks"]] == ["section", "actions", "context"]


def test_an_envelope_that_comes_twice_is_done_once_and_confirmed_twice() -> None:
    async def play(socket: Socket) -> None:
        await socket.say(pressed("e1", "a"))
        await socket.say({**pressed("e1", "a"), "retry_attempt": 1, "retry_reason": "timeout"})
        await socket.say(pressed("e2", "b"))
        await socket.acks(3)
        await forever(socket)

    fake, heard, _ = played(play, until=lambda fake, *_: len(fake.acked) == 3)
    assert fake.acked == ["e1", "e1", "e2"]
    assert [press.sealed for press in heard] == ["a", "b"]


def test_a_slow_answer_is_confirmed_in_time_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_mode, "ANSWER_WITHIN", 0.2)
    gate = asyncio.Event()

    async def slow(press: Press) -> Pressed:
        await gate.wait()
        return DONE

    async def play(socket: Socket) -> None:
        await socket.say(pressed("e1", "a"))
        await socket.acks(1)
        assert socket.slack.called("chat.update") == []
        gate.set()
        await forever(socket)

    fake, _, _ = played(play, slow, until=lambda fake, *_: bool(fake.called("chat.update")))
    assert fake.acked == ["e1"]


def test_what_could_not_be_written_down_is_not_confirmed_so_that_it_comes_again() -> None:
    tries: list[str] = []

    async def full(press: Press) -> Pressed:
        tries.append(press.sealed)
        if len(tries) == 1:
            raise JournalError("the disk is full")
        return DONE

    async def play(socket: Socket) -> None:
        await socket.say(pressed("e1", "a"))
        while not tries:
            await asyncio.sleep(0.01)
        await socket.say(pressed("e1", "a"))
        await socket.acks(1)
        await forever(socket)

    fake, _, told = played(play, full, until=lambda fake, *_: bool(fake.called("chat.update")))
    assert tries == ["a", "a"]
    assert fake.acked == ["e1"]
    assert any("the disk is full" in line for line in told)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_a_socket_that_slack_wants_to_end_is_followed_by_another(reason: str) -> None:
    async def play(socket: Socket) -> None:
        if socket.number == 1:
            await socket.say(disconnect(reason))
        else:
            await socket.say(pressed("e1", "a"))
        await forever(socket)

    fake, _heard, told = played(play, until=lambda fake, heard, told: bool(heard))
    assert fake.opened == 2
    assert told == [], "nothing is wrong"


HOSTILE: list[tuple[Any, str]] = [
    ("not json", "no JSON"),
    (b"\x00\xff\xfe", "bytes"),
    ("[" * 5000, "a tower of brackets"),
    ([1, 2, 3], "no object"),
    ({"type": ["hello"]}, "a type that is a list"),
    ({"type": "interactive", "envelope_id": 7, "payload": {}}, "an id that is a number"),
    ({"type": "interactive", "envelope_id": "x", "payload": "text"}, "a payload that is text"),
    ({"type": "interactive", "envelope_id": "x", "payload": {"type": "block_actions", "actions": [None]}}, "no action"),
    ({"type": "interactive", "envelope_id": "x", "payload": {"type": "block_actions", "actions": {}}}, "no list"),
    ({"type": "events_api", "envelope_id": "x", "payload": {"event": {}}}, "an event nobody asked for"),
    ({"type": "something_new"}, "a type of tomorrow"),
    ({**pressed("x", "v"), "payload": {**pressed("x", "v")["payload"], "user": "U1"}}, "a user that is text"),
]


@pytest.mark.parametrize(("frame", "because"), HOSTILE, ids=[row[1] for row in HOSTILE])
def test_a_frame_of_no_known_shape_is_passed_over_on_the_same_socket(frame: Any, because: str) -> None:
    async def play(socket: Socket) -> None:
        await socket.say(frame)
        await socket.say(pressed("e1", "a"))
        await forever(socket)

    fake, heard, _ = played(play, until=lambda fake, heard, told: bool(heard))
    assert [press.sealed for press in heard] == ["a"], because
    assert fake.opened == 1


def test_a_message_of_no_usable_shape_is_answered_all_the_same() -> None:
    async def play(socket: Socket) -> None:
        odd = pressed("e1", "a")
        odd["payload"] |= {"message": {"blocks": ["x", 7]}, "container": None, "channel": []}
        await socket.say(odd)
        await socket.acks(1)
        await forever(socket)

    fake, _, _ = played(play, until=lambda fake, *_: bool(fake.called("chat.update")))
    assert [block["type"] for block in fake.called("chat.update")[0]["blocks"]] == ["context"]


def test_a_huge_frame_costs_the_socket_and_nothing_else() -> None:
    async def play(socket: Socket) -> None:
        if socket.number == 1:
            await socket.say("x" * (2 * socket_mode.LARGEST))
        else:
            await socket.say(pressed("e1", "a"))
        await forever(socket)

    fake, _heard, told = played(play, until=lambda fake, heard, told: bool(heard))
    assert fake.opened == 2
    assert len(told) == 1


def test_a_slack_that_never_says_hello_is_left_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_mode, "HELLO_WITHIN", 0.3)

    def silent(fake: FakeSlack) -> None:
        fake.hello = False

    _fake, _, told = played(forever, until=lambda fake, *_: fake.opened >= 2, prepare=silent)
    assert told == ["notifier chat: buttons in Slack do not reach us: Slack opened a socket and did not say hello"]


def test_a_socket_that_breaks_over_and_over_is_said_once() -> None:
    async def play(socket: Socket) -> None:
        socket.raw.transport.abort()

    _, _, told = played(play, until=lambda fake, *_: fake.opened >= 3)
    assert len(told) == 1
    assert "the socket ended" in told[0]


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ("invalid_auth", "the app token is not valid"),
        ("not_allowed_token_type", "xapp-"),
        ("missing_scope", "connections:write"),
        ("ratelimited", "ratelimited"),
    ],
)
def test_what_slack_refuses_is_said_in_words_and_without_a_token(refusal: str, said: str) -> None:
    def refuse(fake: FakeSlack) -> None:
        fake.refusal = refusal

    _, _, told = played(forever, until=lambda fake, heard, told: bool(told), prepare=refuse)
    assert said in told[0]
    assert "secret" not in " ".join(told)


def test_socket_mode_that_is_switched_off_is_not_hammered() -> None:
    async def play(socket: Socket) -> None:
        await socket.say(disconnect("link_disabled"))
        await forever(socket)

    fake, _, told = played(play, until=lambda fake, heard, told: bool(told))
    assert "Socket Mode is switched off" in told[0]
    assert fake.opened == 1


def test_an_address_without_tls_is_refused_when_slack_itself_was_asked_with_it() -> None:
    with pytest.raises(socket_mode.Ended, match="without TLS"):
        socket_mode.sheltered("ws://evil.example/", "https://slack.com/api")
    assert socket_mode.sheltered("wss://wss-primary.slack.com/link", "https://slack.com/api").startswith("wss://")
