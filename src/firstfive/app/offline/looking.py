"""An incident as the journal holds it, read beside whoever writes it or when nobody does: what a room shows while the server is gone.

Part of `app`. Called in a thread that runs no event loop. Never writes, owns nothing, and makes no journal where there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from firstfive.app.pages import again
from firstfive.app.program import policy_from
from firstfive.documents.summary import summary
from firstfive.documents.view import view
from firstfive.errors import JournalError, Refused
from firstfive.handbook.model import Handbook
from firstfive.incident.timeline import Incident, fold
from firstfive.ports import Clock, Journal, Transaction
from firstfive.settings import Settings
from firstfive.stores import open_journal

T = TypeVar("T")
Row = dict[str, object]


@dataclass(slots=True, kw_only=True)
class Looking:
    """The journal of one installation, opened for each look, so that a server can start or end at any time."""

    settings: Settings
    clock: Clock
    _books: dict[str, Handbook] = field(default_factory=dict)

    def open_incidents(self) -> list[Row]:
        """The open incidents in short, newest first. Raises JournalError."""
        if not self._there():
            return []

        def names_of(tx: Transaction) -> list[Incident]:
            return [fold(name, tx.entries(name)) for name in tx.incidents(only_open=True)]

        found = self._read(names_of)
        return [summary(one, self._book(one), policy_from(self.settings)) for one in found if one.resolved_at is None]

    def seen(self, incident_id: str) -> Row:
        """One incident in full, now. Raises Refused when there is none, JournalError when the journal cannot be read."""
        entries = self._read(lambda tx: tx.entries(incident_id)) if self._there() else ()
        if not entries:
            raise Refused(f"there is no incident {incident_id}", remedy="firstfive status --all lists them")
        incident = fold(incident_id, entries)
        return view(incident, self._book(incident), policy_from(self.settings), self.clock.now())

    def grew(self, incident_id: str, had: int) -> bool:
        """Whether its timeline has entries behind number `had`: cheaper than a look at all of it."""
        return self._there() and bool(self._read(lambda tx: tx.entries(incident_id, had)))

    def _there(self) -> bool:
        scheme, _, path = self.settings.database.partition(":///")
        return scheme != "sqlite" or Path(path).exists()

    def _read(self, work: Callable[[Transaction], T]) -> T:
        async def read() -> T:
            journal: Journal = open_journal(self.settings.database, read_only=True)
            try:
                return await journal.read(work)
            finally:
                await journal.close()

        return asyncio.run(read())

    def _book(self, incident: Incident) -> Handbook:
        """The page that an incident is pinned to."""
        digest = incident.declared.handbook if incident.declared else ""
        if digest not in self._books:
            kept = self._read(lambda tx: tx.handbook(digest))
            if kept is None:
                raise JournalError(f"the journal does not hold the page {digest[:12]} that {incident.id} is pinned to")
            self._books[digest] = again(self.settings, digest, kept)
        return self._books[digest]
