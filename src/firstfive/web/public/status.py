"""The status page on the web: the files of `documents.public`, made on demand, open to everybody.

Its routes are joined by `app` when the team has a status page. It knows files and no incident, so it has nothing else to tell; what goes
wrong is told in one plain sentence without a detail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from firstfive.documents.public.files import BANNER, INDEX
from firstfive.documents.public.page import CSP
from firstfive.errors import FirstfiveError

AT = "/status"
FRESH = {BANNER: 15}
FRESH_OTHERS = 30
TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "atom": "application/atom+xml; charset=utf-8",
}


class PublicFiles(Protocol):
    """The files of the status page as they stand now; `engine.publish.PublicBook`."""

    async def files(self) -> Mapping[str, bytes]:
        """By path. Raises FirstfiveError when what happened cannot be read."""
        ...


def routes(behind: PublicFiles) -> list[Route]:
    """The front page and every file beside it."""

    async def file(request: Request) -> Response:
        return await _answer(request, behind, request.path_params["file"] or INDEX)

    return [Route(AT, to_front), Route(AT + "/{file:path}", file)]


async def to_front(request: Request) -> Response:
    """Relative links need the slash."""
    return RedirectResponse(AT.rpartition("/")[2] + "/", status_code=308)


async def _answer(request: Request, behind: PublicFiles, name: str) -> Response:
    try:
        found = (await behind.files()).get(name)
    except FirstfiveError:
        return _plain("The status page cannot be shown now. Please try again in a minute.", 503)
    if found is None:
        return _plain("There is no such page.", 404)
    headers = _headers(name, found)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found, headers=headers)


def _headers(name: str, data: bytes) -> dict[str, str]:
    kind = name.rpartition(".")[2]
    headers = {
        "Content-Type": TYPES[kind],
        "ETag": f'W/"{hashlib.sha256(data).hexdigest()[:16]}"',
        "Cache-Control": f"public, max-age={FRESH.get(name, FRESH_OTHERS)}",
        "Content-Security-Policy": f"{CSP}; frame-ancestors 'none'",
    }
    if kind != "html":
        headers |= {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return headers


def _plain(text: str, status: int) -> Response:
    return PlainTextResponse(text + "\n", status_code=status)
