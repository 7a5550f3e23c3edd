"""The incident as data: everything a responder needs, ready for JSON, the next thing first."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from documents.story import AFTERWARDS, CHANGE, DEPLOY, ENDING, LOOK, OPENING, ROLL_BACK, WHOLE
from firstfive.documents.summary import summary
from firstfive.documents.view import summary_line, view
from firstfive.incident import events as ev
from firstfive.incident.records import Fact, Ranked
from incident import builders as b

PAGE = b.handbook()
ROLL = "3.1 step 3 (If recent deploy: roll back)"


def seen(*lines: b.Line, at: float = 80, page: Any = PAGE) -> dict[str, Any]:
    made = view(b.incident(*lines), page, b.POLICY, b.seconds(at))
    assert json.loads(json.dumps(made)) == made, "plain JSON, nothing else"
    return made


def test_the_head_says_what_how_bad_since_when_and_who() -> None:
    made = seen(*OPENING)
    assert {k: made[k] for k in ("id", "title", "level", "severity", "status", "acknowledged_by", "drill")} == {
        "id": "INC-1",
        "title": "Shop down: health answers 502",
        "level": 1,
        "severity": "Sev 1",
        "status": "investigating",
        "acknowledged_by": "ana",
        "drill": False,
    }
    assert made["declared_at"] == "2026-11-23T03:00:03.000Z"
    assert made["next_update_at"] == "2026-11-23T03:15:07.000Z"
    assert made["seconds"] == {
        "since_started": 80.0,
        "since_declared": 77.0,
        "to_acknowledge": 37.0,
        "to_mitigate": None,
        "until_update": 827.0,
        "until_hypothesis": None,
    }


def test_clocks_stop_when_it_is_resolved() -> None:
    made = seen(*WHOLE, at=9000)
    assert (made["seconds"]["since_started"], made["seconds"]["to_mitigate"], made["next_update_at"]) == (
        700.0,
        66.0,
        None,
    )


def test_a_level_the_matrix_does_not_know_is_still_shown() -> None:
    made = seen((0, b.declared(7)))
    assert (made["severity"], made["severity_meaning"]) == ("SEV-7", "")
    empty = seen()
    assert (empty["title"], empty["level"], empty["head"], empty["timeline"]) == ("", 0, "", [])


def test_every_check_is_there_answered_or_not() -> None:
    checks = seen(*OPENING)["checks"]
    assert [(c["check"], c["done"], c["answer"], c["evidence"], c["took_ms"]) for c in checks] == [
        ("ack", False, "unknown", "not looked at yet", None),
        ("health", True, "bad", "502 in 12 ms", 12),
    ]


def test_the_ranking_shows_each_symptom_in_words_and_its_state() -> None:
    (ranked,) = seen(*OPENING)["ranking"]
    assert ranked["hits"] == ["http://shop/health fails (5xx, timeout)", "web shows Restarting in keeper ps"]
    assert ranked["misses"] == ["logs show Missing env var"]
    assert [(s["id"], s["state"]) for s in ranked["symptoms"]] == [
        ("down.1", "hit"),
        ("down.2", "hit"),
        ("down.3", "miss"),
    ]
    gone = Ranked(runbook="x", number="", title="x", score=1, hits=("gone.1",), misses=(), unknown=())
    assert seen((0, b.declared()), (0, ev.RunbooksRanked(ranking=(gone,))))["ranking"][0]["hits"] == ["gone.1"]


def test_signals_that_fire_come_first_and_facts_are_plain() -> None:
    made = seen(OPENING[0], (1, ev.SignalSeen(signal=b.signal("pay.1", firing=False))), *OPENING[1:4])
    assert [(s["symptom"], s["firing"]) for s in made["signals"]] == [("down.1", True), ("pay.1", False)]
    assert made["facts"] == [{"name": "deploy.previous", "value": "1.4.1", "at": "2026-11-23T03:00:03.000Z"}]
    assert made["deploy"]["before_declared_s"] == 123.0
    listed = ev.FactsFound(facts=(Fact(name="top", kind="list", value=("a", "b")),), source="x")
    assert seen(OPENING[0], (1, listed))["facts"][0]["value"] == ["a", "b"]
    later = replace(DEPLOY, deployed_at=b.seconds(50))
    assert seen(OPENING[0], (50, later))["deploy"] is None


def step(made: dict[str, Any], step_id: str) -> dict[str, Any]:
    return next(row for row in made["steps"] if row["step"] == step_id)


def test_a_step_shows_the_exact_bytes_that_an_approval_covers() -> None:
    row = step(seen(*OPENING), "down#3")
    assert row["bound"] == ROLL_BACK.script
    assert row["environment"] == [["FF_PREVIOUS_VERSION", "1.4.1"]]
    assert (row["run"], row["sha256"], row["target"]) == (ROLL_BACK.id, ROLL_BACK.sha256, "local")
    assert (row["state"], row["mode"], row["verdict"], row["changing"]) == ("asked", "approve", "changing", True)
    assert row["script"] == 'release "<previous-version>"'
    assert row["placeholders"] == [
        {"name": "previous-version", "kind": "image_tag", "variable": "FF_PREVIOUS_VERSION", "value": "1.4.1"}
    ]


def test_a_step_that_ran_shows_its_output_cleaned() -> None:
    row = step(seen(*OPENING), "down#1")
    assert (row["state"], row["exit_code"], row["met"], row["took_ms"]) == ("finished", 0, True, 1200)
    assert row["output"] == "Error: Missing env var SESSION_SECRET"
    loud = seen(*OPENING[:8], (6, b.finished(LOOK, output="\x1b[31mred\x1b[0m\nline")))
    assert step(loud, "down#1")["output"] == "red\nline"


STATES = [
    (OPENING, "down#2", "not begun", "nothing happened yet"),
    (OPENING, "down#5", "by hand", "a person's step"),
    ((*OPENING[:5], (6, ev.StepSkipped(step="down#3", why="old"))), "down#3", "skipped", "skipped, and why"),
    ((*OPENING, *CHANGE[:1]), "down#3", "approved", "about to run"),
    ((*OPENING, *CHANGE[:2]), "down#3", "started", "running"),
]


@pytest.mark.parametrize(("lines", "step_id", "state", "because"), STATES, ids=[s[3] for s in STATES])
def test_a_step_has_one_state(lines, step_id, state, because) -> None:
    assert step(seen(*lines), step_id)["state"] == state, because


def test_what_a_step_still_needs_is_said_before_it_is_asked_for() -> None:
    made = seen(*OPENING[:3], OPENING[4])
    assert step(made, "down#3")["missing"] == ["previous-version"]
    assert step(made, "down#3")["condition_holds"] == "unknown"


def test_the_runbooks_in_use_are_shown_and_no_others() -> None:
    assert {row["runbook"] for row in seen(*OPENING)["steps"]} == {"down"}
    asked = (*OPENING, (60, "ana", ev.StepRequested(step="pay#2")))
    assert [r for r in dict.fromkeys(row["runbook"] for row in seen(*asked)["steps"])] == ["down", "pay"]
    assert seen(OPENING[0])["steps"] == []
    assert [r["runbook"] for r in seen(OPENING[0])["runbooks"]] == ["down", "pay"]
    proposed = seen(OPENING[0], OPENING[5])
    assert {row["runbook"] for row in proposed["steps"]} == {"down"}
    assert proposed["rollback"] == {"step": "down#3", "why": "web went to 1.4.2 two minutes before"}


def test_runs_that_wait_come_clear_ones_first() -> None:
    doubtful = b.run("pay#3", script="prune", environment=())
    hungry = b.run("gone#1", environment=())
    made = seen(
        *OPENING[:6],
        (6, ev.ApprovalAsked(run=doubtful, why="d", doubts=("full?",))),
        (6, ev.ApprovalAsked(run=hungry, why="h", missing=("v",))),
        *OPENING[9:10],
    )
    assert [(w["step"], w["number"], w["verdict"]) for w in made["waiting"]] == [
        ("down#3", 3, "changing"),
        ("gone#1", None, "unknown"),
        ("pay#3", 3, "changing"),
    ]
    first = made["waiting"][0]
    assert (first["script"], first["undo"], first["timeout_s"]) == (
        ROLL_BACK.script,
        "release the newer one again",
        30.0,
    )


def test_an_approval_shows_until_when_it_holds_and_an_unknown_outcome_what_to_find_out() -> None:
    assert seen(*OPENING, *CHANGE[:1])["approved_until"] == {ROLL_BACK.id: "2026-11-23T03:11:00.000Z"}
    lost = seen(*OPENING, *CHANGE[:2], (62, ev.OutcomeUnknown(run=ROLL_BACK.id, step="down#3", why="died")))
    assert [(u["run"], u["why"], u["approved_by"]) for u in lost["unknown"]] == [(ROLL_BACK.id, "died", "ana")]


HYPOTHESES = [
    (OPENING[:5], PAGE, "2026-11-23T03:05:03.000Z", "five minutes after it was declared"),
    (OPENING[:6], PAGE, "2026-11-23T03:05:03.000Z", "a proposed roll-back does not stop it"),
    ((*OPENING[:5], OPENING[13]), PAGE, None, "somebody has one"),
    ((), PAGE, None, "nothing was declared"),
    (OPENING[:5], b.handbook(rollback=None), None, "a page without that rule"),
]


@pytest.mark.parametrize(("lines", "page", "due", "because"), HYPOTHESES, ids=[h[3] for h in HYPOTHESES])
def test_the_hypothesis_clock_runs_only_while_it_matters(lines, page, due, because) -> None:
    assert seen(*lines, page=page)["hypothesis_due"] == due, because


def test_notices_pages_and_the_post_mortem() -> None:
    made = seen(*WHOLE, *AFTERWARDS, at=1000)
    assert [(n["kind"], n["number"], n["unfilled"]) for n in made["notices"]] == [
        ("initial", 1, ["which users / features"]),
        ("resolution", 1, []),
    ]
    assert [(p["contact"], p["delivered"]) for p in made["pages"]] == [("ana", True)]
    assert made["postmortem"] == {"path": "postmortems/x.md", "sha256": "0" * 64, "due": "2026-11-30"}
    owed = seen(*WHOLE, at=1000)
    assert (owed["postmortem"], owed["postmortem_due"]) == (None, "2026-11-30")
    assert seen(*OPENING)["postmortem_due"] is None
    nobody = seen(OPENING[0], (1, ev.PageFailed(number=1, role="on-call", why="none")))
    assert [(p["contact"], p["delivered"]) for p in nobody["pages"]] == [("", False)]


def test_the_timeline_is_whole_with_its_hashes() -> None:
    made = seen(*WHOLE)
    assert [e["seq"] for e in made["timeline"]] == list(range(1, len(WHOLE) + 1))
    assert made["timeline"][0] == {
        "seq": 1,
        "at": "2026-11-23T03:00:03.000Z",
        "by": "firstfive",
        "kind": "Declared",
        "text": "Declared SEV-1: Shop down: health answers 502 (a test says so)",
        "hash": b.entries(WHOLE)[0].hash,
    }
    assert made["head"] == made["timeline"][-1]["hash"]


# ------------------------------------------------------------------------------------------------------ the next thing

UNSURE = (60, ev.ApprovalAsked(run=b.run("pay#3", script="prune", environment=()), why="d", doubts=("is it full?",)))
HUNGRY = (6, ev.ApprovalAsked(run=ROLL_BACK, why="roll back", missing=("previous-version",)))
NEXT = [
    ((*OPENING, *CHANGE[:2], (62, ev.OutcomeUnknown(run=ROLL_BACK.id, step="down#3", why="died"))), PAGE, "settle",
     f"Find out on local whether {ROLL} ran, and settle it: nothing changes until then."),
    (OPENING[:10], PAGE, "approve", f"Approve {ROLL} on local, or decline it: roll back first."),
    ((*OPENING[:6], HUNGRY), PAGE, "value", f"Give <previous-version> for {ROLL}, then approve it."),
    (OPENING[:5], PAGE, "acknowledge", "Acknowledge: say that you have taken it."),
    ((*OPENING[:5], OPENING[12]), PAGE, "hypothesis", "Say what you think it is; without a hypothesis the page rolls back."),
    ((*OPENING[:5], *OPENING[12:], UNSURE), PAGE, "judge", "Judge whether 3.2 step 3 (If the disk is full: prune) is needed: is it full?."),
    ((*OPENING, *CHANGE[:2]), PAGE, "wait", f"Wait for {ROLL}."),
    ((*OPENING, *CHANGE, *ENDING[:3]), PAGE, "watch",
     "Watch that it stays well; it is resolved once it has, or when you say so with the root cause."),
    ((OPENING[0], *OPENING[12:]), PAGE, "choose", "No runbook fits what was seen: choose one and ask for a step of it."),
    ((*OPENING[:5], *OPENING[10:11], *OPENING[12:]), PAGE, "choose",
     "Nothing waits: work the steps that are done by hand, or ask for a step. The next update goes out at 2026-11-23 03:15 UTC."),
    ((*OPENING[:5], *OPENING[12:]), PAGE, "choose",
     "Nothing waits: work the steps that are done by hand, or ask for a step. The next update goes out at 2026-11-23 03:15 UTC."),
    ((*OPENING, *CHANGE[:2], (62, b.finished(ROLL_BACK, met=False))), PAGE, "choose",
     f"{ROLL} went wrong, exit 1: read what it said, then choose another step."),
    (WHOLE, PAGE, "wait", "The post-mortem is being written into the vault."),
    ((*WHOLE, *AFTERWARDS), PAGE, "write", "Finish the post-mortem by 2026-11-30: postmortems/x.md"),
    ((*WHOLE, (701, ev.PostmortemWritten(path="p.md", sha256="x", due=None))), PAGE, "write", "Finish the post-mortem: p.md"),
    ((*WHOLE, (701, ev.PostmortemFailed(why="disk full"))), PAGE, "write",
     "Write the post-mortem by hand, the vault did not take it: disk full"),
    (WHOLE, b.handbook(postmortem=None), "close", "Tick the closing list, 1 open: Page updated?"),
    ((*WHOLE, (702, "ana", ev.ClosingTicked(item="c1", done=True))), b.handbook(postmortem=None), "done", "Nothing is left to do."),
    ((*WHOLE, (702, "ana", ev.PublicUpdate(status="monitoring", text="x"))), PAGE, "tell", "Tell customers that it is over."),
    ((OPENING[0], *OPENING[12:], (20, "ana", ev.PublicUpdate(status="monitoring", text="x"))), PAGE, "choose",
     "No runbook fits what was seen: choose one and ask for a step of it."),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "page", "kind", "text"), NEXT, ids=[f"{n}-{row[2]}" for n, row in enumerate(NEXT)])
def test_there_is_always_one_next_thing(lines, page, kind, text) -> None:
    made = seen(*lines, page=page)["next"]
    assert (made["kind"], made["text"]) == (kind, text)
    assert (made["run"] is None) == (made["sha256"] is None)


# --------------------------------------------------------------------------------------------------------- the tiny ones


def test_the_summary_is_small_and_complete() -> None:
    assert summary(b.incident(*OPENING), PAGE, b.POLICY) == {
        "id": "INC-1",
        "title": "Shop down: health answers 502",
        "level": 1,
        "status": "investigating",
        "declared_at": "2026-11-23T03:00:03.000Z",
        "acknowledged_by": "ana",
        "next_update_at": "2026-11-23T03:15:07.000Z",
        "waiting": 1,
        "mitigated_at": None,
    }
    long = b.incident((0, b.declared(title="x" * 5000)), (1, "a", ev.Acknowledged(responder="y" * 5000)))
    assert len(json.dumps(summary(long, PAGE, b.POLICY))) < 600
    assert summary(b.incident(), PAGE, b.POLICY)["title"] == ""


LINES = [
    (OPENING, "INC-1 SEV-1 investigating: Shop down: health answers 502 (taken by ana, 1 waiting for approval)"),
    (OPENING[:1], "INC-1 SEV-1 investigating: Shop down: health answers 502 (nobody has taken it)"),
    ((), "INC-1 SEV-0 investigating: not declared (nobody has taken it)"),
]


@pytest.mark.parametrize(("lines", "text"), LINES)
def test_an_incident_in_one_line(lines, text) -> None:
    assert summary_line(b.incident(*lines)) == text
