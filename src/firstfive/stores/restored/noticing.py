"""Notice that a journal was put back, remember what was seen of it, and say so by hand where nobody can notice.

Called by `app` when the program begins and while it runs, by `firstfive restore` and by `firstfive nodes restored`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from firstfive.ports import Epoch, Journal, Transaction
from firstfive.stores.restored.epoch import begin, latest
from firstfive.stores.restored.mark import MOST, Mark, forgotten, keep, kept
from firstfive.stores.tables import incident


def notice(connection: sa.Connection, mark: Mark, at: datetime, moved: str = "") -> str:
    """Begin a new epoch when the journal forgot what was seen, or was `moved`; the reason, or nothing. The mark then knows the epoch."""
    why = forgotten(connection, mark) or moved
    if why:
        begin(connection, why, at, known=mark.epoch if mark.ends else None)
        mark.ends.clear()
    held = latest(connection)
    mark.epoch = held.number if held is not None else 0
    return why


async def recall(journal: Journal, folder: Path, name: str, at: datetime) -> str:
    """Compare the journal with what was kept of it in the state folder; why a new epoch begins, or nothing. Raises JournalError."""
    mark = kept(folder, name)
    why = await journal.write(lambda tx: notice(_connection(tx), mark, at))
    held = getattr(journal, "mark", None)
    if isinstance(held, Mark):
        held.ends, held.epoch = mark.ends, mark.epoch
    return why


async def remember(journal: Journal, folder: Path, name: str) -> Epoch | None:
    """Keep where the newest timelines end; the epoch that is now. Raises JournalError."""
    ends, epoch = await journal.read(lambda tx: (_newest(_connection(tx)), tx.epoch()))
    mark = Mark(ends=ends, epoch=epoch.number if epoch is not None else 0)
    held = getattr(journal, "mark", None)
    if isinstance(held, Mark):
        held.epoch = mark.epoch  # one that somebody said by hand is no news on the next connection
    if kept(folder, name) != mark:
        keep(folder, name, mark)
    return epoch


def _newest(connection: sa.Connection) -> dict[str, tuple[int, str]]:
    wanted = sa.select(incident.c.id, incident.c.last_seq, incident.c.last_hash).where(incident.c.last_seq > 0)
    rows = connection.execute(wanted.order_by(incident.c.number.desc()).limit(MOST)).all()
    return {row.id: (row.last_seq, row.last_hash) for row in reversed(rows)}


def declared(database: str, why: str, at: datetime) -> Epoch:
    """Begin a new epoch because somebody says so, or because a copy was put back. Raises JournalError, also while a server owns a file."""
    from firstfive.stores import open_journal

    async def begun() -> Epoch:
        journal = await asyncio.to_thread(open_journal, database)
        try:
            return await journal.write(lambda tx: begin(_connection(tx), why, at))
        finally:
            await journal.close()

    return asyncio.run(begun())


def _connection(tx: Transaction) -> sa.Connection:
    """The database transaction behind ours, which only this room looks at."""
    return cast(sa.Connection, cast(Any, tx).connection)
