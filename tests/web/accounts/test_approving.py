"""Who may say yes to a step: by role and by what the step does; and four eyes are two accounts, whatever is typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from documents.story import OPENING
from firstfive.incident import events as ev
from firstfive.incident.records import Run
from firstfive.shell.risk import Verdict
from firstfive.stores.accounts import Role
from incident.builders import SHOP_DOWN, handbook, run
from web.accounts.house import House
from web.client import BEARER, ask
from web.room import Room

WITH_UNDO = run(undo="put it back")
WITHOUT = run(undo="")
UNDOING = run(undo="", undoes="INC-1.pay.2.1")


def waiting(build_house: Callable[..., House], asked: Run, *, verdict: Verdict, people: int = 1) -> House:
    steps = tuple(replace(step, verdict=verdict, undo="") if step.id == "down#3" else step for step in SHOP_DOWN.steps)
    page = handbook()
    books = tuple(replace(book, steps=steps) if book.id == SHOP_DOWN.id else book for book in page.runbooks)
    room = Room(handbook=replace(page, runbooks=books))
    asking = ev.ApprovalAsked(run=asked, why="it may help", people=people)
    opening = [(*line[:-1], asking) if isinstance(line[-1], ev.ApprovalAsked) else line for line in OPENING]
    room.tell("INC-1", opening)  # type: ignore[arg-type]
    return build_house(room=room)


def yes(asked: Run, by: str = "typed") -> dict[str, object]:
    return {"by": by, "run": asked.id, "sha256": asked.sha256}


ROWS = [
    (Role.VIEWER, WITH_UNDO, Verdict.CHANGING, 403, "a viewer approves nothing"),
    (Role.RESPONDER, WITH_UNDO, Verdict.CHANGING, 200, "the page says what takes it back"),
    (Role.RESPONDER, UNDOING, Verdict.CHANGING, 200, "it takes something back itself"),
    (Role.RESPONDER, WITHOUT, Verdict.CHANGING, 403, "nothing takes it back"),
    (Role.RESPONDER, WITH_UNDO, Verdict.DESTRUCTIVE, 403, "it destroys something, whatever the page says of an undo"),
    (Role.COMMANDER, WITHOUT, Verdict.CHANGING, 200, "a commander may"),
    (Role.ADMIN, WITHOUT, Verdict.CHANGING, 200, "an admin may do all of it"),
]


@pytest.mark.parametrize(("role", "asked", "verdict", "status", "reason"), ROWS, ids=[row[4] for row in ROWS])
def test_a_yes_takes_the_role_that_the_step_takes(
    build_house: Callable[..., House], role: Role, asked: Run, verdict: Verdict, status: int, reason: str
) -> None:
    home = waiting(build_house, asked, verdict=verdict)
    person = home.as_one("ben", role)
    before = len(home.room.lines["INC-1"])
    answer = person.json("/api/v1/incidents/INC-1/approve", yes(asked))
    assert answer.status == status, answer.text
    form = person.form("/incidents/INC-1/approve", run=asked.id, sha256=asked.sha256)
    assert form.status == (303 if status == 200 else 403)
    if status == 403:
        assert len(home.room.lines["INC-1"]) == before
    else:
        assert home.room.lines["INC-1"][before][1] == "ben"


def test_the_key_of_this_machine_does_not_approve_what_cannot_be_taken_back(build_house: Callable[..., House]) -> None:
    import json

    home = waiting(build_house, WITHOUT, verdict=Verdict.CHANGING)
    headers, body = {**BEARER, "Content-Type": "application/json"}, json.dumps(yes(WITHOUT)).encode()
    at = "/api/v1/incidents/INC-1/approve"
    home.person("ann", Role.ADMIN)
    told = ask(home.app, "POST", at, headers=headers, body=body)
    assert (told.status, "the key of this machine is responder" in told.text) == (403, True)


def test_without_accounts_the_key_approves_as_ever(build_house: Callable[..., House]) -> None:
    import json

    home = waiting(build_house, WITHOUT, verdict=Verdict.CHANGING)
    headers, body = {**BEARER, "Content-Type": "application/json"}, json.dumps(yes(WITHOUT)).encode()
    assert ask(home.app, "POST", "/api/v1/incidents/INC-1/approve", headers=headers, body=body).status == 200


def test_two_people_are_two_accounts_however_one_of_them_calls_themself(build_house: Callable[..., House]) -> None:
    home = waiting(build_house, WITHOUT, verdict=Verdict.CHANGING, people=2)
    ann, ben = home.as_one("ann", Role.COMMANDER), home.as_one("ben", Role.COMMANDER)

    def approvals() -> list[str]:
        shown = ann.get("/api/v1/incidents/INC-1").json()
        row = next((row for row in shown["waiting"] if row["run"] == WITHOUT.id), None)
        return [one["by"] for one in row["approvals"]] if row else []

    ann.json("/api/v1/incidents/INC-1/approve", yes(WITHOUT, by="ann"))
    ann.json("/api/v1/incidents/INC-1/approve", yes(WITHOUT, by="ben"))
    ann.form("/incidents/INC-1/approve", by="cy", run=WITHOUT.id, sha256=WITHOUT.sha256)
    assert approvals() == ["ann"]
    assert ben.json("/api/v1/incidents/INC-1/approve", yes(WITHOUT, by="ann")).status == 200
    assert approvals() == [], "two have said yes, so it waits no longer"


LINKS = [
    ("ben", Role.COMMANDER, False, 200, "a commander's own link"),
    ("ben", Role.RESPONDER, False, 403, "a link gives no role that its person has not"),
    ("ben", Role.COMMANDER, True, 403, "a disabled account acts by no link either"),
    ("", Role.COMMANDER, False, 200, "somebody without an account, as before"),
]


@pytest.mark.parametrize(("name", "role", "disabled", "status", "reason"), LINKS, ids=[row[4] for row in LINKS])
def test_a_sealed_link_does_what_its_person_may(
    build_house: Callable[..., House], name: str, role: Role, disabled: bool, status: int, reason: str
) -> None:
    home = waiting(build_house, WITHOUT, verdict=Verdict.CHANGING)
    home.person("ann", Role.ADMIN)
    if name:
        home.person(name, role)
        home.entrance.accounts.disable(name, disabled=disabled)
    state = home.room._state("INC-1")
    link = home.room.links.decide(state, WITHOUT.id, "approve", name or "cy", home.clock.now())
    path = "/act/" + link.rpartition("/act/")[2]
    assert home.browser().get(path).status == 200
    assert home.browser().form(path).status == status
    approved = [line for line in home.room.lines["INC-1"] if isinstance(line[-1], ev.Approved)]
    assert len(approved) == (status == 200)
