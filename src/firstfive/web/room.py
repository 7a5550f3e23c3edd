"""The pages: what is open now, the room of one incident, and the handbook, each readable and usable without scripts.

Its routes are joined by `app`. Every page is made from `documents.view` or the handbook; every action is a plain form that ends in a
redirect, or in the same page with the reason why not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstfive.documents.duty import crew, on_duty, own_health, unfilled
from firstfive.documents.plain import iso, line
from firstfive.engine import requests
from firstfive.errors import FirstfiveError, Refused
from firstfive.handbook.model import Handbook
from firstfive.incident.diagnose import words_of
from firstfive.incident.events import Event, ParameterSet
from firstfive.incident.timeline import Incident
from firstfive.stores.accounts.model import Role
from firstfive.web import asked, live, paper
from firstfive.web.accounts.approving import may
from firstfive.web.accounts.callers import caller_of
from firstfive.web.engine_face import Room, found, room_of, seen
from firstfive.web.pages.drawn import Sight, drawings_of, framed
from firstfive.web.problems import status_of

# What a filter of the timeline shows, by the kind of an entry: where the kind is defined says what it is about.
ABOUT = {"findings": "found", "restored": "steps", "runs": "steps", "telling": "told"}
GROUPS = {kind.__name__: ABOUT[kind.__module__.rpartition(".")[2]] for kind in get_args(Event)} | {"Noted": "noted"}
NAME = "firstfive-name"
REMEMBERED = 365 * 24 * 3600
RECENT = 10
SHOWN_ENTRIES = 15
SHOWN_HEAD = 4000
SHOWN_TAIL = 8000
VALUE = "value."
BESIDE = (
    "handbook signals more report outbox history figures oncall deploys actions doctor nodes approvals drills settings"
)
PLACES = ("/", *(f"/{name}" for name in BESIDE.split()))


def routes() -> list[Route]:
    """Every page and every form."""
    return [
        Route("/", now),
        Route("/handbook", handbook),
        Route("/me", me, methods=["POST"]),
        Route("/incidents", declare, methods=["POST"]),
        Route("/reports", report, methods=["POST"]),
        Route("/incidents/{id}", incident),
        Route("/incidents/{id}/offer", offer, methods=["POST"]),
        *(Route(f"/incidents/{{id}}/{verb}", _acting(verb), methods=["POST"]) for verb in requests.VERBS),
    ]


# ------------------------------------------------------------------------------------------------------------- pages


async def now(request: Request) -> Response:
    """What is open, or that all is quiet and what is being watched."""
    return await _now(request, None)


async def _now(request: Request, refused: FirstfiveError | None) -> Response:
    room, drawings = room_of(request), drawings_of(request)
    look = await drawings.look("", lambda: _open_now(room))
    v = look.values
    frame = {**everywhere(request, refused), "open": v["open"], "stamp": v["stamp"]}
    part = drawings.part(look, _sight(request), "now_part.html")
    return framed(request, "now.html", frame, part, status=status_of(refused) if refused else 200)


async def _open_now(room: Room) -> dict[str, Any]:
    standing = sorted((seen(room, i) for i in await room.open_incidents()), key=_level)
    running = {row["id"] for row in standing}
    recent = [await room.incident(i) for i in await room.recent_ids(RECENT)]
    now = room.clock.now()
    return {
        "now": iso(now),
        "open": standing,
        "past": [_past(i) for i in recent if i.id not in running],
        "duty": on_duty(room.handbook, room.policy, now),
        "blank": unfilled(room.handbook),
        "health": own_health(await room.own_state(), now),
        "watched": watched_words(room),
        "page": room.handbook,
        "stamp": await live.stamp(room),
    }


def _level(row: dict[str, Any]) -> int:
    """The worst comes first, and of equals the newest."""
    return int(row["level"])


def _past(state: Incident) -> dict[str, Any]:
    """A few words of an incident that is over; they need no page, so that a lost one keeps nobody from what is open."""
    declared = state.declared
    return {
        "id": state.id,
        "title": declared.title if declared else "",
        "level": state.level,
        "status": str(state.status),
        "declared_at": iso(state.declared_at),
    }


def watched_words(room: Room) -> list[tuple[str, str]]:
    """(runbook, symptom) in the page's words, for every symptom that something looks at."""
    known = ((room.handbook.symptom(symptom), symptom) for symptom in room.watched)
    return [
        (f"{f[0].number} {f[0].title}".strip(), words_of(f[1])) if f else _of_the_matrix(room.handbook, symptom)
        for f, symptom in known
    ]


