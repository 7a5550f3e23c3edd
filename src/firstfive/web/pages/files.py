"""What an incident made, as files: what was kept of a run's output, the timeline as text, the post-mortem as people read it.

Its routes are joined by `app`. Everything here is on the timeline or in the vault already, stripped and without secrets; nothing is
uploaded, since nobody can take a secret out of a picture.
"""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive.documents.plain import iso, line
from firstfive.documents.sentence import sentence
from firstfive.errors import Refused
from firstfive.handbook.model import Handbook
from firstfive.incident.timeline import Incident
from firstfive.web import paper
from firstfive.web.engine_face import found, room_of, said
from firstfive.web.pages.shelf import shelf_of
from firstfive.web.problems import UnknownIncident
from firstfive.web.room import everywhere

TEXT = "text/plain; charset=utf-8"


def routes() -> list[Route]:
    """Every file."""
    return [
        Route("/incidents/{id}/timeline.txt", timeline),
        Route("/incidents/{id}/output/{run}", output),
        Route("/post-mortems/{file:path}", postmortem),
    ]


def _file(text: str, name: str) -> Response:
    return Response(text, media_type=TEXT, headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def timeline(request: Request) -> Response:
    """Every entry in one line, oldest first, with its hash, so that a copy can be compared with the chain."""
    room = room_of(request)
    state = await found(room, request.path_params["id"])
    return _file("\n".join(_lines(state, room.handbook_for(state))) + "\n", f"{state.id}-timeline.txt")


def _lines(state: Incident, book: Handbook) -> Iterator[str]:
    title = state.declared.title if state.declared else ""
    yield f"{state.id} SEV-{state.level} {state.status}: {line(title, 300)}"
    yield "number, time (UTC), by, what, SHA-256 of the entry and all before it"
    for entry in state.entries:
        yield f"{entry.seq}\t{iso(entry.at)}\t{line(entry.by, 80)}\t{sentence(entry, book)}\t{entry.hash}"


async def output(request: Request) -> Response:
    """What a run said, all of it that was kept: redacted, without control characters; of very much both ends and the size of the gap."""
    room, wanted = room_of(request), request.path_params["run"]
    told = await said(room, await found(room, request.path_params["id"]), wanted)
    return _file(str(told["output"]), f"{''.join(c if c.isalnum() or c in '.-' else '-' for c in wanted)[:120]}.txt")


async def postmortem(request: Request) -> Response:
    """A post-mortem of the vault as it stands there now."""
    try:
        told = await shelf_of(request).note(request.path_params["file"])
    except Refused as refused:
        raise UnknownIncident(refused.what, remedy=refused.remedy) from None
    values = {**everywhere(request, None), "t": told, "body": Markup(told["html"])}  # noqa: S704 - comrak leaves no raw HTML in
    return paper.page("pages/note.html", values)
