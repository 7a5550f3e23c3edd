"""Every hash chain of a journal, computed anew.

Called by `journal`, by whoever verifies, and by what copies or moves a journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from firstfive.stores import attached, chain, codec
from firstfive.stores.tables import event, incident, instant

Row = Mapping[Any, Any]


def problems(connection: sa.Connection) -> tuple[str, ...]:
    """Prove every chain of the journal (see `chain.broken`), and every output that one of them tells of."""
    named = connection.execute(sa.select(incident).order_by(incident.c.number))
    heads = {row.id: chain.Head(number=row.number, seq=row.last_seq, hash=row.last_hash) for row in named}
    rows = connection.execute(sa.select(event).order_by(event.c.incident, event.c.seq)).mappings()
    return (*chain.broken((_link(row) for row in rows), heads), *attached.problems(connection))


def _link(row: Row) -> chain.Link:
    try:
        at = codec.stamp(instant(row["at"]))
    except (TypeError, OverflowError):
        at = str(row["at"])  # an instant that we never wrote: the chain will say so
    return chain.Link(**{**row, "at": at, "data": str(row["data"])})
