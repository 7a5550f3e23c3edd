"""The nodes of one journal: who is alive, what each holds, and the beat that keeps it.

Used by `journal` beside it, `app` and `firstfive nodes`. A lease is 15 s by the database's clock and renewed every 4 s; who does not
renew loses it to whoever asks next. Nobody is elected, and what this table says decides nothing but who looks: every closing write
proves owner and fence by itself.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

import firstfive
from firstfive.errors import FirstfiveError, JournalError
from firstfive.stores.postgres.trouble import is_database
from firstfive.stores.tables import duty, instant, node, shared, work

LEASE = timedelta(seconds=15)
BEAT = 4.0
FORGOTTEN = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


def now_of(connection: sa.Connection) -> int:
    """The database's clock, in microseconds since 1970 UTC."""
    return int(connection.exec_driver_sql(_CLOCK).scalar() or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One process on a journal that several share: `beat` is its last sign of life (UTC), `alive` whether its leases still hold.

    `page` is the digest of the page that it follows, `local` whether it has targets that are its own machine, `behind` whether a newer
    version wrote what it cannot read, `looks` what it looks after, `rows` how many rows of work it holds.
    """

    boot: str
    host: str
    process: int
    version: str
    beat: datetime
    alive: bool
    page: str = ""
    local: bool = False
    behind: bool = False
    looks: tuple[str, ...] = ()
    rows: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Nodes:
    """This node among the others. `page`, `local` and `behind` are what it shows of itself; see `Node`."""

    pool: sa.Engine
    owner: str
    worded: Callable[[BaseException], JournalError]
    page: str = ""
    local: bool = False
    behind: bool = False
    wanted: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()
    beaten: float = 0.0
    _base: tuple[int, float] = (0, 0.0)  # the database's clock, and ours that never jumps, at one instant
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        """Say that this node is here, and go on saying so."""
        self._beat()
        self._thread = threading.Thread(target=self._run, name="journal-beat", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Hand back all that this node holds."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        with self.pool.begin() as connection:
            mine = (work.c.owner == self.owner, work.c.state == "leased")
            connection.execute(work.update().where(*mine).values(state="ready", owner=None, lease=None))
            connection.execute(duty.delete().where(duty.c.owner == self.owner))
            connection.execute(node.delete().where(node.c.boot == self.owner))

    def now(self) -> datetime:
        """The database's clock, as of the last beat and carried on by a clock that never jumps: the same on every node."""
        at, since = self._base
        return instant(at) + timedelta(seconds=time.monotonic() - since)

    def holds(self, name: str) -> bool:
        """Whether this node looks after `name` now. A node whose beat does not get through holds nothing when its leases end."""
        return name in self.held and time.monotonic() - self.beaten < LEASE.total_seconds() - 1

    def want(self, names: Sequence[str]) -> None:
        """These are to be looked after by somebody; this node takes its share of them at the next beat, and at once what is free."""
        self.wanted = tuple(dict.fromkeys(names))
        with contextlib.suppress(FirstfiveError):
            self._worded(self._beat)

    def show(self, *, page: str | None = None, local: bool | None = None, behind: bool | None = None) -> None:
        """What the others are to see of this node; told at once. Raises JournalError."""
        self.page = self.page if page is None else page
        self.behind = self.behind if behind is None else behind
        self.local = self.local if local is None else local
        self._worded(self._beat)

    def all(self) -> tuple[Node, ...]:
        """Every node that is known, the newest beat first. Raises JournalError."""
        found: list[Node] = []

        def read() -> None:
            with self.pool.connect() as connection:
                found.extend(nodes_in(connection))

        self._worded(read)
        return tuple(found)

    def secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """A secret that all nodes share: what `make` gives on the first that asks. Raises JournalError."""
        found: list[bytes] = []

        def kept() -> None:
            with self.pool.begin() as connection:
                connection.execute(insert(shared).values(name=name, value=make()).on_conflict_do_nothing())
                found.append(connection.execute(sa.select(shared.c.value).where(shared.c.name == name)).scalar_one())

        self._worded(kept)
        return bytes(found[0])

    # -------------------------------------------------------------------------------------------------------- inside

    def _worded(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as problem:
            if is_database(problem):
                raise self.worded(problem) from problem
            raise

    def _run(self) -> None:
        while not self._stop.wait(BEAT * (0.9 + secrets.randbelow(20) / 100)):
            with contextlib.suppress(Exception):  # the next beat tries again; leases end by themselves
                self._beat()

    def _beat(self) -> None:
        with self.pool.begin() as connection:
            before = time.monotonic()
            now = now_of(connection)
            self._base = (now, (before + time.monotonic()) / 2)
            until = now + LEASE // _TICK
            mine = (work.c.owner == self.owner, work.c.state == "leased")
            connection.execute(work.update().where(*mine).values(lease=until))
            shows = {"host": socket.gethostname(), "process": os.getpid(), "version": firstfive.__version__}
            shows |= {"beat": now, "page": self.page, "local": self.local, "behind": self.behind}
            said = insert(node).values(boot=self.owner, **shows)
            connection.execute(said.on_conflict_do_update(index_elements=["boot"], set_=shows))
            connection.execute(node.delete().where(node.c.beat < now - FORGOTTEN // _TICK))
            held = self._shared_out(connection, now, until)
        self.held, self.beaten = held, before

    def _shared_out(self, connection: sa.Connection, now: int, until: int) -> frozenset[str]:
        """Renew what is ours, take what is free up to our share, let go of what is more than that.

        A node that is behind looks after nothing as long as one is alive that is not.
        """
        alive = sa.select(node.c.behind, sa.func.count()).where(node.c.beat > now - LEASE // _TICK)
        among = {bool(row[0]): int(row[1]) for row in connection.execute(alive.group_by(node.c.behind))}
        if self.behind and among.get(False):
            connection.execute(duty.update().where(duty.c.owner == self.owner).values(owner="", until=0))
            return frozenset()
        if not self.wanted:
            connection.execute(duty.delete().where(duty.c.owner == self.owner))
            return frozenset()
        known = insert(duty).values([{"name": name, "owner": "", "until": 0} for name in self.wanted])
        connection.execute(known.on_conflict_do_nothing())
        share = -(-len(self.wanted) // max(1, among.get(False, 0) or among.get(True, 0)))
        rows = connection.execute(
            sa.select(duty.c.name, duty.c.owner, duty.c.until)
            .where(duty.c.name.in_(self.wanted))
            .order_by(duty.c.name)
            .with_for_update(skip_locked=True)
        ).all()
        ours = [row.name for row in rows if row.owner == self.owner and row.until > now]
        free = [row.name for row in rows if row.until <= now]
        kept, spare = ours[:share], ours[share:]
        taken = (*kept, *free[: max(0, share - len(kept))])
        if spare:
            connection.execute(duty.update().where(duty.c.name.in_(spare)).values(owner="", until=0))
        if taken:
            connection.execute(duty.update().where(duty.c.name.in_(taken)).values(owner=self.owner, until=until))
        return frozenset(taken)


def nodes_in(connection: sa.Connection) -> tuple[Node, ...]:
    """Every node in the table with what it holds, the newest beat first."""
    now = now_of(connection)
    looks: dict[str, list[str]] = {}
    for row in connection.execute(sa.select(duty.c.owner, duty.c.name).where(duty.c.until > now)):
        looks.setdefault(row.owner, []).append(row.name)
    counted = sa.select(work.c.owner, sa.func.count()).where(work.c.state == "leased").group_by(work.c.owner)
    rows: Mapping[str, int] = {row[0]: row[1] for row in connection.execute(counted)}
    return tuple(
        Node(
            boot=row.boot,
            host=row.host,
            process=row.process,
            version=row.version,
            beat=instant(row.beat),
            alive=now - row.beat < LEASE // _TICK,
            page=row.page,
            local=row.local,
            behind=row.behind,
            looks=tuple(sorted(looks.get(row.boot, ()))),
            rows=rows.get(row.boot, 0),
        )
        for row in connection.execute(sa.select(node).where(node.c.beat.is_not(None)).order_by(node.c.beat.desc()))
    )
