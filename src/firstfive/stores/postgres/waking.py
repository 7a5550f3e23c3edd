"""Who wants to hear of a commit hears of it, on whichever node it happened.

Used by `journal` beside it. NOTIFY goes out with the commit and wakes every node; a look every two seconds finds what was missed, since
a proxy between may swallow notifications (pgbouncer in transaction mode does).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import URL

from firstfive.stores.postgres.address import LINE, readable
from firstfive.stores.postgres.trouble import is_database

CHANNEL = "firstfive"
LOOK_EVERY = 2.0
_NOTIFY = sa.text("SELECT pg_notify(:channel, :said)")
# Those that are finished count too, since what finished them may be what nobody heard.
_ENDS = (
    "SELECT id, last_seq FROM incident WHERE is_open"
    " UNION SELECT id, last_seq FROM (SELECT id, last_seq FROM incident ORDER BY number DESC LIMIT 100) AS newest"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Follower:
    loop: asyncio.AbstractEventLoop
    heard: Callable[[str], None]


@dataclass(slots=True, kw_only=True, eq=False)
class Waking:
    """One listening connection in a thread of its own; followers are called in their own event loops."""

    url: URL
    pool: sa.Engine
    owner: str
    _followers: tuple[_Follower, ...] = ()
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _ends: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Listen from now on."""
        with self.pool.connect() as connection:
            self._ends = {row.id: row.last_seq for row in connection.exec_driver_sql(_ENDS)}
        self._thread = threading.Thread(target=self._run, name="journal-listener", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Listen no longer."""
        self._stop.set()
        with contextlib.suppress(Exception), self.pool.begin() as connection:
            connection.execute(
                _NOTIFY, {"channel": CHANNEL, "said": f"{self.owner} "}
            )  # so that our own listener looks up
        if self._thread is not None:
            self._thread.join(timeout=5)

    def follow(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call `heard` in the running loop with each incident's id; returns what ends it."""
        mine = _Follower(loop=asyncio.get_running_loop(), heard=heard)
        self._followers = (*self._followers, mine)

        def stop() -> None:
            self._followers = tuple(other for other in self._followers if other is not mine)

        return stop

    def words(self, touched: Iterable[str]) -> list[str]:
        """What the other nodes are told once a transaction that touched these is durable."""
        return [f"{self.owner} {name}" for name in sorted(touched)]

    def heard(self, touched: Iterable[str]) -> None:
        """These incidents were touched: tell everybody who follows."""
        for follower in self._followers:
            for name in sorted(touched):
                with contextlib.suppress(RuntimeError):  # that loop is closed: nobody listens there any more
                    follower.loop.call_soon_threadsafe(follower.heard, name)

    # ---------------------------------------------------------------------------------------------- in the thread

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except Exception as problem:
                if not is_database(problem):
                    raise
                self._stop.wait(1.0)

    def _listen(self) -> None:
        words: dict[str, Any] = {
            **self.url.translate_connect_args(username="user", database="dbname"),
            **self.url.query,
        }
        with psycopg.connect(**{**LINE, **words, "autocommit": True}) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            looked = time.monotonic()
            while not self._stop.is_set():
                left = looked + LOOK_EVERY - time.monotonic()
                if left <= 0:
                    self._look(connection)
                    looked = time.monotonic()
                elif not self._told(connection):
                    readable(connection.fileno(), left)  # the driver's own wait wakes ten times a second

    def _told(self, connection: psycopg.Connection[Any]) -> bool:
        """Pass on what others said by now; whether there was anything."""
        told = tuple(connection.notifies(timeout=0))
        for said in told:
            sender, _, name = said.payload.partition(" ")
            if sender != self.owner:
                self.heard((name,))
        return bool(told)

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        """Tell what no notification told."""
        before, self._ends = self._ends, dict(connection.execute(_ENDS).fetchall())
        self.heard([name for name, end in self._ends.items() if before.get(name) != end])
