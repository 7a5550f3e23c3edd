"""Following a server-sent event stream: it comes back with the last id it had, so that nothing is lost and nothing comes twice.

Used by `Client.follow` and `Client.changes`. Waits on a socket only; a line that is silent for longer than three signs of life is dead.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass

from firstfive.client.line import ApiError, Line, query, told

SILENCE = 45.0
PAUSE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as it came: `id` is empty for one that a stream does not go on behind."""

    kind: str
    id: str
    data: str


def follow(line: Line, path: str, *, after: str = "", patience: float = 60) -> Iterator[Event]:
    """Events for ever, signs of life left out. `after` is the id of the last one that is known.

    A server that goes away is waited for: Unreachable is raised only when it was not there for `patience` seconds on end, ApiError when
    it refuses. Leave the loop to stop.
    """
    lost_at: float | None = None
    while True:
        try:
            for event in _once(line, path, after):
                lost_at = None
                if event.kind != "ping":
                    after = event.id or after
                    yield event
            problem: object = "the stream ended"
        except (OSError, http.client.HTTPException) as broken:
            problem = broken
        now = time.monotonic()
        lost_at = lost_at if lost_at is not None else now
        if now - lost_at >= patience:
            raise line.silent(problem)
        time.sleep(min(PAUSE, patience))


def _once(line: Line, path: str, after: str) -> Iterator[Event]:
    """The events of one connection, until it ends."""
    connection = line.connect(SILENCE)
    try:
        headers = {**line.headers(), "Accept": "text/event-stream"}
        if after:
            headers["Last-Event-ID"] = after
        connection.request("GET", line.address(query(path, {})), headers=headers)
        response = connection.getresponse()
        if response.status >= 300:
            raise ApiError(response.status, told(response.read(1 << 20)))
        yield from _events(response)
    finally:
        connection.close()


def _events(response: http.client.HTTPResponse) -> Iterator[Event]:
    """Each event that came whole; one that was cut off is no event."""
    kind, name = "message", ""
    data: list[str] = []
    while raw := response.readline(1 << 26):
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            if data or kind != "message":
                yield Event(kind=kind, id=name, data="\n".join(data))
            kind, name, data = "message", "", []
            continue
        field, _, value = text.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                kind = value
            case "id":
                name = value
            case "data":
                data.append(value)
            case _:
                pass
