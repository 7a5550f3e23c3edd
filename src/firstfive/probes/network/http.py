"""A URL that should answer: timeout, refused, 5xx or non-2xx are what the page calls failing.

Built by `app` from the page's HTTP symptoms. Asks with GET, follows nothing, sends no credentials, looks only where the page points.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind

BODY_CAP = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """Watches one URL for one symptom. `fails_when` holds `timeout`, `5xx`, `non-2xx`, `refused`."""

    name: str
    symptom: str
    url: str
    fails_when: frozenset[str]
    patience: timedelta = timedelta(seconds=3)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptom it watches."""
        return (self.symptom,)

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One request, one signal."""
        firing, text = await asyncio.to_thread(self._ask)
        signal = Signal(
            kind=SignalKind.HTTP,
            source=self.name,
            subject=self.url,
            firing=firing,
            text=text,
            at=now,
            symptom=self.symptom,
        )
        return (signal,)

    def _ask(self) -> tuple[bool, str]:
        import pycurl

        unresolved = self._name_fails()
        if unresolved:
            return True, unresolved
        body = bytearray()

        def take(block: bytes) -> int | None:
            body.extend(block)
            return None if len(body) < BODY_CAP else 0

        curl = pycurl.Curl()
        try:
            curl.setopt(pycurl.URL, self.url)
            curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
            curl.setopt(pycurl.NOPROXY, "*")
            curl.setopt(pycurl.NOSIGNAL, 1)
            curl.setopt(pycurl.FRESH_CONNECT, 1)
            curl.setopt(pycurl.TIMEOUT_MS, int(self.patience.total_seconds() * 1000))
            curl.setopt(pycurl.WRITEFUNCTION, take)
            curl.perform()
            status = int(curl.getinfo(pycurl.RESPONSE_CODE))
            milliseconds = int(curl.getinfo(pycurl.TOTAL_TIME) * 1000)
        except pycurl.error as problem:
            return self._failed(int(problem.args[0]), str(problem.args[1]))
        finally:
            curl.close()
        if status >= 500 and self.fails_when & {"5xx", "non-2xx"}:
            return True, f"HTTP {status}"
        if not 200 <= status < 300 and "non-2xx" in self.fails_when:
            return True, f"HTTP {status}"
        return False, f"HTTP {status} in {milliseconds} ms"

    def _name_fails(self) -> str:
        """Why the name cannot be looked up; empty when it can.

        Raises FirstfiveError when our own resolver does not answer: then nobody knows, and our own network must declare nothing.
        """
        parts = urlsplit(self.url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            socket.getaddrinfo(parts.hostname or "", port, type=socket.SOCK_STREAM)
        except socket.gaierror as problem:
            if problem.errno in (socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_FAIL):
                raise FirstfiveError(
                    f"{parts.hostname} cannot be looked up: our own resolver does not answer, so nobody knows",
                    remedy="check the network and /etc/resolv.conf of this machine",
                ) from None
            return f"the name {parts.hostname} does not resolve"
        except ValueError:
            return f"{self.url} is no address"
        return ""

    def _failed(self, code: int, why: str) -> tuple[bool, str]:
        import pycurl

        if code == pycurl.E_WRITE_ERROR:
            return False, "answers"
        if code == pycurl.E_OPERATION_TIMEDOUT:
            return True, f"no answer within {self.patience.total_seconds():g} s"
        if code == pycurl.E_COULDNT_CONNECT:
            return True, "connection refused"
        return True, why.strip() or f"curl error {code}"
