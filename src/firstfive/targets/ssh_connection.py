"""One kept connection to a host: opened strictly, kept warm, opened again when it broke, at most six channels at once.

Called by `ssh`. Accepts no key on its own, sends no password, forwards no agent and no screen. asyncssh is imported when the
first connection is opened, so that a page without ssh targets does not pay for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from firstfive.errors import Exit, FirstfiveError
from firstfive.targets.forwarded import Forwarded

if TYPE_CHECKING:
    from asyncssh import SSHClientChannel, SSHClientConnection, SSHKey

CHANNELS = 6  # sshd allows ten sessions on one connection (MaxSessions); other programs need some
CONNECT_SECONDS = 10.0
KEEPALIVE_SECONDS = 3.0  # a silent host is noticed in twelve seconds
KEEPALIVES_MISSED = 3
BACKOFF = (0.1, 0.3, 1.0, 2.0)


class ConnectionGone(Exception):
    """The connection ended, or could not be had just now; trying again may help."""


@dataclass(slots=True)
class Shell:
    """A waiting sh on the host: a program goes in, what it writes comes out. `ended` is set when nothing more comes.

    Kept for the next program, so that the login shell and its start-up files are paid once and not for every step.
    """

    heard: Callable[[bytes, bool], None] | None = None  # block, and whether it was stderr
    free: bool = False  # it did its program and can do another
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    channel: SSHClientChannel[bytes] | None = None

    def send(self, data: bytes) -> None:
        """Write to its stdin. Raises ConnectionGone when it ended meanwhile."""
        if self.channel is None or self.ended.is_set():
            raise ConnectionGone("the shell on the host ended")
        try:
            self.channel.write(data)
        except OSError as problem:
            raise ConnectionGone(str(problem) or "the channel was closed") from problem

    def finish(self) -> None:
        """Nothing more goes in; it ends by itself, and is not cut off."""
        if self.channel is not None:
            self.channel.write_eof()
            self.channel = None

    def close(self) -> None:
        """End it; what runs behind a gate goes on."""
        if self.channel is not None:
            self.channel.abort()

    # What asyncssh calls.
    def connection_made(self, channel: SSHClientChannel[bytes]) -> None:
        """The channel is open."""
        self.channel = channel

    def session_started(self) -> None:
        """The shell was started."""

    def data_received(self, data: bytes, kind: int | None) -> None:
        """A block came."""
        if self.heard is not None:
            self.heard(data, kind is not None)

    def eof_received(self) -> bool:
        """No more output."""
        self.ended.set()
        return False

    def connection_lost(self, _problem: Exception | None) -> None:
        """The channel is closed."""
        self.ended.set()

    def exit_status_received(self, _status: int) -> None:
        """Told by marks instead."""

    def exit_signal_received(self, *_told: object) -> None:
        """Told by marks instead."""

    def pause_writing(self) -> None:
        """Programs are small; asyncssh buffers them."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""


