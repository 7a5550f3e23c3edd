"""Whether the container behind an address is just being exchanged: stopped a moment ago, made anew, or hardly up.

Asked by the watch before it believes that an address is in trouble. An ordinary deploy makes an address fail for a second or two, and
that is no incident; what goes on failing is one, and what restarts again and again is seen by the look at the container itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal
from firstfive.probes.docker.engine import EngineApi

_FRESH = re.compile(
    r"(?:Up (?:Less than a second|[1-5] seconds?)\b|Exited \(\d+\) (?:Less than a second|[1-5] seconds?) ago|Created)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning:
    """`behind` maps a symptom id to the containers that its runbook names by their state."""

    engine: EngineApi
    behind: Mapping[str, tuple[str, ...]]

    async def __call__(self, signal: Signal) -> bool:
        """True while one of them is being exchanged; False when nobody can tell."""
        names = self.behind.get(signal.symptom, ())
        if not names:
            return False
        try:
            rows = await self.engine.containers()
        except FirstfiveError:
            return False
        states = {str(name).lstrip("/"): str(row.get("Status", "")) for row in rows for name in row.get("Names") or ()}
        return any(name not in states or _FRESH.match(states[name]) is not None for name in names)
