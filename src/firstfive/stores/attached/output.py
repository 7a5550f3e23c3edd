"""What a run said where that is more than a timeline holds, kept whole beside it and proved by it.

Called by `journal` inside its transactions and by `restored.chains` when everything is proved. The entry that tells how the run ended
holds the SHA-256 of the text, so the hash chain covers it too. Opens and commits nothing.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from hashlib import sha256

import sqlalchemy as sa

from firstfive.incident.events import StepFinished
from firstfive.stores.tables import attachment, event


def keep(connection: sa.Connection, incident: str, run: str, text: str) -> None:
    """Keep the text of a run; one that was kept of it before is replaced."""
    mine = _of(incident, run)
    body = zlib.compress(text.encode("utf-8", "replace"), level=1)
    if connection.execute(attachment.update().where(mine).values(body=body)).rowcount == 0:
        connection.execute(attachment.insert().values(incident=incident, run=run, body=body))


def text(connection: sa.Connection, incident: str, run: str) -> str | None:
    """What was kept of a run; None when nothing was."""
    body = connection.scalar(sa.select(attachment.c.body).where(_of(incident, run)))
    return zlib.decompress(body).decode("utf-8", "replace") if body is not None else None


def problems(connection: sa.Connection) -> Iterator[str]:
    """A sentence for each attachment that is gone or is not the one that its timeline tells of."""
    told = sa.select(event.c.incident, event.c.seq, event.c.data).where(
        event.c.type == StepFinished.__name__, event.c.data.contains('"attached":"', autoescape=True)
    )
    for row in connection.execute(told.order_by(event.c.incident, event.c.seq)):
        try:
            said = json.loads(row.data)
            wanted, run = str(said.get("attached", "")), str(said["run"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # the chain says so
        if not wanted:
            continue
        try:
            kept = text(connection, row.incident, run)
        except zlib.error:
            kept = ""
        if kept is None:
            yield f"{row.incident}, entry {row.seq}: the whole output of {run} is missing"
        elif sha256(kept.encode("utf-8", "replace")).hexdigest() != wanted:
            yield f"{row.incident}, entry {row.seq}: the whole output of {run} is not the one that was kept"


def _of(incident: str, run: str) -> sa.ColumnElement[bool]:
    return (attachment.c.incident == incident) & (attachment.c.run == run)
