"""The document of the API as it is served: as OpenAPI for programs, and as a page for people that needs no script and no other site.

Its routes are joined by `app`. Shows the table; answers no call itself.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive import __version__
from firstfive.web import paper
from firstfive.web.contract.document import AREAS, document, need, statuses
from firstfive.web.contract.operations import AT, OPERATIONS, Operation
from firstfive.web.contract.taking import meaning, optional
from firstfive.web.room import everywhere

PAGE = "/api"


def routes() -> list[Route]:
    """The document and its page."""
    return [Route(f"{AT}/openapi.json", openapi), Route(PAGE, page)]


@cache
def _encoded() -> bytes:
    return msgspec.json.format(msgspec.json.encode(document(__version__)), indent=1)


async def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return Response(_encoded(), media_type="application/json")


async def page(request: Request) -> Response:
    """Every call with what it takes and answers."""
    values = {**everywhere(request, None), "areas": _areas(), "version": __version__}
    return paper.page("pages/api.html", values)


@cache
def _areas() -> list[dict[str, Any]]:
    return [
        {"name": name, "about": about, "calls": [_call(one) for one in OPERATIONS if one.area == name]}
        for name, about in AREAS.items()
    ]


def _call(one: Operation) -> dict[str, Any]:
    wants = need(one)
    return {
        "name": one.name,
        "method": one.method,
        "path": one.path,
        "about": one.about,
        "role": "" if wants.open else wants.role.word,
        "scope": "" if wants.open else wants.scope,
        "asks": _rows(one.asks),
        "takes": _rows(one.takes) if one.takes else [],
        "status": one.status,
        "answers": one.answers.__name__ if one.answers else one.media,
        "told": (one.answers.__doc__ or "").strip() if one.answers else "",
        "gives": [field.name for field in fields(one.answers)] if one.answers else [],
        "problems": ", ".join(map(str, statuses(one))),
    }


def _rows(shape: type[Any]) -> list[dict[str, Any]]:
    return [
        {"name": field.name, "about": meaning(shape, field.name), "optional": optional(shape, field.name)}
        for field in fields(shape)
    ]
