"""Long lists come in parts: nothing twice, nothing lost, and the address of the next part stands in the answer's Link."""

from __future__ import annotations

import re
from typing import Any

import pytest

from documents.story import OPENING, WHOLE
from web.client import Answer, app_of, call
from web.room import Room


def many(number: int) -> Room:
    room = Room()
    for n in range(number):
        room.tell(f"INC-{n + 1}", WHOLE if n % 2 else OPENING)
    return room


def linked(answer: Answer) -> str:
    """The address of the next part, empty at the end."""
    found = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
    return found[1] if found else ""


def walked(app: Any, path: str, name: str) -> list[Any]:
    """Every row, part by part, the way the Link leads."""
    rows: list[Any] = []
    for _ in range(50):
        answer = call(app, "GET", path)
        told = answer.json()
        rows += told[name]
        path = linked(answer)
        assert bool(path) == (told["next"] is not None)
        if not path:
            return rows
    raise AssertionError("it does not end")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
def test_incidents_come_in_parts_newest_first(limit: int) -> None:
    app = app_of(many(7))
    everything = walked(app, f"/api/v1/incidents?all=1&limit={limit}", "incidents")
    assert [row["id"] for row in everything] == [f"INC-{n}" for n in range(7, 0, -1)]
    still_open = walked(app, f"/api/v1/incidents?limit={limit}", "incidents")
    assert [row["id"] for row in still_open] == ["INC-7", "INC-5", "INC-3", "INC-1"]


@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_a_timeline_comes_in_parts_from_a_place_on(limit: int) -> None:
    app = app_of(many(1))
    whole = call(app, "GET", "/api/v1/incidents/INC-1/timeline").json()["timeline"]
    assert walked(app, f"/api/v1/incidents/INC-1/timeline?limit={limit}", "timeline") == whole
    assert walked(app, f"/api/v1/incidents/INC-1/timeline?after=3&limit={limit}", "timeline") == whole[3:]


def test_an_incident_that_begins_meanwhile_moves_no_row() -> None:
    room = many(5)
    app = app_of(room)
    first = call(app, "GET", "/api/v1/incidents?all=1&limit=2")
    room.tell("INC-6", OPENING)
    second = call(app, "GET", linked(first))
    assert [row["id"] for row in second.json()["incidents"]] == ["INC-3", "INC-2"]


def test_an_incident_has_no_next_part_though_it_has_a_next_thing() -> None:
    assert "link" not in call(app_of(many(1)), "GET", "/api/v1/incidents/INC-1").headers


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("incidents?limit=0", "limit must be a number from 1 to 1000"),
        ("incidents?limit=many", "limit must be a number from 1 to 1000"),
        ("incidents?cursor=x", "cursor must be the `next` of the part before"),
        ("incidents?all=maybe", "all must be one of: 0, 1"),
        ("incidents?page=2", "page is no field of this address"),
        ("incidents/INC-1/timeline?after=-1", "after must be the number of a timeline's entry, from 0"),
    ],
)
def test_what_cannot_be_read_is_said_by_name(asked: str, said: str) -> None:
    answer = call(app_of(many(1)), "GET", f"/api/v1/{asked}")
    assert (answer.status, answer.json()["what"]) == (422, said)
