"""Not more than one page to a person within two minutes: whoever has just been woken reads the next one as well.

Asked by `outbox` before a page is handed over, inside its transaction. What had to wait goes out within the next page to that person, and
needs none of its own. Kept in the journal, so that it holds over a restart, and over all nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from firstfive.incident.safety import plain_name
from firstfive.ports import Transaction

APART = timedelta(minutes=2)
LOOK = timedelta(seconds=10)
MOST_TOLD = 50
STILL = ("ready", "leased")  # states of a page's row that is still to be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A page that waits for its turn: the key of its row and its title."""

    key: str
    title: str


@dataclass(slots=True, kw_only=True)
class Pace:
    """The last page that one person got: when, and of which incident; and what waits for them, by incident.

    `told` are keys of pages that went out within another while somebody had them in hand. Further ways of the same page are not held up.
    """

    at: datetime | None = None
    of: str = ""
    waiting: dict[str, Waiting] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def free_at(self, incident: str, page: Waiting, now: datetime) -> datetime:
        """When to ask again for a page of this incident to this person; `now` when it may go at once."""
        if self.at is None or self.of == incident or now >= self.at + APART:
            return now
        self.waiting[incident] = page
        return min(self.at + APART, now + LOOK)

    def paged(self, incident: str, now: datetime) -> Mapping[str, Waiting]:
        """A page of this incident is being handed over: what goes with it, by incident."""
        self.at, self.of = now, incident
        self.waiting.pop(incident, None)
        return dict(self.waiting)

    def arrived(self, others: Mapping[str, Waiting]) -> None:
        """It arrived, and these with it."""
        for other in others:
            self.waiting.pop(other, None)

    def missed(self, incident: str, page: Waiting) -> None:
        """It did not arrive: it holds up no other, and may go with another."""
        if self.of == incident:
            self.at, self.of = None, ""
        self.waiting[incident] = page

    def told_within(self, page: Waiting) -> None:
        """It went out within another, whose sender could not close its row: somebody else had it in hand just then."""
        self.told = [*self.told, page.key][-MOST_TOLD:]

    def told_already(self, incident: str, key: str) -> bool:
        """Whether this page went out within another, asked when its own turn comes; then it needs none, and is forgotten here."""
        if key not in self.told:
            return False
        self.told.remove(key)
        self.waiting.pop(incident, None)
        return True


def pace_of(tx: Transaction, person: str) -> Pace:
    """The pace of this person; what was told or given up meanwhile waits no longer."""
    kept = tx.pace(plain_name(person))
    if not kept:
        return Pace()
    held = msgspec.json.decode(kept, type=Pace)
    states = tx.states([page.key for page in held.waiting.values()])
    held.waiting = {name: page for name, page in held.waiting.items() if states.get(page.key) in STILL}
    return held


def keep(tx: Transaction, person: str, pace: Pace) -> None:
    """Remember it with what the transaction does."""
    tx.keep_pace(plain_name(person), msgspec.json.encode(pace))
