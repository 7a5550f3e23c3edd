"""The scorecard of a drill, built from an incident as the API shows it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstfive.documents.drill import Card, Read, Times, Wanted, card, card_from, markdown, table, trend

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def at(seconds: float) -> str:
    return (T0 + timedelta(seconds=seconds)).isoformat()


WANTED = Wanted(fault="redis-stopped", what="Redis was stopped", level=2, fits=lambda title: "Redis" in title)
TIMES = Times(
    injected=T0 - timedelta(seconds=1),
    hurt=T0,
    healed=T0 + timedelta(seconds=40),
    well=T0 + timedelta(seconds=41),
)


THREE_LEFT = Read(places=3)
RANKED = "Runbooks ranked: 3.3 Redis unreachable (score 4), 3.1 Backend down (score 1)"


def seen(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": "INC-1",
        "title": "Redis unreachable: refused",
        "started_at": at(1),
        "declared_at": at(1.5),
        "mitigated_at": at(20),
        "verified_at": at(20),
        "level": 2,
        "level_why": "the matrix says so",
        "ranking": [
            {"number": "3.3", "title": "Redis unreachable", "score": 4},
            {"number": "3.1", "title": "Backend down", "score": 1},
        ],
        "checks": [{"title": "Health", "done": True}, {"title": "Deploy", "done": True}],
        "timeline": [
            {"kind": "SignalSeen", "at": at(1), "text": "Trouble: redis:6379: refused (redis)"},
            {"kind": "CheckDone", "at": at(2)},
            {"kind": "RunbooksRanked", "at": at(2.2), "text": "Runbooks ranked: 3.1 Backend down (score 3)"},
            {"kind": "RunbooksRanked", "at": at(2.5), "text": RANKED},
            {"kind": "CheckDone", "at": at(3)},
            {"kind": "RunbooksRanked", "at": at(3.1), "text": RANKED},
            {"kind": "PostmortemWritten", "at": at(42)},
        ],
        "notices": [{"kind": kind, "at": at(4)} for kind in ("initial", "update", "resolution")],
        "postmortem": {"path": "postmortems/x.md"},
        "postmortem_due": "2026-11-30",
        "postmortem_why_not": "",
        "steps": [{"step": "redis#2", "changing": True, "met": True}],
        "offered": [],
        "rollback": None,
    }
    return whole | changes


def made(*, opened: int = 1, outside: str = "", read: Read = THREE_LEFT, **changes: Any) -> Card:
    """Mitigated before the fault went out, unless the incident stands otherwise."""
    whole = seen(**changes)
    stamp = datetime.fromisoformat(whole["mitigated_at"]) if whole["mitigated_at"] else None
    assert TIMES.healed is not None
    times = replace(TIMES, mitigated=stamp if stamp and stamp < TIMES.healed else None)
    wanted = replace(WANTED, outside=outside)
    return card(wanted, times, whole, opened=opened, mode="auto", page="abc", read=read)


def test_a_good_drill_passes_with_its_seconds() -> None:
    good = made()
    assert good.passed, [m for m in good.marks if m.met is False]
    names = ("detected", "declared", "severity", "right runbook", "first five", "mitigated", "verified", "told")
    assert [good.mark(name).seconds for name in names] == [1.0, 1.5, 1.5, 2.5, 3.0, 20.0, 20.0, 4.0]
    assert [good.mark(name).seconds for name in ("post-mortem", "healed")] == [42.0, 41.0]
    assert good.mended == "the page's own step redis#2"
    assert good.mark("told").why == "initial 4.0 s, update 4.0 s, resolution 4.0 s"
    assert "3 places left for people" in good.mark("post-mortem").why


def test_a_post_mortem_that_lacks_what_no_person_is_needed_for_is_not_complete() -> None:
    bad = made(read=Read(places=0, lacks=("the form's section 'Impact' is not here",)))
    assert bad.mark("post-mortem").met is False
    assert "without the form's section 'Impact' is not here" in bad.mark("post-mortem").why


def test_a_severity_that_was_changed_counts_from_then() -> None:
    changed = {"kind": "SeverityChanged", "at": at(9), "text": ""}
    assert made(timeline=[*seen()["timeline"], changed]).mark("severity").seconds == 9.0


FAILING = [
    # what was different, the question that says no, words of its reason, why this row
    ({"started_at": at(9)}, "detected", "redis:6379", "later than five seconds"),
    ({"level": 1}, "severity", "wanted SEV-2", "graded otherwise"),
    ({"ranking": [{"number": "3.1", "title": "Backend down", "score": 4}]}, "right runbook", "number -", "another one"),
    (
        {"ranking": [{"number": n, "title": t, "score": 4} for n, t in (("3.3", "Redis"), ("3.1", "Backend"))]},
        "no wrong one",
        "3.1 Backend",
        "a wrong one stands as high",
    ),
    ({"checks": [{"title": "Health", "done": False}]}, "first five", "without Health", "one was not answered"),
    ({"mitigated_at": None}, "mitigated", "no step, roll-back or offered change", "it never ended"),
    (
        {"mitigated_at": at(45)},
        "mitigated",
        "no step, roll-back or offered change",
        "only taking the fault out ended it",
    ),
    ({"verified_at": None}, "verified", "", "nobody looked again"),
    ({"notices": [{"kind": "initial", "at": at(1)}]}, "told", "no update, resolution", "people heard once"),
    ({"postmortem": None}, "post-mortem", "owed and not written", "due and missing"),
]


@pytest.mark.parametrize(("changes", "name", "words", "because"), FAILING, ids=[row[3] for row in FAILING])
def test_what_went_wrong_is_named(changes: dict[str, Any], name: str, words: str, because: str) -> None:
    bad = made(**changes)
    assert not bad.passed
    assert bad.mark(name).met is False, because
    assert words in bad.mark(name).why


def test_two_incidents_of_one_fault_are_one_too_many() -> None:
    assert made(opened=2).mark("one incident").met is False


def test_a_severity_that_the_page_does_not_give_is_no_mistake() -> None:
    why = "no row of the matrix matches, so the worst level Sev 1 is assumed until a person grades it"
    assert made(level=1, level_why=why).mark("severity").met is None


def test_a_silent_fault_is_a_gap() -> None:
    silent = card(WANTED, TIMES, None, opened=0, mode="auto", page="abc")
    assert not silent.passed
    assert "a gap" in silent.mark("detected").why
    assert silent.mark("post-mortem").met is None, "what was never declared owes none"


MENDED = [
    ({"mitigated_at": at(45)}, "only by taking the fault out"),
    ({"mitigated_at": None}, "nothing before the drill ended"),
    ({"steps": []}, "by itself"),
    ({"rollback": {"step": "redis#2"}}, "the page's roll-back redis#2"),
    ({"offered": [{"id": "put-back.1", "met": True}]}, "an offered change, put-back.1"),
    (
        {"outside": "the provider's", "mitigated_at": at(45)},
        "outside: nothing here can mend it (the provider's); told and watched",
    ),
]


@pytest.mark.parametrize(("changes", "words"), MENDED, ids=[row[1] for row in MENDED])
def test_what_mended_it_is_said(changes: dict[str, Any], words: str) -> None:
    assert made(**changes).mended == words


def test_what_only_the_outside_can_mend_is_mitigated_by_its_recovery() -> None:
    one = made(outside="the provider's", mitigated_at=at(45))
    assert one.passed
    assert one.mark("mitigated").why == "outside: the provider's"
    assert not made(outside="the provider's", mitigated_at=None).passed


def test_trouble_that_taking_the_fault_out_makes_is_no_failure() -> None:
    times = replace(TIMES, mitigated=T0 + timedelta(seconds=20))
    one = card(WANTED, times, seen(mitigated_at=at(60)), opened=1, mode="auto", page="abc")
    assert one.mark("mitigated").seconds == 20.0
    assert one.mended == "the page's own step redis#2"


def test_a_card_survives_its_file() -> None:
    one = made()
    assert card_from(json.loads(json.dumps(one.to_json()))) == one


def test_a_table_has_a_line_a_drill_and_the_count() -> None:
    text = table([made(), made(level=1)])
    assert text.splitlines()[-1] == "1 of 2 passed"
    assert "no: severity" in text
    assert "redis-stopped" in text


def test_a_trend_says_when_it_was_proven_last() -> None:
    assert "proven on 2026-11-23, seconds to detect: 1.0 1.0" in trend([made(), made()])
    assert trend([]).startswith("No drill yet")


def test_the_readable_card_cannot_be_broken_by_what_a_signal_says() -> None:
    page = markdown(made(timeline=[{"at": at(1), "kind": "SignalSeen", "text": "a | b\n| c |"}]))
    rows = [line for line in page.splitlines() if line.startswith("| detected")]
    assert len(rows) == 1
    assert "a \\| b" in rows[0]


def test_a_silent_fault_is_a_gap_with_the_edit_of_the_page_on_its_card() -> None:
    diff = "--- a/I.md\n+++ b/I.md\n@@ -1 +1 @@\n-**Symptoms.** x\n+**Symptoms.** x `WRONGPASS`\n"
    one = card(WANTED, TIMES, None, opened=0, mode="auto", page="p", proposed=diff)
    assert (one.incident, one.passed, one.proposed) == ("", False, diff)
    told = markdown(one)
    assert "## A gap of the page" in told
    assert "```diff\n--- a/I.md\n" in told
    assert card_from(json.loads(json.dumps(one.to_json()))) == one
    assert "A gap" not in markdown(card(WANTED, TIMES, seen(), opened=1, mode="auto", page="p", proposed=diff))
    there = markdown(card(WANTED, TIMES, None, opened=0, mode="auto", page="p"))
    assert "The page names a symptom for it, and no look saw it" in there


def test_a_card_from_before_proposals_is_still_read() -> None:
    told = card(WANTED, TIMES, None, opened=0, mode="auto", page="p").to_json()
    del told["proposed"]
    assert card_from(told).proposed == ""
