"""The looks on both event loops: asyncio's own and uvloop, on which the server runs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import uvloop

from firstfive.incident.signals import Signal
from firstfive.ports import Probe
from firstfive.probes.network import Dns, Http, Tcp, Websocket

from .peers import NameServer, saying, speaking
from .test_websocket import accepting

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
Loop = Callable[[], asyncio.AbstractEventLoop]
LONG = timedelta(seconds=20)


async def told(*probes: Probe) -> list[str]:
    """What each says, looked at side by side."""
    seen = await asyncio.gather(*(probe.look(NOW) for probe in probes))
    return [s.text.split(" in ")[0] for (s,) in seen if isinstance(s, Signal)]


@LOOPS
def test_each_kind_of_look_sees(loop: Loop, names: NameServer) -> None:
    names.zone["shop.example", "A"] = ["192.0.2.1"]
    with (
        speaking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as (port, _),
        speaking(accepting) as (other, _),
        asyncio.Runner(loop_factory=loop) as runner,
    ):
        probes = (
            Http(name="h", symptom="s", url=f"http://127.0.0.1:{port}/", patience=LONG),
            Tcp(name="t", symptom="s", address=f"127.0.0.1:{port}", patience=LONG),
            Websocket(name="w", symptom="s", url=f"ws://127.0.0.1:{other}/", patience=LONG),
            Dns(name="d", symptom="s", domain="shop.example"),
        )
        for _ in range(3):
            assert runner.run(told(*probes)) == ["HTTP 200", "takes connections", "opens (101)", "A 192.0.2.1"]


@LOOPS
def test_urls_that_come_and_go_are_seen_at_once(loop: Loop) -> None:
    """A look never waits for the timer of another one: refused is refused, not a timeout, while another URL is silent."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    def silent(connection: socket.socket, _: bytes) -> None:
        connection.recv(1)

    def http(port: int, seconds: float) -> Http:
        return Http(name="h", symptom="s", url=f"http://127.0.0.1:{port}/", patience=timedelta(seconds=seconds))

    async def both(quiet: int) -> tuple[list[str], bool]:
        waiting = asyncio.create_task(told(http(quiet, 15)))
        await asyncio.sleep(0.2)
        seen = [await told(http(port, 10)) for _ in range(5)]
        early = not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return [text for texts in seen for text in texts], early

    with speaking(silent) as (quiet, _), asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(both(quiet)) == (["connection refused"] * 5, True)


@LOOPS
def test_silence_is_a_timeout(loop: Loop) -> None:
    def silent(connection: socket.socket, _: bytes) -> None:
        connection.recv(1)

    with speaking(silent) as (port, _), asyncio.Runner(loop_factory=loop) as runner:
        probes = [
            Http(name="h", symptom="s", url=f"http://127.0.0.1:{port}/{n}", patience=timedelta(seconds=1))
            for n in range(3)
        ]
        assert runner.run(told(*probes)) == ["no answer within 1 s"] * 3
