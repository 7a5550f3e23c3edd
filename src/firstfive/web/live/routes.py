"""Live streams: each new entry of a timeline as one server-sent event, and a sign of life every few seconds.

Used by the room's pages and by programs that follow an incident. An event's id is the entry's number, so that whoever comes back
says what they had last and loses nothing. Reads only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from firstfive.web.accounts.callers import caller_of
from firstfive.web.accounts.entrance import at_this_machine
from firstfive.web.contract.operations import AT
from firstfive.web.engine_face import room_of
from firstfive.web.live.channel import PING, Streams, Viewer
from firstfive.web.live.told import Changes, Entries, Told
from firstfive.web.live.wire import wire_of

HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


def routes() -> list[Route]:
    """The stream of one incident and the one of all, for pages and for programs."""
    paths: tuple[tuple[str, Any], ...] = (("/live", all_live), ("/incidents/{id}/live", incident_live))
    return [Route(f"{front}{path}", answer) for front in ("", AT) for path, answer in paths]


async def incident_live(request: Request) -> Stream:
    """Entries of one incident after Last-Event-ID, else after ?after=, then each one as it is committed."""
    room, incident = room_of(request), request.path_params["id"]
    return Stream(request=request, about=incident, told=lambda: Entries(room=room, incident=incident))


async def all_live(request: Request) -> Stream:
    """One event whenever any incident changed since the state that the caller has seen."""
    room = room_of(request)
    return Stream(request=request, about="", told=lambda: Changes(room=room))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An answer that lasts until its viewer leaves, is sent away, or the server stops.

    uvicorn begins it, as any other; from the first event on that all viewers hear, the channel writes to the socket.
    """

    request: Request
    about: str
    told: Callable[[], Told]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak ASGI."""
        streams: Streams = self.request.app.state.streams
        viewer = Viewer(wire=wire_of(scope), shown=_shown(self.request, streams))
        with streams.channel(self.about, self.told) as channel:
            await channel.settle()
            await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body"})
                return

            async def part(events: bytes) -> None:
                await send({"type": "http.response.body", "body": events, "more_body": True})

            try:
                await part(PING)
                await channel.welcome(viewer, self._place(), part)
                while (await receive())["type"] != "http.disconnect":
                    continue
            finally:
                channel.forget(viewer)

    def _place(self) -> str:
        return self.request.headers.get("last-event-id") or self.request.query_params.get("after", "")


def _shown(request: Request, streams: Streams) -> str:
    """What the viewer was let in by, when that can end."""
    caller = caller_of(request)
    if caller is None or caller == at_this_machine() or streams.entrance is None:
        return ""
    return streams.entrance.shown(request)
