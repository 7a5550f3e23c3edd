"""Where senders knock: alerts, deploys and signs of life, kept on disk before they are answered.

A raw ASGI callable beside the pages, put in front of them by `app`. Never refuses an authenticated request for what it says, never
answers 2xx before the request is durable, sheds with 503. What a request means is read afterwards, by the inbox.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import parse_qsl, unquote

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Observation
from firstfive.intake import SENDERS, Asked, Credentials, presented, read, refused
from firstfive.ports import Clock, Outcome, Received
from firstfive.web.senders.amtool import Alertmanager

LARGEST = 1024 * 1024
KEPT_BODY = 256 * 1024
LONGEST_QUEUE = 200_000
REMEMBERED = 20_000
SOON = b'{"status":"accepted","id":%d,"explain_url":"%s/signals/%d"}'
JSON = [(b"content-type", b"application/json")]
TOLD_APART = frozenset(
    {
        "content-type",
        "idempotency-key",
        "request-id",
        "sentry-hook-resource",
        "user-agent",
        "webhook-id",
        "x-github-delivery",
        "x-github-event",
        "x-gitlab-event",
        "x-gitlab-event-uuid",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a sender gets back."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """Who knocks: the sender's name, the rest of the path, and a token that stood in the path."""

    sender: str
    rest: str = ""
    token: str = ""


Keep = Callable[[Received], Awaitable[tuple[int, bool]]]
Preview = Callable[[Sequence[Observation]], Awaitable[tuple[Outcome, ...]]]


