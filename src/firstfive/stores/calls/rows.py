"""Rows of calls: whose a call is, how far it came, what was answered.

Called by `keys` and `marking` inside a transaction of the journal. Opens and commits nothing; a row is found by the digest that names it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

import sqlalchemy as sa

from firstfive.stores.outside import packed, unpacked
from firstfive.stores.tables import call, node

LIVES = timedelta(days=1)
SILENT = timedelta(
    seconds=15
)  # a node that showed no sign of life for so long lost its leases, and its calls with them
MOST_ANSWERS, LARGEST_ANSWER = 2000, 256 * 1024  # answers that are kept, and bytes of one as it is stored
_TICK = timedelta(microseconds=1)
TIDIED_EVERY = 50


class State(StrEnum):
    """How far a call came."""

    BEGUN = "begun"  # taken, and nothing is written for it
    OUTSIDE = "outside"  # taken, and what it writes does not stand in the journal: nobody knows whether it did
    ACTED = "acted"  # what it asked for is written, its answer is not
    ANSWERED = "answered"  # with or without the answer kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as the journal knows it now.

    `ours` is whether this process is to act on it now, and `fence` proves that later; `going` whether a living process does.
    `same` is whether it asks what the first call of that name asked. `incident` is what it acted on; `answer` is empty when none was kept.
    """

    name: str
    fence: int
    state: State
    ours: bool = False
    going: bool = False
    same: bool = True
    incident: str = ""
    answer: bytes = b""


def begin(connection: sa.Connection, owner: str, name: str, asked: str, now: int, state: State) -> Call:
    """Take a call, or say what is known of it. One whose process died before anything was written is taken over."""
    connection.execute(call.delete().where(call.c.at < now - LIVES // _TICK))
    row = connection.execute(sa.select(call).where(call.c.name == name)).mappings().one_or_none()
    if row is None:
        fresh = {"name": name, "asked": asked, "at": now, "state": state.value, "owner": owner, "fence": 1}
        made = connection.execute(call.insert().values(**fresh)).inserted_primary_key
        _tidied(connection, int(made[0]) if made else 0)
        return Call(name=name, fence=1, state=state, ours=True)
    known = Call(
        name=name,
        fence=row["fence"],
        state=State(row["state"]),
        same=row["asked"] == asked,
        incident=row["incident"] or "",
        answer=unpacked(row["answer"]) if row["answer"] is not None else b"",
    )
    if not known.same or known.state == State.ANSWERED:
        return known
    if row["owner"] != owner and _alive(connection, row["owner"], now):
        return replace(known, going=True)
    if known.state != State.BEGUN:
        return known
    connection.execute(call.update().where(call.c.name == name).values(owner=owner, fence=known.fence + 1))
    return replace(known, ours=True, fence=known.fence + 1)


def acted(connection: sa.Connection, owner: str, given: Call, incident: str) -> bool:
    """Something is written for this call, on this incident or on none. False when it is not this process's any more."""
    values = {"state": State.ACTED.value} | ({"incident": incident} if incident else {})
    return connection.execute(call.update().where(*_ours(owner, given)).values(**values)).rowcount == 1


def answered(connection: sa.Connection, owner: str, given: Call, answer: bytes) -> None:
    """It is over; a repeat gets this answer, unless it is empty or too large to be kept."""
    stored = packed(answer) if answer else b""
    kept = stored if 0 < len(stored) <= LARGEST_ANSWER else None
    connection.execute(
        call.update().where(*_ours(owner, given)).values(state=State.ANSWERED.value, answer=kept, owner="")
    )


def dropped(connection: sa.Connection, owner: str, given: Call) -> None:
    """It failed: forgotten where nothing was written, so that it may be tried anew; else over, without an answer."""
    done = connection.execute(
        call.update().where(*_ours(owner, given), call.c.state == State.ACTED).values(state=State.ANSWERED.value)
    )
    if done.rowcount == 0:
        connection.execute(call.delete().where(*_ours(owner, given)))


def _ours(owner: str, given: Call) -> tuple[sa.ColumnElement[bool], ...]:
    return (call.c.name == given.name, call.c.owner == owner, call.c.fence == given.fence)


def _alive(connection: sa.Connection, owner: str, now: int) -> bool:
    """Whether the process of that name still runs: where several write, whether it was heard of lately."""
    row = connection.execute(sa.select(node.c.beat).where(node.c.boot == owner)).one_or_none()
    return row is not None and (row.beat is None or now - row.beat < SILENT // _TICK)


def _tidied(connection: sa.Connection, newest: int) -> None:
    """Now and then: only the newest answers are kept. The keys themselves stay for their day."""
    if newest % TIDIED_EVERY == 0:
        old = (call.c.id <= newest - MOST_ANSWERS, call.c.answer.is_not(None))
        connection.execute(call.update().where(*old).values(answer=None))
