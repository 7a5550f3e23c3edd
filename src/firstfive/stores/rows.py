"""Rows of work: which are due, whose they are, in which state they are, what the outbox holds.

Called by `journal` inside its transactions. Knows no kind of work and no rule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from firstfive.ports import Letter, Work
from firstfive.stores.tables import instant, work

OPEN = ("ready", "leased")

# A lease covers a program that lost track of a row without dying; one that died loses its leases when the journal is opened again.
LEASE = timedelta(minutes=15)

# Written out, not bound: a database uses a partial index only when it can see the value while planning.
READY: sa.ColumnElement[str] = sa.literal_column("'ready'")
LEASED: sa.ColumnElement[str] = sa.literal_column("'leased'")


def known(kinds: Sequence[str], without: Collection[str]) -> sa.ColumnElement[bool]:
    """Rows of these kinds, but not of those incidents."""
    ours = work.c.kind.in_(kinds)
    return ours & (work.c.incident.is_(None) | work.c.incident.not_in(list(without))) if without else ours


# One statement, and the same one on every database: whether the key was new is how many rows it made.
ENQUEUE = sa.text(
    "INSERT INTO work (key, incident, kind, due, data, state, fence, tries)"
    " VALUES (:key, :incident, :kind, :due, :data, 'ready', 0, 0) ON CONFLICT (key) DO NOTHING"
)


def due(connection: sa.Connection, known: sa.ColumnElement[bool], at: int, limit: int, *, over: int) -> list[int]:
    """Up to `limit` rows that can be claimed: those whose lease was over at `over` first, then those due at `at` by when they were."""
    due = sa.select(work.c.id).where(work.c.state == READY, work.c.due <= at, known).order_by(work.c.due)
    lost = sa.select(work.c.id).where(work.c.state == LEASED, work.c.lease <= over, known).order_by(work.c.lease)
    ids: list[int] = []
    for wanted in (lost, due):
        free = wanted.limit(limit - len(ids)).with_for_update(skip_locked=True)
        ids += connection.scalars(free)
    return ids


def ready(connection: sa.Connection, key: str) -> list[int]:
    """The row of that key, when it is ready and nobody holds it."""
    wanted = sa.select(work.c.id).where(work.c.key == key, work.c.state == READY)
    return list(connection.scalars(wanted.with_for_update(skip_locked=True)))


def leased(connection: sa.Connection, ids: Sequence[int], owner: str, until: int) -> tuple[Work, ...]:
    """These rows taken by `owner` until that instant, earliest first; the fence of each has grown."""
    if not ids:
        return ()
    values = {"state": "leased", "owner": owner, "lease": until}
    grown = {"fence": work.c.fence + 1, "tries": work.c.tries + 1}
    taken = work.update().where(work.c.id.in_(ids)).values(**values, **grown).returning(work)
    rows = connection.execute(taken).mappings().all()
    return tuple(_work(row) for row in sorted(rows, key=lambda row: (row["due"], row["id"])))


def states(connection: sa.Connection, keys: Sequence[str]) -> Mapping[str, str]:
    """The state of each of these rows; a key that was never used is left out."""
    wanted = sa.select(work.c.key, work.c.state).where(work.c.key.in_(list(keys)))
    return {row.key: row.state for row in connection.execute(wanted)} if keys else {}


def open_before(connection: sa.Connection, given: Work, ending: str) -> bool:
    """Whether an older row of the same incident and kind, whose key ends so, is still to be done."""
    older = (
        work.c.incident == given.incident,
        work.c.kind == given.kind,
        work.c.id < given.id,
        work.c.state.in_(OPEN),
        work.c.key.endswith(ending, autoescape=True),
    )
    return connection.scalar(sa.select(work.c.id).where(*older).limit(1)) is not None


def next_due(connection: sa.Connection, known: sa.ColumnElement[bool]) -> datetime | None:
    """When the next row of these can be claimed: it is due, or its lease is over."""
    first = sa.select(sa.func.min(work.c.due)).where(work.c.state == READY, known)
    freed = sa.select(sa.func.min(work.c.lease)).where(work.c.state == LEASED, known)
    times = [at for at in connection.scalars(first.union_all(freed)) if at is not None]
    return instant(min(times)) if times else None


def revive(connection: sa.Connection, key: str, due: int) -> bool:
    """Make a row that was given up due once more. False when there is none of that key."""
    dead = (work.c.key == key, work.c.state == "dead")
    changed = connection.execute(work.update().where(*dead).values(state="ready", due=due, tries=0, error=None))
    return changed.rowcount == 1


def outbox(connection: sa.Connection, limit: int) -> tuple[Letter, ...]:
    """Messages that wait or were given up: the dead ones first, then by when they are due."""
    wanted = sa.select(work).where(work.c.kind == "deliver", work.c.state != "done")
    ordered = wanted.order_by(sa.case((work.c.state == "dead", 0), else_=1), work.c.due, work.c.id).limit(limit)
    return tuple(
        Letter(
            key=row["key"],
            incident=row["incident"] or "",
            state=row["state"],
            due=instant(row["due"]),
            tries=row["tries"],
            why=row["error"] or "",
            data=row["data"],
        )
        for row in connection.execute(ordered).mappings()
    )


def _work(row: Mapping[Any, Any]) -> Work:
    names = ("id", "key", "kind", "data", "tries", "fence")
    return Work(**{name: row[name] for name in names}, incident=row["incident"] or "", due=instant(row["due"]))
