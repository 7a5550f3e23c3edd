"""Other sides for probes to talk to: a small server that says what a test tells it, for the length of one look."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from firstfive.incident.signals import Signal

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SHORT = timedelta(seconds=0.6)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def looked(probe: Any) -> Signal:
    (signal,) = asyncio.run(probe.look(NOW))
    assert isinstance(signal, Signal)
    return signal


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(talk: Talk) -> AsyncIterator[int]:
    async def safely(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(safely, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def look_at(talk: Talk, make: Callable[[int], Any]) -> Signal:
    async def story() -> Signal:
        async with answering(talk) as port:
            (signal,) = await asyncio.wait_for(make(port).look(NOW), 10)
            assert isinstance(signal, Signal)
            return signal

    return asyncio.run(story())
