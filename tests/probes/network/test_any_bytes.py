"""Whatever bytes a server says, a look ends with one line of evidence."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.incident.signals import Signal
from firstfive.probes.network import Http, Websocket

from .peers import speaking

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PIECES = st.sampled_from(
    [
        b"HTTP/1.1 ",
        b"HTTP/1.0 200 OK\r\n",
        b"101 x\r\n",
        b"503",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Length: ",
        b"Transfer-Encoding: chunked\r\n",
        b"Sec-WebSocket-Accept: x\r\n",
        b"Location: http://169.254.169.254/\r\n",
        b"ffffffffffffffff\r\n",
        b"0",
        b"\x00",
        b"\xff\xfe",
        b"\x1b[2J",
        b": ",
        b"\t",
    ]
)


def test_any_answer_ends_in_one_line() -> None:
    said = b""

    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(said)

    with speaking(script) as (port, _), asyncio.Runner() as runner:
        patience = timedelta(seconds=20)
        probes = (
            Http(name="h", symptom="s", url=f"http://127.0.0.1:{port}/", body="ok", patience=patience),
            Websocket(name="w", symptom="s", url=f"ws://127.0.0.1:{port}/", patience=patience),
        )

        @settings(max_examples=150, deadline=None)
        @given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=12).map(b"".join)))
        def answer(block: bytes) -> None:
            nonlocal said
            said = block
            for probe in probes:
                (seen,) = runner.run(probe.look(NOW))
                assert isinstance(seen, Signal)
                assert seen.text.isprintable()
                assert len(seen.text) < 300
                assert seen.firing, "none of these is a right answer that holds the word"

        answer()
