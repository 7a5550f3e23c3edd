"""What came from outside, as data and as pages: requests of senders with the reason of each verdict, the backlog, silences, heartbeats.

Its routes are joined by `app`. Shows and passes on; what a signal means is decided by the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstfive.engine import told
from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.incident.triage.silences import read_matcher
from firstfive.intake import SENDERS, Asked, read
from firstfive.web import asked, paper
from firstfive.web.engine_face import Room, room_of
from firstfive.web.problems import UnknownIncident
from firstfive.web.room import everywhere

AT = "/api/v1"
LONGEST = timedelta(days=366)


def routes() -> list[Route]:
    """Every route about the outside."""
    return [
        Route("/signals", signals_page),
        Route("/signals/{number:int}", signal_page),
        Route("/silences", silenced_by_form, methods=["POST"]),
        Route("/silences/{name}/end", ended_by_form, methods=["POST"]),
        Route(f"{AT}/signals", signals),
        Route(f"{AT}/signals/{{number:int}}", signal),
        Route(f"{AT}/alerts", alerts),
        Route(f"{AT}/silences", silences, methods=["GET", "POST"]),
        Route(f"{AT}/silences/{{name}}/end", end, methods=["POST"]),
        Route(f"{AT}/heartbeats", heartbeats, methods=["GET", "POST"]),
        Route(f"{AT}/simulate", simulate, methods=["POST"]),
    ]


def _json(answer: dict[str, Any], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status_code=status, media_type="application/json")


# -------------------------------------------------------------------------------------------------------------- data


async def signals(request: Request) -> Response:
    """The newest requests of senders, newest first."""
    limit = asked.sequence(request.query_params.get("limit", "")) or 50
    return _json({"signals": [told.request(one) for one in await room_of(request).outside.recent(limit)]})


async def signal(request: Request) -> Response:
    """One request: what came, what was read, what was made of it and why."""
    return _json(await _found(request))


async def _found(request: Request) -> dict[str, Any]:
    try:
        return told.request(await room_of(request).outside.received(request.path_params["number"]), whole=True)
    except Refused as refused:
        raise UnknownIncident(refused.what, remedy=refused.remedy, exit_code=refused.exit_code) from None


async def alerts(request: Request) -> Response:
    """The last state of every trouble that was seen, or of those with ?verdict=backlog, silenced, declared, joined, ignored."""
    found = await room_of(request).outside.alerts(request.query_params.get("verdict", ""))
    return _json({"alerts": [told.alert(one) for one in found[:1000]]})


async def silences(request: Request) -> Response:
    """GET: silences that are not over. POST: add one."""
    room = room_of(request)
    if request.method == "POST":
        fields = await asked.json_fields(request)
        asked.known_only(fields, ("by", "matchers", "seconds", "comment", "maintenance"), "silences")
        return _json(await _silenced(room, fields), status=201)
    now = room.clock.now()
    return _json({"silences": [told.silence(one, now) for one in await room.outside.silences()]})


async def _silenced(room: Room, fields: asked.Fields) -> dict[str, Any]:
    now = room.clock.now()
    lines = [line for line in asked.text(fields, "matchers").splitlines() if line.strip()]
    seconds = fields.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 1 <= seconds <= LONGEST.total_seconds():
        raise asked.wrong("seconds says how long, from 1 to a year", "give seconds as a whole number")
    made = await room.outside.silence(
        asked.person(fields),
        [read_matcher(line) for line in lines],
        ends=now + timedelta(seconds=seconds),
        comment=asked.text(fields, "comment", ""),
        maintenance=fields.get("maintenance") is True,
    )
    return told.silence(made, now)


async def end(request: Request) -> Response:
    """End a silence now."""
    room = room_of(request)
    await asked.json_fields(request)
    return _json(told.silence(await _ended(room, request.path_params["name"]), room.clock.now()))


async def _ended(room: Room, name: str) -> Any:
    try:
        return await room.outside.end_silence(name)
    except Refused as refused:
        raise UnknownIncident(refused.what, remedy=refused.remedy, exit_code=refused.exit_code) from None


async def heartbeats(request: Request) -> Response:
    """GET: every heartbeat. POST: from now on one must come."""
    room = room_of(request)
    if request.method == "POST":
        fields = await asked.json_fields(request)
        asked.known_only(fields, ("by", "name", "every", "grace"), "heartbeats")
        every, grace = (fields.get(name) for name in ("every", "grace"))
        if isinstance(every, bool) or not isinstance(every, int) or not 1 <= every <= LONGEST.total_seconds():
            raise asked.wrong("every says how often it comes, in seconds", "give every as a whole number of seconds")
        late = grace if isinstance(grace, int) and not isinstance(grace, bool) and grace >= 0 else max(every // 5, 30)
        name = asked.text(fields, "name")
        if len(name) > 100 or "/" in name:
            raise asked.wrong("a heartbeat's name has at most 100 characters and no /", "choose a short name")
        await room.outside.expect(name, timedelta(seconds=every), timedelta(seconds=late))
    now = room.clock.now()
    return _json({"heartbeats": [told.heartbeat(one, now) for one in await room.outside.heartbeats()]})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Simulated:
    sender: str
    message: str


async def simulate(request: Request) -> Response:
    """What would be made of a sender's message; nothing is kept and nobody is told."""
    try:
        given = msgspec.json.decode(await request.body(), type=_Simulated)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as problem:
        raise asked.wrong(f"the body is not understood: {problem}", "send sender and message as text") from None
    return _json(await simulated(room_of(request), given.sender, given.message.encode()))