@dataclass(slots=True, kw_only=True)
class Hooks:
    """The senders' door. `base` is our own address for links; `queue` tells how many requests wait to be sorted."""

    credentials: Credentials
    clock: Clock
    base: str
    keep: Keep
    preview: Preview
    wake: Callable[[], None]
    harmless: Callable[[bytes], bool]
    redacted: Callable[[bytes], bytes]
    keep_soon: Callable[[Received], asyncio.Future[tuple[int, bool]]]
    waiting: Callable[[], int]
    alertmanager: Alertmanager
    _known: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def beside(self, app: ASGIApp) -> ASGIApp:
        """The application with this door beside it."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                knock = knocking(scope["path"])
                if knock is not None:
                    await self._answered(knock, scope, receive, send)
                    return
            await app(scope, receive, send)

        return answer

    async def _answered(self, knock: Knock, scope: Scope, receive: Receive, send: Send) -> None:
        told = await self._told(knock, scope, receive)
        headers = [
            *(told.headers or JSON),
            (b"content-length", str(len(told.body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": told.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else told.body})

    async def _told(self, knock: Knock, scope: Scope, receive: Receive) -> Answer:
        body = await whole(receive)
        if body is None:
            return problem(413, "the request is larger than 1 MiB", "send fewer alerts at once")
        if knock.sender not in SENDERS and knock.sender != "alertmanager_api":
            return problem(404, f"there is no sender {knock.sender!r}", f"known: {', '.join(sorted(SENDERS))}")
        asked = self._asked(knock, scope, body)
        named = _FAMILY.get(knock.sender, knock.sender)
        why = refused(named, asked, self.credentials, presented(asked, knock.token, _routing_key(knock.sender, body)))
        if why:
            return problem(
                401, f"not let in: {why}", "give the sender its token; docs/reference/intake.md says where it can stand"
            )
        if knock.sender == "alertmanager_api":
            return await self._api(
                asked, [v for n, v in parse_qsl(scope["query_string"].decode("latin-1")) if n == "filter"]
            )
        if scope["method"] not in _METHODS.get(knock.sender, ("POST",)):
            return problem(405, "this address takes POST", "")
        if "simulate" in asked.query and asked.query["simulate"] not in ("0", "false", "no"):
            return await self._simulated(knock.sender, asked)
        return await self._kept(knock.sender, asked)

    def _asked(self, knock: Knock, scope: Scope, body: bytes) -> Asked:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = (
            dict(parse_qsl(scope["query_string"].decode("latin-1"), max_num_fields=100))
            if scope["query_string"]
            else {}
        )
        return Asked(
            method=scope["method"], path=knock.rest, headers=headers, query=query, body=body, at=self.clock.now()
        )

    # -------------------------------------------------------------------------------------------------- alertmanager

    async def _api(self, asked: Asked, filters: list[str]) -> Answer:
        if asked.method == "POST" and asked.path.strip("/") == "alerts":
            if "simulate" in asked.query:
                return await self._simulated("prometheus", asked)
            kept = await self._kept("prometheus", asked)
            return replace(kept, status=200, body=b"") if kept.status == 202 else kept
        try:
            status, value = await self.alertmanager.answer(asked, filters)
        except FirstfiveError as wrong:
            return Answer(status=400, body=msgspec.json.encode(wrong.what))
        return Answer(status=status, body=b"" if value is None else msgspec.json.encode(value))

    # ------------------------------------------------------------------------------------------------------- keeping

    async def reported(self, fields: Mapping[str, str], once: str) -> int:
        """Keep what a person said through the public form, as a request of the sender `report`; returns the status. `once` is the same when
        it is sent twice.
        """
        headers = {"content-type": "application/json", "idempotency-key": once}
        body = msgspec.json.encode(fields)
        asked = Asked(method="POST", path="", headers=headers, query={}, body=body, at=self.clock.now())
        return (await self._kept("report", asked)).status

    async def _kept(self, sender: str, asked: Asked) -> Answer:
        if self.waiting() > LONGEST_QUEUE:
            return problem(503, "too many requests wait to be sorted", "send it again in a minute", retry=60)
        key = idempotency(sender, asked)
        known = self.known(key)
        if known is None:
            try:
                known, fresh = await self.keep(self._row(sender, asked, key))
            except FirstfiveError as trouble:
                return problem(
                    503, f"it could not be stored: {trouble.what}", trouble.remedy or "send it again", retry=30
                )
            self.remember(key, known, fresh=fresh)
        base = self.base.encode()
        if sender in _REPLIES:
            return Answer(status=202, body=self._reply(sender, asked, known))
        return Answer(status=202, body=SOON % (known, base, known))

    def known(self, key: str) -> int | None:
        """The id of a request that is on the disk already, when that was not long ago."""
        return self._known.get(key)

    def remember(self, key: str, id_: int, *, fresh: bool) -> None:
        """This one is on the disk now."""
        self._known[key] = id_
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        if fresh:
            self.wake()

    def plain(self, sender: str, body: bytes, asked: str) -> Received:
        """A request that holds nothing but its body; its key is given when it is kept."""
        at = self.clock.now()
        return Received(id=0, key="", source=sender, at=at, body=body, seen=(), state="waiting", asked=asked)

    def _row(self, sender: str, asked: Asked, key: str) -> Received:
        """The request as it is kept. One that may hold a secret is read at once, since what is kept of it is no longer what came."""
        shown = {name: value for name, value in asked.headers.items() if name in TOLD_APART}
        query = {name: value for name, value in asked.query.items() if name != "token"}
        harmless = len(asked.body) <= KEPT_BODY and self.harmless(asked.body) and self.harmless(repr(query).encode())
        seen = () if harmless else read(sender, asked).seen
        how = msgspec.json.encode([asked.method, asked.path, query if harmless else {}, shown]).decode()
        return Received(
            id=0,
            key=key,
            source=sender,
            at=asked.at,
            body=asked.body if harmless else self.redacted(asked.body),
            seen=tuple(self.alertmanager.cleaned(one) for one in seen),
            state="waiting",
            asked=how,
        )

    def _reply(self, sender: str, asked: Asked, known: int) -> bytes:
        """The answer with what this sender expects in it."""
        reply = {
            "status": "success",
            **read(sender, asked).reply,
            "id": known,
            "explain_url": f"{self.base}/signals/{known}",
        }
        return msgspec.json.encode(reply)

    async def _simulated(self, sender: str, asked: Asked) -> Answer:
        found = read(sender, asked)
        try:
            outcomes = await self.preview(found.seen)
        except FirstfiveError as trouble:
            return problem(503, f"the journal does not answer: {trouble.what}", trouble.remedy)
        told = {
            "simulated": True,
            "sender": sender,
            "not_understood": found.odd,
            "outcomes": [msgspec.to_builtins(outcome) for outcome in outcomes],
        }
        return Answer(status=200, body=msgspec.json.encode(told))


_METHODS: Mapping[str, tuple[str, ...]] = {
    "beat": ("GET", "POST", "HEAD", "PUT"),
    "uptime_kuma": ("GET", "POST"),
    "generic": ("GET", "POST"),
    "deploy": ("GET", "POST"),
}
# Senders that share the token and the secret of another.
_FAMILY: Mapping[str, str] = {
    "alertmanager_api": "alertmanager",
    "prometheus": "alertmanager",
    "pagerduty_change": "pagerduty",
}
_REPLIES = frozenset({"pagerduty", "pagerduty_change"})
_FIXED: Mapping[str, str] = {"/v2/enqueue": "pagerduty", "/v2/change/enqueue": "pagerduty_change", "/deploy": "deploy"}


def knocking(path: str) -> Knock | None:
    """Who knocks at this path; None when it belongs to the pages.

    `/hooks/SENDER`, `/hooks/SENDER/TOKEN`, `/hooks/beat/TOKEN/NAME`, `/beat/NAME`, `/api/v2/...`, the same below
    `/hooks/alertmanager/TOKEN`, `/v2/enqueue`, `/v2/change/enqueue`, `/deploy`.
    """
    if path.startswith("/api/v2/"):
        return Knock(sender="alertmanager_api", rest=path[8:])
    if path.startswith("/beat/"):
        return Knock(sender="beat", rest=unquote(path[6:]))
    if path in _FIXED:
        return Knock(sender=_FIXED[path])
    if not path.startswith("/hooks/"):
        return None
    sender, _, rest = path[7:].partition("/")
    token, _, rest = rest.partition("/")
    if sender == "alertmanager" and rest.startswith("api/v2/"):
        return Knock(sender="alertmanager_api", rest=rest[7:], token=token)
    if sender == "alertmanager" and token == "api" and rest.startswith("v2/"):  # noqa: S105 - a path, no token
        return Knock(sender="alertmanager_api", rest=rest[3:])
    return Knock(sender=sender, rest=rest, token=token)


async def whole(receive: Receive) -> bytes | None:
    """The body, or None as soon as it is larger than 1 MiB; whatever length the sender claimed."""
    message = await receive()
    body = message.get("body", b"")
    if not message.get("more_body", False):
        return body if len(body) <= LARGEST else None
    parts, size = [body], len(body)
    while message.get("more_body", False) and message["type"] == "http.request":
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def idempotency(sender: str, asked: Asked) -> str:
    """Equal for a retry, different for news: the sender's own delivery id, else the bytes within ten seconds."""
    headers = asked.headers
    for name in ("idempotency-key", "webhook-id", "x-github-delivery", "request-id", "x-gitlab-event-uuid"):
        if headers.get(name):
            return f"{sender}:{headers[name][:200]}"
    more = f"{asked.path}?{sorted(asked.query.items()) if asked.query else ''}" if asked.path or asked.query else ""
    return body_key(sender + more, asked.body, asked.at)


def body_key(sender: str, body: bytes, at: datetime) -> str:
    """The same for the same bytes within ten seconds."""
    moment = int(at.timestamp()) // 10
    return f"{hashlib.blake2b(body, digest_size=12, person=b'firstfive').hexdigest()}:{sender}:{moment}"


def _routing_key(sender: str, body: bytes) -> str:
    """PagerDuty's senders put their token into the body."""
    if not sender.startswith("pagerduty"):
        return ""
    try:
        found = msgspec.json.decode(body, type=_Routed).routing_key
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Routed:
    routing_key: str = ""


def problem(status: int, what: str, remedy: str, *, retry: int = 0) -> Answer:
    """A refusal in the words of every other."""
    told = {"status": status, "what": what, "remedy": remedy, "detail": what}
    headers = [(b"content-type", b"application/problem+json")]
    if retry:
        headers.append((b"retry-after", str(retry).encode()))
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="firstfive"'))
    return Answer(status=status, body=msgspec.json.encode(told), headers=tuple(headers))
