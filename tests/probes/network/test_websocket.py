"""A WebSocket look: 101 with the right proof is well; what a proxy says instead is named."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal
from firstfive.probes.network import Websocket

from .peers import Script, saying, speaking

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def answered(script: Script, path: str = "/socket.io/?EIO=4&transport=websocket", seconds: float = 5) -> Signal:
    with speaking(script) as (port, _):
        probe = Websocket(
            name="ws", symptom="s", url=f"ws://127.0.0.1:{port}{path}", patience=timedelta(seconds=seconds)
        )
        (seen,) = asyncio.run(probe.look(NOW))
    assert isinstance(seen, Signal)
    return seen


def accepting(connection: socket.socket, head: bytes) -> None:
    key = head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
    proof = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + proof
        + b"\r\n\r\n\x81\x02hi"
    )


def test_an_upgrade_that_is_answered_rightly_is_well() -> None:
    goodbyes = []

    def script(connection: socket.socket, head: bytes) -> None:
        accepting(connection, head)
        goodbyes.append(connection.recv(100))

    seen = answered(script)
    assert (seen.firing, seen.text) == (False, "opens (101)")
    assert goodbyes == [b"\x88\x82\x00\x00\x00\x00\x03\xe8"], "one close frame, nothing else"


def test_it_asks_as_the_rfc_says() -> None:
    with speaking(accepting) as (port, heads):
        probe = Websocket(name="ws", symptom="s", url=f"http://127.0.0.1:{port}/a b?x=1\r\nX-Injected: 1")
        asyncio.run(probe.look(NOW))
    first, *lines = heads[0].decode().strip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert first.startswith("GET /a%20b?x=1")
    assert first.endswith(" HTTP/1.1")
    assert "X-Injected" not in headers
    assert len(base64.b64decode(headers["Sec-WebSocket-Key"])) == 16
    wanted = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    assert wanted.items() <= headers.items()
    assert headers["Host"] == f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (200, "ordinary page"),
        (400, "saw no upgrade"),
        (404, "no such path"),
        (426, "saw no upgrade"),
        (301, "HTTP 301 instead of 101"),
        (418, "HTTP 418 instead of 101"),
    ],
)
def test_what_came_instead_is_named(status: int, word: str) -> None:
    seen = answered(saying(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode()))
    assert (seen.firing, seen.family) == (True, "websocket upgrade fails")
    assert f"HTTP {status} instead of 101" in seen.text
    assert word in seen.text


def only_upgrades_fail(status: int) -> Script:
    def script(connection: socket.socket, head: bytes) -> None:
        answer = status if b"Upgrade: websocket" in head else 200
        connection.sendall(f"HTTP/1.1 {answer} x\r\nContent-Length: 0\r\n\r\n".encode())

    return script


@pytest.mark.parametrize(("status", "word"), [(502, "does not reach what is behind it"), (504, "gave up")])
def test_a_proxy_that_fails_upgrades_alone_is_in_trouble(status: int, word: str) -> None:
    seen = answered(only_upgrades_fail(status))
    assert (seen.firing, seen.family) == (True, "websocket upgrade fails")
    assert word in seen.text


@pytest.mark.parametrize("status", [502, 503, 504])
def test_when_everything_behind_the_proxy_is_gone_nothing_is_said_of_websockets(status: int) -> None:
    with pytest.raises(FirstfiveError, match=f"HTTP {status} to everybody"):
        answered(saying(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode()))


def only_upgrades_hang(connection: socket.socket, head: bytes) -> None:
    if b"Upgrade: websocket" in head:
        connection.recv(1)
    connection.sendall(b"HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n")


def only_others_hang(connection: socket.socket, head: bytes) -> None:
    if b"Upgrade: websocket" not in head:
        connection.recv(1)
    connection.sendall(b"HTTP/1.1 504 x\r\nContent-Length: 0\r\n\r\n")


def test_a_page_s_symptom_is_not_seen_where_nobody_gets_an_answer() -> None:
    seen = answered(only_upgrades_hang, seconds=0.5)
    assert (seen.firing, "no answer to the upgrade" in seen.text) == (True, True)
    with pytest.raises(FirstfiveError, match="answers nobody within"):
        answered(silent, seconds=0.5)
    with pytest.raises(FirstfiveError, match="HTTP 504 to everybody"):
        answered(only_others_hang, seconds=0.5)


def flood(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 101 x\r\n")
    while True:
        connection.sendall(b"X-Flood: " + b"y" * 1000 + b"\r\n")


def silent(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)


def slow_goodbye(connection: socket.socket, head: bytes) -> None:
    accepting(connection, head)
    connection.recv(100)
    time.sleep(2)


@pytest.mark.parametrize(
    ("script", "firing", "text"),
    [
        (
            saying(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n"),
            True,
            "no answer to this",
        ),
        (saying(b"HTTP/1.1 101 x\r\n\r\n"), True, "no answer to this"),
        (saying(b""), True, "closed without an answer"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), True, "does not speak HTTP"),
        (saying(b"HTTP/1.1 xx\r\n\r\n"), True, "does not speak HTTP"),
        (saying(b"HTTP/1.1 " + b"1" * 9000 + b"\r\n\r\n"), True, "does not speak HTTP"),
        (flood, True, "more headers than anybody reads"),
        (only_upgrades_hang, True, "no answer to the upgrade within 1 s"),
        (slow_goodbye, False, "opens (101)"),
    ],
)
def test_bad_answers_are_bounded_and_said(script: Script, firing: bool, text: str) -> None:
    seen = answered(script, seconds=1 if script is only_upgrades_hang else 10)
    assert seen.firing is firing
    assert text in seen.text


@pytest.mark.parametrize("gone", ["refused", "no such name"])
def test_what_is_there_for_nobody_is_trouble_of_its_own_and_no_sign_of_a_storm(gone: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as away:
        port = away.getsockname()[1]
    url = f"ws://127.0.0.1:{port}/" if gone == "refused" else "ws://no-such-host.invalid/"
    (seen,) = asyncio.run(Websocket(name="ws", symptom="", url=url).look(NOW))
    assert isinstance(seen, Signal)
    assert (seen.firing, gone == "refused") == (True, seen.text == "connection refused")
    with pytest.raises(FirstfiveError, match="is not there for anybody"):
        asyncio.run(Websocket(name="ws", symptom="s", url=url).look(NOW))
