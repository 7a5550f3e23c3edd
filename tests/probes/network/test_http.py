"""An HTTP look: what it makes of answers, of broken and hostile ones too, and of names."""

from __future__ import annotations

import asyncio
import gzip
import resource
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal
from firstfive.probes.network import Http
from firstfive.probes.network.address import Guard

from .peers import Script, saying, speaking

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def look(probe: Http) -> Signal:
    (seen,) = asyncio.run(probe.look(NOW))
    assert isinstance(seen, Signal)
    return seen


def http(url: str, **options: Any) -> Http:
    options.setdefault("fails_when", frozenset({"timeout", "refused", "non-2xx"}))
    options.setdefault("patience", timedelta(seconds=5))
    return Http(name="http", symptom="s", url=url, **options)


def answered(script: Script, **options: Any) -> Signal:
    with speaking(script) as (port, _):
        return look(http(f"http://127.0.0.1:{port}/health", **options))


def reply(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize(("errno", "fires"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
def test_a_name_that_does_not_exist_fires_and_a_resolver_that_is_silent_does_not(
    monkeypatch: pytest.MonkeyPatch, errno: int, fires: bool
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(errno, "no")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    probe = http("https://shop.invalid/health")
    if fires:
        seen = look(probe)
        assert (seen.firing, seen.text) == (True, "the name shop.invalid does not resolve")
        assert seen.family == "name does not resolve"
        return
    with pytest.raises(FirstfiveError) as unknown:
        look(probe)
    assert "nobody knows" in unknown.value.what


def test_a_name_that_leads_inside_is_not_asked() -> None:
    with speaking(saying(reply())) as (port, heads):
        with pytest.raises(FirstfiveError) as refused:
            look(http(f"http://127.1:{port}/"))
        assert "not a public address" in refused.value.what
        assert heads == []
        allowing = http(f"http://127.1:{port}/", guard=Guard(networks=("127.0.0.0/8",)))
        assert not look(allowing).firing
        assert len(heads) == 1


def test_the_connection_goes_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name leads elsewhere a moment later: nobody asks again."""
    real = socket.getaddrinfo
    asked = []

    def once(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.9", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    with speaking(saying(reply())) as (port, heads):
        seen = look(http(f"http://shop.example:{port}/", guard=Guard(networks=("127.0.0.1/32",))))
    assert not seen.firing
    assert asked == ["shop.example"]
    assert f"Host: shop.example:{port}".encode() in heads[0]


def test_the_next_address_is_tried_where_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 80)) for a in ("127.0.0.77", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
    with speaking(saying(reply())) as (port, _):
        seen = look(http(f"http://shop.example:{port}/", guard=Guard(networks=("127.0.0.0/8",))))
    assert not seen.firing, seen.text


def test_it_sends_nothing_that_could_be_a_secret() -> None:
    with speaking(saying(reply(b"", "Set-Cookie: a=b"))) as (port, heads):
        probe = http(f"http://127.0.0.1:{port}/health")
        look(probe)
        look(probe)
    for head in heads:
        names = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line}
        assert names == {b"host", b"user-agent", b"accept"}
        assert head.startswith(b"GET /health HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("location", "why"),
    [("http://127.0.0.1:{port}/elsewhere", "the same host"), ("http://169.254.169.254/latest/", "another host")],
)
def test_a_redirect_is_not_followed(location: str, why: str) -> None:
    def script(connection: socket.socket, head: bytes) -> None:
        connection.sendall(reply(b"", f"Location: {location}", status="302 Found"))

    with speaking(script) as (port, heads):
        seen = look(http(f"http://127.0.0.1:{port}/health"))
    assert (seen.firing, seen.text) == (True, "HTTP 302"), why
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("body", "says", "firing"),
    [
        ('"ok"', b'{"status": "ok"}', False),
        ('"ok"', b'{"status": "down"}', True),
        ("!degraded", b'{"status": "ok"}', False),
        ("!degraded", b'{"status": "degraded"}', True),
        ("läuft", "der Laden läuft".encode(), False),
    ],
)
def test_a_body_must_hold_a_word_or_must_not(body: str, says: bytes, firing: bool) -> None:
    seen = answered(saying(reply(says)), body=body)
    assert seen.firing is firing, seen.text
    assert not firing or (seen.family == "answer differs" and body.removeprefix("!") in seen.text)


def test_a_failing_status_counts_more_than_the_body() -> None:
    assert answered(saying(reply(b"ok", status="503 No")), body="ok").text == "HTTP 503"


def endless(block: bytes, began: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Script:
    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(began)
        while True:
            connection.sendall(block)

    return script


def drip(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _number in range(600):
        connection.sendall(b".")
        time.sleep(0.05)


BOMB = gzip.compress(b"\0" * (64 << 20))


@pytest.mark.parametrize(
    ("script", "firing", "text"),
    [
        (endless(b"x" * 65536), False, "HTTP 200"),
        (endless(b"x" * 65536, b"HTTP/1.1 500 No\r\n\r\n"), True, "HTTP 500"),
        (
            endless(b"X-Flood: " + b"y" * 1000 + b"\r\n", b"HTTP/1.1 200 OK\r\n"),
            True,
            "more headers than anybody reads",
        ),
        (endless(b"z" * 65536, b""), True, "does not speak HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nshort"), True, "HTTP 200, but the answer broke off"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nlonger than it says"), False, "HTTP 200"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), True, ""),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"), True, ""),
        (saying(reply(BOMB, "Content-Encoding: gzip")), False, "HTTP 200"),
        (saying(reply(b"\xff\xd8\xff", "Content-Type: application/json")), False, "HTTP 200"),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), True, ""),
        (saying(b""), True, "closed without an answer"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), True, "does not speak HTTP"),
        (saying(b"HTTP/1.1 abc\r\n\r\n"), True, "does not speak HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nNo-End"), True, ""),
    ],
)
def test_bad_answers_are_bounded_and_said(script: Script, firing: bool, text: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = answered(script, body="" if not firing else "never there")
    assert seen.firing is firing, seen.text
    assert text in seen.text
    assert "\n" not in seen.text
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024, "nothing is kept or unpacked"


def test_a_body_that_drips_for_ever_is_a_timeout() -> None:
    seen = answered(drip, patience=timedelta(seconds=1))
    assert (seen.firing, seen.text) == (True, "HTTP 200 came, but not all of it within 1 s")


def test_a_look_that_is_given_up_hangs_up() -> None:
    after = []

    def script(connection: socket.socket, _: bytes) -> None:
        after.append(connection.recv(1))

    async def give_up(url: str) -> None:
        looking = asyncio.create_task(http(url, patience=timedelta(seconds=60)).look(NOW))
        while not heads:
            await asyncio.sleep(0.02)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking

    with speaking(script) as (port, heads):
        asyncio.run(give_up(f"http://127.0.0.1:{port}/"))
    assert after == [b""]


def test_a_name_with_several_addresses_has_the_whole_patience_for_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 80)) for n in (1, 2, 3, 4, 5)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)

    def slow(connection: socket.socket, _: bytes) -> None:
        time.sleep(3)
        connection.sendall(reply())

    with speaking(slow) as (port, _):
        guard = Guard(networks=("127.0.0.0/8",))
        seen = look(http(f"http://shop.example:{port}/", guard=guard, patience=timedelta(seconds=8)))
    assert not seen.firing, seen.text


def test_many_looks_at_once_all_get_their_answer() -> None:
    async def many(url: str) -> list[Any]:
        return await asyncio.gather(*(http(url, patience=timedelta(seconds=60)).look(NOW) for _ in range(300)))

    with speaking(saying(reply(b"ok"))) as (port, heads):
        seen = asyncio.run(many(f"http://127.0.0.1:{port}/"))
    assert [s.firing for (s,) in seen] == [False] * 300
    assert len(heads) == 300


@pytest.mark.parametrize(
    ("fails", "text", "family"),
    [({"refused"}, "connection refused", ""), ({"5xx"}, "connection refused", "url refuses connections")],
)
def test_what_the_page_did_not_name_says_its_family(fails: set[str], text: str, family: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    seen = look(http(f"http://127.0.0.1:{port}/", fails_when=frozenset(fails)))
    assert (seen.firing, seen.text, seen.family) == (True, text, family)


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/a b\r\nX-Injected: 1", "http:///", "http://127.0.0.1:0x50/"])
def test_an_address_that_cannot_be_asked_declares_nothing(url: str) -> None:
    with pytest.raises(FirstfiveError):
        look(http(url))
