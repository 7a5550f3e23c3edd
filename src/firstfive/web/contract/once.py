"""A POST with an `Idempotency-Key` acts once: sent again with the same body it gets the first answer, with another one it is refused.

Stands in `web.app` behind the door, so that only who may call is remembered. Keys live in memory for a day, the newest two thousand of
them: after a restart, and on another node, a key is new, and the rules of the timeline (an acknowledgement twice changes nothing, an
approval binds to one hash) are what is left. Answers of 500 and above are not kept, since nothing is known of them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firstfive.errors import Exit, FirstfiveError

HEADER, REPLAYED = "idempotency-key", (b"idempotency-replayed", b"true")
LONGEST_KEY, MOST, LIVES = 255, 2000, timedelta(days=1)
LARGEST = 1 << 20

Refuse = Callable[[Request, int, FirstfiveError], Response]


@dataclass(slots=True, kw_only=True, eq=False)
class _Kept:
    """One key: what was sent with it, when (loop time, seconds), and its answer once there is one."""

    body: bytes
    at: float
    answer: asyncio.Future[list[Message] | None]


@dataclass(slots=True, kw_only=True)
class Memory:
    """The keys that are known, oldest first."""

    kept: OrderedDict[tuple[str, ...], _Kept] = field(default_factory=OrderedDict)

    def find(self, name: tuple[str, ...], now: float) -> _Kept | None:
        """What is known under a key; what is older than a day is forgotten on the way."""
        while self.kept and (len(self.kept) > MOST or now - next(iter(self.kept.values())).at > LIVES.total_seconds()):
            self.kept.popitem(last=False)
        return self.kept.get(name)


def once(app: ASGIApp, *, refuse: Refuse, memory: Memory | None = None) -> ASGIApp:
    """The application, with keys respected below /api/v1."""
    known = memory or Memory()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith("/api/v1/"):
            await app(scope, receive, send)
            return
        request = Request(scope, receive)
        key = request.headers.get(HEADER)
        if key is None:
            await app(scope, receive, send)
            return
        if not key.isprintable() or not 0 < len(key) <= LONGEST_KEY:
            await refuse(request, 422, _no_key())(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            await app(scope, _again(b"x" * (LARGEST + 1)), send)  # too large: refused as it always is
            return
        await _kept_or_done(app, scope, send, request, body, known, refuse)

    return answer


async def _kept_or_done(
    app: ASGIApp, scope: Scope, send: Send, request: Request, body: bytes, known: Memory, refuse: Refuse
) -> None:
    caller = request.headers.get("authorization", "") + request.headers.get("cookie", "")
    name = (hashlib.sha256(caller.encode()).hexdigest(), str(scope["path"]), request.headers[HEADER])
    digest = hashlib.sha256(body).digest()
    loop = asyncio.get_running_loop()
    while (held := known.find(name, loop.time())) is not None:
        if held.body != digest:
            await refuse(request, 422, _another_body())(scope, _again(body), send)
            return
        kept = await asyncio.shield(held.answer)
        if kept is not None:
            for message in kept:
                await send(_marked(message))
            return
        if known.kept.get(name) is held:
            del known.kept[name]
    mine = known.kept[name] = _Kept(body=digest, at=loop.time(), answer=loop.create_future())
    said: list[Message] = []

    async def heard(message: Message) -> None:
        said.append(message)
        await send(message)

    good = False
    try:
        await app(scope, _again(body), heard)
        good = bool(said) and int(said[0].get("status", 500)) < 500
    finally:
        mine.answer.set_result(said if good else None)
        if not good and known.kept.get(name) is mine:
            del known.kept[name]


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when it is larger than any that is taken."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes) -> Receive:
    """The body as if it came just now; after it, silence until the client hangs up."""
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if given:
            return given.pop()
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes this")

    return receive


def _marked(message: Message) -> Message:
    if message["type"] != "http.response.start":
        return message
    return {**message, "headers": [*message["headers"], REPLAYED]}


def _no_key() -> FirstfiveError:
    return FirstfiveError(
        "this is no idempotency key",
        remedy=f"give 1 to {LONGEST_KEY} printable characters, such as a UUID",
        exit_code=Exit.USAGE,
    )


def _another_body() -> FirstfiveError:
    return FirstfiveError(
        "this idempotency key was used with another body",
        remedy="give each call a key of its own; send the same one only to repeat the same call",
        exit_code=Exit.USAGE,
    )
