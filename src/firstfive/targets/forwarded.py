"""A unix socket here that leads to one on a host, through the kept connection.

Made by `ssh_connection`. Ours and not asyncssh's own, whose accepted connections stay open when the one that they lead through breaks.
For conversations in which either side may end it, such as HTTP: nothing is half closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection, SSHReader, SSHWriter

BLOCK = 64 * 1024


@dataclass(slots=True, kw_only=True)
class Forwarded:
    """`socket` lies in a folder of its own, which only this user may enter."""

    socket: Path
    _server: asyncio.Server | None = None
    _talks: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @classmethod
    async def laid(cls, connection: SSHClientConnection, path: str) -> Forwarded:
        """One to `path` on the host. Raises OSError when no socket can be made here."""
        made = cls(socket=Path(tempfile.mkdtemp(prefix="firstfive-")) / "socket")

        def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talk = asyncio.get_running_loop().create_task(_led(connection, path, reader, writer))
            made._talks[talk] = writer
            talk.add_done_callback(lambda over: made._talks.pop(over).close())

        try:
            made._server = await asyncio.start_unix_server(came, made.socket)
        except OSError:
            made.end()
            raise
        return made

    def end(self) -> None:
        """Close it and what goes through it."""
        if self._server is not None and not self._server.get_loop().is_closed():
            self._server.close()
            for talk in self._talks:
                talk.cancel()
        shutil.rmtree(self.socket.parent, ignore_errors=True)


async def _led(
    connection: SSHClientConnection, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    import asyncssh

    with contextlib.suppress(OSError, asyncssh.Error):
        there, back = await connection.open_unix_connection(path, encoding=None)
        ways = [asyncio.create_task(_copied(reader, back)), asyncio.create_task(_copied(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            back.close()


async def _copied(
    source: asyncio.StreamReader | SSHReader[bytes], sink: asyncio.StreamWriter | SSHWriter[bytes]
) -> None:
    import asyncssh

    with contextlib.suppress(OSError, asyncssh.Error):
        while block := await source.read(BLOCK):
            sink.write(block)
            await sink.drain()
