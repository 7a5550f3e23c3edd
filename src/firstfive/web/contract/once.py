"""A POST with an `Idempotency-Key` acts once: sent again with the same body it gets the first answer, with another one it is refused.

Stands in `web.app` behind the door, so that only who may call is remembered. Keys live for a day in the journal's database, so that a
repeat after a restart, or at another node, is one too. Answers of 500 and above are not kept, nor what is told once. Where the server
ended between the deed and the answer, a repeat gets the incident as it stands, or is told that it was done; it never acts again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firstfive.client.wire.incident import Incident
from firstfive.errors import Exit, FirstfiveError, JournalError
from firstfive.stores.calls import Call, Keys, State
from firstfive.web.contract.operations import AT, Operation, called

HEADER, REPLAYED = "idempotency-key", (b"idempotency-replayed", b"true")
LONGEST_KEY, LARGEST = 255, 1 << 20
PATIENCE, BETWEEN = 20.0, 0.2  # seconds to wait for another node's answer, and between two looks at it

Refuse = Callable[[Request, int, FirstfiveError], Response]
_Stored = tuple[int, list[tuple[bytes, bytes]], bytes]


def once(app: ASGIApp, *, refuse: Refuse, calls: Keys) -> ASGIApp:
    """The application, with keys respected below /api/v1."""
    behind = _Once(app=app, refuse=refuse, calls=calls)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(f"{AT}/"):
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
        await behind.in_turn(request, body, send)

    return answer


@dataclass(slots=True, kw_only=True, eq=False)
class _Once:
    """The application behind its keys. `going` are the calls that are acted on in this process now."""

    app: ASGIApp
    refuse: Refuse
    calls: Keys
    going: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    async def in_turn(self, request: Request, body: bytes, send: Send) -> None:
        """Answer a call once every earlier one of its name is answered."""
        caller = request.headers.get("authorization", "") + request.headers.get("cookie", "")
        name = _digest(caller.encode(), request.url.path.encode(), request.headers[HEADER].encode())
        while name in self.going:
            await asyncio.shield(self.going[name])
        mine = self.going[name] = asyncio.get_running_loop().create_future()
        try:
            await self._answered(request, name, body, send)
        finally:
            del self.going[name]
            mine.set_result(None)

    async def _answered(self, request: Request, name: str, body: bytes, send: Send) -> None:
        scope, operation = request.scope, called("POST", request.url.path)
        outside = operation is not None and operation.area == "people"
        try:
            call = await self._begun(name, _digest(request.url.query.encode(), body), outside=outside)
        except JournalError as problem:
            await self.refuse(request, 503, problem)(scope, _again(body), send)
            return
        if call.ours:
            await self._acted(call, scope, body, send, told_once=operation is not None and operation.secret)
        elif not call.same:
            await self.refuse(request, 422, _another_body())(scope, _again(body), send)
        elif call.going:
            await self.refuse(request, 409, _still_going())(scope, _again(body), send)
        elif call.answer:
            await _say(call.answer, send)
        elif call.state != State.OUTSIDE and call.incident and operation is not None and operation.answers is Incident:
            await self._as_it_stands(call.incident, operation, scope, send)
        else:
            lost = _nobody_knows() if call.state == State.OUTSIDE else _was_done()
            await self.refuse(request, 409, lost)(scope, _again(body), send)

    async def _begun(self, name: str, asked: str, *, outside: bool) -> Call:
        """The call; while another node is at it, its end is waited for."""
        call = await self.calls.begin(name, asked, outside=outside)
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while call.going and call.same and loop.time() < until:
            await asyncio.sleep(BETWEEN)
            call = await self.calls.begin(name, asked, outside=outside)
        return call

    async def _acted(self, call: Call, scope: Scope, body: bytes, send: Send, *, told_once: bool) -> None:
        said: list[Message] = []

        async def heard(message: Message) -> None:
            said.append(message)

        good = False
        try:
            with self.calls.acting(call):
                await self.app(scope, _again(body), heard)
            good = bool(said) and int(said[0].get("status", 500)) < 500
        finally:
            await self._kept(call, said if good and not told_once else [], good=good)
        for message in said:
            await send(message)

    async def _kept(self, call: Call, said: list[Message], *, good: bool) -> None:
        """What is kept of an answer. A journal that is away now takes nothing from who asked: what was done is done."""
        try:
            if good:
                await self.calls.answered(call, _stored(said))
            else:
                await self.calls.dropped(call)
        except JournalError:
            return

    async def _as_it_stands(self, incident: str, operation: Operation, scope: Scope, send: Send) -> None:
        """The incident that a call acted on, in place of the answer that was lost."""
        path = f"{AT}/incidents/{incident}"
        asked = {**scope, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}

        async def told(message: Message) -> None:
            good = message["type"] == "http.response.start" and message["status"] == 200
            await send(_marked({**message, "status": operation.status} if good else message))

        await self.app(asked, _again(b""), told)


def _stored(said: list[Message]) -> bytes:
    """An answer as it is kept; empty for none."""
    if not said:
        return b""
    body = b"".join(message.get("body", b"") for message in said[1:])
    headers = [(name, value) for name, value in said[0].get("headers", ()) if name.lower() != b"set-cookie"]
    return msgspec.msgpack.encode((said[0]["status"], headers, body))


async def _say(stored: bytes, send: Send) -> None:
    status, headers, body = msgspec.msgpack.decode(stored, type=_Stored)
    await send(_marked({"type": "http.response.start", "status": status, "headers": headers}))
    await send({"type": "http.response.body", "body": body})


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


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


def _still_going() -> FirstfiveError:
    return FirstfiveError(
        "another node is still at work on this call",
        remedy="send it again with the same idempotency key in a moment",
        exit_code=Exit.CONFLICT,
    )


def _was_done() -> FirstfiveError:
    return FirstfiveError(
        "this call was done, and its answer is not kept",
        remedy="look at what it changed; under another idempotency key it would be done a second time",
        exit_code=Exit.CONFLICT,
    )


def _nobody_knows() -> FirstfiveError:
    return FirstfiveError(
        "the server ended while it was at this call, and nobody knows whether it was done",
        remedy="look at what it was to change; send it under another idempotency key if it was not done",
        exit_code=Exit.CONFLICT,
    )
