"""Senders' requests kept by one statement, while they wait for their answer.

Called by `journal` beside it inside a transaction. The storm's way in: one insert for all that came in one round of the event loop.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from firstfive.ports import Received
from firstfive.stores import outside
from firstfive.stores.tables import received


def keep(connection: sa.Connection, given: Sequence[Received]) -> list[tuple[int, bool]]:
    """The id of each request, in order, and False when its key was known. One without a key gets one of its own."""
    rows = [dict(zip(outside.KEPT, outside.row_of(one), strict=True)) for one in given]
    for row in rows:
        row["key"] = row["key"] or f"#{time.time_ns():020}{secrets.token_hex(4)}"
    fresh = insert(received).on_conflict_do_nothing(index_elements=["key"]).returning(received.c.id, received.c.key)
    made = {row.key: row.id for row in connection.execute(fresh.values(rows))}
    missing = [row["key"] for row in rows if row["key"] not in made]
    known: dict[str, int] = {}
    if missing:
        found = sa.select(received.c.key, received.c.id).where(received.c.key.in_(missing))
        known = {row.key: row.id for row in connection.execute(found)}
    answers: list[tuple[int, bool]] = []
    for row in rows:
        key = str(row["key"])
        answers.append((made[key], True) if key in made else (known[key], False))
        if key in made:
            known[key] = made.pop(key)  # a second one of the same key in this round is a repeat
    return answers
