"""The journal on PostgreSQL: any number of nodes, one of which writes at a time, so that functions see what they see on a file.

Opened by `stores.open_journal`. What is written is decided in `stores.journal`, the same as on a file. It elects nobody: leases by the
database's clock and a fence on every closing write decide who does what. Functions are tried again where that is safe: before a
commit was sent always, after a lost commit only when the database says that it did not happen.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa

from firstfive.errors import JournalError
from firstfive.ports import Received, Transaction
from firstfive.stores import journal as code
from firstfive.stores import restored, schema
from firstfive.stores.calls import marked
from firstfive.stores.journal import SqlTransaction
from firstfive.stores.postgres import address, keeping, place, shape
from firstfive.stores.postgres.nodes import LEASE, Node, Nodes, nodes_in, now_of
from firstfive.stores.postgres.trouble import AGAIN, is_database, is_lost, state_of, told
from firstfive.stores.postgres.waking import CHANNEL, Waking
from firstfive.stores.writer import told_each

T = TypeVar("T")

WRITERS, READERS = 5, 4  # and one connection more for the beat, so that no crowd of writers lets this node's leases end
TRIES, PATIENCE = 12, 20.0  # tries of one function, and seconds to wait for a database that is away
_STATUS = sa.text("SELECT txid_status(:xid)")
# What a transaction ends with, in one question: its number, none when it wrote nothing, and word to the other nodes.
_ENDS = sa.text(
    "SELECT txid_current_if_assigned(), count(pg_notify(:channel, said)) FROM unnest(CAST(:said AS text[])) AS said"
)
# Writing transactions of all nodes follow each other: what a function looked at still holds when it acts on it. Who stands still inside
# one (a stopped process, a machine that is gone) is cut off after a few seconds, far within a lease, and done over when it wakes.
WRITING, STANDING_STILL = 0x0F1257F3, "5s"
# Of a node one waits for that lock at a time. A stopped one is given it for each that waits, and would stand still with every one of them.
OUR_TURN = 5.0
_ALONE = sa.text(
    f"{address.DURABLE_TOO}, set_config('idle_in_transaction_session_timeout', :still, true), pg_advisory_xact_lock(:lock)"
)


@dataclass(slots=True, kw_only=True, eq=False)
class PostgresJournal:
    """`ports.Journal` on a database that other nodes use too. Made by `open`; `where` is its address without the password."""

    where: str
    owner: str
    pool: sa.Engine
    nodes: Nodes | None = None
    mark: restored.Mark = field(default_factory=restored.Mark)
    _waking: Waking | None = None
    ended: str = ""  # why nothing that this process remembers holds any more: the database was put back beneath it
    _doubtful: bool = True  # a connection was made since this database was last compared with what was written
    _recognised: bool = False
    _recognising: threading.Lock = field(default_factory=threading.Lock)
    _turns: threading.Lock = field(default_factory=threading.Lock)
    _writers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WRITERS, "journal-writer"))
    _readers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(READERS, "journal-reader"))
    _together: dict[asyncio.AbstractEventLoop, list[tuple[Received, asyncio.Future[tuple[int, bool]]]]] = field(
        default_factory=dict
    )
    _closed: bool = False
    _closing: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def open(cls, given: str, *, read_only: bool = False) -> PostgresJournal:
        """Connect, prove the server, bring the tables up to date unless `read_only`, and begin to beat. Raises JournalError."""
        url = address.read(given)
        where, pool = address.shown(url), address.pool(url, WRITERS + READERS + 1)
        made = cls(where=where, owner=secrets.token_hex(8), pool=pool)
        sa.event.listen(pool, "connect", made._doubt)
        try:
            with pool.connect() as connection:
                shape.refuse_server(connection, where, writing=not read_only)
                if read_only:
                    shape.refuse_strange(schema.version(connection, where), where)
                    return made
                shape.bring_up(connection, where)
            made.nodes = Nodes(pool=pool, owner=made.owner, worded=lambda problem: told(problem, where))
            made._waking = Waking(url=url, pool=pool, owner=made.owner)
            made.nodes.begin()
            made._waking.begin()
        except BaseException as problem:
            made._close()
            if is_database(problem):
                raise told(problem, where) from problem
            raise
        return made

    # ------------------------------------------------------------------------------------------------- ports.Journal

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction; once this returns, it is durable. Raises what `work` raised, or JournalError."""
        told = marked(work)
        return await self._in(self._writers, lambda: self._written(told))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on what is committed now, all of it as of one moment. Raises what `work` raised, or JournalError."""
        return await self._in(self._readers, lambda: self._tried(lambda: self._read(work)))

    async def keep(self, received: Received) -> tuple[int, bool]:
        """Keep a sender's request; its id, and False when its key was known."""
        return await self.keep_soon(received)

    def keep_soon(self, received: Received) -> asyncio.Future[tuple[int, bool]]:
        """The same without a coroutine: what comes in one round of the loop is kept by one statement."""
        if self.nodes is None:
            raise JournalError("this journal was opened only for reading", where=self.where)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[int, bool]] = loop.create_future()
        together = self._together.setdefault(loop, [])
        if not together:
            loop.call_soon(self._flush, loop)
        together.append((received, answer))
        return answer

    def follow(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call `heard` in the running event loop with an incident's id after a commit that touched it, on whichever node.

        Returns the function that ends it. Called outside an event loop it raises RuntimeError.
        """
        if self._waking is None:
            asyncio.get_running_loop()
            return lambda: None
        return self._waking.follow(heard)

    def verify(self) -> tuple[str, ...]:
        """Recompute every hash chain: one sentence for each incident whose chain is broken, none when all hold."""
        try:
            with self._reading() as connection:
                return code.problems(connection)
        except Exception as problem:
            if is_database(problem):
                raise told(problem, self.where) from problem
            raise

    def known_nodes(self) -> tuple[Node, ...]:
        """Every node that this journal knows, the newest sign of life first. Raises JournalError."""
        return self._tried(lambda: self._read(lambda tx: nodes_in(tx.connection)))

    async def close(self) -> None:
        """Hand back what this node holds, so that another takes it at once, and let go of the database. Closing twice is fine."""
        await asyncio.to_thread(self._close)

    # -------------------------------------------------------------------------------------------------------- inside

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._closed:
            raise JournalError("the journal is closed", where=self.where, remedy="start Firstfive again")
        return await asyncio.get_running_loop().run_in_executor(threads, _guarded, work)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        together = self._together.pop(loop, [])
        requests = tuple(received for received, _ in together)
        asked = loop.create_task(self._in(self._writers, lambda: self._kept(requests)))
        asked.add_done_callback(lambda done: told_each(done, [answer for _, answer in together]))

    def _kept(self, requests: tuple[Received, ...]) -> list[tuple[int, bool]]:
        return self._written(lambda tx: keeping.keep(tx.connection, requests), alone=False)

    def _read(self, work: Callable[[Any], T]) -> T:
        with self._reading() as connection:
            if self._doubtful or self.ended:
                self._recognise()
            return work(SqlTransaction(connection=connection, owner=self.owner))

    def _reading(self) -> Any:
        return self.pool.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True).connect()

    def _written(self, work: Callable[[Any], T], *, alone: bool = True) -> T:
        if self.nodes is None:
            raise JournalError("this journal was opened only for reading", where=self.where)
        return self._tried(lambda: self._once(work, alone=alone))

    def _tried(self, once: Callable[[], T]) -> T:
        """Try again what another transaction or a lost connection came between, for a while; JournalError after that."""
        until, tries = time.monotonic() + PATIENCE, 0
        while True:
            tries += 1
            try:
                return once()
            except Exception as problem:
                if not is_database(problem):
                    raise
                passes = is_lost(problem) or (state_of(problem) in AGAIN and tries < TRIES)
                if not passes or (self._closed and is_lost(problem)) or time.monotonic() > until:
                    raise told(problem, self.where) from problem
                self._closing.wait(min(0.01 * 2**tries, 1.0) * (0.5 + secrets.randbelow(100) / 100))

    def _once(self, work: Callable[[Any], T], *, alone: bool) -> T:
        """One try. Requests of senders need not be `alone`: their key decides, whoever comes first."""
        with self.pool.connect() as connection:
            if self._doubtful or self.ended:
                self._recognise()
            asked = (_ALONE, {"still": STANDING_STILL, "lock": WRITING}) if alone else (address.DURABLE, {})
            with self._turn() if alone else contextlib.nullcontext():
                connection.execute(*asked)
                transaction = SqlTransaction(
                    connection=connection, owner=self.owner, locks=True, lease=LEASE, clock=now_of
                )
                value = work(transaction)
                said = [] if self._waking is None else self._waking.words(transaction.touched)
                number = connection.execute(_ENDS, {"channel": CHANNEL, "said": said}).scalar()
                try:
                    connection.commit()
                except Exception as problem:  # what wrote nothing has no number, and is simply done over
                    if number is None or not is_lost(problem) or not self._happened(int(number)):
                        raise
        self.mark.saw(transaction.ends)
        if self._waking is not None and transaction.touched:
            self._waking.heard(transaction.touched)
        return value

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One of ours at a time; who waited long goes on all the same, since then the line is cut and nobody of us holds anything."""
        mine = self._turns.acquire(timeout=OUR_TURN)
        try:
            yield
        finally:
            if mine:
                self._turns.release()

    def _doubt(self, *_: object) -> None:
        self._doubtful = True

    def _recognise(self) -> None:
        """Whether this is still the database that was written; if not, a new epoch begins before anything else is done with it.

        A process that ran before then ends: whatever it remembers may be of a time that is gone. Raises JournalError from then on.
        """
        with self._recognising:
            if self._doubtful and self.nodes is not None and not self.ended:
                self._doubtful = False
                known = self.mark.epoch
                try:
                    why = self._compared()
                except BaseException:
                    self._doubtful = True
                    raise
                if self._recognised and (why or self.mark.epoch > known):
                    self.ended = why or "another node found that the journal was put back to an earlier moment"
                self._recognised = True
        if self.ended:
            raise JournalError(
                f"{self.ended}; this node begins anew", where=self.where, remedy="start it again if nothing does"
            )

    def _compared(self) -> str:
        """Why this is not the database that was written, a new epoch begun; empty when all is as it was."""
        with self.pool.connect() as connection:
            if place.same(connection, self.mark):
                return ""
            connection.rollback()
            connection.execute(_ALONE, {"still": STANDING_STILL, "lock": WRITING})
            why = place.recognise(connection, self.mark, now_of(connection))
            connection.commit()
        return why

    def _happened(self, number: int) -> bool:
        """Whether the transaction whose commit was cut off is durable; asked until the database answers and it is decided."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self.pool.connect() as connection:
                    said = connection.execute(_STATUS, {"xid": number}).scalar()
            except Exception as problem:
                if not is_lost(problem) or time.monotonic() > until:
                    raise JournalError(
                        "the database went away while it was writing, so nobody knows whether it did",
                        where=self.where,
                        remedy="look at the timeline before you say it again",
                    ) from problem
                said = "in progress"
            if said != "in progress":
                return said == "committed"
            self._closing.wait(0.2)

    def _close(self) -> None:
        """Let go of everything once what was asked for is written."""
        if self._closed:
            return
        self._closed = True
        self._closing.set()
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        if self._waking is not None:
            self._waking.end()
        if self.nodes is not None:
            with contextlib.suppress(Exception):  # another node takes what is left once its lease is over
                self.nodes.end()
        self.pool.dispose()


def _guarded(work: Callable[[], T]) -> T:
    """A future cannot hold StopIteration."""
    try:
        return work()
    except StopIteration as problem:
        raise RuntimeError("the function ended with StopIteration") from problem
