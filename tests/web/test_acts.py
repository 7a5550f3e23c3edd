"""A sealed link needs no key: opening it changes nothing, its button acts once, and only for whom it was made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from documents.story import OPENING, ROLL_BACK
from firstfive.engine.telling.links import APPROVE, DECLINE
from firstfive.incident import events as ev
from web.client import Answer, app_of, ask
from web.room import Room

OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def room() -> Room:
    made = Room()
    made.tell("INC-1", OPENING)
    return made


def path(room: Room, act: str, by: str = "ana") -> str:
    state = room._state("INC-1")
    links, now = room.links, room.clock.now()
    address = links.acknowledge(state, by, now) if act == "ack" else links.decide(state, ROLL_BACK.id, act, by, now)
    return address.removeprefix(links.base)


def get(room: Room, where: str) -> Answer:
    return ask(app_of(room), "GET", where)


def post(room: Room, where: str, **headers: str) -> Answer:
    return ask(app_of(room), "POST", where, headers=headers or OURS)


def count(room: Room, kind: type) -> int:
    return sum(isinstance(line[-1], kind) for line in room.lines["INC-1"])


def test_opening_it_shows_the_exact_command_and_changes_nothing(room: Room) -> None:
    before = len(room.lines["INC-1"])
    shown = get(room, path(room, APPROVE))
    assert shown.status == 200
    assert "release &#34;$FF_PREVIOUS_VERSION&#34;" in shown.text
    assert "Approve &amp; run" in shown.text
    assert len(room.lines["INC-1"]) == before


def test_its_button_acts_once_and_says_so(room: Room) -> None:
    where = path(room, APPROVE)
    assert "Done." in post(room, where).text
    again = post(room, where)
    assert (again.status, "Nothing is left to do here" in again.text) == (200, True)
    assert count(room, ev.Approved) == 1
    assert room._state("INC-1").attempts[ROLL_BACK.id].approved_by == "ana"


def test_declining_and_taking_it_work_too(room: Room) -> None:
    assert "Done." in post(room, path(room, "ack", "ben")).text
    assert room._state("INC-1").acknowledged_by == "ben"
    assert "Done." in post(room, path(room, DECLINE)).text
    assert room._state("INC-1").attempts[ROLL_BACK.id].state == "declined"


def test_bytes_that_changed_since_are_not_approved(room: Room) -> None:
    where = path(room, APPROVE)
    room.tell("INC-1", [(91, "ben", ev.ParameterSet(step="down#3", name="previous-version", value="1.3.9"))])
    assert "Nothing is left to do here" in post(room, where).text
    assert count(room, ev.Approved) == 0


@pytest.mark.parametrize(
    ("headers", "because"),
    [({"sec-fetch-site": "cross-site"}, "another site"), ({"x-nothing": "1"}, "nobody says where it comes from")],
)
def test_a_button_of_another_site_does_nothing(room: Room, headers: dict[str, str], because: str) -> None:
    assert post(room, path(room, APPROVE), **headers).status == 403
    assert count(room, ev.Approved) == 0


def test_one_tap_on_a_phone_takes_an_incident_but_says_yes_to_no_command(room: Room) -> None:
    tap = {"user-agent": "ntfy/1.16 (Android)"}
    taken = post(room, path(room, "ack", "ben"), **tap)
    assert (taken.status, room._state("INC-1").acknowledged_by) == (200, "ben")
    refused = post(room, path(room, APPROVE), **tap)
    assert (refused.status, "without having shown it" in refused.text, count(room, ev.Approved)) == (403, True, 0)


def test_another_site_takes_no_incident(room: Room) -> None:
    assert post(room, path(room, "ack", "ben"), origin="https://evil.example").status == 403
    assert room._state("INC-1").acknowledged_by != "ben"


def test_what_is_not_ours_or_too_old_is_refused_in_words(room: Room) -> None:
    assert "not one of ours" in get(room, "/act/abc.def").text
    where = path(room, APPROVE)
    room.clock.at += timedelta(minutes=11)
    late = post(room, where)
    assert (late.status, "time of this link is over" in late.text) == (409, True)
    assert count(room, ev.Approved) == 0


def test_what_takes_more_than_a_button_is_done_in_the_room(room: Room) -> None:
    room.lines["INC-1"] = [
        (*line[:-1], _destructive(line[-1])) if isinstance(line[-1], ev.ApprovalAsked) else line
        for line in room.lines["INC-1"]
    ]
    shown = get(room, path(room, APPROVE))
    assert "open the room" in shown.text
    assert "<form" not in shown.text
    refused = post(room, path(room, APPROVE))
    assert (refused.status >= 400, count(room, ev.Approved)) == (True, 0)


def _destructive(event: ev.ApprovalAsked) -> ev.ApprovalAsked:
    from dataclasses import replace

    return replace(event, people=2, confirm="local")


def test_a_test_of_how_somebody_is_reached_is_answered_by_its_button_only(room: Room) -> None:
    where = room.links.reach("ana", "phone", room.clock.now()).removeprefix(room.links.base)
    shown = get(room, where)
    assert (shown.status, "came to you through <strong>phone</strong>" in shown.text) == (200, True)
    assert room.answered == []
    assert "Messages reach you here" in post(room, where).text
    assert room.answered == [("ana", "phone")]


def test_taking_an_incident_by_a_link_proves_the_way_that_carried_it(room: Room) -> None:
    address = room.links.acknowledge(room._state("INC-1"), "ben", room.clock.now(), way="phone")
    post(room, address.removeprefix(room.links.base))
    assert room.answered == [("ben", "phone")]