@dataclass(slots=True, kw_only=True)
class Connection:
    """The kept connection to `host`, an alias or name as ssh_config knows it. `config_file` and `known_hosts` replace the usual."""

    host: str
    config_file: Path | None = None
    known_hosts: Path | None = None
    _open: SSHClientConnection | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CHANNELS))
    _idle: list[Shell] = field(default_factory=list)
    _failed: int = 0
    _not_before: float = 0.0
    _forwarded: dict[str, Forwarded] = field(default_factory=dict)

    @property
    def by_hand(self) -> str:
        """What a person types to try the same connection: with the same files, if they are not the usual ones."""
        given = ["-F", str(self.config_file)] if self.config_file else []
        given += ["-o", f"UserKnownHostsFile={self.known_hosts}"] if self.known_hosts else []
        return shlex.join(["ssh", *given, self.host, "true"])

    @property
    def is_open(self) -> bool:
        """Whether there is one, as far as anybody has noticed."""
        return self._open is not None and not self._open.is_closed()

    async def opened(self) -> SSHClientConnection:
        """The connection, opened when it is not. Raises FirstfiveError for a refusal, ConnectionGone for what may pass."""
        self._belong()
        async with self._lock:
            if self._open is not None and self.is_open:
                return self._open
            self._open = None
            self._forget_sockets()
            self._idle.clear()
            await asyncio.sleep(max(0.0, self._not_before - monotonic()))
            try:
                self._open = await self._connect()
            except ConnectionGone:
                self._not_before = monotonic() + BACKOFF[min(self._failed, len(BACKOFF) - 1)]
                self._failed += 1
                raise
            self._failed = 0
            return self._open

    @contextlib.asynccontextmanager
    async def shell(self) -> AsyncIterator[Shell]:
        """A sh on the host for one program, usually one that waits already. One that is not `free` at the end is closed."""
        self._belong()
        async with self._gate:
            connection = await self.opened()
            shell = next((self._idle.pop() for _ in list(self._idle)), None)
            if shell is None or shell.ended.is_set():
                shell = await _started(connection)
            shell.free = False
            try:
                yield shell
            finally:
                shell.heard = None
                if shell.free and not shell.ended.is_set() and self._open is connection:
                    self._idle.append(shell)
                else:
                    shell.close()

    async def forward(self, path: str) -> Path:
        """A unix socket here that leads to the one at `path` on the host. The same one until the connection breaks."""
        connection = await self.opened()
        async with self._lock:
            if connection is not self._open:
                raise ConnectionGone("the connection broke before the socket was laid")
            known = self._forwarded.get(path)
            if known is None:
                try:
                    known = await Forwarded.laid(connection, path)
                except OSError as problem:
                    raise ConnectionGone(f"no socket could be made here: {problem.strerror}") from problem
                self._forwarded[path] = known
            return known.socket

    async def close(self) -> None:
        """Close it. What runs on the host goes on."""
        self._idle.clear()
        self._forget_sockets()
        if self._open is not None:
            self._open.abort()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._open.wait_closed(), 2.0)
            self._open = None

    def broken(self) -> None:
        """Whoever waited in vain says so: the next call opens a new connection."""
        self._idle.clear()
        self._forget_sockets()
        if self._open is not None:
            self._open.abort()
            self._open = None

    def _belong(self) -> None:
        """A connection lives in one event loop; in another one everything is begun anew."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._open, self._idle = loop, None, []
            self._lock, self._gate = asyncio.Lock(), asyncio.Semaphore(CHANNELS)
            self._failed, self._not_before = 0, 0.0
            self._forget_sockets()

    def _forget_sockets(self) -> None:
        """The sockets here end with their connection."""
        for one in self._forwarded.values():
            one.end()
        self._forwarded.clear()

    async def _connect(self) -> SSHClientConnection:
        import asyncssh

        given: dict[str, Any] = {"config": [str(self.config_file)] if self.config_file else ()}
        if self.known_hosts is not None:
            given["known_hosts"] = str(self.known_hosts)
        try:
            options = await asyncssh.SSHClientConnectionOptions.construct(
                host=self.host,
                agent_forwarding=False,
                x11_forwarding=False,
                password_auth=False,
                kbdint_auth=False,
                preferred_auth="publickey",
                connect_timeout=CONNECT_SECONDS,
                login_timeout=CONNECT_SECONDS,
                keepalive_interval=KEEPALIVE_SECONDS,
                keepalive_count_max=KEEPALIVES_MISSED,
                **given,
            )
            if options.known_hosts is None:
                raise _refusal(
                    self.host,
                    "its host key would not be checked",
                    "take 'UserKnownHostsFile none' out of the ssh configuration; host keys are always checked here",
                )
            async with asyncio.timeout(2 * CONNECT_SECONDS):
                return await asyncssh.connect(self.host, config=given["config"], options=options)
        except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as problem:
            raise await self._unverified(options, problem) from problem
        except asyncssh.PermissionDenied as problem:
            raise _refusal(
                self.host,
                f"nobody was let in: {problem.reason}",
                "add the public key of this user there, or load the key into the agent; passwords are never sent",
            ) from problem
        except asyncssh.ConfigParseError as problem:
            raise _refusal(self.host, f"the ssh configuration cannot be read: {problem}", "mend that line") from problem
        except asyncssh.KeyImportError as problem:
            raise _refusal(self.host, f"a key cannot be read: {problem}", "load it into the agent") from problem
        except (OSError, TimeoutError, asyncssh.Error) as problem:
            raise ConnectionGone(str(problem) or f"no answer within {CONNECT_SECONDS:.0f} s") from problem

    async def _unverified(self, options: Any, problem: Exception) -> FirstfiveError:
        """Unknown key: say which and how to accept it. Known but different: say that loudly."""
        import asyncssh

        key: SSHKey | None = None
        with contextlib.suppress(OSError, TimeoutError, asyncssh.Error):
            async with asyncio.timeout(CONNECT_SECONDS):
                key = await asyncssh.get_server_host_key(
                    self.host, config=[str(self.config_file)] if self.config_file else ()
                )
        shown = f"{key.get_algorithm()} {key.get_fingerprint()}" if key is not None else str(problem)
        known: Any = ((),)
        with contextlib.suppress(OSError, ValueError):
            name = options.host_key_alias or options.host
            known = asyncssh.match_known_hosts(options.known_hosts or b"", name, "", options.port)
        if known[0]:
            return _refusal(
                self.host,
                f"THE HOST KEY IS NOT THE KNOWN ONE. It shows {shown}. Someone may be in between, or it was set up anew",
                "ask who runs the host. Only when its key really changed: ssh-keygen -R the old one, then accept the new one",
            )
        return _refusal(
            self.host,
            f"its host key is not known: {shown}",
            f"compare this fingerprint with the host's own (ssh-keygen -lf there), then accept it once: {self.by_hand}",
        )


async def _started(connection: SSHClientConnection) -> Shell:
    """A new session with sh in it. A server that has no room for one more is asked again for a while."""
    import asyncssh

    until = monotonic() + CONNECT_SECONDS
    while True:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                factory: Any = Shell
                made: Any = await connection.create_session(factory, "exec sh", encoding=None)
                shell: Shell = made[1]
                return shell
        except asyncssh.ChannelOpenError as problem:
            if monotonic() > until or connection.is_closed():
                raise ConnectionGone(str(problem)) from problem
            await asyncio.sleep(0.2)
        except (OSError, TimeoutError, asyncssh.Error) as problem:
            raise ConnectionGone(str(problem) or "no session within the time") from problem


def _refusal(host: str, what: str, remedy: str) -> FirstfiveError:
    return FirstfiveError(
        f"{host} was not connected: {what}", where=host, remedy=remedy, exit_code=Exit.TARGET_UNREACHABLE
    )
