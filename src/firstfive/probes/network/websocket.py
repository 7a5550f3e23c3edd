"""A WebSocket that should open through the proxy: the upgrade of RFC 6455, section 4, and what came instead.

Built by `app` from settings. It asks for the upgrade, says goodbye, and sends no message, cookie or origin.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import quote, urlsplit

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.network.address import Guard, NoSuchName, place_of
from firstfive.probes.network.reach import NotReached, reach

HEAD_CAP = 16 * 1024
ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
GOODBYE = b"\x88\x82\x00\x00\x00\x00\x03\xe8"  # close frame, status 1000, masked with zeros
INSTEAD: Mapping[int, str] = {
    200: "it answers like an ordinary page, the upgrade is not passed on",
    400: "the server saw no upgrade, as when the proxy does not pass its headers on",
    404: "there is no such path",
    426: "the server saw no upgrade, as when the proxy does not pass its headers on",
    502: "the proxy does not reach what is behind it",
    503: "the proxy has nothing behind it",
    504: "the proxy waited for what is behind it and gave up",
}

BEHIND = frozenset({502, 503, 504})  # a proxy's words for what is behind it
ALIKE = BEHIND | {0}  # what a plain request gets where it is not about WebSockets; 0 is no answer


class _Broken(Exception):
    """What came is no answer to an upgrade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Websocket:
    """Watches `url` (`ws`, `wss`, `http` or `https`) for one symptom: anything but a right answer 101 within `patience` fires.

    Where a plain request to the same place fails alike, it is not about WebSockets, and nobody can know.
    """

    name: str
    symptom: str
    url: str
    patience: timedelta = timedelta(seconds=5)
    tls: ssl.SSLContext | None = None
    guard: Guard = field(default_factory=Guard)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One handshake, one signal. Raises FirstfiveError when nobody can know."""
        firing, text, family = await self._judge()
        signal = Signal(
            kind=SignalKind.PROBE,
            source=self.name,
            subject=self.url,
            firing=firing,
            text=text,
            at=now,
            symptom=self.symptom,
            family=family,
        )
        return (signal,)

    async def _judge(self) -> tuple[bool, str, str]:
        seconds = self.patience.total_seconds()
        try:
            connection = await reach(place_of(self.url), self.guard, patience=self.patience)
            status = await asyncio.wait_for(self._upgrade(await self._streams(connection)), seconds)
        except NoSuchName as problem:
            return self._unreached(str(problem), "name does not resolve")
        except NotReached as problem:
            return self._unreached(str(problem), problem.family)
        except _Broken as problem:
            return True, str(problem), "websocket upgrade fails"
        except TimeoutError:
            if self.symptom and await self._plainly() in ALIKE:
                raise FirstfiveError(
                    f"{self.url} answers nobody within {seconds:g} s, so nothing is known of WebSockets",
                    remedy="mend what is behind the proxy first; the look at its health says what it sees",
                ) from None
            return True, f"no answer to the upgrade within {seconds:g} s", "websocket upgrade fails"
        except ssl.SSLError as problem:
            why = getattr(problem, "verify_message", "") or problem.reason or "handshake failed"
            return True, f"TLS fails: {why}", "certificate not accepted"
        except OSError:
            return True, "the connection broke off", "websocket upgrade fails"
        if status == 101:
            return False, "opens (101)", ""
        if status in BEHIND and await self._plainly() in ALIKE:
            raise FirstfiveError(
                f"{self.url} answers HTTP {status} to everybody: what is behind the proxy is gone, so nothing is known of WebSockets",
                remedy="mend what is behind the proxy first; the look at its health says what it sees",
            )
        why = INSTEAD.get(status, "")
        return True, f"HTTP {status} instead of 101" + (f": {why}" if why else ""), "websocket upgrade fails"

    def _unreached(self, what: str, family: str) -> tuple[bool, str, str]:
        """Nobody is there for anybody: trouble for a look of its own, and no sign of the page's symptom about WebSockets."""
        if not self.symptom:
            return True, what, family
        raise FirstfiveError(
            f"{self.url} is not there for anybody ({what}), so nothing is known of WebSockets",
            remedy="mend the way to it first; the look at its health says what it sees",
        )

    async def _plainly(self) -> int:
        """The status of the same address for one who wants no upgrade; 0 when no answer comes."""
        url = self.url.replace("transport=websocket", "transport=polling")
        try:
            connection = await reach(place_of(url), self.guard, patience=self.patience)
            reader, writer = await self._streams(connection)
            try:
                writer.write(self._request(url))
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), self.patience.total_seconds())
                return _head(head)[0]
            finally:
                writer.transport.abort()
                await asyncio.sleep(0)
        except (NoSuchName, NotReached, _Broken, OSError, TimeoutError, EOFError, asyncio.LimitOverrunError):
            return 0

    async def _streams(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.url)
        secure = parts.scheme in ("wss", "https")
        tls = (self.tls or _trusted()) if secure else None
        return await asyncio.wait_for(
            asyncio.open_connection(
                sock=connection, ssl=tls, server_hostname=parts.hostname if secure else None, limit=HEAD_CAP
            ),
            self.patience.total_seconds(),
        )

    async def _upgrade(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> int:
        """The status of the answer; 101 only when it is a right one. Raises _Broken."""
        reader, writer = streams
        key = base64.b64encode(secrets.token_bytes(16))
        try:
            writer.write(self._request(self.url, key))
            status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
            if status != 101:
                return status
            wanted = base64.b64encode(hashlib.sha1(key + ACCEPT).digest())  # noqa: S324 - as the RFC says
            if headers.get(b"sec-websocket-accept") != wanted or headers.get(b"upgrade", b"").lower() != b"websocket":
                raise _Broken("HTTP 101, but it is no answer to this upgrade")
            writer.write(GOODBYE)
            await writer.drain()
        except asyncio.IncompleteReadError:
            raise _Broken("the connection was closed without an answer") from None
        except asyncio.LimitOverrunError:
            raise _Broken("it sends more headers than anybody reads") from None
        else:
            return 101
        finally:
            writer.transport.abort()  # a goodbye that the other side never answers is not waited for
            await asyncio.sleep(0)

    def _request(self, url: str, key: bytes = b"") -> bytes:
        """The request, for an upgrade when it has a key."""
        parts, place = urlsplit(url), place_of(url)
        usual = place.port == (443 if parts.scheme in ("wss", "https") else 80)
        host = str(place).rpartition(":")[0] if usual else str(place)
        path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe="/?%~!$&'()*+,;=:@-._")
        upgrade = (
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key.decode()}",
        )
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            *(upgrade if key else ("Connection: close",)),
            "User-Agent: firstfive",
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def _head(block: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *rest = block.split(b"\r\n")
    words = first.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or len(words[1]) != 3 or not words[1].isdigit():
        raise _Broken("what answers there does not speak HTTP")
    pairs = (line.partition(b":") for line in rest if line)
    return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
