"""The DNS records that a domain's mail is judged by: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489).

Built by `app` from settings. It asks the resolver of this machine, sends no mail, and judges with `checkdmarc` (extra `mail`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.network import resolver
from firstfive.probes.network.pace import Pace
from firstfive.probes.network.resolver import Missing, records, resolvers_silent

EVERY = timedelta(hours=1)
TEXT = 300


class _Wrong(Exception):
    """The record is missing or will not be honoured; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRecords:
    """Watches SPF and DMARC of `domain`, and DKIM when its `selector` is given: one signal each, asked again hourly once it is sure.

    Fires when a record is missing, stands twice, cannot be read, or, for SPF, needs more look-ups than receivers do.
    """

    name: str
    symptom: str
    domain: str
    selector: str = ""
    _pace: Pace = field(default_factory=lambda: Pace(every=EVERY), repr=False)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """Every record once. Raises FirstfiveError when nobody can know, or `checkdmarc` is not installed."""
        kept = self._pace.kept(now)
        if kept:
            return kept
        looks = {"SPF": self._spf, "DMARC": self._dmarc} | ({"DKIM": self._dkim} if self.selector else {})
        seen = []
        for kind, look in looks.items():
            try:
                firing, text = False, await look()
            except _Wrong as problem:
                firing, text = True, str(problem)
            seen.append(
                Signal(
                    kind=SignalKind.PROBE,
                    source=self.name,
                    subject=f"{kind} of {self.domain}",
                    firing=firing,
                    text=text[:TEXT],
                    at=now,
                    symptom=self.symptom,
                    family="mail record wrong" if firing else "",
                )
            )
        self._pace.keep(seen, now)
        return tuple(seen)

    async def _spf(self) -> str:
        record = await _only(self.domain, "v=spf1", "SPF")
        if record is None:
            raise _Wrong(f"{self.domain} has no SPF record")

        def read() -> str:
            from checkdmarc import spf

            try:
                spf.parse_spf_record(record, self.domain, resolver=_asking())
            except spf.SPFSyntaxError as problem:
                return f"!SPF cannot be read: {problem}"
            except spf.SPFError as problem:
                return f"?SPF is not honoured: {problem}"
            return f" {record}"

        return await _told(read)

    async def _dmarc(self) -> str:
        registered = await asyncio.to_thread(_organisation, self.domain)
        for domain in dict.fromkeys((self.domain, registered)):
            record = await _only(f"_dmarc.{domain}", "v=DMARC1", "DMARC")
            if record is not None:
                break
        else:
            raise _Wrong(f"{self.domain} has no DMARC record")

        def read() -> str:
            from checkdmarc import dmarc

            try:
                dmarc.parse_dmarc_record(record, domain, resolver=_asking())
            except dmarc.DMARCSyntaxError as problem:
                return f"!DMARC cannot be read: {problem}"
            except dmarc.DMARCError as problem:
                return f"?DMARC is not honoured: {problem}"
            return f" {record}"

        return await _told(read)

    async def _dkim(self) -> str:
        place = f"{self.selector}._domainkey.{self.domain}"
        try:
            rows = await records(place, "TXT")
        except Missing:
            raise _Wrong(f"there is no DKIM key at {place}") from None
        tags = [dict(_tags(row)) for row in rows]
        keys = [t for t in tags if "p" in t and t.get("v", "DKIM1") == "DKIM1"]
        if not keys:
            raise _Wrong(f"what stands at {place} is no DKIM key")
        if not any(t["p"] for t in keys):
            raise _Wrong(f"the DKIM key at {place} is revoked")
        return f"a {keys[0].get('k', 'rsa')} key at {place}"


async def _only(domain: str, begins: str, kind: str) -> str | None:
    """The one record that begins so; None when there is none. Raises _Wrong when there are several."""
    try:
        rows = await records(domain, "TXT")
    except Missing:
        return None
    found = [row for row in rows if row == begins or row.startswith((f"{begins} ", f"{begins};"))]
    if len(found) > 1:
        raise _Wrong(f"{domain} has {len(found)} {kind} records, and receivers then honour none")
    return found[0] if found else None


async def _told(read: Callable[[], str]) -> str:
    """What the reader made of a record. A doubt (`?`) counts only when our own resolver can be trusted."""
    try:
        said = await asyncio.to_thread(read)
    except ImportError:
        raise _missing() from None
    if said[0] == " ":
        return said[1:]
    silent = await resolvers_silent() if said[0] == "?" else ""
    if silent:
        raise FirstfiveError(
            f"mail records cannot be looked up: {silent}, so nobody knows", remedy="check the network of this machine"
        )
    raise _Wrong(" ".join(said[1:].split()))


def _organisation(domain: str) -> str:
    """The registered domain that a subdomain's DMARC falls back to."""
    try:
        from checkdmarc.utils import get_base_domain
    except ImportError:
        raise _missing() from None
    return str(get_base_domain(domain))


def _asking() -> Any:
    """A resolver as `records` asks it, with nothing remembered from the last look."""
    import dns.resolver
    from checkdmarc.utils import DNS_CACHE

    DNS_CACHE.clear()
    asking = dns.resolver.Resolver(filename=resolver.RESOLV_CONF)
    asking.port, asking.lifetime = resolver.PORT, resolver.LIFETIME
    return asking


def _tags(row: str) -> list[tuple[str, str]]:
    """The tags of RFC 6376, section 3.2: `k=v` between semicolons."""
    pairs = (part.partition("=") for part in row.split(";") if "=" in part)
    return [(name.strip(), "".join(value.split())) for name, _, value in pairs]


def _missing() -> FirstfiveError:
    return FirstfiveError(
        "mail records are not looked at: checkdmarc is not installed", remedy='install "firstfive[mail]"'
    )