def _of_the_matrix(book: Handbook, symptom: str) -> tuple[str, str]:
    """What a look at a row of the matrix, "matrix.4.2", looks for."""
    _, _, rest = symptom.partition("matrix.")
    level, _, which = rest.partition(".")
    row = book.severity(int(level)) if level.isascii() and level.isdigit() else None
    if row is None:
        return "", symptom
    numbered = which.isascii() and which.isdigit() and 1 <= int(which) <= len(row.examples)
    return f"{row.label or f'SEV-{level}'} of the matrix", row.examples[int(which) - 1] if numbered else which


async def incident(request: Request) -> Response:
    """The room of one incident."""
    return await _room(request, request.path_params["id"], None)


async def _room(request: Request, incident_id: str, refused: FirstfiveError | None, wrote: str = "") -> Response:
    room, drawings = room_of(request), drawings_of(request)
    look = await drawings.look(incident_id, lambda: _inside(room, incident_id))
    part = drawings.part(look, _sight(request, look.values["v"]), "room_part.html")
    frame = {**everywhere(request, refused), "v": look.values["v"], "wrote": wrote}
    return framed(request, "room.html", frame, part, status=status_of(refused) if refused else 200)


def _sight(request: Request, shown: Mapping[str, Any] | None = None) -> Sight:
    """What of this viewer changes what they see."""
    name, caller = name_of(request), caller_of(request)
    reads = caller is not None and caller.role < Role.RESPONDER
    if shown is None or not name:
        return Sight(named=bool(name), reads=reads)
    yes = (row["run"] for row in shown["waiting"] if any(one["by"] == name for one in row["approvals"]))
    return Sight(named=True, reads=reads, has_it=shown["acknowledged_by"] == name, said_yes=frozenset(yes))


async def _inside(room: Room, incident_id: str) -> dict[str, Any]:
    state = await found(room, incident_id)
    shown: dict[str, Any] = seen(room, state)
    mine = [row for row in (*shown["unknown"], *shown["waiting"]) if row["run"] == shown["next"]["run"]]
    rest = [row for row in shown["waiting"] if row not in mine]
    entries = list(reversed(shown["timeline"]))
    return {
        "v": shown,
        "asked": mine[0] if mine else None,
        "waiting": rest,
        "lost": [row for row in shown["unknown"] if row not in mine],
        "runbooks": _by_runbook(shown["steps"]),
        "others": _others(room.handbook_for(state), shown["steps"]),
        "values_wanted": _wanted(shown),
        "groups": GROUPS,
        "entries": entries[:SHOWN_ENTRIES],
        "earlier": entries[SHOWN_ENTRIES:],
        "over": state.resolved_at is not None,
        "said": {one.run: one.text for one in room.aloud.of(state.id)},
        "crew": crew(state, room.handbook_for(state), room.policy, room.clock.now()),
        "blank": unfilled(room.handbook_for(state)),
    }


