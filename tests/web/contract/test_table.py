"""The table of calls, the routes, the values that travel and the reference are one: nothing stands in one of them alone."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from documents.story import AFTERWARDS, OPENING, WHOLE
from firstfive.client.wire import asks
from firstfive.client.wire.incident import Incident
from firstfive.client.wire.problem import Problem
from firstfive.engine import requests
from firstfive.engine.steps.packing import PACKS
from firstfive.incident import events as ev
from firstfive.incident.events import Event
from firstfive.web.accounts.entrance import Entrance
from firstfive.web.app import build
from firstfive.web.contract import written
from firstfive.web.contract.document import document
from firstfive.web.contract.operations import AT, OPERATIONS, VERBS
from incident.builders import declared, run
from web.client import KEY, PORT, app_of, ask, call
from web.past import Archive
from web.public.said import Said
from web.room import Room

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "http.md"

# What a page can do and the API does under another name.
ELSEWHERE = {
    "/silences": f"{AT}/silences",
    "/silences/{silence}/end": f"{AT}/silences/{{silence}}/end",
}
# What only a page does, and why.
PAGES_ONLY = {
    "/me": "remembers a name in a browser; a program says `by`",
    "/sign-in": "a program sends a token",
    "/sign-in/break-glass": "a program sends a token",
    "/sign-in/passkey": "a program has no passkey",
    "/sign-in/passkey/options": "a program has no passkey",
    "/sign-out": "ends the session of a browser; a program's token is revoked",
    "/welcome/{secret}": "the person who was invited chooses a password",
    "/welcome/{secret}/options": "a program has no passkey",
    "/welcome/{secret}/passkey": "a program has no passkey",
    "/account/passkeys": "a program has no passkey",
    "/account/passkeys/options": "a program has no passkey",
    "/account/passkeys/remove": "only the browser that can add another one takes one away",
    "/account/tokens": "a token gives out no further tokens",
    "/act/{token}": "a sealed link is a button for a person; a program calls the verb itself",
}


def whole() -> Starlette:
    room = Room()
    way_in = Entrance(state=Path("unused"), clock=room.clock, port=PORT)
    return build(room, key=KEY, host="127.0.0.1", port=PORT, status_page=Said(), past_of=Archive(), entrance=way_in)


def served() -> set[tuple[str, str]]:
    """Method and path of every route."""
    return {
        (method, route.path)
        for route in whole().routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_every_route_of_the_api_has_a_row_and_every_row_a_route() -> None:
    rows = {(one.method, one.path) for one in OPERATIONS}
    assert {(m, p) for m, p in served() if p.startswith(f"{AT}/")} == {
        (m, p) for m, p in rows if p.startswith(f"{AT}/")
    }
    assert rows <= served()
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)


def test_a_route_of_the_api_without_a_row_does_not_start() -> None:
    from firstfive.web.contract.taking import held

    with pytest.raises(KeyError):
        held([Route(f"{AT}/surprise", lambda request: request)])


def test_what_a_page_can_do_a_program_can_do() -> None:
    posts = {path for method, path in served() if method == "POST"}
    pages = {path for path in posts if not path.startswith(f"{AT}/")}
    lacking = {path for path in pages if ELSEWHERE.get(path, f"{AT}{path}") not in posts}
    assert lacking == PAGES_ONLY.keys()


def test_a_verb_takes_the_same_fields_over_http_and_without_a_server() -> None:
    assert VERBS.keys() == requests.VERBS.keys()
    for verb, (known, _) in requests.VERBS.items():
        assert {field.name for field in fields(VERBS[verb][0])} == known | {"by"}, verb


def test_a_change_takes_what_the_packs_take() -> None:
    assert set(get_args(asks.PackName)) == PACKS.keys()
    taken = {field.name for field in fields(asks.AskChange)}
    assert taken == {"pack", "by", "on"}.union(*PACKS.values())


def again(told: Any, shape: type[Any]) -> Any:
    """The answer as it is when the client has read it and writes it anew."""
    return msgspec.json.decode(msgspec.json.encode(msgspec.convert(told, shape)))


LOST = run()
STORIES: dict[str, list[Any]] = {
    "begun": [(3, declared())],
    "a change waits": list(OPENING),
    "over": [*WHOLE, *AFTERWARDS],
    "a change out of a pack": [
        (3, declared()),
        (
            4,
            "ana",
            ev.ChangeOffered(
                id="block.1",
                pack="block",
                title="block 203.0.113.7",
                target="local",
                script="block it",
                undo="unblock it",
                verify="look",
                timeout=timedelta(seconds=30),
                why="asked for",
                warnings=("mind the proxy",),
            ),
        ),
    ],
    "an outcome that nobody knows": [
        (3, declared()),
        (4, ev.ApprovalAsked(run=LOST, why="roll back")),
        (5, "ana", ev.Approved(run=LOST.id, sha256=LOST.sha256)),
        (6, ev.StepStarted(run=LOST, approved_by="ana")),
        (9, ev.OutcomeUnknown(run=LOST.id, step=LOST.step, why="the line broke")),
    ],
}


@pytest.mark.parametrize("story", STORIES)
def test_an_incident_is_what_the_client_reads_field_by_field(story: str) -> None:
    room = Room()
    room.tell("INC-1", STORIES[story])
    told = call(app_of(room), "GET", "/api/v1/incidents/INC-1").json()
    assert again(told, Incident) == told


def test_a_problem_is_what_the_client_reads_field_by_field() -> None:
    told = call(app_of(Room()), "GET", "/api/v1/incidents/INC-7").json()
    assert again(told, Problem) == told


@pytest.mark.parametrize("one", [one for one in OPERATIONS if one.path.startswith(AT)], ids=lambda one: one.name)
def test_nobody_calls_without_a_key(one: Any) -> None:
    path = (
        one.path.replace("{id}", "INC-1").replace("{number}", "1").replace("{runbook}", "x").replace("{silence}", "x")
    )
    answer = ask(whole(), one.method, path, headers={"Content-Type": "application/json"}, body=b"{}")
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")


def test_the_document_is_served_and_names_what_every_call_takes_of_a_token() -> None:
    app = whole()
    answer = call(app, "GET", "/api/v1/openapi.json")
    told = answer.json()
    assert told == msgspec.json.decode(msgspec.json.encode(document(told["info"]["version"])))
    assert told["paths"]["/api/v1/incidents/{id}/approve"]["post"]["security"] == [{"token": ["act"]}]
    assert told["paths"]["/api/v1/people"]["get"]["security"] == [{"token": ["admin"]}]
    assert told["paths"]["/health"]["get"]["security"] == []
    assert "additionalProperties" not in told["components"]["schemas"]["Incident"]
    assert told["components"]["schemas"]["Approve"]["additionalProperties"] is False


def test_the_webhook_out_of_the_document_is_the_one_that_is_sent() -> None:
    from firstfive.client.wire.words import MessageOut
    from firstfive.notifiers import webhook

    source = Path(webhook.__file__).read_text()
    assert [field.name for field in fields(MessageOut) if f'"{field.name}":' not in source] == []


def test_the_page_of_the_reference_names_every_call_and_needs_no_script_of_its_own() -> None:
    answer = call(app_of(Room()), "GET", "/api")
    assert [one.path for one in OPERATIONS if f"{one.method} {one.path}" not in answer.text] == []
    assert answer.text.count("<script") == call(app_of(Room()), "GET", "/more").text.count("<script")


def test_the_reference_in_the_docs_is_written_from_the_table() -> None:
    text = REFERENCE.read_text()
    assert written.within(text) == text, "make help-text"


def test_the_events_of_a_timeline_are_told_by_kind() -> None:
    """An entry's `kind` is an event's name; the document does not list them, since a newer server may have more."""
    kinds = {one.__name__ for one in get_args(Event)}
    room = Room()
    room.tell("INC-1", WHOLE)
    rows = call(app_of(room), "GET", "/api/v1/incidents/INC-1/timeline").json()["timeline"]
    assert {row["kind"] for row in rows} <= kinds
