"""A thousand viewers of one room cost a few drawings, and nobody sees what is another's."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.applications import Starlette

from documents.story import OPENING
from firstfive.errors import JournalError
from firstfive.incident import events as ev
from firstfive.stores.accounts import Role
from firstfive.web.pages.drawn import MOST, Drawings
from incident.builders import run
from web.accounts.house import House, house
from web.client import COOKIE, Answer, app_of, ask, send
from web.room import Room

VIEWERS = 1000


@dataclass(slots=True, kw_only=True)
class Open:
    """A room with an incident, its application, and how many drawings were made."""

    room: Room
    app: Any

    @property
    def drawn(self) -> int:
        count: int = self.app.state.drawings.drawn
        return count

    def get(self, path: str, *, name: str = "", packed: bool = False) -> Answer:
        cookie = f"{COOKIE}; firstfive-name={name}" if name else COOKIE
        return ask(self.app, "GET", path, headers={"Cookie": cookie, **({"Accept-Encoding": "gzip"} if packed else {})})


@pytest.fixture
def one() -> Open:
    room = Room()
    room.tell("INC-1", OPENING)
    return Open(room=room, app=app_of(room))


@pytest.mark.parametrize("path", ["/incidents/INC-1", "/"])
def test_a_thousand_viewers_of_each_entry_cost_one_drawing_each_time(one: Open, path: str) -> None:
    for turn in range(3):
        one.room.tell("INC-1", [(100.0 + turn, "ana", ev.Noted(text=f"note {turn}"))])
        before, looked = one.drawn, one.room.looks
        for number in range(VIEWERS):
            answer = one.get(path, name=f"viewer{number}")
            assert f">viewer{number}</summary>" in answer.text
            if path != "/":
                assert f"note {turn}" in answer.text
        assert one.drawn - before == 1
        assert one.room.looks - looked <= 5, "and the incident was looked at once for all"


def test_who_asks_while_it_is_loaded_shares_it_and_who_asks_after_a_change_does_not(one: Open) -> None:
    async def crowd() -> tuple[int, list[str]]:
        drawings, loaded, open_ = Drawings(room=one.room), 0, asyncio.Event()

        async def load() -> dict[str, Any]:
            nonlocal loaded
            loaded += 1
            mine = loaded
            await open_.wait()
            return {"load": mine}

        first = [asyncio.create_task(drawings.look("INC-1", load)) for _ in range(50)]
        await asyncio.sleep(0)
        one.room.tell("INC-1", [(100.0, "ana", ev.Noted(text="news"))])
        later = [asyncio.create_task(drawings.look("INC-1", load)) for _ in range(50)]
        await asyncio.sleep(0)
        open_.set()
        seen = [str((await task).values["load"]) for task in (*first, *later)]
        again = await drawings.look("INC-1", load)
        return loaded, [*seen, str(again.values["load"])]

    loaded, seen = asyncio.run(crowd())
    assert loaded == 2
    assert seen == ["1"] * 50 + ["2"] * 51


def test_what_cannot_be_loaded_is_said_to_all_and_not_kept(one: Open) -> None:
    one.room.broken = JournalError("the journal is gone", remedy="look at the disk")
    assert one.get("/incidents/INC-1").status == 503
    one.room.broken = None
    assert one.get("/incidents/INC-1").status == 200


def test_clocks_are_drawn_anew_each_second_and_running_output_when_it_comes(one: Open) -> None:
    one.get("/incidents/INC-1")
    one.room.clock.at = one.room.clock.at.replace(second=59)
    later = one.get("/incidents/INC-1").text
    assert one.drawn == 2
    assert ":59" in re.findall(r'data-now="([^"]+)"', later)[0]


def test_each_sight_is_a_drawing_of_its_own_and_no_name_is_in_it(one: Open) -> None:
    ask_for = run("pay#9", script="docker restart x")
    one.room.tell(
        "INC-1",
        [(95.0, ev.ApprovalAsked(run=ask_for, why="it waits")), (96.0, "ana", ev.Acknowledged(responder="ana"))],
    )
    shown = {name: one.get("/incidents/INC-1", name=name).text for name in ("", "ana", "vera", "noor")}
    inside = {name: re.findall(r"<article.*?</article>", text, re.S)[0] for name, text in shown.items()}
    assert inside["vera"] == inside["noor"], "two who see the same are given the same"
    assert len({inside[""], inside["ana"], inside["vera"]}) == 3
    assert one.drawn == 3
    for name in ("vera", "noor"):
        assert name not in inside["vera"], name
    assert 'action="/incidents/INC-1/ack"' in inside["vera"]
    assert 'action="/incidents/INC-1/ack"' not in inside["ana"], "she has it"
    assert 'name="by"' in inside[""], "who has no name yet is asked for it"
    assert 'name="by"' not in inside["vera"]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path / "state")
    made.room.tell("INC-1", OPENING)
    yield made
    made.entrance.close()


def test_who_may_only_read_is_offered_nothing_to_press_whoever_looked_before(home: House) -> None:
    commander, viewer = home.as_one("ann", Role.COMMANDER), home.as_one("vic", Role.VIEWER)
    for _ in range(2):
        acts, reads = commander.get("/incidents/INC-1").text, viewer.get("/incidents/INC-1").text
        room = re.findall(r"<article.*?</article>", reads, re.S)[0]
        assert "<form" not in room
        assert "Acting takes the role responder" in room
        assert "Approve" in acts
        assert ">vic<" not in acts
        assert ">ann<" not in reads
    assert 'action="/reports"' in viewer.get("/").text, "anybody may report"
    assert 'action="/incidents"' not in viewer.get("/").text
    assert 'action="/incidents"' in commander.get("/").text


def test_a_person_sees_what_they_did_at_once(one: Open) -> None:
    for number in range(20):
        answer = send(one.app, "/incidents/INC-1/note", {"text": f"this is {number}"})
        assert answer.status == 303
        assert f"this is {number}" in one.get("/incidents/INC-1", name="ana").text


def test_packed_and_plain_are_the_same_page(one: Open) -> None:
    for name in ("", "ana", "zoë-" * 15):
        plain = one.get("/incidents/INC-1", name=quote(name))
        packed = one.get("/incidents/INC-1", name=quote(name), packed=True)
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body) / 3
        assert plain.body.decode().count("<article") == 1


def test_what_was_refused_is_told_to_the_one_who_asked(one: Open) -> None:
    refused = send(one.app, "/incidents/INC-1/note", {"text": " "})
    assert refused.status == 422
    assert "Not done" in refused.text
    assert "Not done" not in one.get("/incidents/INC-1", name="ana").text


def test_only_so_many_looks_are_kept(one: Open) -> None:
    for number in range(2, MOST + 10):
        one.room.tell(f"INC-{number}", OPENING[:1])
        one.get(f"/incidents/INC-{number}")
    assert len(one.app.state.drawings.looks) == MOST


def test_the_application_of_another_port_draws_for_itself() -> None:
    room = Room()
    room.tell("INC-1", OPENING)
    apps: list[Starlette] = [app_of(room), app_of(room)]  # type: ignore[list-item]
    for app in apps:
        ask(app, "GET", "/incidents/INC-1", headers={"Cookie": COOKIE})
    assert [app.state.drawings.drawn for app in apps] == [1, 1]


def test_of_many_that_wait_one_is_open_and_the_others_say_what_they_do(one: Open) -> None:
    for number in range(3):
        waits = run(f"pay#{number + 1}", script=f"restart {number}")
        one.room.tell("INC-1", [(95.0 + number, ev.ApprovalAsked(run=waits, why="it waits"))])
    text = one.get("/incidents/INC-1", name="ana").text
    folded = re.findall(r'<details class="folded".*?</summary>', text, re.S)
    assert len(folded) >= 2
    assert all("changes things" in one_fold and "local" in one_fold for one_fold in folded)
    assert text.count('class="approve"') + text.count("You have said yes") >= 3, (
        "a yes can be said without a script all the same"
    )
