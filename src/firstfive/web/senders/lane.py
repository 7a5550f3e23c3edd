"""The short way for a storm: whole, plain posts of alerts are answered at the socket, once they are on the disk.

Stands between the socket and uvicorn's protocol, put there by `serve`. Takes only a request that it reads with certainty (one chunk,
exact length, known address, right token); everything else goes on to uvicorn byte for byte. Never answers before `keep` does.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from firstfive.errors import FirstfiveError
from firstfive.intake import Credentials
from firstfive.ports import Received
from firstfive.web.senders.hooks import KEPT_BODY, LONGEST_QUEUE, Hooks, body_key

IDLE = 15.0
HEAD_MOST = 8192
MOST_HEADS = 2000
# A request with one of these in its head has more to it than a post of alerts.
UNUSUAL = (
    b"\r\ntransfer-encoding:",
    b"\r\nexpect:",
    b"\r\nupgrade:",
    b"\r\nidempotency-key:",
    b"\r\nwebhook-id:",
    b"\r\nrequest-id:",
)
SENDERS: Mapping[bytes, str] = {
    b"POST /api/v2/alerts HTTP/1.1": "prometheus",
    b"POST /hooks/alertmanager HTTP/1.1": "alertmanager",
}
HEAD = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncache-control: no-store\r\ncontent-length: %d\r\n\r\n"
TAKEN = HEAD % (b"200 OK", 0)
ASKED = '["POST","",{},{}]'


@dataclass(slots=True, kw_only=True)
class Lane:
    """The lane of one program: what it needs to know of every connection."""

    hooks: Hooks
    rights: tuple[bytes, ...]
    base: bytes
    heads: dict[bytes, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, hooks: Hooks) -> Lane:
        """A lane beside the hooks, with the same locks: bearer tokens only."""
        known: Credentials = hooks.credentials
        named = (
            [known.tokens.get(name, "") for name in ("alertmanager", "any")]
            if "alertmanager" not in known.secrets
            else []
        )
        rights = tuple(f"Bearer {token}".encode() for token in (*known.masters, *named) if token)
        return cls(hooks=hooks, rights=rights, base=hooks.base.encode())

    def protocol(self, behind: Callable[..., Any]) -> Callable[..., Any]:
        """A protocol factory as uvicorn calls it, with `behind` for everything else."""
        return lambda **given: Connection(lane=self, inner=behind(**given))

    def taken(self, data: bytes) -> Received | None:
        """The request as it is to be kept, or None when it is not for this lane."""
        end = data.find(b"\r\n\r\n", 0, HEAD_MOST)
        if end < 0 or not data.startswith(b"POST /"):
            return None
        head = data[: end + 2]
        known = self.heads.get(head)
        if known is None:
            known = self._read(head)
            if known is None:
                return None
            if len(self.heads) > MOST_HEADS:
                self.heads.clear()
            self.heads[head] = known
        sender, length = known
        body = data[end + 4 :]
        if len(body) != length or self.hooks.waiting() > LONGEST_QUEUE or not self.hooks.harmless(body):
            return None
        return self.hooks.plain(sender, body, ASKED)

    def _read(self, whole: bytes) -> tuple[str, int] | None:
        """Sender and length of a head that this lane takes: senders repeat theirs word for word, so it is read once."""
        line = whole.find(b"\r\n")
        sender = SENDERS.get(whole[:line])
        head = whole[line:].lower()
        length = _only(head, b"content-length")
        if sender is None or not length.isdigit() or int(length) > KEPT_BODY or any(word in head for word in UNUSUAL):
            return None
        if b"\r\nconnection:" in head and _only(head, b"connection") != b"keep-alive":
            return None
        if not _only(head, b"authorization"):
            return None
        start = line + head.find(b"\r\nauthorization:") + 16
        value = whole[start : whole.find(b"\r\n", start)].strip()
        return (sender, int(length)) if any([hmac.compare_digest(value, right) for right in self.rights]) else None


def _only(head: bytes, name: bytes) -> bytes:
    """The value of a header that stands there once, else nothing."""
    marked = b"\r\n" + name + b":"
    at = head.find(marked)
    if at < 0 or head.find(marked, at + 1) >= 0:
        return b""
    start = at + len(marked)
    return head[start : head.find(b"\r\n", start)].strip()


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """One connection: short requests here, the rest to `inner`, never both at once."""

    lane: Lane
    inner: Any
    transport: Any = None
    busy: bool = False
    handed_on: bool = False
    lost: bool = False
    moved: float = 0.0
    held: list[bytes] = field(default_factory=list)

    def connection_made(self, transport: Any) -> None:
        """The socket is open."""
        self.transport = transport
        self.inner.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is closed; what is being kept is kept all the same."""
        self.lost = True
        self.inner.connection_lost(error)

    def eof_received(self) -> Any:
        """The other side says no more."""
        return self.inner.eof_received()

    def pause_writing(self) -> None:
        """The other side reads too slowly."""
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        """It reads again."""
        self.inner.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Bytes: a whole short request, or anything for uvicorn. What comes before an answer is out waits for it."""
        if self.busy:
            self.held.append(data)
            return
        if not self._uvicorn_idle():
            self.inner.data_received(data)
            return
        received = self.lane.taken(data)
        if received is None:
            self.handed_on = True
            self.inner.data_received(data)
            return
        key = body_key(received.source, received.body, received.at)
        known = self.lane.hooks.known(key)
        if known is not None:
            self._answer(received, known)
            return
        self.busy = True
        future = self.lane.hooks.keep_soon(received)
        future.add_done_callback(lambda done: self._kept(received, key, done))

    def _uvicorn_idle(self) -> bool:
        """Whether uvicorn has nothing begun on this connection."""
        if not self.handed_on:
            return True
        cycle = self.inner.cycle
        if cycle is None or not cycle.response_complete or self.inner.pipeline:
            return False
        self.handed_on = False
        self.inner._unset_keepalive_if_required()
        return True

    def _kept(self, received: Received, key: str, done: asyncio.Future[tuple[int, bool]]) -> None:
        self.busy = False
        problem = done.exception() if not done.cancelled() else FirstfiveError("it is being stopped")
        if problem is not None:
            self._write(_unstored(problem))
        else:
            id_, fresh = done.result()
            self.lane.hooks.remember(key, id_, fresh=fresh)
            self._answer(received, id_)
        held, self.held = self.held, []
        if held and not self.lost:
            self.data_received(b"".join(held))

    def _answer(self, received: Received, id_: int) -> None:
        if received.source == "prometheus":
            self._write(TAKEN)
            return
        body = b'{"status":"accepted","id":%d,"explain_url":"%s/signals/%d"}' % (id_, self.lane.base, id_)
        self._write(HEAD % (b"202 Accepted", len(body)) + body)

    def _write(self, answer: bytes) -> None:
        if self.lost or self.transport.is_closing():
            return
        self.transport.write(answer)
        loop = asyncio.get_running_loop()
        if not self.moved:
            loop.call_later(IDLE, self._idle)
        self.moved = loop.time()

    def _idle(self) -> None:
        """Close a connection that was last used long ago; uvicorn looks after those that it has."""
        loop = asyncio.get_running_loop()
        if self.lost or self.transport.is_closing():
            return
        quiet = loop.time() - self.moved
        if quiet >= IDLE and not self.busy and not self.handed_on:
            self.transport.close()
            return
        loop.call_later(max(IDLE - quiet, 1.0), self._idle)


def _unstored(problem: BaseException) -> bytes:
    what = problem.what if isinstance(problem, FirstfiveError) else type(problem).__name__
    body = msgspec.json.encode({"status": 503, "what": f"it could not be stored: {what}", "remedy": "send it again"})
    return HEAD % (b"503 Service Unavailable", len(body)) + body
