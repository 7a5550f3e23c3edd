"""The API answers with the incident as it stands, and says what is wrong with a request by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from documents.story import OPENING, ROLL_BACK, WHOLE
from firstfive import __version__
from firstfive.errors import Exit, JournalError
from firstfive.incident import events as ev
from incident.builders import declared, run
from web.client import BEARER, app_of, ask, call
from web.room import Room


def opened() -> Room:
    room = Room()
    room.tell("INC-1", OPENING)
    return room


def events(room: Room) -> list[tuple[str, ev.Event]]:
    return [(str(row[1]), row[-1]) for row in room.lines["INC-1"] if len(row) == 3]  # type: ignore[misc]


def test_health_is_open_and_says_the_version() -> None:
    answer = ask(app_of(Room()), "GET", "/health")
    assert (answer.status, answer.json()) == (200, {"ok": True, "version": __version__})


def test_a_scrape_needs_the_key_and_gets_the_programs_own_numbers() -> None:
    app = app_of(opened())
    assert ask(app, "GET", "/metrics").status == 401
    told = call(app, "GET", "/metrics")
    assert (told.status, told.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert 'firstfive_open_incidents{severity="1"} 1' in told.text


def test_the_list_holds_open_incidents_and_all_with_all() -> None:
    room = opened()
    room.tell("INC-2", WHOLE)
    app = app_of(room)
    assert [row["id"] for row in call(app, "GET", "/api/v1/incidents").json()["incidents"]] == ["INC-1"]
    assert [row["id"] for row in call(app, "GET", "/api/v1/incidents?all=1").json()["incidents"]] == ["INC-2", "INC-1"]


def test_one_incident_is_its_view() -> None:
    seen = call(app_of(opened()), "GET", "/api/v1/incidents/INC-1").json()
    assert seen["next"]["kind"] == "approve"
    assert seen["waiting"][0]["sha256"] == ROLL_BACK.sha256


def test_the_timeline_can_be_asked_for_from_a_place_on() -> None:
    app = app_of(opened())
    whole = call(app, "GET", "/api/v1/incidents/INC-1/timeline").json()
    rest = call(app, "GET", "/api/v1/incidents/INC-1/timeline?after=10").json()
    assert [row["seq"] for row in whole["timeline"]] == list(range(1, whole["seq"] + 1))
    assert rest["timeline"] == whole["timeline"][10:]
    assert whole["head"] == whole["timeline"][-1]["hash"]


VERBS: list[tuple[str, dict[str, Any], ev.Event]] = [
    ("ack", {}, ev.Acknowledged(responder="ben")),
    ("hypothesis", {"text": "the disk is full"}, ev.HypothesisSet(text="the disk is full")),
    ("note", {"text": "seen"}, ev.Noted(text="seen")),
    ("update", {"text": "we look"}, ev.UpdateAsked(text="we look")),
    ("severity", {"level": 2, "why": "only pay"}, ev.SeverityChanged(level=2, why="only pay")),
    ("run", {"step": "pay#1"}, ev.StepRequested(step="pay#1")),
    (
        "set",
        {"step": "down#3", "name": "previous-version", "value": "1.4.0"},
        ev.ParameterSet(step="down#3", name="previous-version", value="1.4.0"),
    ),
    (
        "approve",
        {"run": ROLL_BACK.id, "sha256": ROLL_BACK.sha256},
        ev.Approved(run=ROLL_BACK.id, sha256=ROLL_BACK.sha256),
    ),
    ("decline", {"run": ROLL_BACK.id, "why": "not yet"}, ev.Declined(run=ROLL_BACK.id, why="not yet")),
    ("resolve", {"root_cause": "a variable", "why": "well"}, ev.Resolved(root_cause="a variable", why="well")),
]


@pytest.mark.parametrize(("verb", "fields", "event"), VERBS, ids=[row[0] for row in VERBS])
def test_each_verb_writes_its_event_and_answers_with_the_incident(
    verb: str, fields: dict[str, Any], event: ev.Event
) -> None:
    room = opened()
    before = len(room.lines["INC-1"])
    answer = call(app_of(room), "POST", f"/api/v1/incidents/INC-1/{verb}", {"by": "ben", **fields})
    assert answer.status == 200, answer.text
    assert ("ben", event) in events(room)
    assert answer.json()["seq"] > before


def test_an_unknown_outcome_is_settled() -> None:
    room = Room()
    lost = run()
    room.tell(
        "INC-1",
        [
            (3, declared()),
            (4, ev.ApprovalAsked(run=lost, why="roll back")),
            (5, "ana", ev.Approved(run=lost.id, sha256=lost.sha256)),
            (6, ev.StepStarted(run=lost, approved_by="ana")),
            (9, ev.OutcomeUnknown(run=lost.id, step=lost.step, why="the line broke")),
        ],
    )
    answer = call(
        app_of(room), "POST", "/api/v1/incidents/INC-1/settle", {"by": "ben", "run": lost.id, "ran": True, "note": "up"}
    )
    assert (answer.status, answer.json()["unknown"]) == (200, [])


def test_declaring_answers_201_with_the_incident() -> None:
    room = Room()
    fields = {"by": "ana", "title": "Shop is slow", "level": 3, "why": "only images"}
    answer = call(app_of(room), "POST", "/api/v1/incidents", fields)
    assert (answer.status, answer.json()["title"], answer.json()["level"]) == (201, "Shop is slow", 3)


def test_declaring_without_a_level_leaves_the_choice_to_the_rules() -> None:
    answer = call(app_of(Room()), "POST", "/api/v1/incidents", {"by": "ana", "title": "Shop is slow", "level": None})
    assert (answer.status, answer.json()["level"]) == (201, 1)


def test_a_report_joins_the_incident_it_names() -> None:
    room = opened()
    answer = call(app_of(room), "POST", "/api/v1/reports", {"by": "eve", "text": "no checkout", "incident": "INC-1"})
    assert (answer.status, answer.json()["id"], answer.json()["reports"]) == (200, "INC-1", 1)


def test_a_report_about_an_unknown_incident_is_404() -> None:
    answer = call(app_of(opened()), "POST", "/api/v1/reports", {"by": "eve", "text": "x", "incident": "INC-7"})
    assert answer.status == 404


WRONG: list[tuple[str, str, Any, int, str]] = [
    ("an unknown field is named", "/incidents/INC-1/ack", {"by": "ana", "force": True}, 422, "force"),
    ("declare has its own fields", "/incidents", {"by": "ana", "title": "x", "when": "now"}, 422, "when"),
    ("report has its own fields", "/reports", {"by": "ana", "text": "x", "level": 1}, 422, "level"),
    ("somebody must say it", "/incidents/INC-1/ack", {}, 422, "by"),
    ("an empty name is nobody", "/incidents/INC-1/ack", {"by": "  "}, 422, "by"),
    ("a name of invisible characters is nobody", "/incidents/INC-1/ack", {"by": "\u200b\u202e"}, 422, "by"),
    ("nobody speaks as the program", "/incidents/INC-1/ack", {"by": "Firstfive"}, 422, "own name"),
    ("nor with a character nobody sees", "/incidents/INC-1/ack", {"by": "first\u200bfive"}, 422, "own name"),
    ("a name has an end", "/incidents/INC-1/ack", {"by": "a" * 81}, 422, "by"),
    ("a note has an end", "/incidents/INC-1/note", {"by": "ana", "text": "a" * 4001}, 422, "text"),
    (
        "a level is a number",
        "/incidents/INC-1/severity",
        {"by": "ana", "level": "1", "why": "x"},
        422,
        "severity level",
    ),
    ("truth is no level", "/incidents", {"by": "ana", "title": "x", "level": True}, 422, "level"),
    ("a level the matrix lacks", "/incidents", {"by": "ana", "title": "x", "level": 9}, 409, "severity 9"),
    ("an outcome is true or false", "/incidents/INC-1/settle", {"by": "a", "run": "r", "ran": "yes"}, 422, "ran"),
    ("a list is no field", "/incidents/INC-1/ack", {"by": ["ana"]}, 422, "body"),
    ("a list is no body", "/incidents/INC-1/ack", ["ana"], 422, "body"),
    ("an unknown run", "/incidents/INC-1/approve", {"by": "ana", "run": "r", "sha256": "0"}, 409, "no run r"),
    (
        "other bytes than those shown",
        "/incidents/INC-1/approve",
        {"by": "ana", "run": ROLL_BACK.id, "sha256": "0" * 64},
        409,
        "other bytes",
    ),
    ("no such incident", "/incidents/INC-9/ack", {"by": "ana"}, 404, "INC-9"),
    ("no such verb", "/incidents/INC-1/explode", {"by": "ana"}, 404, "nothing at this address"),
]


@pytest.mark.parametrize(("reason", "path", "fields", "status", "said"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_request_is_answered_with_what_and_what_to_do(
    reason: str, path: str, fields: Any, status: int, said: str
) -> None:
    room = opened()
    before = list(room.lines["INC-1"])
    answer = call(app_of(room), "POST", f"/api/v1{path}", fields)
    assert answer.status == status, reason
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert said in f"{told['what']} {told['remedy']}"
    assert told["status"] == status
    assert told["exit_code"] != 0
    assert room.lines["INC-1"] == before


def test_what_the_rules_refuse_carries_the_exit_code_of_the_command_line() -> None:
    answer = call(app_of(opened()), "POST", "/api/v1/incidents/INC-1/decline", {"by": "ana", "run": "r", "why": "x"})
    assert (answer.status, answer.json()["exit_code"]) == (409, Exit.CONFLICT)


BROKEN = [
    ("no JSON", b"{"),
    ("not UTF-8", b'{"by": "\xff"}'),
    ("half a character", b'{"by": "\\ud800"}'),
    ("nested without end", b'{"by": ' + b"[" * 100_000),
    ("nothing", b""),
]


@pytest.mark.parametrize(("reason", "body"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_body_is_422(reason: str, body: bytes) -> None:
    headers = {**BEARER, "Content-Type": "application/json"}
    answer = ask(app_of(opened()), "POST", "/api/v1/incidents/INC-1/ack", headers=headers, body=body)
    assert answer.status == 422, reason


def test_a_form_is_no_json() -> None:
    answer = ask(app_of(opened()), "POST", "/api/v1/incidents/INC-1/ack", headers=BEARER, body=b"by=ana")
    assert (answer.status, "Content-Type" in answer.json()["remedy"]) == (422, True)


def test_a_body_of_more_than_a_mebibyte_is_413() -> None:
    body = json.dumps({"by": "ana", "text": "a" * (1024 * 1024)}).encode()
    headers = {**BEARER, "Content-Type": "application/json"}
    honest = {**headers, "Content-Length": str(len(body))}
    answer = ask(app_of(opened()), "POST", "/api/v1/incidents/INC-1/note", headers=honest, body=body)
    assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json")
    assert "larger than 1 MiB" in answer.json()["title"] + answer.json()["detail"]
    lied = {**headers, "Content-Length": "10"}
    assert ask(app_of(opened()), "POST", "/api/v1/incidents/INC-1/note", headers=lied, body=body).status == 413


def test_a_method_that_is_not_taken_is_405_and_names_those_that_are() -> None:
    answer = call(app_of(opened()), "PUT", "/api/v1/incidents/INC-1", {"by": "ana"})
    assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_a_journal_that_cannot_be_read_is_503() -> None:
    room = Room(broken=JournalError("the disk is full", remedy="free some"))
    answer = call(app_of(room), "GET", "/api/v1/incidents")
    assert (answer.status, answer.json()["what"], answer.json()["remedy"]) == (503, "the disk is full", "free some")


def test_a_bug_says_nothing_of_its_insides_and_still_carries_the_headers() -> None:
    room = Room(broken=RuntimeError("secret insides"))
    answer = call(app_of(room), "GET", "/api/v1/incidents")
    assert answer.status == 500
    assert "secret insides" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_invisible_characters_do_not_reach_the_timeline() -> None:
    room = opened()
    call(app_of(room), "POST", "/api/v1/incidents/INC-1/note", {"by": "an\u202ea", "text": "a\x1b[31mb\u200bc"})
    assert ("ana", ev.Noted(text="abc")) in events(room)
