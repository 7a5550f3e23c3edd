"""The journal in one SQLite file: durable, owned by one process, written by one thread.

Opened by `stores.open_journal`. It opens connections, owns the file and joins writer, readers and followers; what is written is
decided in `journal`. It never writes to a file that another process owns or that a newer version wrote.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import sqlalchemy as sa

import firstfive
from firstfive.errors import JournalError
from firstfive.ports import Received, Transaction
from firstfive.stores import journal, ownership, schema
from firstfive.stores.calls import marked
from firstfive.stores.glance import readable
from firstfive.stores.journal import SqlTransaction
from firstfive.stores.tables import node, work
from firstfive.stores.trouble import is_database, told
from firstfive.stores.writer import Writer, told_each

T = TypeVar("T")

READERS = 4

# Durable at every commit (FULL). Each of five connections caches 4 MiB, since the kernel caches the file as well. The log is cut back to
# 64 MiB after a storm. No memory mapping: an I/O error there would kill the process instead of raising.
_PRAGMAS = (
    "synchronous=FULL",
    "busy_timeout=5000",
    "foreign_keys=ON",
    "wal_autocheckpoint=1000",
    "journal_size_limit=67108864",
    "cache_size=-4096",
    "temp_store=MEMORY",
)


class SqliteJournal:
    """`ports.Journal` on a file. Made by `open`; belongs to whoever opened it until `close`."""

    def __init__(self, path: Path, *, lock: int | None) -> None:
        self._path = path
        self._lock = lock
        self._owner = secrets.token_hex(8)
        self._followers: tuple[_Follower, ...] = ()
        self._closed = False
        self._together: dict[asyncio.AbstractEventLoop, list[tuple[Received, asyncio.Future[tuple[int, bool]]]]] = {}
        self._looking = _engine(lambda: _connect(path, mode="ro" if lock is None else "rw", query_only="ON"), READERS)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="journal-reader")
        self._writer: Writer | None = None

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> SqliteJournal:
        """Open the file, creating it or bringing its schema up to date unless `read_only`. Raises JournalError."""
        path = Path(os.path.abspath(path))
        with _worded(path):
            if read_only:
                schema.refuse_strange(_version(path), path)
                return cls(path, lock=None)
            ownership.refuse_shared(path)
            lock = ownership.take(path)
            try:
                made = cls(path, lock=lock)
                made._boot()
            except BaseException:
                os.close(lock)
                raise
            return made

    def _boot(self) -> None:
        """Bring the schema up to date, void every lease, and say who runs; only then may anybody write."""
        found = _version(self._path) if _exists(self._path) else ""
        schema.refuse_strange(found, self._path, creating=True)
        engine = _engine(lambda: _connect(self._path, mode="rw"), 0)
        with contextlib.closing(engine.connect()) as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            if found != schema.NEWEST:
                schema.bring_up(connection, found=found, path=self._path)
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            freed = work.update().where(work.c.state == "leased")
            connection.execute(freed.values(state="ready", owner=None, lease=None))
            connection.execute(node.delete())
            row = {"boot": self._owner, "host": socket.gethostname(), "process": os.getpid()}
            connection.execute(node.insert().values(**row, version=firstfive.__version__))
            connection.exec_driver_sql("COMMIT")
        self._writer = Writer(
            connect=engine.connect, owner=self._owner, worded=lambda p: told(p, self._path), written=self._heard
        )

    # ------------------------------------------------------------------------------------------------- ports.Journal

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction; once this returns, it is on disk. Raises what `work` raised, or JournalError."""
        if self._writer is None:
            raise JournalError("this journal was opened only for reading", where=str(self._path))
        value: T = await self._writer.write(marked(work))
        return value

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on what is committed now, all of it as of one moment. Raises what `work` raised, or JournalError."""
        if self._closed:
            raise JournalError("the journal is closed", where=str(self._path), remedy="start Firstfive again")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    async def keep(self, received: Received) -> tuple[int, bool]:
        """Keep a sender's request in the next commit; its id, and False when its key was known."""
        return await self.keep_soon(received)

    def keep_soon(self, received: Received) -> asyncio.Future[tuple[int, bool]]:
        """The same without a coroutine: a future of the running loop."""
        if self._writer is None:
            raise JournalError("this journal was opened only for reading", where=str(self._path))
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[int, bool]] = loop.create_future()
        together = self._together.setdefault(loop, [])
        if not together:
            loop.call_soon(self._flush, loop, self._writer)
        together.append((received, answer))
        return answer

    def _flush(self, loop: asyncio.AbstractEventLoop, writer: Writer) -> None:
        """What was to be kept in this round of the loop goes to the writer as one."""
        together = self._together.pop(loop, [])
        asked = loop.create_task(writer.put(tuple(received for received, _ in together)))
        asked.add_done_callback(lambda done: told_each(done, [answer for _, answer in together]))

    def follow(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call `heard` in the running event loop with each incident's id after a commit that touched it.

        Returns the function that ends it. Called outside an event loop it raises RuntimeError.
        """
        mine = _Follower(loop=asyncio.get_running_loop(), heard=heard)
        self._followers = (*self._followers, mine)

        def stop() -> None:
            self._followers = tuple(other for other in self._followers if other is not mine)

        return stop

    def verify(self) -> tuple[str, ...]:
        """Recompute every hash chain: one sentence for each incident whose chain is broken, none when all hold."""
        mode = "ro" if self._lock is None else "rw"
        looking = _engine(lambda: _connect(self._path, mode=mode, query_only="ON"), 0)
        with _worded(self._path), contextlib.closing(looking.connect()) as connection:
            connection.exec_driver_sql("BEGIN")
            return journal.problems(connection)

    async def close(self) -> None:
        """Write what was asked for so far, then let go of the file. Closing twice is fine."""
        await asyncio.to_thread(self._close)

    # -------------------------------------------------------------------------------------------------------- inside

    def _read(self, work: Callable[[Transaction], T]) -> T:
        with _worded(self._path), contextlib.closing(self._looking.connect()) as connection:
            connection.exec_driver_sql("BEGIN")
            return work(SqlTransaction(connection=connection, owner=self._owner))

    def _heard(self, touched: set[str]) -> None:
        for follower in self._followers:
            for name in sorted(touched):
                with contextlib.suppress(RuntimeError):  # that loop is closed: nobody listens there any more
                    follower.loop.call_soon_threadsafe(follower.heard, name)

    def _close(self) -> None:
        self._closed = True
        self._readers.shutdown(wait=True)
        self._looking.dispose()
        if self._writer is not None:  # the last to leave, so that it folds the log back into the file
            self._writer.close()
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Follower:
    loop: asyncio.AbstractEventLoop
    heard: Callable[[str], None]


def _exists(path: Path) -> bool:
    """Whether the file was there; a new one is made for our eyes only, before anything holds a database lock on it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return True
    except OSError as problem:
        raise JournalError(
            f"the journal cannot be made: {problem.strerror}", where=str(path), remedy="mend the state folder"
        ) from problem
    return False


def _version(path: Path) -> str:
    if not path.exists():
        raise JournalError("there is no journal yet", where=str(path), remedy="start the server once (firstfive serve)")
    if not path.is_file():
        raise JournalError(
            "the journal cannot be here: this is no file", where=str(path), remedy="set another database path"
        )
    with contextlib.closing(_engine(lambda: _connect(path, mode="ro"), 0).connect()) as connection:
        return schema.version(connection, path)


def _engine(connect: Callable[[], sqlite3.Connection], kept: int) -> sa.Engine:
    """Connections that begin nothing by themselves; up to `kept` of them stay open."""
    if kept == 0:
        return sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)
    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.QueuePool, pool_size=kept, max_overflow=0)


def _connect(path: Path, *, mode: str, query_only: str = "OFF") -> sqlite3.Connection:
    address = readable(path) if mode == "ro" else f"file:{quote(str(path))}?mode={mode}"
    made = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        for pragma in (*_PRAGMAS, f"query_only={query_only}"):
            made.execute(f"PRAGMA {pragma}")
    except BaseException:
        made.close()
        raise
    return made


@contextlib.contextmanager
def _worded(path: Path) -> Iterator[None]:
    """Turn what the database raises into an error for an operator."""
    try:
        yield
    except Exception as problem:
        if not is_database(problem):
            raise
        raise told(problem, path) from problem
