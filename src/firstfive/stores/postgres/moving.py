"""A whole journal moved from one database to another, with its open incidents, proved on both sides.

Called by `firstfive migrate`. Copies every table in one transaction of the destination, so that an interrupted move leaves it empty.
Nobody may write the source meanwhile: a file is owned for as long as it takes, a database must have no node alive. A step that has begun
must have ended, since what its host remembers of it is kept under the journal's name.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from firstfive.errors import JournalError
from firstfive.stores import journal, open_journal, ownership
from firstfive.stores.postgres import address, place
from firstfive.stores.postgres.nodes import nodes_in
from firstfive.stores.postgres.trouble import is_database, told
from firstfive.stores.rows import OPEN
from firstfive.stores.tables import duty, event, incident, metadata, node, shared, work

AT_ONCE = 2000
KEPT = [table for table in metadata.sorted_tables if table not in (node, duty)]
# What is true of one database only: which PostgreSQL it is.
_OWN = sa.delete(shared).where(shared.c.name == place.NAME)
NUMBERED = [table for table in KEPT if table.c.get("id") is not None and isinstance(table.c.id.type, sa.BigInteger)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was moved and proved; `freed` are rows of work that somebody had claimed and that are ready again."""

    incidents: int
    entries: int
    open: int
    freed: int


def move(given: str, wanted: str) -> Moved:
    """Copy the journal at `given` into the empty one at `wanted`. Raises JournalError with the destination as it was."""
    if _where(given) == _where(wanted):
        raise JournalError("both addresses are the same journal", remedy="give two different ones")
    with contextlib.closing(_Opened(given)) as source:
        _refuse_broken(source, given)
        asyncio.run(open_journal(wanted).close())  # makes the tables, or says why it cannot
        with contextlib.closing(_Opened(wanted)) as destination, destination.engine.connect() as there:
            held = there.scalar(sa.select(sa.func.count()).select_from(incident)) or 0
            if held:
                raise JournalError(
                    f"the destination holds {held} incidents already",
                    where=_where(wanted),
                    remedy="give an empty database; two journals are joined with firstfive export and import",
                )
            try:
                with source.engine.connect() as here:
                    moved = _copied(here, there)
                there.execute(_OWN)
                _refuse_different(there, wanted)
                there.commit()
            except Exception as problem:
                if is_database(problem):
                    raise told(problem, _where(wanted)) from problem
                raise
    return moved


class _Opened:
    """A journal held so that nobody else writes it."""

    def __init__(self, url: str) -> None:
        self.lock: int | None = None
        if url.startswith("sqlite"):
            path = Path(os.path.abspath(url.partition(":///")[2]))
            if path.exists():
                self.lock = ownership.take(path)
            self.engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(path), poolclass=sa.NullPool)
        else:
            self.engine = address.pool(address.read(url), 2)
            with self.engine.connect() as connection:
                alive = [one for one in nodes_in(connection) if one.alive] if _is_journal(connection) else []
            if alive:
                self.engine.dispose()
                raise JournalError(
                    f"node {alive[0].boot[:8]} on {alive[0].host} writes this journal",
                    where=_where(url),
                    remedy="stop every node first; firstfive nodes shows them",
                )

    def close(self) -> None:
        """Let others in again."""
        self.engine.dispose()
        if self.lock is not None:
            os.close(self.lock)


def _is_journal(connection: sa.Connection) -> bool:
    return sa.inspect(connection).has_table(duty.name)


def _where(url: str) -> str:
    return url if url.startswith("sqlite") else address.shown(address.read(url))


def _refuse_broken(source: _Opened, url: str) -> None:
    asyncio.run(open_journal(url, read_only=True).close())  # of our version, or says why not
    with source.engine.connect() as connection:
        broken = journal.problems(connection)
        begun = sa.select(work.c.key).where(work.c.kind == "step", work.c.state.in_(OPEN), work.c.tries > 0)
        unfinished = connection.scalar(begun.order_by(work.c.id).limit(1))
    if broken:
        raise JournalError(
            f"the journal is not whole: {broken[0]}", where=_where(url), remedy="put back a copy that verifies"
        )
    if unfinished is not None:
        raise JournalError(
            f"a step has begun and nobody knows yet how it ended: {unfinished}",
            where=_where(url),
            remedy="start the server once, let it end or settle it, stop the server, and move again",
        )


def _copied(here: sa.Connection, there: sa.Connection) -> Moved:
    freed = 0
    for table in KEPT:
        for rows in _parts(here, table):
            freed += sum(row.get("state") == "leased" for row in rows)
            there.execute(table.insert(), [_free(row) for row in rows])
    if there.dialect.name == "postgresql":
        for table in NUMBERED:
            last = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0) + 1).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, "id")
            there.execute(sa.select(sa.func.setval(sequence, last, sa.false())))

    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return there.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0

    return Moved(incidents=count(incident), entries=count(event), open=count(incident, incident.c.is_open), freed=freed)


def _free(row: dict[str, object]) -> dict[str, object]:
    """A row as it is moved: what somebody had claimed is ready again."""
    return {**row, "state": "ready", "owner": None, "lease": None} if row.get("state") == "leased" else row


def _parts(here: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    found = here.execution_options(yield_per=AT_ONCE).execute(sa.select(table).order_by(*table.primary_key))
    for part in found.mappings().partitions():
        yield [dict(row) for row in part]


def _refuse_different(there: sa.Connection, url: str) -> None:
    broken = journal.problems(there)
    if broken:
        raise JournalError(
            f"what arrived does not verify: {broken[0]}",
            where=_where(url),
            remedy="nothing was kept there; please report",
        )
