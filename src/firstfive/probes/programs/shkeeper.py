"""The SHKeeper payment gateway, judged by what it says and not by its status: a wrong key is answered with 200.

Built by `app`. Asks `/api/v1/crypto` (no key) and `/api/v1/invoices/...` (with the key). Facts from SHKeeper's public source: there is no
`/api/v1/healthcheck`, lists are empty when no coin is online, every keyed route answers 200 with `"status": "error"` to a wrong key.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.deadline import ended_after
from firstfive.probes.network.address import PORTS, Guard, Place
from firstfive.probes.programs.talk import Gone, line_to

LARGEST = 1 << 20
FAMILY = "payment gateway failing"
PROBED = "/api/v1/invoices/firstfive-probe"


class _Wrong(Exception):
    """The gateway is in trouble; the text says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shkeeper:
    """`url` is the gateway's address, with or without `/api/v1`; `key` is sent and never shown."""

    name: str
    symptom: str
    url: str
    key: str = field(default="", repr=False)
    patience: timedelta = timedelta(seconds=5)
    guard: Guard = field(default_factory=Guard)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when nobody can know."""
        try:
            async with asyncio.timeout(self.patience.total_seconds() * 2.5):
                firing, text = False, await self._asked()
        except TimeoutError:
            firing, text = True, f"it answers too slowly (family: {FAMILY})"
        except (Gone, _Wrong) as wrong:
            firing, text = True, f"{wrong} (family: {FAMILY})"
        return (
            Signal(
                kind=SignalKind.PROBE,
                source=self.name,
                subject=f"payment gateway {self.url.partition('://')[2].rpartition('@')[2]}",
                firing=firing,
                text=text,
                at=now,
                symptom=self.symptom,
                family=FAMILY if firing else "",
            ),
        )

    async def _asked(self) -> str:
        coins = await self._get("/api/v1/crypto", "")
        named = coins.get("crypto") or coins.get("crypto_list")
        listed = named if isinstance(named, list) else []
        if coins.get("status") != "success":
            raise _Wrong(f"it says {str(coins.get('message') or coins.get('status') or 'nothing')[:120]}")
        if not listed:
            raise _Wrong("it answers, but no coin is online")
        if not self.key:
            return f"{len(listed)} coins are online; the key was not tried, settings name none"
        keyed = await self._get(PROBED, self.key)
        if not keyed:
            return f"{len(listed)} coins are online; the key could not be tried, this release has no such route"
        if keyed.get("status") == "error":
            raise _Wrong(f"it refuses our key: {str(keyed.get('message') or '')[:120]}")
        return f"{len(listed)} coins are online and the key is taken"

    async def _get(self, path: str, key: str) -> dict[str, Any]:
        try:
            parts = urlsplit(self.url)
            place = Place(host=parts.hostname or "", port=parts.port or PORTS.get(parts.scheme, 0))
        except ValueError:
            parts, place = urlsplit(""), Place(host="", port=0)
        if parts.scheme not in ("http", "https") or not place.host:
            raise FirstfiveError(f"{self.url} is no address", remedy='write url = "http://host:5000"')
        held = await line_to(place, self.guard, patience=self.patience)
        return await asyncio.to_thread(self._asked_over, held, parts, path, key)

    def _asked_over(self, held: socket.socket, parts: SplitResult, path: str, key: str) -> dict[str, Any]:
        seconds = self.patience.total_seconds()
        held.settimeout(seconds)
        line = http.client.HTTPConnection(parts.netloc.rpartition("@")[2], timeout=seconds)
        base = parts.path.rstrip("/").removesuffix("/api/v1")
        try:
            if parts.scheme == "https":
                held = ssl.create_default_context().wrap_socket(held, server_hostname=parts.hostname)
            line.sock = held  # the answer takes it over, and the line forgets it
            with ended_after(2 * seconds, lambda: held):
                line.request("GET", base + path, headers={"X-Shkeeper-Api-Key": key} if key else {})
                with line.getresponse() as answer:
                    body = answer.read(LARGEST)
        except TimeoutError:
            raise _Wrong(f"no answer within {seconds:g} s") from None
        except ValueError:
            raise FirstfiveError(
                "the gateway's key holds characters that no header may", remedy="check key_env"
            ) from None
        except (OSError, http.client.HTTPException) as problem:
            raise _Wrong(f"it breaks off: {(str(problem) or type(problem).__name__)[:120]}") from None
        finally:
            line.close()
            held.close()
        if answer.status == 404 and path == PROBED:
            return {}  # an older release without that route: the key cannot be tried
        if answer.status != 200:
            raise _Wrong(f"HTTP {answer.status}")
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            raise _Wrong("it answers with something that is no JSON") from None
        if not isinstance(value, dict):
            raise _Wrong("it answers with something else than SHKeeper does")
        return value