def _by_runbook(steps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    grouped: dict[str, dict[str, Any]] = {}
    for step in steps:
        step["whole"] = len(step["output"])
        step["output"], step["hidden"] = shortened(step["output"])
        head = {"number": step["runbook_number"], "title": step["runbook_title"], "steps": []}
        grouped.setdefault(step["runbook"], head)["steps"].append(step)
    return list(grouped.values())


def shortened(output: str) -> tuple[str, int]:
    """The beginning and the end of a long output, and how many characters between them are left to the API."""
    hidden = len(output) - SHOWN_HEAD - SHOWN_TAIL
    if hidden <= 0:
        return output, 0
    return f"{output[:SHOWN_HEAD]}\n[...]\n{output[-SHOWN_TAIL:]}", hidden


def _others(handbook: Handbook, steps: Iterable[dict[str, Any]]) -> list[Any]:
    used = {step["runbook"] for step in steps}
    return [runbook for runbook in handbook.runbooks if runbook.id not in used]


def _wanted(shown: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The placeholders of each step that has any, by step id, with the values they have now."""
    return {step["step"]: step["placeholders"] for step in shown["steps"] if step["placeholders"]}


async def handbook(request: Request) -> Response:
    """The page as it was understood: runbooks, and what was not."""
    page = room_of(request).handbook
    symptoms = {runbook.id: [words_of(s) for s in runbook.symptoms] for runbook in page.runbooks}
    shelf: Any = request.app.state.shelf
    proved = {one["id"]: _proved(one) for one in (await shelf.handbook({}))["runbooks"]} if shelf is not None else None
    values = {**everywhere(request, None), "page": page, "symptoms": symptoms, "proved": proved}
    return paper.page("handbook.html", values)


def _proved(book: dict[str, Any]) -> str:
    """How far a runbook was proved, in two words."""
    if book["proven"]:
        return f"proved {book['proven'][:10]}"
    return f"never proved, ran in {book['used']}" if book["used"] else "never used"


def everywhere(request: Request, refused: FirstfiveError | None) -> dict[str, Any]:
    """What every page shows: who looks, what was refused, where they are."""
    return {
        "name": name_of(request),
        "refused": refused,
        "path": request.url.path,
        "signed_in": caller_of(request),
    }


# ------------------------------------------------------------------------------------------------------------- forms


def name_of(request: Request) -> str:
    """The name of the account, else the one this browser remembers, else nothing."""
    caller = caller_of(request)
    if caller is not None and caller.name:
        return caller.name
    return line(unquote(request.cookies.get(NAME, "")), asked.LONGEST["by"])


async def _who(request: Request) -> tuple[str, asked.Fields]:
    """Who acts, and the other fields of the form."""
    fields = await asked.form_fields(request)
    given = fields.pop("by", "")
    return asked.person({"by": given or name_of(request)}), fields


def _then(request: Request, path: str, by: str) -> Response:
    """On to the page that shows what came of it, with the name remembered."""
    for about in ("", path.removeprefix("/incidents/")):
        drawings_of(request).touch(about)
    onward = RedirectResponse(path, status_code=303)
    onward.set_cookie(NAME, quote(by), max_age=REMEMBERED, path="/", httponly=True, samesite="strict")
    return onward


async def me(request: Request) -> Response:
    """Remember another name on this browser."""
    by, fields = await _who(request)
    back = asked.text(fields, "to", "/")
    return _then(request, back if is_ours(back) else "/", by)


def is_ours(path: str) -> bool:
    """Whether a path leads to a page of this server, and to nothing a browser could take for another one."""
    return path in PLACES or (
        path.startswith("/incidents/") and path.removeprefix("/incidents/").replace("-", "").isalnum()
    )


async def declare(request: Request) -> Response:
    """Declare from the first page."""
    room = room_of(request)
    try:
        by, fields = await _who(request)
        _as_number(fields)
        asked.known_only(fields, ("title", "level", "why"), "declare")
        made = await room.declare(by, asked.text(fields, "title"), asked.level(fields), asked.text(fields, "why", ""))
    except Refused as refused:
        return await _now(request, refused)
    return _then(request, f"/incidents/{made.id}", by)


async def report(request: Request) -> Response:
    """Report from the first page."""
    try:
        by, fields = await _who(request)
        asked.known_only(fields, ("text",), "report")
        told = await room_of(request).report(by, asked.text(fields, "text"))
    except Refused as refused:
        return await _now(request, refused)
    return _then(request, f"/incidents/{told.id}", by)


async def offer(request: Request) -> Response:
    """Ask for a change out of a pack; minutes are what a person fills in."""
    room = room_of(request)
    state = await found(room, request.path_params["id"])
    try:
        by, fields = await _who(request)
        pack = asked.text(fields, "pack")
        given: dict[str, Any] = {name: value for name, value in fields.items() if name != "pack" and value}
        minutes = str(given.pop("minutes", "60"))
        if pack == "block":
            given["seconds"] = 60 * int(minutes) if minutes.isascii() and minutes.isdigit() else 0
        await room.offer(state.id, by, pack, given)
    except FirstfiveError as refused:
        if status_of(refused) >= 500:
            raise
        return await _room(request, state.id, refused)
    return _then(request, f"/incidents/{state.id}", by)


def _acting(verb: str) -> Any:
    async def acted(request: Request) -> Response:
        room = room_of(request)
        state = await found(room, request.path_params["id"])
        fields: asked.Fields = {}
        try:
            by, fields = await _who(request)
            may(request, verb, fields.get("run"), lambda: seen(room, state))
            for event in events_of(verb, fields, by):
                await room.say(state.id, by, event)
        except FirstfiveError as refused:
            if status_of(refused) >= 500:
                raise
            return await _room(request, state.id, refused, str(fields.get("text", "")))
        return _then(request, f"/incidents/{state.id}", by)

    return acted


def events_of(verb: str, fields: asked.Fields, by: str) -> tuple[Event, ...]:
    """What a form asks for: one event, or one for each value that was filled in. Raises Refused naming a field that is wrong."""
    if verb == "set":
        step = asked.text(fields, "step")
        given = {name.removeprefix(VALUE): value for name, value in fields.items() if name.startswith(VALUE)}
        if not given:
            raise asked.wrong("no value was given", "fill in at least one")
        return tuple(ParameterSet(step=step, name=name, value=str(value)) for name, value in given.items())
    if verb == "severity":
        _as_number(fields)
    if verb == "approve":
        fields["affirmed"] = fields.get("affirmed") == "yes"
    if verb == "tick":
        fields["done"] = asked.text(fields, "done") == "yes"
    if verb == "settle":
        fields["ran"] = asked.text(fields, "ran") == "yes"
    return (requests.event_of(verb, {**fields, "by": by}),)


def _as_number(fields: asked.Fields) -> None:
    level = fields.get("level")
    if isinstance(level, str) and level.isascii() and level.isdigit() and len(level) < 3:
        fields["level"] = int(level)
