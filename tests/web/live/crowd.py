"""Many viewers of one room in one event loop, each on a socket of its own: what they had, in which order."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from web.client import KEY

ENTRY = re.compile(rb"id: (\d+)\r\nevent: entry\r\ndata: [^\r]*\r\n\r\n")


@dataclass(slots=True, kw_only=True)
class Viewer:
    """One of them. `had` is every entry that arrived, in order; `times` counts how often they came."""

    port: int
    path: str
    after: int = 0
    had: list[int] = field(default_factory=list)
    times: int = 0

    async def come(self) -> None:
        """Listen until the stream ends; cancelled, hang up without a word."""
        self.times += 1
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        had = f"Last-Event-ID: {self.had[-1]}\r\n" if self.had else ""
        asked = f"GET {self.path}?after={self.after} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        writer.write(f"{asked}{had}\r\n".encode())
        unread = b""
        try:
            while block := await reader.read(1 << 16):
                unread += block
                self.had += [int(found[1]) for found in ENTRY.finditer(unread)]
                unread = unread[unread.rfind(b"\r\n\r\n") + 4 :] if b"\r\n\r\n" in unread else unread
        finally:
            writer.transport.abort()


@asynccontextmanager
async def crowd(count: int, port: int, path: str, after: int) -> AsyncIterator[list[Viewer]]:
    """So many viewers who listen until the block is left."""
    viewers = [Viewer(port=port, path=path, after=after) for _ in range(count)]
    coming = [asyncio.create_task(viewer.come()) for viewer in viewers]
    try:
        yield viewers
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
