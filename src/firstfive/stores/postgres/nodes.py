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
_NAMES = "SELECT concat(count(*), ' ', sum(hashtext(name))) FROM duty"  # tells whether a name came or went
# A beat in one question: the leases of our rows and of what we look after renewed, this node shown, and who else is there.
_BEAT = sa.text(f"""
WITH clock AS MATERIALIZED ({_CLOCK} AS at),
held AS (UPDATE work SET lease = clock.at + :lease FROM clock WHERE work.owner = :boot AND work.state = 'leased'),
here AS (INSERT INTO node (boot, host, process, version, beat, page, local, behind)
  SELECT :boot, :host, :process, :version, clock.at, :page, :local, :behind FROM clock
  ON CONFLICT (boot) DO UPDATE SET beat = excluded.beat, page = excluded.page, local = excluded.local, behind = excluded.behind),
kept AS (UPDATE duty SET until = clock.at + :lease FROM clock WHERE duty.owner = :boot AND duty.until > clock.at RETURNING duty.name),
others AS (SELECT behind, version FROM node, clock WHERE beat > clock.at - :lease AND boot <> :boot)
SELECT clock.at, ARRAY(SELECT name FROM kept) AS kept, ARRAY(SELECT name FROM duty WHERE until <= clock.at) AS free,
  (SELECT count(*) FROM others WHERE NOT behind) AS ahead, (SELECT count(*) FROM others WHERE behind) AS behind,
  ARRAY(SELECT DISTINCT version FROM others) AS versions, ({_NAMES}) AS names
FROM clock
""")  # noqa: S608 - constants


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
    versions: frozenset[str] = frozenset({firstfive.__version__})  # of all that were alive at the last beat
    _base: tuple[int, float] = (0, 0.0)  # the database's clock, and ours that never jumps, at one instant
    _shared: tuple[tuple[str, ...], str] = (
        (),
        "",
    )  # what was wanted when it was shared out last, and the names that were there then
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
        shows = {"host": socket.gethostname(), "process": os.getpid(), "version": firstfive.__version__}
        shows |= {"page": self.page, "local": self.local, "behind": self.behind}
        with self.pool.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            before = time.monotonic()
            seen = connection.execute(_BEAT, {"boot": self.owner, "lease": LEASE // _TICK, **shows}).one()
            after = time.monotonic()
        self._base = (seen.at, (before + after) / 2)
        self.versions = frozenset({*seen.versions, firstfive.__version__})
        ahead, behind = seen.ahead + (not self.behind), seen.behind + self.behind
        share = 0 if self.behind and seen.ahead else -(-len(self.wanted) // max(1, ahead or behind))
        held = frozenset(seen.kept)
        if self._shared != (self.wanted, seen.names) or self._unsettled(held, frozenset(seen.free), share):
            held = self._shared_out(seen.at, share)
        self.held, self.beaten = held, before

    def _unsettled(self, held: frozenset[str], free: frozenset[str], share: int) -> bool:
        """Whether more is to be done than to renew what this node holds, which is all of it nearly always."""
        wanted = frozenset(self.wanted)
        return len(held) > share or not held <= wanted or (len(held) < share and bool(free & wanted))

    def _shared_out(self, now: int, share: int) -> frozenset[str]:
        """Renew what is ours, take what is free up to our share, let go of what is more than that and of what nobody wants here.

        A node that is behind has no share as long as one is alive that is not.
        """
        wanted, until = self.wanted, now + LEASE // _TICK
        with self.pool.begin() as connection:
            connection.execute(node.delete().where(node.c.beat < now - FORGOTTEN // _TICK))
            mine = duty.update().where(duty.c.owner == self.owner)
            connection.execute(mine.where(duty.c.name.not_in(wanted)).values(owner="", until=0))
            if wanted:
                known = insert(duty).values([{"name": name, "owner": "", "until": 0} for name in wanted])
                connection.execute(known.on_conflict_do_nothing())
            rows = connection.execute(
                sa.select(duty.c.name, duty.c.owner, duty.c.until)
                .where(duty.c.name.in_(wanted))
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
            names = str(connection.exec_driver_sql(_NAMES).scalar())
        self._shared = (wanted, names)
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
