"""Incidents as the journal keeps them, folded; read beside a running server or without one.

Called by commands and `numbers`, in a thread that runs no event loop. Never writes, and makes no journal where there is none.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstfive.incident.timeline import Incident
    from firstfive.settings import Settings


def read_incidents(settings: Settings, *names: str) -> tuple[Incident, ...]:
    """The incidents of these names, or all when none is named; one that is not there is left out. Raises JournalError."""
    from firstfive.incident.timeline import fold
    from firstfive.ports import Transaction
    from firstfive.stores import open_journal

    scheme, _, path = settings.database.partition(":///")
    if scheme == "sqlite" and not Path(path).exists():
        return ()

    def all_of(tx: Transaction) -> tuple[Incident, ...]:
        wanted = names or tx.incidents(only_open=False)
        return tuple(fold(name, entries) for name in wanted if (entries := tx.entries(name)))

    async def read() -> tuple[Incident, ...]:
        journal = open_journal(settings.database, read_only=True)
        try:
            return await journal.read(all_of)
        finally:
            await journal.close()

    return asyncio.run(read())
