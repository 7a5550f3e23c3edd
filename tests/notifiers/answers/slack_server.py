"""A Slack on loopback: `apps.connections.open` over HTTP and its socket, with the frames that its documentation shows.

A test plays the socket: `play` is called with each connection after the hello; `calls` are the methods that were asked for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from notifiers import recorded
from notifiers.recorded import Asked, Reply

HELLO = {
    "type": "hello",
    "num_connections": 1,
    "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
    "connection_info": {"app_id": "A1"},
}


def disconnect(reason: str) -> dict[str, Any]:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}


def pressed(envelope: str, value: str, *, user: str = "U1", name: str = "ana") -> dict[str, Any]:
    button = {"type": "button", "action_id": "firstfive_message_0", "text": {"type": "plain_text", "text": "I have it"}}
    blocks = [
        {"type": "section", "block_id": "a", "text": {"type": "plain_text", "text": "PAGE INC-1 the shop is down"}},
        {"type": "actions", "block_id": "b", "elements": [{**button, "value": value}]},
    ]
    payload = {
        "type": "block_actions",
        "user": {"id": user, "username": name, "name": name, "team_id": "T1"},
        "api_app_id": "A1",
        "token": "verification",
        "container": {"type": "message", "message_ts": "1700000000.000001", "channel_id": "C1", "is_ephemeral": False},
        "trigger_id": "1.2.3",
        "team": {"id": "T1", "domain": "shop"},
        "channel": {"id": "C1", "name": "incidents"},
        "message": {"type": "message", "ts": "1700000000.000001", "text": "PAGE INC-1", "blocks": blocks},
        "response_url": "https://hooks.slack.com/actions/T1/1/x",
        "actions": [{**button, "block_id": "b", "value": value, "action_ts": "1700000001.1"}],
    }
    return {
        "envelope_id": envelope,
        "type": "interactive",
        "payload": payload,
        "accepts_response_payload": True,
        "retry_attempt": 0,
        "retry_reason": "",
    }


@dataclass(slots=True)
class FakeSlack:
    """`acked` are envelope ids that came back, `calls` the Web API methods with their bodies, `opened` how many sockets there were."""

    url: str = ""
    opened: int = 0
    acked: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusal: str = ""
    hello: bool = True

    def called(self, method: str) -> list[dict[str, Any]]:
        return [body for name, body in self.calls if name == method]


Play = Callable[["Socket"], Awaitable[None]]


@dataclass(slots=True)
class Socket:
    raw: ServerConnection
    number: int
    slack: FakeSlack

    async def say(self, told: Any) -> None:
        await self.raw.send(told if isinstance(told, str | bytes) else json.dumps(told))

    async def acks(self, count: int, within: float = 10.0) -> None:
        """Wait until so many envelopes in all have come back."""
        async with asyncio.timeout(within):
            while len(self.slack.acked) < count:
                self.slack.acked.append(json.loads(await self.raw.recv())["envelope_id"])


@asynccontextmanager
async def slack(play: Play) -> AsyncIterator[FakeSlack]:
    made = FakeSlack()

    async def socket(raw: ServerConnection) -> None:
        made.opened += 1
        if made.hello:
            await raw.send(json.dumps(HELLO))
        await play(Socket(raw, made.opened, made))

    async with serve(socket, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        def answer(asked: Asked) -> Reply:
            method = asked.path.lstrip("/")
            made.calls.append((method, asked.json()))
            if method == "apps.connections.open" and made.refusal:
                return 200, {}, {"ok": False, "error": made.refusal}
            return 200, {}, {"ok": True, "url": f"ws://127.0.0.1:{port}/link/?ticket=t&app_id=A1"}

        with recorded.serving(answer) as web:
            made.url = web.url
            yield made
