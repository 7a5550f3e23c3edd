"""A process or container whose row in a listing shows what the page calls a symptom.

Built by `app` from the page's status symptoms. Runs the listing command that the page names, once for all symptoms that share it,
and only if that command is read-only. Matches the exact name in a row, never a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.ports import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """`wanted` maps a symptom id to (name, status). A name that has no row counts as in trouble only if its status says so."""

    name: str
    target: Target
    command: str
    wanted: Mapping[str, tuple[str, str]]

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptoms it watches."""
        return tuple(self.wanted)

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One run of the listing, one signal a symptom; nothing at all when the listing itself failed."""
        output = await self.target.look(self.command, timeout=timedelta(seconds=10))
        if output.exit_code != 0:
            return ()
        rows = output.stdout.splitlines()
        return [self._signal(symptom, subject, status, rows, now) for symptom, (subject, status) in self.wanted.items()]

    def _signal(self, symptom: str, subject: str, status: str, rows: list[str], now: datetime) -> Signal:
        mine = [row for row in rows if subject in row.replace(",", " ").split()]
        firing = any(status.lower() in row.lower() for row in mine)
        text = " ".join(mine[0].split()) if mine else f"no row in `{self.command}`"
        return Signal(
            kind=SignalKind.STATUS, source=self.name, subject=subject, firing=firing, text=text, at=now, symptom=symptom
        )
