"""Small HTTP servers on loopback that answer as the services do; what they were sent is kept.

Shapes: Slack `chat.postMessage` and `conversations.history`, Telegram `sendMessage`, ntfy publishing, PagerDuty Events v2, as their API
references show them.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], Any]


@dataclass(slots=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Recorded:
    """`answer` gives the reply to each request; `mood` overrules it: (status, headers, body), or seconds to wait."""

    answer: Callable[[Asked], Reply]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    mood: Reply | float | None = None


@contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[Recorded]:
    """A server for one block."""
    made = Recorded(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length)
            )
            made.asked.append(asked)
            if isinstance(made.mood, float):
                time.sleep(made.mood)
            status, headers, value = made.mood if isinstance(made.mood, tuple) else made.answer(asked)
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, text)
            with contextlib.suppress(ConnectionError):  # whoever asked may be dead by now
                self.end_headers()
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = _do

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def slack() -> Callable[[Asked], Reply]:
    """Messages by channel, with their metadata; `ts` grows."""
    kept: list[dict[str, Any]] = []

    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/chat.postMessage"):
            row = asked.json()
            ts = f"1700000000.{len(kept) + 1:06}"
            kept.append({"ts": ts, "text": row["text"], "metadata": row.get("metadata")})
            return 200, {}, {"ok": True, "channel": row["channel"], "ts": ts}
        return 200, {}, {"ok": True, "messages": list(reversed(kept))}

    return answer


def telegram() -> Callable[[Asked], Reply]:
    """A bot that numbers its messages."""
    count = iter(range(1, 10_000))
    return lambda asked: (200, {}, {"ok": True, "result": {"message_id": next(count)}})


def ntfy() -> Callable[[Asked], Reply]:
    """A topic."""
    count = iter(range(1, 10_000))
    return lambda asked: (200, {}, {"id": f"n{next(count)}", "event": "message", "topic": asked.json()["topic"]})


def pagerduty() -> Callable[[Asked], Reply]:
    """An integration."""
    return lambda asked: (202, {}, {"status": "success", "dedup_key": asked.json()["dedup_key"]})


def plain() -> Callable[[Asked], Reply]:
    """Whatever takes a webhook."""
    return lambda asked: (204, {}, b"")
