"""How long the certificate of a site still lasts, so that it is renewed on a working day.

Built by `app` for the sites that the page watches, and from settings. It shakes hands and hangs up: no request is sent. A site that is
not reached says nothing about its certificate: unknown, since the page's own symptom tells that it is down.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.deadline import ended_after
from firstfive.probes.network.address import Guard, NoSuchName, place_of
from firstfive.probes.network.pace import Pace
from firstfive.probes.network.reach import NotReached, reach

EVERY = timedelta(hours=1)
FAMILY = "certificate ending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Fires when the certificate of `url` (https) ends in fewer than `days_left` days, or is no longer accepted.

    `authorities` is a PEM file to trust instead of the system's. Sure of what it saw, it asks again after an hour.
    """

    name: str
    symptom: str
    url: str
    days_left: int = 14
    patience: timedelta = timedelta(seconds=5)
    authorities: Path | None = None
    guard: Guard = field(default_factory=Guard)
    _pace: Pace = field(default_factory=lambda: Pace(every=EVERY), repr=False)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One handshake, one signal. Raises FirstfiveError when nobody can know."""
        kept = self._pace.kept(now)
        if kept:
            return kept
        place = place_of(self.url)
        try:
            line = await reach(place, self.guard, patience=self.patience)
        except (NotReached, NoSuchName) as problem:
            raise FirstfiveError(
                f"the certificate of {place} is not seen: {problem}", remedy="its own symptom tells whether it is down"
            ) from None
        ends = await asyncio.to_thread(self._shaken, line, place.host)
        if isinstance(ends, str):
            firing, text = True, f"its certificate is not accepted: {ends}"
        else:
            days = (ends - now) // timedelta(days=1)
            firing = days < self.days_left
            text = f"its certificate ends in {days} {'day' if days == 1 else 'days'}, on {ends:%Y-%m-%d}"
        signal = Signal(
            kind=SignalKind.PROBE,
            source=self.name,
            subject=str(place),
            firing=firing,
            text=text,
            at=now,
            symptom=self.symptom,
            family=FAMILY if firing else "",
        )
        self._pace.keep((signal,), now)
        return (signal,)

    def _shaken(self, line: socket.socket, host: str) -> datetime | str:
        """When the certificate ends, or why it is not accepted. Raises FirstfiveError when there is no handshake at all."""
        seconds = self.patience.total_seconds()
        line.settimeout(seconds)
        trusted = ssl.create_default_context(cafile=str(self.authorities) if self.authorities else None)
        try:
            with (
                line,
                ended_after(2 * seconds, lambda: line),
                trusted.wrap_socket(line, server_hostname=host) as secured,
            ):
                held = secured.getpeercert() or {}
        except ssl.SSLCertVerificationError as problem:
            return problem.verify_message
        except (OSError, ValueError) as problem:
            raise FirstfiveError(
                f"the certificate of {host} is not seen: {str(problem) or type(problem).__name__}",
                remedy="its own symptom tells whether it is down",
            ) from None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(held["notAfter"])), UTC)
