"""Every page beside the room, and the same content as JSON below `/api/v1`.

Its routes are joined by `web.app`. What a page shows comes from the shelf as it is; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive.errors import Exit, Refused
from firstfive.web import paper
from firstfive.web.contract.answering import as_json
from firstfive.web.pages import files
from firstfive.web.pages.shelf import Asked, Shelf, Told, shelf_of
from firstfive.web.problems import UnknownIncident
from firstfive.web.room import everywhere

AT = "/api/v1"
LONGEST = 200
Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its address, its template, what the shelf is asked, the fields that its address may have."""

    name: str
    read: Callable[[Shelf, Asked], Awaitable[Told]]
    fields: tuple[str, ...] = ()
    template: str = ""


PAGES = (
    Page(name="oncall", read=lambda shelf, asked: shelf.oncall(asked)),
    Page(name="deploys", read=lambda shelf, asked: shelf.deploys(asked), fields=("limit", "cursor")),
    Page(name="actions", read=lambda shelf, asked: shelf.actions(asked), fields=("all", "limit", "cursor")),
    Page(name="doctor", read=lambda shelf, asked: shelf.doctor(asked)),
    Page(name="nodes", read=lambda shelf, asked: shelf.nodes(asked)),
    Page(name="drills", read=lambda shelf, asked: shelf.drills(asked)),
    Page(name="settings", read=lambda shelf, asked: shelf.chosen(asked)),
    Page(name="approvals", read=lambda shelf, asked: shelf.approvals(asked), fields=("limit", "cursor")),
)


def routes() -> list[Route]:
    """Every page, and every answer as data."""
    return [
        *(Route(f"/{page.name}", _page(page)) for page in PAGES),
        *(Route(f"{AT}/{page.name}", _data(page)) for page in PAGES),
        *files.routes(),
        Route("/more", more),
        Route("/report", report),
        Route("/outbox", outbox),
        Route("/oncall.ics", oncall_ical),
        Route("/handbook/{runbook}", runbook),
        Route("/drills/{card}", drill),
        Route(f"{AT}/coverage", coverage),
        Route(f"{AT}/handbook", handbook),
        Route(f"{AT}/handbook/{{runbook}}", handbook_part),
    ]


def _page(page: Page) -> Answer:
    async def shown(request: Request) -> Response:
        asked = _asked(request, page.fields)
        told = await page.read(shelf_of(request), asked)
        values = {
            **everywhere(request, None),
            "t": told,
            "asked": {name: asked.get(name, "") for name in page.fields},
            "onward": _onward(page.name, asked, told.get("next")),
            "query": urlencode({name: value for name, value in asked.items() if name != "cursor"}),
        }
        return paper.page(f"pages/{page.name}.html", values)

    return shown


def _data(page: Page) -> Answer:
    async def answered(request: Request) -> Response:
        return as_json(request, await page.read(shelf_of(request), _asked(request, page.fields)))

    return answered


def _asked(request: Request, known: tuple[str, ...]) -> Asked:
    """The fields of the address. Raises Refused for an unknown or a too long one; empty ones are left out."""
    asked = {name: value for name, value in request.query_params.items() if value}
    strange = sorted(asked.keys() - set(known))
    if strange:
        takes = ", ".join(known) or "nothing"
        raise Refused(
            f"{strange[0][:80]} is no field of this address", remedy=f"it takes {takes}", exit_code=Exit.USAGE
        )
    long = next((name for name, value in asked.items() if len(value) > LONGEST), None)
    if long is not None:
        raise Refused(f"{long} is longer than {LONGEST} characters", exit_code=Exit.USAGE)
    return asked


def _onward(name: str, asked: Asked, cursor: object) -> str:
    """The address of the next part; empty for none."""
    return f"/{name}?{urlencode({**asked, 'cursor': str(cursor)})}" if cursor else ""


async def outbox(request: Request) -> Response:
    """Messages that wait or were given up; as data they stand at the address that the command line uses."""
    asked = _asked(request, ("limit", "cursor"))
    told = await shelf_of(request).letters(asked)
    values = {**everywhere(request, None), "t": told, "onward": _onward("outbox", asked, told["next"])}
    return paper.page("pages/outbox.html", values)


async def more(request: Request) -> Response:
    """Every page there is, for whoever cannot open the menu."""
    return paper.page("pages/more.html", everywhere(request, None))


async def report(request: Request) -> Response:
    """The form with which anybody of the team reports trouble."""
    return paper.page("pages/report.html", everywhere(request, None))


async def oncall_ical(request: Request) -> Response:
    """The next four weeks on call."""
    return _file(await shelf_of(request).oncall_ical(), "text/calendar; charset=utf-8", "oncall.ics")


def _file(text: str, media: str, name: str) -> Response:
    return Response(text, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def handbook(request: Request) -> Response:
    """The compiled page as data."""
    return as_json(request, await shelf_of(request).handbook(_asked(request, ())))


async def coverage(request: Request) -> Response:
    """How far the page was ever tried, as data."""
    return as_json(request, await shelf_of(request).coverage(_asked(request, ())))


async def _one(request: Request) -> Told:
    told = await shelf_of(request).handbook({})
    wanted = request.path_params["runbook"]
    found: Told | None = next((one for one in told["runbooks"] if one["id"] == wanted), None)
    if found is None:
        raise UnknownIncident(f"the page has no runbook {wanted[:80]}", remedy="/handbook lists them")
    return found


async def handbook_part(request: Request) -> Response:
    """One runbook as data."""
    return as_json(request, await _one(request))


async def drill(request: Request) -> Response:
    """The scorecard of one drill: ten questions, each with its answer, its seconds and why."""
    told, wanted = await shelf_of(request).drills({}), request.path_params["card"]
    found = next((one for one in told["cards"] if one["id"] == wanted), None)
    if found is None:
        raise UnknownIncident(f"no drill {wanted[:80]} was kept", remedy="/drills lists them")
    return paper.page("pages/drill.html", {**everywhere(request, None), "card": found})


async def runbook(request: Request) -> Response:
    """One runbook with its steps, what the program makes of each, and how far it was proved."""
    return paper.page("pages/runbook.html", {**everywhere(request, None), "book": await _one(request)})