async def simulated(room: Room, sender: str, message: bytes) -> dict[str, Any]:
    """The trace of one message."""
    if sender not in SENDERS:
        raise Refused(
            f"there is no sender {sender!r}", remedy=f"known: {', '.join(sorted(SENDERS))}", exit_code=Exit.USAGE
        )
    found = read(sender, Asked(method="POST", path="", headers={}, query={}, body=message, at=room.clock.now()))
    outcomes = await room.outside.preview(found.seen)
    return {
        "simulated": True,
        "sender": sender,
        "not_understood": found.odd,
        "seen": [told.observation(one) for one in found.seen],
        "outcomes": [told.outcome(one) for one in outcomes],
    }


# ------------------------------------------------------------------------------------------------------------- pages


async def signals_page(request: Request) -> Response:
    """What came from outside lately, what lies in the backlog, what is silenced and until when."""
    return await _signals_page(request, None)


async def _signals_page(request: Request, refused: FirstfiveError | None) -> Response:
    room = room_of(request)
    now = room.clock.now()
    values = {
        **everywhere(request, refused),
        "requests": [told.request(one) for one in await room.outside.recent(50)],
        "backlog": [told.alert(one) for one in await room.outside.alerts("backlog") if one.signal.firing],
        "silenced": [told.alert(one) for one in await room.outside.alerts("silenced") if one.signal.firing],
        "silences": [told.silence(one, now) for one in await room.outside.silences()],
        "heartbeats": [told.heartbeat(one, now) for one in await room.outside.heartbeats()],
    }
    return paper.page("signals.html", values, status=422 if refused else 200)


async def signal_page(request: Request) -> Response:
    """Why this paged, or why it did not."""
    return paper.page("signal.html", {**everywhere(request, None), "one": await _found(request)})


async def silenced_by_form(request: Request) -> Response:
    """The form of the page of signals."""
    fields = await asked.form_fields(request)
    hours = str(fields.pop("hours", ""))
    fields["seconds"] = round(float(hours) * 3600) if hours.replace(".", "", 1).isdigit() else 0
    fields["by"] = str(fields.get("by") or everywhere(request, None)["name"] or "")
    try:
        await _silenced(room_of(request), fields)
    except FirstfiveError as wrong:
        return await _signals_page(request, wrong)
    return RedirectResponse("/signals", status_code=303)


async def ended_by_form(request: Request) -> Response:
    """End a silence from the page of signals."""
    try:
        await _ended(room_of(request), request.path_params["name"])
    except FirstfiveError as wrong:
        return await _signals_page(request, wrong)
    return RedirectResponse("/signals", status_code=303)
