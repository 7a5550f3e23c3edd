"""Joins pages, API and live streams into one ASGI application behind the door.

Called by `serve` and by tests. Holds no rule of response: what may happen is decided by the engine it is given.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive.errors import FirstfiveError
from firstfive.stores.calls import Keys
from firstfive.web import acts, api, live, outside, paper, problems, room
from firstfive.web.accounts.entrance import Entrance
from firstfive.web.asked import LARGEST_BODY
from firstfive.web.contract import reference
from firstfive.web.contract.once import once
from firstfive.web.contract.taking import held
from firstfive.web.engine_face import Room
from firstfive.web.gate import door, dress, guarded, with_headers
from firstfive.web.pages import past, reading
from firstfive.web.pages.drawn import Drawings
from firstfive.web.pages.past import Past
from firstfive.web.pages.shelf import Shelf
from firstfive.web.public import reports, status
from firstfive.web.public.reports import Front
from firstfive.web.public.status import PublicFiles

SMALL = 500


def accounts() -> list[Route]:
    """Every route about accounts; loaded only where there may be some."""
    from firstfive.web.accounts import mine, people, provider, signing, welcome
    from firstfive.web.accounts.data import calls

    pages = [*signing.routes(), *welcome.routes(), *mine.routes(), *people.routes(), *provider.routes()]
    return [*pages, *calls.routes()]


def build(
    room_behind: Room,
    /,
    *,
    key: str,
    host: str,
    port: int,
    also: str = "",
    status_page: PublicFiles | None = None,
    front: Front | None = None,
    shelf: Shelf | None = None,
    past_of: Past | None = None,
    entrance: Entrance | None = None,
    calls: Keys | None = None,
) -> Starlette:
    """The web application of one running program; `key` signs in, `host` and `port` are where it listens, `also` is the name that a
    proxy in front of it is reached by. With a `status_page` that one is open to everybody, and with a `front` its report form.
    With an `entrance` people sign in by name as soon as there is an account; with `past_of` there are pages about the past; without a
    `shelf` the pages beside the room say that they have none. Idempotency keys are kept in `calls`; without it none is looked at.
    """
    public = status.AT if status_page is not None else ""
    form = (reports.AT, front.address) if front is not None else ("", "")
    gate = door(
        key=key, host=host, port=port, also=also, refuse=problems.problem, public=public, form=form, entrance=entrance
    )
    app = Starlette(
        routes=_routes(status_page, front, past_of, entrance),
        middleware=[
            Middleware(with_headers, entrance=entrance),
            Middleware(guarded, door=gate),
            Middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY),
            Middleware(GZipMiddleware, minimum_size=SMALL),
            *([Middleware(once, refuse=problems.problem, calls=calls)] if calls is not None else []),
        ],
        exception_handlers={
            FirstfiveError: problems.on_firstfive,
            HTTPException: problems.on_http,
            Exception: _on_bug,
        },
    )
    app.state.room, app.state.shelf, app.state.entrance = room_behind, shelf, entrance
    app.state.drawings = Drawings(room=room_behind)
    app.state.streams = live.Streams(room=room_behind, entrance=entrance)
    return app


def _routes(
    status_page: PublicFiles | None, front: Front | None, past_of: Past | None, entrance: Entrance | None
) -> list[Route]:
    return held(
        [
            *room.routes(),
            *live.routes(),
            *api.routes(),
            *outside.routes(),
            *acts.routes(),
            *reading.routes(),
            *(past.routes(past_of) if past_of is not None else []),
            *(accounts() if entrance is not None else []),
            Route("/static/{name}", paper.static),
            *(reports.routes(front) if front is not None else []),
            *(status.routes(status_page) if status_page is not None else []),
            *reference.routes(),
        ]
    )


async def _on_bug(request: Request, error: Exception) -> Response:
    """The answer to a bug is made outside the door, so it is dressed here."""
    answer = await problems.on_bug(request, error)
    dress(MutableHeaders(raw=answer.raw_headers))
    return answer
