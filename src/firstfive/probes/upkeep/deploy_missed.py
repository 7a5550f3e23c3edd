"""A deploy that should have come by now and did not.

Built by `app` from settings. Asks the ledger; a subject that the ledger never saw is unknown, not missed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployMissed:
    """`subject` as the ledger names it; `older_than` is how long without a deploy is too long. `newest` asks the ledger."""

    name: str
    symptom: str
    subject: str
    newest: Callable[[str], Awaitable[Deploy | None]]
    older_than: timedelta = timedelta(days=7)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when the ledger knows nothing of the subject."""
        held = await self.newest(self.subject)
        if held is None:
            raise FirstfiveError(
                f"the ledger has never seen {self.subject}, so nobody knows whether a deploy was missed",
                remedy="tell it: curl -d service=NAME -d version=1 .../deploy",
            )
        age = now - held.at
        late = age > self.older_than
        days = age.total_seconds() / 86400
        text = f"{self.subject} runs {held.version} since {days:.1f} days"
        if late:
            text += f"; a deploy was due after {self.older_than.total_seconds() / 86400:.1f}"
        return (
            Signal(
                kind=SignalKind.PROBE,
                source=self.name,
                subject=f"deploys of {self.subject}",
                firing=late,
                text=text,
                at=now,
                symptom=self.symptom,
            ),
        )
