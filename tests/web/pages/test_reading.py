"""Every page beside the room, with two hundred incidents, hostile words and nothing at all; and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from web.pages.shop import EVIL, MANY, Shop, open_shop, vault

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("shop")]

PAGES = (
    "more",
    "report",
    "oncall",
    "deploys",
    "actions",
    "doctor",
    "nodes",
    "approvals",
    "outbox",
    "drills",
    "settings",
)
DATA = ("oncall", "deploys", "actions", "doctor", "nodes", "approvals", "outbox", "handbook", "drills", "settings")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(vault(tmp_path_factory.mktemp("old") / "vault", past=True)) as shop:
        yield shop


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(vault(tmp_path_factory.mktemp("new") / "vault", past=False)) as shop:
        yield shop


EMPTY = {
    "oncall": "No schedule is set.",
    "deploys": "No deploy was seen yet.",
    "actions": "No promise is open.",
    "approvals": "Nobody was asked for anything yet.",
    "outbox": "Nothing waits, nothing was given up.",
    "doctor": "Doctor",
    "nodes": "One process owns this journal",
    "drills": "No drill yet.",
    "settings": "Where it listens",
    "more": "Promises",
    "report": "What does not work",
}


@pytest.mark.parametrize("name", PAGES)
def test_before_anything_happened_each_page_says_so(name: str, new: Shop) -> None:
    status, _, text = new.get(f"/{name}")
    assert (status, EMPTY[name] in text) == (200, True), text


@pytest.mark.parametrize("name", PAGES)
def test_hostile_words_stay_words(name: str, old: Shop) -> None:
    status, _, text = old.get(f"/{name}")
    assert status == 200
    assert "<script>" not in text
    assert "<img" not in text
    assert EVIL not in text


@pytest.mark.parametrize("name", ["actions", "deploys"])
def test_they_are_shown_all_the_same(name: str, old: Shop) -> None:
    assert "&lt;script&gt;alert(1)" in old.get(f"/{name}")[2]


@pytest.mark.parametrize("name", DATA)
def test_each_is_data_too_even_when_there_is_none(name: str, new: Shop) -> None:
    assert isinstance(new.json(name), dict)


@pytest.mark.parametrize(("name", "rows"), [("deploys", "deploys"), ("approvals", "approvals")])
def test_all_parts_together_are_everything_once_newest_first(name: str, rows: str, old: Shop) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        told = old.json(f"{name}?limit=90" + (f"&cursor={cursor}" if cursor else ""))
        assert 0 < len(told[rows]) <= 90
        seen += [json.dumps(one) for one in told[rows]]
        cursor = told["next"]
    assert len(seen) == len(set(seen)) >= MANY
    times = [json.loads(one).get("began") or json.loads(one)["at"] for one in seen]
    assert [t[:10] for t in times] == sorted((t[:10] for t in times), reverse=True)


WRONG = [
    ("deploys?limit=0", "limit must be a number from 1 to 1000"),
    ("deploys?surprise=1", "surprise is no field of this address"),
    ("deploys?cursor=-1", "cursor must be the `next` of the part before"),
    ("approvals?cursor=7", "cursor is none of ours"),
    ("oncall?person=ann", "person is no field of this address"),
]


@pytest.mark.parametrize(("asked", "what"), WRONG)
def test_what_is_asked_wrongly_is_refused_by_name(asked: str, what: str, old: Shop) -> None:
    status, media, text = old.get(f"/api/v1/{asked}")
    assert (status, media, json.loads(text)["what"]) == (422, "application/problem+json", what)
    assert old.get(f"/{asked}")[0] == 422


def test_an_unknown_runbook_is_not_found_and_a_known_one_shows_its_steps(old: Shop) -> None:
    assert old.get("/handbook/none")[0] == 404
    assert old.get("/api/v1/handbook/none")[1] == "application/problem+json"
    book = next(one for one in old.json("handbook")["runbooks"] if one["title"] == "Backend down")
    status, _, text = old.get(f"/handbook/{book['id']}")
    assert (status, "touch opened" in text, "changes things" in text) == (200, True, True)


def test_four_weeks_on_call_are_shown_with_their_gaps_and_as_a_calendar(old: Shop) -> None:
    primary, office = sorted(old.json("oncall")["schedules"], key=lambda one: str(one["schedule"]), reverse=True)
    assert {one["person"] for one in primary["stretches"]} == {"ann", "bob"}
    assert {one["person"] for one in office["stretches"]} == {"bob", None}
    assert "Nobody</strong>" in old.get("/oncall")[2]
    status, media, text = old.get("/oncall.ics")
    assert (status, media.partition(";")[0], text.startswith("BEGIN:VCALENDAR")) == (200, "text/calendar", True)


def test_promises_stand_with_their_lateness_and_their_notes(old: Shop) -> None:
    told = old.json("actions")
    assert [one["owner"] for one in told["actions"]] == ["@ana", "@ben"]
    assert all(one["days_late"] > 100 for one in told["actions"])
    assert "postmortems/2026-06-01-checkout.md" in [one["file"] for one in told["postmortems"]]


def test_the_doctor_gives_a_remedy_for_whatever_it_finds_amiss(old: Shop) -> None:
    told = old.json("doctor")
    assert told["ok"] is False
    assert all(one["ok"] or one["remedy"] for one in told["findings"])
    assert "server" in [one["what"] for one in told["findings"]]


def test_drills_show_each_fault_with_its_last_result_its_speed_and_its_next_day(old: Shop) -> None:
    told = old.json("drills")
    fault = next(one for one in told["faults"] if one["fault"] == "backend-bad-deploy")
    assert (fault["drills"], fault["detected_s"], fault["last"]["passed"]) == (4, [0.5, 1.0, 1.5, 2.0], True)
    assert (fault["proven"], told["proven"], fault["runbooks"]) == (
        "2026-06-04T09:00:00+00:00",
        1,
        ["3.1 Backend down"],
    )
    days = [one["day"] for one in told["faults"]]
    assert days == sorted(days)
    assert [one["passed"] for one in told["cards"]] == [True, False, True, True]
    _, _, page = old.get("/drills")
    assert "1 of 4</strong> faults" in page
    assert "Seconds to detect, oldest first: 0.5 s, 1.0 s, 1.5 s (not passed), 2.0 s" in page


def test_a_scorecard_answers_each_question_and_an_unknown_one_is_not_found(old: Shop) -> None:
    failed = next(one for one in old.json("drills")["cards"] if not one["passed"])
    status, _, page = old.get(f"/drills/{failed['id']}")
    assert status == 200
    for words in ("✗ no</span> <strong>mitigated", "after 1.5 s", "– does not apply</span> <strong>post-mortem"):
        assert words in page
    assert EVIL not in page
    assert old.get("/drills/none")[0] == 404


def test_a_post_mortem_of_the_vault_is_read_in_the_room_and_nothing_else_of_the_disk(old: Shop) -> None:
    status, _, page = old.get("/post-mortems/postmortems/2026-06-01-checkout.md")
    assert (status, "<h2>Summary</h2>" in page, "<script>alert" in page) == (200, True, False)
    for path in ("Incident Response.md", "../firstfive.toml", "postmortems/../firstfive.toml", "postmortems/none.md"):
        assert old.get(f"/post-mortems/{quote(path)}")[0] == 404, path


def test_the_timeline_and_every_output_are_files_to_keep(old: Shop) -> None:
    status, media, text = old.get("/incidents/INC-3/timeline.txt")
    chain = old.json("incidents/INC-3/timeline")
    assert (status, media) == (200, "text/plain; charset=utf-8")
    assert [row.rpartition("\t")[2] for row in text.splitlines()[2:]] == [one["hash"] for one in chain["timeline"]]
    assert old.get("/incidents/INC-3/output/INC-1.down.1.1")[2] == "Error: Missing env var SESSION_SECRET"
    assert old.get("/incidents/INC-3/output/none")[0] == 404
    assert old.get("/incidents/INC-99999/timeline.txt")[0] == 404


def test_nobody_reads_any_of_it_without_the_key(old: Shop) -> None:
    stranger = Shop(port=old.port, key="wrong")
    found = {name: stranger.get(path)[0] for name in DATA for path in (f"/api/v1/{name}",)}
    assert set(found.values()) == {401}
    assert {stranger.get(f"/{name}")[0] for name in PAGES} == {401}
