"""Ranking on evidence, the first-five checks, and when to roll back first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from firstfive.handbook.model import ExternalSymptom, RollbackRule
from firstfive.incident import diagnose
from firstfive.incident import events as ev
from firstfive.incident.orders import Record, RunCheck, WakeAt
from firstfive.incident.records import Answer
from incident import builders as b

PAGE = b.handbook()


def seen(*symptoms: str, watched: tuple[str, ...] = ("down.1", "down.2", "down.3", "pay.1")):
    lines = [(0, ev.SignalSeen(signal=b.signal(s))) for s in symptoms]
    return b.incident((0, b.declared(watched=watched)), *lines)


RANKS = [
    (seen(), [], "nothing seen, nothing ranked: the page is never guessed at"),
    (seen("pay.1"), [("pay", 4)], "a log line is the most specific evidence"),
    (seen("down.1"), [("down", 0)], "an address that fails, less two watched symptoms that are absent"),
    (seen("down.1", watched=("down.1",)), [("down", 2)], "what nobody watches is unknown, not absent"),
    (seen("down.2", "pay.1"), [("pay", 4), ("down", 1)], "best first"),
    (seen("down.1", "down.2", "down.3"), [("down", 9)], "every symptom hit"),
    (seen("elsewhere"), [], "a symptom of no runbook ranks nothing"),
]


@pytest.mark.parametrize(("incident", "expected", "because"), RANKS, ids=[r[2] for r in RANKS])
def test_runbooks_are_ranked_on_what_was_seen(incident, expected, because) -> None:
    assert [(r.runbook, r.score) for r in diagnose.rank(PAGE, incident)] == expected, because


def test_equal_evidence_keeps_the_order_of_the_page() -> None:
    twin = b.runbook("twin", symptoms=(b.DOWN,))
    page = b.handbook(runbooks=(b.PAY_DOWN, twin, b.runbook("later", symptoms=(b.DOWN,))))
    assert [r.runbook for r in diagnose.rank(page, seen("down.1"))] == ["twin", "later"]


def test_a_sentence_for_people_is_unknown_and_never_counts_against() -> None:
    only = diagnose.rank(PAGE, seen("pay.1"))[0]
    assert (only.hits, only.misses, only.unknown) == (("pay.1",), (), ("pay.2",))


def test_a_symptom_is_named_in_one_line() -> None:
    outside = ExternalSymptom(id="e", text="alerts on errors", sender="sentry", tokens=(), place=b.HERE)
    assert [diagnose.words_of(s) for s in (b.DOWN, b.RESTARTING, b.MISSING, outside, b.SPINNING)] == [
        "http://shop/health fails (5xx, timeout)",
        "web shows Restarting in keeper ps",
        "logs show Missing env var",
        "alerts on errors",
        "buyers see a spinner",
    ]


# -------------------------------------------------------------------------------------------------------- roll back


def noticed(minutes: float) -> ev.DeployNoticed:
    return ev.DeployNoticed(
        subject="web", version="2", previous="1", deployed_at=b.T0 - timedelta(minutes=minutes), source="link"
    )


def proposals(incident, now: float, page=PAGE):
    found = list(diagnose.orders(page, b.POLICY, incident, b.seconds(now)))
    return [o.event for o in found if isinstance(o, Record) and isinstance(o.event, ev.RollbackProposed)], [
        o for o in found if isinstance(o, WakeAt)
    ]


DOWN_NOW = [(0, b.declared()), (0, ev.SignalSeen(signal=b.signal()))]
NO_CLOCK = b.handbook(rollback=RollbackRule(deploy_within=timedelta(minutes=30), hypothesis_within=None, place=b.HERE))

ROLLBACKS = [
    ([(0, noticed(2))], 1, PAGE, True, "a fresh deploy: at once"),
    ([(0, noticed(30))], 1, PAGE, True, "exactly the page's thirty minutes still count"),
    ([(0, noticed(30.1))], 1, PAGE, False, "older than the page's limit"),
    ([], 299, PAGE, False, "no ledger, and the five minutes are not over"),
    ([], 300, PAGE, True, "no hypothesis after five minutes: anyway"),
    ([(0, noticed(120))], 300, PAGE, True, "an old deploy does not stop that clock"),
    ([(10, "ana", ev.HypothesisSet(text="the disk"))], 900, PAGE, False, "a hypothesis stops the clock"),
    ([(10, "ana", ev.HypothesisSet(text="the disk")), (11, noticed(1))], 900, PAGE, True, "but not a fresh deploy"),
    ([(10, ev.Mitigated(why="gone"))], 900, PAGE, False, "nothing is rolled back once the trouble is over"),
    ([(10, ev.RollbackProposed(step="down#3", why="x"))], 900, PAGE, False, "proposed once"),
    ([], 900, b.handbook(rollback=None), False, "a page without the rule"),
    ([], 900, NO_CLOCK, False, "a page that only speaks of deploys"),
    ([], 900, b.handbook(runbooks=(b.PAY_DOWN,)), False, "no ranked runbook has a step that rolls back"),
]


@pytest.mark.parametrize(("lines", "now", "page", "proposed", "because"), ROLLBACKS, ids=[r[4] for r in ROLLBACKS])
def test_roll_back_is_proposed_when_the_page_says(lines, now, page, proposed, because) -> None:
    found, _ = proposals(b.incident(*DOWN_NOW, *lines), now, page)
    assert bool(found) is proposed, because
    if found:
        assert found[0].step == "down#3"
        assert str(b.HERE) in found[0].why


def test_the_hypothesis_clock_is_a_deadline_to_wake_at() -> None:
    _, wakes = proposals(b.incident(*DOWN_NOW), 10)
    assert wakes == [WakeAt(at=b.seconds(300), why="hypothesis")]


SPANS = [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (11100, "3 h 5 min")]


@pytest.mark.parametrize(("span", "said"), SPANS)
def test_a_span_is_said_as_people_say_it(span: int, said: str) -> None:
    assert diagnose.spoken(timedelta(seconds=span)) == said


# ----------------------------------------------------------------------------------------------------------- checks


def test_every_item_of_the_list_is_asked_for_until_it_is_answered() -> None:
    fresh = b.incident((0, b.declared()))
    asked = [o.check for o in diagnose.orders(PAGE, b.POLICY, fresh, b.T0) if isinstance(o, RunCheck)]
    assert asked == ["ack", "health"]


def answered(answer: Answer) -> ev.CheckDone:
    return ev.CheckDone(check="ack", title="Acknowledge", answer=answer, evidence="nobody yet", took=timedelta(0))


def test_an_acknowledgement_answers_its_item_later() -> None:
    lines = ((0, b.declared()), (1, answered(Answer.UNKNOWN)), (42, "ana", ev.Acknowledged(responder="ana")))
    found = [
        o.event
        for o in diagnose.orders(PAGE, b.POLICY, b.incident(*lines), b.seconds(50))
        if isinstance(o, Record) and isinstance(o.event, ev.CheckDone)
    ]
    assert [(e.check, e.answer, e.evidence, e.took.total_seconds()) for e in found] == [
        ("ack", Answer.GOOD, "ana has taken it", 42.0)
    ]


def test_nothing_is_looked_at_once_it_is_resolved() -> None:
    over = b.incident(*DOWN_NOW, (5, "ana", ev.Resolved(why="over", root_cause="")))
    assert list(diagnose.orders(PAGE, b.POLICY, over, b.seconds(900))) == []
    assert diagnose.now_of(over) == b.seconds(5)
