"""Not more than one incident's page to a person within two minutes: whoever has just been woken reads the next one as well.

Asked by `outbox` before a page is handed over. Kept in memory: after a restart one page may come early.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.safety import plain_name

APART = timedelta(minutes=2)


@dataclass(slots=True, kw_only=True)
class Pace:
    """The last page that each person got: when, and of which incident. Further ways of the same page are not held up."""

    _last: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def free_at(self, person: str, incident: str, now: datetime) -> datetime:
        """When a page of this incident may go to this person; `now` when it may go at once."""
        at, of = self._last.get(plain_name(person), (None, ""))
        return now if at is None or of == incident else max(now, at + APART)

    def paged(self, person: str, incident: str, now: datetime) -> None:
        """A page of this incident is being handed over."""
        self._last[plain_name(person)] = (now, incident)

    def missed(self, person: str, incident: str) -> None:
        """It did not arrive, so it holds up no other."""
        if self._last.get(plain_name(person), (None, ""))[1] == incident:
            del self._last[plain_name(person)]
