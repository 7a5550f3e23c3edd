"""How full a file system is, in bytes and in inodes, where a path lies on a target.

Built by `app`. Runs `df` through the target, so that the disk of the host is looked at and not our own.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.ports import Target

MARGIN = 2


@dataclass(slots=True, kw_only=True)
class Disk:
    """Fires above `more_than` percent of bytes or inodes; is well again `MARGIN` percent below, so that it does not flap."""

    name: str
    symptom: str
    target: Target
    path: str = "/"
    more_than: int = 80
    host: str = ""
    _full: bool = False

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when `df` does not answer."""
        path = shlex.quote(self.path)
        script = f"LC_ALL=C df -P -k -- {path} | tail -n 1; LC_ALL=C df -P -i -- {path} | tail -n 1"
        output = await self.target.look(script, timeout=timedelta(seconds=10))
        used = [_percent(line) for line in output.stdout.splitlines()[:2]]
        known = [percent for percent in used if percent is not None]
        if not known:
            said = " ".join((output.stderr or output.text).split())[:200]
            raise FirstfiveError(
                f"the disk of {self.path} cannot be looked at: {said or 'df said nothing'}", where=self.target.name
            )
        worst = max(known)
        self._full = worst > self.more_than - (MARGIN if self._full else 0)
        what = "inodes" if len(used) == 2 and used[1] == worst and used[0] != worst else "bytes"
        text = f"{self.path} uses {worst} % of its {what}" + (f", more than {self.more_than} %" if self._full else "")
        return (
            Signal(
                kind=SignalKind.PROBE,
                source=self.name,
                subject=f"disk of {self.path}",
                firing=self._full,
                text=text,
                at=now,
                symptom=self.symptom,
                host=self.host,
            ),
        )


def _percent(line: str) -> int | None:
    """The use in percent of a line of `df -P`; None where a file system counts none ("-")."""
    word = next((part for part in reversed(line.split()) if part.endswith("%")), "")
    return int(word[:-1]) if word[:-1].isdigit() else None
