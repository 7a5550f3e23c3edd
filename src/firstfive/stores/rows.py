"""Questions about rows of work: in which state they are, what stands before one of them, what the outbox holds.

Called by `journal` inside its transactions. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from firstfive.ports import Letter, Work
from firstfive.stores.tables import instant, work

OPEN = ("ready", "leased")


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
