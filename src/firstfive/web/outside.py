"""What came from outside, as data and as pages: requests of senders with the reason of each verdict, the backlog, silences, heartbeats.

Its routes are joined by `app`. Shows and passes on; what a signal means is decided by the engine.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstfive.app.ears import message_of
from firstfive.engine.outsiders import asked as outsiders
from firstfive.engine.outsiders import told
from firstfive.errors import FirstfiveError, Refused
from firstfive.incident.signals import Observation
from firstfive.web import asked, paper
from firstfive.web.contract.answering import as_json
from firstfive.web.contract.taking import fits
from firstfive.web.engine_face import room_of
from firstfive.web.problems import UnknownIncident
from firstfive.web.room import everywhere

AT = "/api/v1"


def routes() -> list[Route]:
    """Every route about the outside."""
    return [
        Route("/signals", signals_page),
        Route("/signals/{number}", signal_page),
        Route("/silences", silenced_by_form, methods=["POST"]),
        Route("/silences/{silence}/end", ended_by_form, methods=["POST"]),
        Route(f"{AT}/signals", data),
        Route(f"{AT}/signals/{{number}}", data),
        Route(f"{AT}/alerts", data),
        Route(f"{AT}/silences", data, methods=["GET", "POST"]),
        Route(f"{AT}/silences/{{silence}}/end", data, methods=["POST"]),
        Route(f"{AT}/heartbeats", data, methods=["GET", "POST"]),
        Route(f"{AT}/outbox", data),
        Route(f"{AT}/outbox/again", data, methods=["POST"]),
        Route(f"{AT}/simulate", data, methods=["POST"]),
    ]


async def data(request: Request) -> Response:
    """One call of the API about the outside."""
    parts = request.url.path.removeprefix(f"{AT}/").split("/")
    fields = await _fields(request, parts[0]) if request.method == "POST" else {}
    answer = await _answered(request, request.method, parts, fields)
    created = request.method == "POST" and parts == ["silences"]
    return as_json(request, answer, status=201 if created else 200)


async def _fields(request: Request, what: str) -> dict[str, Any]:
    """The fields of a JSON object; a message to be simulated may be as long as a sender's."""
    if what != "simulate":
        return dict(await asked.json_fields(request))
    try:
        fields: dict[str, Any] = msgspec.json.decode(await request.body(), type=dict[str, str])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as problem:
        raise asked.wrong(f"the body is not understood: {problem}", "send sender and message as text") from None
    fits(request, fields)
    return fields


async def _answered(request: Request, method: str, parts: list[str], fields: dict[str, Any]) -> dict[str, Any]:
    room = room_of(request)

    def understood(sender: str, message: bytes) -> tuple[tuple[Observation, ...], str]:
        return message_of(sender, message, room.clock.now())

    try:
        return await outsiders.answer(room.outside, method, parts, request.query_params, fields, understood)
    except Refused as refused:
        if len(parts) > 1:
            raise UnknownIncident(refused.what, remedy=refused.remedy, exit_code=refused.exit_code) from None
        raise


# ------------------------------------------------------------------------------------------------------------- pages


async def signals_page(request: Request) -> Response:
    """What came from outside lately, what lies in the backlog, what is silenced and until when."""
    return await _signals_page(request, None)


async def _signals_page(request: Request, refused: FirstfiveError | None) -> Response:
    outside = room_of(request).outside
    now = outside.engine.clock.now()
    values = {
        **everywhere(request, refused),
        "requests": [told.request(one) for one in await outside.recent(50)],
        "backlog": [told.alert(one) for one in await outside.alerts("backlog") if one.signal.firing],
        "silenced": [told.alert(one) for one in await outside.alerts("silenced") if one.signal.firing],
        "silences": [told.silence(one, now) for one in await outside.silences()],
        "heartbeats": [told.heartbeat(one, now) for one in await outside.heartbeats()],
    }
    return paper.page("signals.html", values, status=422 if refused else 200)


async def signal_page(request: Request) -> Response:
    """Why this paged, or why it did not."""
    one = await _answered(request, "GET", ["signals", request.path_params["number"]], {})
    return paper.page("signal.html", {**everywhere(request, None), "one": one})


async def silenced_by_form(request: Request) -> Response:
    """The form of the page of signals."""
    fields: dict[str, Any] = dict(await asked.form_fields(request))
    hours = str(fields.pop("hours", ""))
    fields["seconds"] = round(float(hours) * 3600) if hours.replace(".", "", 1).isdigit() else 0
    fields["by"] = str(fields.get("by") or everywhere(request, None)["name"])
    try:
        await outsiders.silenced(room_of(request).outside, fields)
    except FirstfiveError as wrong:
        return await _signals_page(request, wrong)
    return RedirectResponse("/signals", status_code=303)


async def ended_by_form(request: Request) -> Response:
    """End a silence from the page of signals."""
    try:
        await room_of(request).outside.end_silence(request.path_params["silence"])
    except FirstfiveError as wrong:
        return await _signals_page(request, wrong)
    return RedirectResponse("/signals", status_code=303)
