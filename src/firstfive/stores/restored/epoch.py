"""The epoch of a journal: how often it may have forgotten something, since when, and why.

Kept as one row of `shared`, in both databases. Called by `journal`, by the two databases when they find that they were put back, and by
`firstfive restore` and `firstfive nodes restored`.
"""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa

from firstfive.ports import Epoch
from firstfive.stores.tables import incident, instant, shared, ticks

NAME = "epoch"
# Numbers that are left out after it: incidents that were forgotten had some of them, and may stand in chats and on hosts.
GAP = 100


def latest(connection: sa.Connection) -> Epoch | None:
    """The newest epoch; None for a journal that never forgot anything."""
    value = connection.scalar(sa.select(shared.c.value).where(shared.c.name == NAME))
    if value is None:
        return None
    held = json.loads(value)
    return Epoch(number=held["number"], at=instant(held["at"]), why=held["why"], first=held["first"])


def begin(connection: sa.Connection, why: str, at: datetime, *, known: int | None = None) -> Epoch:
    """Begin the next epoch. With `known`, the number that whoever noticed still knew: when a newer one stands there, that one is it."""
    held = latest(connection)
    number = held.number if held is not None else 0
    if held is not None and known is not None and number > known:
        return held
    highest = connection.scalar(sa.select(sa.func.max(incident.c.number))) or 0
    made = Epoch(number=max(number, known or 0) + 1, at=at, why=why, first=highest + GAP + 1)
    value = json.dumps({"number": made.number, "at": ticks(at), "why": why, "first": made.first}).encode()
    connection.execute(shared.delete().where(shared.c.name == NAME))
    connection.execute(shared.insert().values(name=NAME, value=value))
    return made
