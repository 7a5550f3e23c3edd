"""How a problem is answered: problem+json for programs, a page for people, the same words in both.

Used by `app` for every error that reaches it. Decides the status from the kind of error; adds nothing to what the error says.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from firstfive.errors import Exit, FirstfiveError, JournalError, Refused
from firstfive.web import paper

DETAILS = {
    404: ("there is nothing at this address", "start from / (the room) or see the list of routes in the reference"),
    405: ("this address does not take that method", "the reference lists the methods of every route"),
    413: ("the request is larger than 1 MiB", "send less; attach nothing"),
}
WRONG_VALUE = "FF022"


class UnknownIncident(Refused):
    """No incident of that id is in the journal."""


class NotAllowed(Refused):
    """What this person's role does not allow."""


def status_of(error: FirstfiveError) -> int:
    """404 for an unknown incident, 403 for what a role does not allow, 422 for what was asked wrongly, 409 for what the rules refuse
    now, 503 without a journal.
    """
    match error:
        case UnknownIncident():
            return 404
        case NotAllowed():
            return 403
        case Refused(exit_code=Exit.USAGE):
            return 422
        case Refused():
            return 409
        case FirstfiveError(code=code) if code == WRONG_VALUE:
            return 422
        case JournalError():
            return 503
        case _:
            return 500


def problem(request: Request, status: int, error: FirstfiveError) -> Response:
    """The error as this client reads it: JSON under /api and /health, a page elsewhere.

    A page that asked for a part of itself keeps what it shows and adds the reason, or goes to sign in again.
    """
    if request.url.path.startswith("/api/") or request.url.path == "/health":
        return Response(
            msgspec.json.encode(body_of(status, error)), status_code=status, media_type="application/problem+json"
        )
    answer = paper.page(
        "signin.html" if status == 401 else "problem.html",
        {"refused": error, "status": status, "path": "/" + request.url.path.lstrip("/\\"), "name": ""},
        status=status,
    )
    if "hx-request" in request.headers:
        answer.headers.update({"HX-Refresh": "true"} if status == 401 else {"HX-Reswap": "none"})
    return answer


def body_of(status: int, error: FirstfiveError) -> dict[str, object]:
    """The fields of problem+json, with what, where, remedy, code and exit code beside the standard ones."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.what,
        "what": error.what,
        "where": error.where,
        "remedy": error.remedy,
        "code": error.code,
        "exit_code": int(error.exit_code),
    }


async def on_firstfive(request: Request, error: Exception) -> Response:
    """Any error of ours."""
    assert isinstance(error, FirstfiveError)
    return problem(request, status_of(error), error)


async def on_http(request: Request, error: Exception) -> Response:
    """No such route, wrong method, too large."""
    assert isinstance(error, HTTPException)
    what, remedy = DETAILS.get(error.status_code, (str(error.detail), ""))
    told = FirstfiveError(what, where=request.url.path, remedy=remedy, exit_code=Exit.USAGE)
    answer = problem(request, error.status_code, told)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def on_bug(request: Request, error: Exception) -> Response:
    """A bug: say so without its insides; the log has them."""
    told = FirstfiveError(
        "something went wrong inside firstfive",
        where=request.url.path,
        remedy="what was on the timeline still is; look at the log of firstfive serve, and use the command line meanwhile",
    )
    return problem(request, 500, told)
