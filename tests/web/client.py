"""A client that speaks ASGI to the application in this process: no socket, no thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message

from firstfive.stores.calls import Keys
from firstfive.web.app import build
from web.past import Archive
from web.room import Room

KEY = "the-key-of-this-test"
PORT = 8455
HOST = f"127.0.0.1:{PORT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Headers
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    def cookies(self) -> dict[str, str]:
        set_by = (line.split(";")[0].partition("=") for line in self.headers.getlist("set-cookie"))
        return {name: value for name, _, value in set_by}


def app_of(room: Room, past_of: Archive | None = None, calls: Keys | None = None) -> ASGIApp:
    return build(room, key=KEY, host="127.0.0.1", port=PORT, past_of=past_of or Archive(), calls=calls)


def ask(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """One request and its whole answer."""
    return asyncio.run(_ask(app, method, target, headers or {}, body))


async def _ask(app: ASGIApp, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
    parts = urlsplit(target)
    sent = {"host": HOST, "content-length": str(len(body)), **{k.lower(): v for k, v in headers.items()}}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(k.encode(), v.encode()) for k, v in sent.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", PORT),
    }
    inbox: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    outbox: list[Message] = []

    async def receive() -> Message:
        return inbox.pop(0) if inbox else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        outbox.append(message)

    try:
        await app(scope, receive, send)
    except Exception:  # the error handler has answered; the server would log what it raises again
        if not outbox:
            raise
    start = outbox[0]
    whole = b"".join(m.get("body", b"") for m in outbox[1:])
    return Answer(status=start["status"], headers=Headers(raw=start["headers"]), body=whole)


BEARER = {"Authorization": f"Bearer {KEY}"}
COOKIE = f"firstfive-key-{PORT}={KEY}"
BROWSER = {"Cookie": COOKIE, "Sec-Fetch-Site": "same-origin"}


def call(app: ASGIApp, method: str, path: str, fields: Any = None) -> Answer:
    """One call of the API with the key."""
    body = b"" if fields is None else json.dumps(fields).encode()
    return ask(app, method, path, headers={**BEARER, "Content-Type": "application/json"}, body=body)


def send(app: ASGIApp, path: str, fields: Mapping[str, str], *, name: str = "ana") -> Answer:
    """One form, as a browser that is signed in and remembers a name sends it."""
    named = f"{COOKIE}; firstfive-name={name}" if name else COOKIE
    headers = {"Cookie": named, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    return ask(app, "POST", path, headers=headers, body=urlencode(fields).encode())


def get(app: ASGIApp, path: str, *, name: str = "ana") -> Answer:
    """One page, as the same browser asks for it."""
    named = f"{COOKIE}; firstfive-name={name}" if name else COOKIE
    return ask(app, "GET", path, headers={"Cookie": named})
