"""The few questions that are asked of a Docker Engine, through its unix socket.

Used by the probes beside it. Every answer is bounded in time and size. API reference: Docker Engine API 1.41, which every Engine since
20.10 answers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from firstfive.errors import FirstfiveError

VERSION = "v1.41"
PATIENCE_MS = 5000
LARGEST = 32 * 1024 * 1024

ENDING = frozenset({"2", "3", "9", "15"})  # signals that ask a process to end; others are words, as for a reload
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that happened to a container, by its id, at an instant of the Engine's clock; `signal` is what it was sent, if it was."""

    container: str
    at: datetime
    signal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineApi:
    """An Engine behind a socket on this machine; or on `host`, where `forward` gives a socket here that leads to the one over there."""

    socket: Path
    host: str = ""
    forward: Callable[[str], Awaitable[Path]] | None = None

    @property
    def where(self) -> str:
        """The place of the socket, for people."""
        return f"{self.host}:{self.socket}" if self.host else str(self.socket)

    async def containers(self) -> list[Json]:
        """Every container, running or not, in few words."""
        found = await self._ask("/containers/json?all=1")
        return found if isinstance(found, list) else []

    async def container(self, name: str) -> Json | None:
        """One container in full; None when there is none of that name."""
        found = await self._ask(f"/containers/{quote(name, safe='')}/json")
        return found if isinstance(found, dict) else None

    async def image(self, name: str) -> Json | None:
        """One image by name or id; None when this host does not have it."""
        found = await self._ask(f"/images/{quote(name, safe=':')}/json")
        return found if isinstance(found, dict) else None

    async def clock(self) -> datetime:
        """What the Engine's host takes for the present, to the second below (aware UTC)."""
        heads: list[bytes] = []
        await self._asked("/_ping", heads=heads)
        dates = [head[5:].decode("ascii", "replace").strip() for head in heads if head[:5].lower() == b"date:"]
        try:
            return parsedate_to_datetime(dates[0])
        except (IndexError, ValueError):
            raise FirstfiveError("Docker answers without a date", where=self.where) from None

    async def ends(
        self, names: Collection[str], since: datetime, until: datetime
    ) -> Mapping[str, tuple[datetime, ...]]:
        """When containers of these names ended between two instants of the Engine's clock, by container id."""
        found: dict[str, tuple[datetime, ...]] = {}
        for act in await self.acts(names, "die", since, until):
            found[act.container] = (*found.get(act.container, ()), act.at)
        return found

    async def acts(self, names: Collection[str], event: str, since: datetime, until: datetime) -> tuple[Act, ...]:
        """Events of one kind about containers of these names between two instants of the Engine's clock, in order.

        `until` must be past there, since Docker answers only then. Docker remembers its last 256 events.
        """
        wanted = quote(json.dumps({"type": ["container"], "event": [event], "container": sorted(names)}))
        span = f"since={since.timestamp():.6f}&until={until.timestamp():.6f}"
        status, body = await self._asked(f"/events?{span}&filters={wanted}")
        if status >= 400:
            raise FirstfiveError(f"Docker answers {status} when asked for its events", where=self.where)
        found = []
        for line in body.splitlines():
            told = json.loads(line)
            about = told.get("Actor") or {}
            at = EPOCH + timedelta(microseconds=int(told.get("timeNano") or 0) // 1000)
            signal = str((about.get("Attributes") or {}).get("signal", ""))
            found.append(Act(container=str(about.get("ID", "")), at=at, signal=signal))
        return tuple(found)

    async def logs(self, name: str, since: datetime) -> bytes | None:
        """What a container wrote from that instant on, framed as the Engine frames it, a time before each line.

        None when there is no such container; of more than 32 MiB only the newest lines, as far as the Engine can tell.
        """
        query = f"stdout=1&stderr=1&timestamps=1&tail=20000&since={since.timestamp():.6f}"
        status, body = await self._asked(f"/containers/{quote(name, safe='')}/logs?{query}")
        if status == 404:
            return None
        if status >= 400:
            raise FirstfiveError(f"Docker answers {status} when asked for the logs of {name}", where=self.where)
        return body

    async def tag(self, image: str, repository: str, tag: str) -> None:
        """Give an image one more name. The only request here that writes."""
        path = f"/images/{quote(image, safe=':')}/tag?repo={quote(repository, safe='')}&tag={quote(tag, safe='')}"
        await self._ask(path, post=True)

    async def _ask(self, path: str, *, post: bool = False) -> Any:
        status, body = await self._asked(path, post=post)
        if status == 404:
            return None
        if status >= 400:
            raise FirstfiveError(f"Docker answers {status} to {path.partition('?')[0]}", where=self.where)
        return json.loads(body) if body else None

    async def _asked(self, path: str, *, post: bool = False, heads: list[bytes] | None = None) -> tuple[int, bytes]:
        socket = self.socket if self.forward is None else await self.forward(str(self.socket))
        return await asyncio.to_thread(self._request, socket, path, post, heads)

    def _request(self, socket: Path, path: str, post: bool, heads: list[bytes] | None) -> tuple[int, bytes]:
        import pycurl

        body = bytearray()

        def take(block: bytes) -> int | None:
            body.extend(block)
            return None if len(body) <= LARGEST else 0

        curl = pycurl.Curl()
        try:
            curl.setopt(pycurl.URL, f"http://docker/{VERSION}{path}")
            curl.setopt(pycurl.UNIX_SOCKET_PATH, str(socket))
            curl.setopt(pycurl.NOPROXY, "*")
            curl.setopt(pycurl.NOSIGNAL, 1)
            curl.setopt(pycurl.TIMEOUT_MS, PATIENCE_MS)
            curl.setopt(pycurl.WRITEFUNCTION, take)
            if heads is not None:
                curl.setopt(pycurl.HEADERFUNCTION, heads.append)
            if post:
                curl.setopt(pycurl.POST, 1)
                curl.setopt(pycurl.POSTFIELDS, "")
            curl.perform()
            return int(curl.getinfo(pycurl.RESPONSE_CODE)), bytes(body)
        except pycurl.error as problem:
            raise FirstfiveError(
                f"Docker does not answer: {problem.args[1] or problem.args[0]}",
                where=self.where,
                remedy="is the Engine running, and may this user read its socket?"
                + (" Its sshd must allow AllowStreamLocalForwarding" if self.host else ""),
            ) from None
        finally:
            curl.close()
