"""Not more than one page to a person within two minutes: whoever has just been woken reads the next one as well.

Asked by `outbox` before a page is handed over. What had to wait goes out within the next page to that person, and needs none of its own.
Kept in memory: after a restart one page may come early.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.safety import plain_name

APART = timedelta(minutes=2)
LOOK = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A page that waits for its turn: the key of its row and its title."""

    key: str
    title: str


@dataclass(slots=True, kw_only=True)
class Pace:
    """The last page that each person got: when, and of which incident; and what waits for them, by incident.

    Further ways of the same page are not held up.
    """

    _last: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    _waiting: dict[str, dict[str, Waiting]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def free_at(self, person: str, incident: str, page: Waiting, now: datetime) -> datetime:
        """When to ask again for a page of this incident to this person; `now` when it may go at once."""
        who = plain_name(person)
        at, of = self._last.get(who, (None, ""))
        if at is None or of == incident or now >= at + APART:
            return now
        self._waiting.setdefault(who, {})[incident] = page
        return min(at + APART, now + LOOK)

    def paged(self, person: str, incident: str, now: datetime) -> Mapping[str, Waiting]:
        """A page of this incident is being handed over: what goes with it, by incident."""
        who = plain_name(person)
        self._last[who] = (now, incident)
        waiting = self._waiting.get(who, {})
        waiting.pop(incident, None)
        return dict(waiting)

    def arrived(self, person: str, others: Mapping[str, Waiting]) -> None:
        """It arrived, and these with it."""
        waiting = self._waiting.get(plain_name(person), {})
        for other in others:
            waiting.pop(other, None)

    def missed(self, person: str, incident: str, page: Waiting) -> None:
        """It did not arrive: it holds up no other, and may go with another."""
        who = plain_name(person)
        if self._last.get(who, (None, ""))[1] == incident:
            del self._last[who]
        self._waiting.setdefault(who, {})[incident] = page

    def told_within(self, page: Waiting) -> None:
        """It went out within another, whose sender could not close its row: somebody else had it in hand just then."""
        self._told.add(page.key)

    def told_already(self, person: str, incident: str, key: str) -> bool:
        """Whether this page went out within another, asked when its own turn comes; then it needs none, and is forgotten here."""
        if key not in self._told:
            return False
        self._told.discard(key)
        self._waiting.get(plain_name(person), {}).pop(incident, None)
        return True
