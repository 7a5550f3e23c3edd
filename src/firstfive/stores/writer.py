"""Group commit: one thread, one connection, and everything that waits goes to disk in one commit.

Used by `sqlite`. Functions from any event loop queue up; each runs inside a savepoint of its own, so that one that fails harms no
other; a caller gets its answer only after the commit. It never runs two transactions at once.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from firstfive.errors import JournalError
from firstfive.ports import Received
from firstfive.stores import outside
from firstfive.stores.journal import SqlTransaction
from firstfive.stores.trouble import is_database

AT_MOST = 256

Written = Callable[[set[str]], None]
Worded = Callable[[BaseException], JournalError]


@dataclass(slots=True, kw_only=True, eq=False)
class Asked:
    """A function that waits for its turn, and where its answer goes."""

    work: Callable[[SqlTransaction], Any] | tuple[Received, ...]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    value: Any = None
    problem: BaseException | None = None
    touched: set[str] = field(default_factory=set)


class _Lost(Exception):
    """The database gave up the whole transaction, with everybody in it."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Writer:
    """The writing thread. `connect` opens its connection, in that thread; `worded` turns a database's error into ours;
    `written` hears, in that thread and after each commit, which incidents it touched.
    """

    def __init__(self, *, connect: Callable[[], sa.Connection], owner: str, worded: Worded, written: Written) -> None:
        self._connect = connect
        self._owner = owner
        self._worded = worded
        self._written = written
        self._queue: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._connection: sa.Connection | None = None
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    async def put(self, received: tuple[Received, ...]) -> Any:
        """Keep requests in the next commit, without a savepoint of their own: one statement cannot half happen."""
        return await self.write(received)

    async def write(self, work: Callable[[SqlTransaction], Any] | tuple[Received, ...]) -> Any:
        """Run `work` in the next commit; returns its value once that is on disk, or raises what it raised."""
        loop = asyncio.get_running_loop()
        asked = Asked(work=work, loop=loop, answer=loop.create_future())
        with self._gate:
            if self._closed:
                raise JournalError("the journal is closed", remedy="start Firstfive again")
            self._queue.put(asked)
        return await asked.answer

    def close(self) -> None:
        """Write what was asked for so far, then end the thread and its connection."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    # ---------------------------------------------------------------------------------------------- in the thread

    def _run(self) -> None:
        more = True
        while more:
            batch, more = self._waiting()
            if batch:
                self._commit(batch)
                self._tell(batch)
        self._hang_up()

    def _waiting(self) -> tuple[list[Asked], bool]:
        """What waits now, and whether more may come."""
        batch: list[Asked] = []
        asked = self._queue.get()
        while asked is not None:
            batch.append(asked)
            if len(batch) == AT_MOST or self._queue.empty():
                return batch, True
            asked = self._queue.get()
        return batch, False

    def _commit(self, batch: list[Asked]) -> None:
        """One transaction for all; when the database gives that up, one for each, so that only the culprit pays."""
        try:
            self._together(batch)
        except _Lost as lost:
            if len(batch) == 1:
                batch[0].problem = self._worded(lost.cause) if is_database(lost.cause) else lost.cause
                batch[0].touched.clear()
                return
            for asked in batch:
                asked.value, asked.problem = None, None
                asked.touched.clear()
                self._commit([asked])

    def _together(self, batch: list[Asked]) -> None:
        try:
            connection = self._ready()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException as problem:
            self._clear()
            for asked in batch:
                asked.problem = self._worded(problem) if is_database(problem) else problem
            return
        try:
            for asked in batch:
                self._one(connection, asked)
            connection.exec_driver_sql("COMMIT")
        except BaseException as problem:
            self._clear()
            raise _Lost(problem.cause if isinstance(problem, _Lost) else problem) from problem

    def _one(self, connection: sa.Connection, asked: Asked) -> None:
        if isinstance(asked.work, tuple):
            raw: Any = connection.connection.dbapi_connection
            asked.value = outside.keep(raw, asked.work)
            return
        connection.exec_driver_sql("SAVEPOINT one")
        transaction = SqlTransaction(connection=connection, owner=self._owner, touched=asked.touched)
        try:
            asked.value = asked.work(transaction)
        except BaseException as problem:
            if not _in_transaction(connection):
                raise _Lost(problem) from problem
            asked.problem = self._worded(problem) if is_database(problem) else problem
            asked.touched.clear()
            connection.exec_driver_sql("ROLLBACK TO one")
        connection.exec_driver_sql("RELEASE one")

    def _ready(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _clear(self) -> None:
        """Leave no open transaction behind; a connection that cannot even roll back is thrown away."""
        connection = self._connection
        if connection is None:
            return
        try:
            if _in_transaction(connection):
                connection.exec_driver_sql("ROLLBACK")
        except BaseException:
            self._hang_up()

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception as problem:
                if not is_database(problem):
                    raise

    def _tell(self, batch: list[Asked]) -> None:
        touched = {name for asked in batch for name in asked.touched}
        if touched:
            self._written(touched)
        loops = {asked.loop for asked in batch}
        for loop in loops:
            answered = [asked for asked in batch if asked.loop is loop]
            try:
                loop.call_soon_threadsafe(_answer, answered)
            except RuntimeError:
                continue  # that loop is closed: nobody waits there any more


def _in_transaction(connection: sa.Connection) -> bool:
    raw = connection.connection.dbapi_connection
    return bool(getattr(raw, "in_transaction", False))


def _answer(batch: list[Asked]) -> None:
    for asked in batch:
        if asked.answer.done():
            continue
        if asked.problem is None:
            asked.answer.set_result(asked.value)
        elif isinstance(asked.problem, StopIteration):
            asked.answer.set_exception(RuntimeError("the function ended with StopIteration"))
        else:
            asked.answer.set_exception(asked.problem)


def told_each(done: asyncio.Task[list[tuple[int, bool]]], answers: list[asyncio.Future[tuple[int, bool]]]) -> None:
    """Give each who waits its part of what the writer said, or the reason why nothing was kept."""
    problem = asyncio.CancelledError() if done.cancelled() else done.exception()
    for number, answer in enumerate(answers):
        if answer.done():
            continue
        if problem is not None:
            answer.set_exception(problem)
        else:
            answer.set_result(done.result()[number])
