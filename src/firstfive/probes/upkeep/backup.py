"""Whether backups come: the newest file that matches is young, not empty, and not much smaller than the one before.

Built by `app` from settings. Lists files through the target; opens none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.ports import Target

SHRUNK = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """`files` is a shell pattern without quotes, such as /var/backups/shop-*.gz; `older_than` what is too old."""

    name: str
    symptom: str
    target: Target
    files: str
    older_than: timedelta = timedelta(hours=24)
    host: str = ""

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when the target does not answer."""
        # The pattern comes as a variable and is only expanded, never run.
        script = 'for f in $FILES; do [ -f "$f" ] && stat -c "%Y %s %n" -- "$f"; done; true'
        output = await self.target.look(script, timeout=timedelta(seconds=20), environment={"FILES": self.files})
        if output.exit_code != 0:
            raise FirstfiveError(f"backups cannot be listed: {output.text.strip()[:200]}", where=self.target.name)
        firing, text = self._judged(_rows(output.stdout), now)
        return (
            Signal(
                kind=SignalKind.PROBE,
                source=self.name,
                subject=f"backups {self.files}",
                firing=firing,
                text=text,
                at=now,
                symptom=self.symptom,
                host=self.host,
            ),
        )

    def _judged(self, rows: list[tuple[int, int, str]], now: datetime) -> tuple[bool, str]:
        if not rows:
            return True, f"no file matches {self.files}"
        at, size, name = rows[0]
        age = now - datetime.fromtimestamp(at, UTC)
        hours = age.total_seconds() / 3600
        if age > self.older_than:
            return (
                True,
                f"the newest backup, {name}, is {hours:.0f} h old, more than {self.older_than.total_seconds() / 3600:.0f} h",
            )
        if size == 0:
            return True, f"the newest backup, {name}, is empty"
        if len(rows) > 1 and size < rows[1][1] * SHRUNK:
            return (
                True,
                f"the newest backup, {name}, has {size} bytes, less than half of the {rows[1][1]} of the one before",
            )
        return False, f"the newest backup, {name}, is {hours:.1f} h old and has {size} bytes"


def _rows(text: str) -> list[tuple[int, int, str]]:
    """(seconds since 1970, bytes, name), the newest first."""
    found = []
    for line in text.splitlines():
        at, _, rest = line.partition(" ")
        size, _, name = rest.partition(" ")
        if at.isdigit() and size.isdigit():
            found.append((int(at), int(size), name))
    return sorted(found, reverse=True)
