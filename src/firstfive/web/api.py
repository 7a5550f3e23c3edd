"""The API: the same incidents as data, for the command line and for programs.

Its routes are joined by `app`. Every answer about an incident is `documents.view`; what a verb takes is said by `engine.requests`,
so that the command line without a server accepts and refuses the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive import __version__
from firstfive.documents.lists.parted import MOST, limit_of, part_of
from firstfive.documents.metrics import exposition, own_families
from firstfive.documents.summary import summary
from firstfive.engine import requests
from firstfive.incident.timeline import Incident
from firstfive.web import asked
from firstfive.web.accounts.approving import may
from firstfive.web.contract.answering import as_json
from firstfive.web.engine_face import Room, found, room_of, said, seen
from firstfive.web.pages.shelf import shelf_of

AT = "/api/v1"
MINIMAL = "return=minimal"  # RFC 7240
EVERY = 1_000_000


def routes() -> list[Route]:
    """Every route of the API, with /health beside it."""
    return [
        Route("/health", health),
        Route("/metrics", metrics),
        Route(f"{AT}/incidents", incidents, methods=["GET", "POST"]),
        Route(f"{AT}/incidents/{{id}}", incident),
        Route(f"{AT}/incidents/{{id}}/timeline", timeline),
        Route(f"{AT}/incidents/{{id}}/output/{{run}}", output),
        *(Route(f"{AT}/incidents/{{id}}/{verb}", saying(verb), methods=["POST"]) for verb in requests.VERBS),
        Route(f"{AT}/incidents/{{id}}/offer", offer, methods=["POST"]),
        Route(f"{AT}/incidents/{{id}}/look-back", look_back, methods=["POST"]),
        Route(f"{AT}/incidents/{{id}}/merge", merge, methods=["POST"]),
        Route(f"{AT}/reports", report, methods=["POST"]),
    ]


async def health(request: Request) -> Response:
    """That the server answers, and which version it is; says nothing of incidents, since it is open."""
    return as_json(request, {"ok": True, "version": __version__})


async def metrics(request: Request) -> Response:
    """How Firstfive itself does, in the text format of Prometheus 0.0.4; docs/reference/metrics.md names each."""
    text = exposition(own_families(await room_of(request).own_state()))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


async def incidents(request: Request) -> Response:
    """GET: the open incidents, newest first, or with ?all=1 the newest of all, a few words each. POST: declare one."""
    if request.method == "POST":
        return await _declared(request)
    room, query = room_of(request), request.query_params
    more: str | None
    if query.get("all") == "1":
        ids, more = part_of(await room.recent_ids(EVERY), query)
        listed = list(await room.those(ids))
    else:
        listed, more = part_of(await room.open_incidents(), query, MOST)
    told = [summary(i, room.handbook_for(i), room.policy) for i in listed]
    return as_json(request, {"incidents": told, "next": more})


async def _declared(request: Request) -> Response:
    room = room_of(request)
    fields = await asked.json_fields(request)
    asked.known_only(fields, ("by", "title", "level", "why"), "declare")
    title, why = asked.text(fields, "title"), asked.text(fields, "why", "")
    made = await room.declare(asked.person(fields), title, asked.level(fields), why)
    return as_json(request, seen(room, made), status=201)


async def report(request: Request) -> Response:
    """Somebody says that something does not work: joins the incident named, else the newest open one, else declares."""
    room = room_of(request)
    fields = await asked.json_fields(request)
    asked.known_only(fields, ("by", "text", "incident"), "report")
    about = asked.text(fields, "incident") if "incident" in fields else None
    if about is not None:
        await found(room, about)
    told = await room.report(asked.person(fields), asked.text(fields, "text"), about)
    return as_json(request, seen(room, told))


def _after(request: Request, room: Room, before: Incident, now: Incident) -> Response:
    """The incident as it stands once something was said; where less is preferred, its timeline holds only what came since."""
    told = seen(room, now)
    preferred = {word.strip().casefold() for word in request.headers.get("prefer", "").split(",")}
    if MINIMAL not in preferred:
        return as_json(request, told)
    rows: Any = told["timeline"]
    answer = as_json(request, {**told, "timeline": [row for row in rows if row["seq"] > before.seq]})
    answer.headers.update({"Preference-Applied": MINIMAL, "Vary": "Prefer"})
    return answer


async def incident(request: Request) -> Response:
    """One incident in full."""
    room = room_of(request)
    return as_json(request, seen(room, await found(room, request.path_params["id"])))


async def timeline(request: Request) -> Response:
    """The timeline alone, with the hash of each entry; ?after=SEQ leaves out what the caller has. `next` is the `after` to go on with."""
    room = room_of(request)
    state = await found(room, request.path_params["id"])
    whole = seen(room, state)
    after = asked.sequence(request.query_params.get("after", ""))
    limit = limit_of(request.query_params, MOST)
    rows: Any = [row for row in whole["timeline"] if row["seq"] > after]  # type: ignore[attr-defined]
    more = str(rows[limit - 1]["seq"]) if len(rows) > limit else None
    told = {"id": state.id, "seq": whole["seq"], "head": whole["head"], "timeline": rows[:limit], "next": more}
    return as_json(request, told, onward="after")


async def output(request: Request) -> Response:
    """All that was kept of what a run said."""
    room = room_of(request)
    return as_json(request, await said(room, await found(room, request.path_params["id"]), request.path_params["run"]))


async def offer(request: Request) -> Response:
    """Ask for a change out of a pack: `pack`, and the fields that it takes."""
    room = room_of(request)
    state = await found(room, request.path_params["id"])
    fields = await asked.json_fields(request)
    by, pack = asked.person(fields), asked.text(fields, "pack")
    given = {name: value for name, value in fields.items() if name not in ("by", "pack")}
    return _after(request, room, state, await room.offer(state.id, by, pack, given))


async def look_back(request: Request) -> Response:
    """Read the post-mortem in the vault again: the incident with its closing list as it then stands."""
    room = room_of(request)
    await asked.json_fields(request)
    state = await found(room, request.path_params["id"])
    return _after(request, room, state, await room.look_back(state.id))


async def merge(request: Request) -> Response:
    """Take the sealed log of a break-glass bundle into one incident, after it was proved."""
    fields = await asked.json_fields(request)
    by, log = asked.person(fields), asked.text(fields, "log")
    state = await found(room_of(request), request.path_params["id"])
    return as_json(request, await shelf_of(request).merge(state.id, log, by))


def saying(verb: str) -> Callable[[Request], Awaitable[Response]]:
    """The answer to one verb: the incident as it stands once the event is written."""

    async def said(request: Request) -> Response:
        room = room_of(request)
        incident_id = request.path_params["id"]
        fields = await asked.json_fields(request)
        state = await found(room, incident_id)
        by = asked.person(fields)
        may(request, verb, fields.get("run"), lambda: seen(room, state))
        return _after(request, room, state, await room.say(incident_id, by, requests.event_of(verb, fields)))

    return said
