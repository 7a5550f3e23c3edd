"""A DNS record that should exist, and should say what it is meant to say.

Built by `app` from settings. It asks the resolver of this machine one question and follows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.network.pace import Pace
from firstfive.probes.network.resolver import Missing, records

EVERY = timedelta(seconds=30)
NAMED = frozenset(
    {"CNAME", "NS", "PTR", "MX", "SRV"}
)  # hold names, which are the same in capitals and with a dot at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """Watches the `record` (A, AAAA, CNAME, MX, NS, TXT, ...) of `domain` for one symptom.

    Fires when there is none, and with `value` when none of its rows is that one. Sure of what it saw, it asks again after half a minute.
    """

    name: str
    symptom: str
    domain: str
    record: str = "A"
    value: str = ""
    _pace: Pace = field(default_factory=lambda: Pace(every=EVERY), repr=False)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One question, one signal. Raises FirstfiveError when nobody can know."""
        kept = self._pace.kept(now)
        if kept:
            return kept
        firing, family = False, ""
        try:
            rows = await records(self.domain, self.record)
            text = f"{self.record} {', '.join(sorted(rows))}"
            if self.value and _plain(self.value, self.record) not in {_plain(row, self.record) for row in rows}:
                firing, family, text = True, "record differs", f"{text} instead of {self.value}"
        except Missing as problem:
            firing, family, text = True, "record missing", str(problem)
        signal = Signal(
            kind=SignalKind.PROBE,
            source=self.name,
            subject=f"{self.record} {self.domain}",
            firing=firing,
            text=text,
            at=now,
            symptom=self.symptom,
            family=family,
        )
        self._pace.keep((signal,), now)
        return (signal,)


def _plain(row: str, record: str) -> str:
    """A row as it compares: names without capitals and their last dot."""
    return row.strip().rstrip(".").lower() if record.upper() in NAMED | {"AAAA"} else row.strip().strip('"')
