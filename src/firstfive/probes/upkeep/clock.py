"""How far the clock of a host is from ours.

Built by `app` from settings. A target is asked for its time; the time that the question takes is taken off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.ports import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkew:
    """Fires when the target's clock differs from ours by more than `more_than`; never blames a target that answers slowly."""

    name: str
    symptom: str
    target: Target
    more_than: timedelta = timedelta(seconds=5)
    host: str = ""

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal; `now` is when the question was put. Raises FirstfiveError when there is no answer."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        output = await self.target.look("date +%s.%N", timeout=timedelta(seconds=10))
        took = timedelta(seconds=loop.time() - began)
        try:
            there = datetime.fromtimestamp(float(output.stdout.strip()), UTC)
        except ValueError:
            raise FirstfiveError("its clock cannot be read", where=self.target.name) from None
        # It was asked at some moment between the question and the answer: only what lies outside of that is skew.
        ahead = max(there - (now + took), timedelta(0))
        behind = max(now - there, timedelta(0))
        skew = max(ahead, behind)
        firing = skew > self.more_than
        way = "ahead" if ahead else "behind"
        text = f"the clock of {self.target.name} is {skew.total_seconds():.1f} s {way}" if skew else "the clocks agree"
        return (
            Signal(
                kind=SignalKind.PROBE,
                source=self.name,
                subject=f"clock of {self.target.name}",
                firing=firing,
                text=text,
                at=now,
                symptom=self.symptom,
                host=self.host,
            ),
        )
