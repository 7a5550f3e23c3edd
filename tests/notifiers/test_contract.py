"""One contract for every notifier: it delivers, threads, waits, gives up in words, and nothing in a text comes alive."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstfive.notifiers import email as email_notifier
from firstfive.notifiers import posting
from firstfive.notifiers.breadth import Breadth
from firstfive.notifiers.email import Email
from firstfive.notifiers.matrix import Matrix
from firstfive.notifiers.ntfy import Ntfy
from firstfive.notifiers.pagerduty import PagerDuty
from firstfive.notifiers.slack import Slack
from firstfive.notifiers.telegram import Telegram
from firstfive.notifiers.webhook import Webhook
from firstfive.ports import Action, Delivered, GaveUp, Message, Notifier, Receipt, Retry
from notifiers import recorded
from notifiers.promises import PROMISES
from notifiers.recorded import Recorded

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()

KINDS: dict[str, tuple[Callable[[], Any], Callable[[str], Notifier]]] = {
    "slack": (recorded.slack, lambda url: Slack(name="s", token="xoxb-secret", channel="C1", url=url)),
    "telegram": (recorded.telegram, lambda url: Telegram(name="t", token="123:secret", chat="-100", url=url)),
    "ntfy": (recorded.ntfy, lambda url: Ntfy(name="n", topic="ops", url=url, token="tk_secret")),
    "pagerduty": (recorded.pagerduty, lambda url: PagerDuty(name="p", routing_key="secretkey", url=url)),
    "webhook": (
        recorded.plain,
        lambda url: Webhook(name="w", url=f"{url}/secret-path", secret=SECRET, now=lambda: NOW),
    ),
}


def message(**changes: Any) -> Message:
    fields: dict[str, Any] = {
        "key": "INC-1:page:1:ana!x",
        "thread": "INC-1",
        "channel": "#incidents",
        "title": "PAGE INC-1 Shop down",
        "text": "the shop answers 502",
        "urgent": True,
        "actions": (Action(label="I have it", url="https://ops.example/act/abc.def"),),
    }
    return Message(**{**fields, **changes})


def send(notifier: Notifier, told: Message) -> Receipt:
    return asyncio.run(notifier.send(told))


@contextmanager
def up(kind: str) -> Iterator[tuple[Recorded, Notifier]]:
    answer, make = KINDS[kind]
    with recorded.serving(answer()) as server:
        yield server, make(server.url)


@pytest.mark.parametrize("kind", KINDS)
def test_it_delivers_with_title_text_and_button(kind: str) -> None:
    with up(kind) as (server, notifier):
        assert isinstance(send(notifier, message()), Delivered)
        sent = server.asked[-1].body.decode()
        for word in ("Shop down", "the shop answers 502", "https://ops.example/act/abc.def"):
            assert word in json.dumps(json.loads(sent), ensure_ascii=False), word


@pytest.mark.parametrize("kind", KINDS)
def test_a_drill_says_so_first(kind: str) -> None:
    with up(kind) as (server, notifier):
        send(notifier, message(drill=True))
        assert "DRILL PAGE INC-1" in server.asked[-1].body.decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("promise", PROMISES)
def test_it_keeps_every_promise(kind: str, promise: str) -> None:
    with up(kind) as (_, notifier):
        asyncio.run(PROMISES[promise](notifier, "m"))


MOODS = [
    ((500, {}, b"oops"), Retry, "a server that is broken"),
    ((503, {"Retry-After": "7"}, b""), Retry, "a server that asks for a pause"),
    ((429, {"Retry-After": "9"}, b"{}"), Retry, "too much at once"),
    ((400, {}, b'{"description": "bad"}'), GaveUp, "what is wrong stays wrong"),
    ((401, {}, b"{}"), GaveUp, "a token that is void"),
    ((302, {"Location": "http://127.0.0.1:1/"}, b""), GaveUp, "a redirect is not followed"),
    ((200, {}, b'{"ok": false, "error": "fatal_error"}'), Retry, "a 200 that says no"),
    ((200, {}, b"<html>please sign in to this network</html>"), Retry, "a login page on the way"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("mood", "receipt", "because"), MOODS, ids=[row[2] for row in MOODS])
def test_a_refusal_is_told_apart_and_shows_no_secret(kind: str, mood: Any, receipt: type, because: str) -> None:
    if mood[0] == 200 and kind == "webhook":
        pytest.skip("a webhook's receiver says yes with any 2xx")
    with up(kind) as (server, notifier):
        server.mood = mood
        found = send(notifier, message())
        assert isinstance(found, receipt), found
        assert "secret" not in getattr(found, "why", "")
        if isinstance(found, Retry) and "Retry-After" in mood[1]:
            assert found.after >= timedelta(seconds=5)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_listening_and_a_tarpit_are_tried_again_within_the_deadline(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, make = KINDS[kind]
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        found = send(make(f"http://127.0.0.1:{one.getsockname()[1]}"), message())
    assert isinstance(found, Retry)
    assert "refuses" in found.why
    with up(kind) as (server, notifier):
        monkeypatch.setattr(posting, "_request", _impatient(posting._request))
        server.mood = 3.0
        found = send(notifier, message())
        assert isinstance(found, Retry)
        assert "in time" in found.why


def _impatient(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda method, url, headers, body, deadline: real(method, url, headers, body, timedelta(seconds=1))


TEXTS = [
    ("@everyone <!channel> <!here> @room <@U1>", "mentions"),
    ("مرحبا \u202eabc שלום 🔥", "right to left and emoji"),
    ("x" * 10_000, "ten thousand characters"),
    ("🔥" * 10_000, "ten thousand emoji"),
    ('{"a": "\\u0000"} \x00\x1b[31mred', "control characters"),
    ("*bold* _it_ `code` [a](http://x) <b>b</b>", "markup"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("text", "because"), TEXTS, ids=[row[1] for row in TEXTS])
def test_odd_words_arrive_and_none_comes_alive(kind: str, text: str, because: str) -> None:
    with up(kind) as (server, notifier):
        assert isinstance(send(notifier, message(text=text, title=text)), Delivered)
        sent = server.asked[-1].json()
        if kind == "slack":
            assert "<!channel>" not in sent["text"]
            assert "<@U1>" not in sent["text"]
            assert sent["link_names"] is False
        if kind == "telegram":
            assert "parse_mode" not in sent
            assert len(sent["text"].encode("utf-16-le")) <= 2 * 4096
        if kind == "ntfy":
            assert len(sent["message"]) <= 3500


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(title=st.text(max_size=300), text=st.text(max_size=3000), key=st.text(max_size=80), root=st.text(max_size=20))
def test_no_text_whatever_makes_it_raise(kind: str, title: str, text: str, key: str, root: str) -> None:
    with up(kind) as (_, notifier):
        found = send(notifier, message(title=title, text=text, key=key, root=root))
        assert isinstance(found, Delivered | Retry | GaveUp)


ODD: list[Any] = [True, 7, "text", [1], {"a": 1}, None, 1e308, -1, [[]], {"a": []}]
PLACES = ("result", "parameters", "messages", "metadata", "error", "ts", "id", "status", "dedup_key", "event_id")
ANSWERS = [{"ok": True, "status": "success", place: odd} for place in PLACES for odd in ODD]
ANSWERS += [{"ok": True, "messages": [odd]} for odd in ODD]
ANSWERS += [{"ok": True, "messages": [{"metadata": odd}, {"metadata": {"event_payload": odd}}]} for odd in ODD]
ANSWERS += [{"parameters": {"retry_after": odd}, "retry_after": odd, "retry_after_ms": odd} for odd in ODD]


@pytest.mark.parametrize("kind", [*KINDS, "matrix"])
def test_no_answer_whatever_makes_it_raise(kind: str) -> None:
    matrix = (recorded.plain, lambda url: Matrix(name="m", url=url, token="secret", room="!r"))
    answer, make = matrix if kind == "matrix" else KINDS[kind]
    with recorded.serving(answer()) as server:
        for told in [*ANSWERS, *ODD]:
            for status in (200, 429, 500):
                server.mood = (status, {}, told)
                assert isinstance(send(make(server.url), message()), Delivered | Retry | GaveUp), told


@pytest.mark.parametrize("told", ANSWERS, ids=range(len(ANSWERS)))
def test_slack_s_history_may_hold_anything(told: Any) -> None:
    with up("slack") as (server, notifier):
        server.mood = (500, {}, b"")
        send(notifier, message())
        server.mood = (200, {}, told)
        assert isinstance(send(notifier, message()), Delivered | Retry | GaveUp)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_homeserver_may_say_anything_of_reactions(odd: Any) -> None:
    event = {"type": "m.reaction", "content": {"m.relates_to": {"event_id": "$e", "key": "x"}}, "sender": "@a"}
    rows = [odd, {**event, "content": odd}, {**event, "unsigned": odd}, {**event, "unsigned": {"age": odd}}]
    with recorded.serving(recorded.plain()) as server:
        matrix = Matrix(name="m", url=server.url, token="t")
        for told in (
            {"rooms": odd},
            {"rooms": {"join": odd}},
            {"rooms": {"join": {"!r": odd}}},
            {"rooms": {"join": {"!r": {"timeline": odd}}}},
            *({"rooms": {"join": {"!r": {"timeline": {"events": [row, event]}}}}} for row in rows),
        ):
            server.mood = (200, {}, told)
            found, _ = asyncio.run(matrix.reactions("s1"))
            assert all(one.event == "$e" for one in found)
            server.mood = (200, {}, {"content": odd})
            assert asyncio.run(matrix.key_of("!r", "$e")) == ""


def test_ntfy_does_at_once_what_needs_no_look_and_opens_the_rest() -> None:
    taking = Action(label="I have it", url="https://ops.example/act/a", at_once=True)
    yes = Action(label="Approve", url="https://ops.example/act/b")
    with up("ntfy") as (server, notifier):
        send(notifier, message(actions=(taking, yes)))
        sent = server.asked[-1].json()
        assert [(a["action"], a.get("method"), a["url"]) for a in sent["actions"]] == [
            ("http", "POST", taking.url),
            ("view", None, yes.url),
        ]
        assert sent["click"] == taking.url


def test_slack_finds_a_message_whose_answer_was_lost_and_does_not_send_it_twice() -> None:
    with up("slack") as (server, notifier):
        server.mood = (500, {}, b"")
        assert isinstance(send(notifier, message()), Retry)
        server.mood = None
        posted = [a for a in server.asked if "postMessage" in a.path]
        server.answer(posted[0])  # it had arrived all the same
        assert isinstance(send(notifier, message()), Delivered)
        assert len([a for a in server.asked if "postMessage" in a.path]) == 1


def test_replies_hang_on_their_root() -> None:
    with up("slack") as (server, notifier):
        first = send(notifier, message())
        assert isinstance(first, Delivered)
        send(notifier, message(key="k2", root=first.reference))
        assert server.asked[-1].json()["thread_ts"] == first.reference
    with up("telegram") as (server, notifier):
        first = send(notifier, message())
        assert isinstance(first, Delivered)
        send(notifier, message(key="k2", root=first.reference))
        assert server.asked[-1].json()["reply_parameters"]["message_id"] == int(first.reference)


def test_a_webhook_is_signed_so_that_anybody_can_check_it() -> None:
    with up("webhook") as (server, notifier):
        send(notifier, message())
        send(notifier, message())
        first, second = server.asked
        signed = f"{first.headers['webhook-id']}.{first.headers['webhook-timestamp']}.".encode() + first.body
        mine = base64.b64encode(hmac.digest(b"0123456789abcdef0123456789abcdef", signed, "sha256")).decode()
        assert first.headers["webhook-signature"] == f"v1,{mine}"
        assert first.headers["webhook-id"] == second.headers["webhook-id"], "a repeat is known by its id"
        assert first.headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_pagerduty_is_only_for_pages_and_one_incident_there_is_one_here() -> None:
    with up("pagerduty") as (server, notifier):
        assert isinstance(send(notifier, message(urgent=False)), GaveUp), "nobody is told, so nothing is called told"
        assert server.asked == []
        send(notifier, message())
        send(notifier, message(key="another"))
        assert {asked.json()["dedup_key"] for asked in server.asked} == {"firstfive-INC-1"}


# -------------------------------------------------------------------------------------------------------------- mail


@dataclass(slots=True)
class Letterbox:
    """An SMTP handler: what it says to DATA and to each recipient, and what came."""

    data: str = "250 queued"
    recipient: str = "250 ok"
    letters: list[Any] = None  # type: ignore[assignment]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.data.startswith("250"):
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.data


@contextmanager
def post_office(**answers: str) -> Iterator[tuple[Letterbox, Email]]:
    box = Letterbox(letters=[], **answers)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield (
            box,
            Email(
                name="m",
                host="127.0.0.1",
                port=port,
                sender="ff@shop.example",
                now=lambda: NOW,
                to="ops@shop.example",
                tls="none",
            ),
        )
    finally:
        controller.stop()


def test_a_mail_arrives_threads_and_keeps_its_id() -> None:
    with post_office() as (box, mail):
        first = send(mail, message())
        assert isinstance(first, Delivered)
        send(mail, message())
        send(mail, message(key="INC-1:notice:update:1>m", root=first.reference, address="kim@shop.example"))
        one, again, reply = box.letters
        assert one["Message-ID"] == again["Message-ID"] == first.reference
        assert reply["In-Reply-To"] == reply["References"] == first.reference
        assert reply["To"] == "kim@shop.example"
        assert one["Auto-Submitted"] == "auto-generated"
        text = one.get_content()
        assert "the shop answers 502" in text
        assert "I have it: https://ops.example/act/abc.def" in text


@pytest.mark.parametrize(
    ("answers", "receipt"),
    [
        ({"data": "451 try later"}, Retry),
        ({"data": "550 no such mailbox"}, GaveUp),
        ({"recipient": "450 greylisted"}, Retry),
        ({"recipient": "550 unknown"}, GaveUp),
    ],
    ids=["later", "never", "greylisted", "no such person"],
)
def test_what_a_mail_server_refuses_is_told_apart(answers: dict[str, str], receipt: type) -> None:
    with post_office(**answers) as (_, mail):
        assert isinstance(send(mail, message()), receipt)


def test_no_server_and_no_starttls_are_no_delivery() -> None:
    with post_office() as (box, mail):
        assert isinstance(send(replace(mail, tls="starttls"), message()), Retry | GaveUp)
        assert box.letters == []
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            assert isinstance(send(replace(mail, port=one.getsockname()[1]), message()), Retry)


ADDRESSES = [
    "",
    "ops",
    "a@b@c",
    "a b@c.example",
    "a@c.example\r\nBcc: x@y.example",
    "a@c.example,b@c.example",
    "@x",
    "a@",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none_gets_nothing_and_connects_to_nothing(address: str) -> None:
    mail = Email(name="m", host="192.0.2.1", port=25, sender="ff@shop.example", now=lambda: NOW, to=address, tls="none")
    found = send(mail, message())
    assert isinstance(found, GaveUp)
    assert "no mail address" in found.why


@settings(max_examples=30, deadline=None)
@given(title=st.text(max_size=300), text=st.text(max_size=2000), thread=st.text(max_size=40))
def test_no_text_becomes_a_header_of_a_mail(title: str, text: str, thread: str) -> None:
    mail = Email(name="m", host="x", port=25, sender="ff@shop.example", now=lambda: NOW, to="ops@shop.example")
    letter = mail._letter(message(title=title, text=text, thread=thread), "ops@shop.example")
    parsed = message_from_bytes(bytes(letter), policy=policy.default)
    assert {name.lower() for name in parsed} <= {
        "from",
        "to",
        "date",
        "subject",
        "message-id",
        "auto-submitted",
        "x-firstfive-incident",
        "importance",
        "content-type",
        "content-transfer-encoding",
        "mime-version",
    }
    assert parsed["To"] == "ops@shop.example"


# ----------------------------------------------------------------------------------------------------------- breadth


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own imports
def test_apprise_reaches_a_real_server_and_a_bad_address_is_given_up() -> None:
    with recorded.serving(recorded.plain()) as server:
        url = server.url.replace("http://", "json://")
        assert isinstance(send(Breadth(name="a", url=url), message()), Delivered)
        assert "the shop answers 502" in server.asked[-1].body.decode()
        server.mood = (500, {}, b"")
        assert isinstance(send(Breadth(name="a", url=url), message()), Retry)
    assert isinstance(send(Breadth(name="a", url="pigeon//x"), message()), GaveUp)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own imports
def test_nothing_calls_everybody_in_whatever_chat_stands_behind_apprise() -> None:
    with recorded.serving(recorded.plain()) as server:
        one = Breadth(name="a", url=server.url.replace("http://", "json://"))
        words = "@everyone <!channel> @here\n@ALL <@U1> x" + "y" * 30_000
        assert isinstance(send(one, message(title=words, text=words)), Delivered)
        sent = server.asked[-1].json()
        for called in ("@everyone", "<!channel>", "@here", "@ALL", "<@U1>"):
            assert called not in sent["title"]
            assert called not in sent["message"]
        assert "https://ops.example/act/abc.def" in sent["message"]


def test_a_mail_server_that_says_nothing_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_notifier, "DEADLINE", timedelta(seconds=1))
    with socket.socket() as tarpit:
        tarpit.bind(("127.0.0.1", 0))
        tarpit.listen()
        port = tarpit.getsockname()[1]
        mail = Email(name="m", host="127.0.0.1", port=port, sender="ff@shop.example", now=lambda: NOW, tls="none")
        found = send(replace(mail, to="ops@shop.example"), message())
    assert isinstance(found, Retry)
