"""What happens next: looking by itself, asking before a change, verifying after, and saying when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from firstfive.handbook.model import Mode, Parameter, Purpose
from firstfive.incident import events as ev
from firstfive.incident import recover, respond
from firstfive.incident.orders import Record, RunStep, WakeAt
from firstfive.incident.records import Fact, Ranked, Status
from firstfive.shell.conditions import Outcome
from incident import builders as b

PAGE = b.handbook()
FRESH = Fact(name="deploy.age", kind="duration", value=120.0)
OLD = Fact(name="deploy.age", kind="duration", value=86400.0)
PREVIOUS = Fact(name="deploy.previous", kind="string", value="1.4.1")


def leads(runbook: str) -> ev.RunbooksRanked:
    ranked = Ranked(runbook=runbook, number="", title=runbook, score=1, hits=("x",), misses=(), unknown=())
    return ev.RunbooksRanked(ranking=(ranked,))


def story(*lines: b.Line, runbook: str = "down"):
    return b.incident((0, b.declared()), (0, ev.SignalSeen(signal=b.signal())), (0, leads(runbook)), *lines)


def ordered(incident, now: float = 10, page=PAGE):
    moves = (respond.orders, recover.orders)
    return [order for rule in moves for order in rule(page, b.POLICY, incident, b.seconds(now))]


def test_a_step_that_names_no_host_runs_on_the_host_that_the_signals_are_about() -> None:
    there = b.incident((0, b.declared()), (0, ev.SignalSeen(signal=replace(b.signal(), host="db"))), (0, leads("down")))
    targets = {order.run.target for order in ordered(there) if isinstance(order, RunStep)}
    assert targets == {"db"}
    assert {order.run.target for order in ordered(story()) if isinstance(order, RunStep)} == {b.POLICY.target}


def runs(found) -> list[str]:
    return [o.run.step for o in found if isinstance(o, RunStep)]


def asks(found) -> list[ev.ApprovalAsked]:
    return [o.event for o in found if isinstance(o, Record) and isinstance(o.event, ev.ApprovalAsked)]


def facts(*found: Fact) -> ev.FactsFound:
    return ev.FactsFound(facts=found, source="test")


STANDINGS = [
    (b.step("a#1"), (), Outcome.TRUE, "no condition", "a step without a condition holds"),
    (b.DOUBTFUL, (), Outcome.UNKNOWN, "for a person to judge", "words bound to no fact are never false"),
    (b.ROLL_BACK, (), Outcome.UNKNOWN, "deploy.age", "a fact nobody collected asks; it is never false"),
    (b.ROLL_BACK, (FRESH,), Outcome.TRUE, "deploy.age = 2m", "seconds on the timeline are a duration in the condition"),
    (b.ROLL_BACK, (OLD,), Outcome.FALSE, "deploy.age", "a collected fact can be false"),
    (
        b.ROLL_BACK,
        (Fact(name="deploy.age", kind="string", value="soon"),),
        Outcome.UNKNOWN,
        "",
        "a fact of the wrong type is as good as none",
    ),
]


@pytest.mark.parametrize(("step", "known", "outcome", "words", "because"), STANDINGS, ids=[s[4] for s in STANDINGS])
def test_a_condition_holds_fails_or_asks(step, known, outcome, words, because) -> None:
    found, why = respond.standing(story((1, facts(*known))), step)
    assert found is outcome, because
    assert words in why


def test_stored_values_become_typed_values() -> None:
    assert respond.value_from("duration", 90) == timedelta(seconds=90)
    assert respond.value_from("timestamp", "2026-11-23T03:00:00+00:00") == b.T0
    assert respond.value_from("list", ("a", "b")) == ["a", "b"]
    assert respond.value_from("bool", True) is True


def test_reading_steps_run_by_themselves_and_the_change_is_asked_for_in_doubt() -> None:
    found = ordered(story())
    assert runs(found) == ["down#1", "down#2"]
    (ask,) = asks(found)
    assert ask.run.step == "down#3"
    assert ask.missing == ("previous-version",)
    assert ask.doubts
    assert "deploy.age" in ask.doubts[0]


def test_a_false_condition_skips_and_says_the_comparison() -> None:
    (skip,) = [o.event for o in ordered(story((1, facts(OLD)))) if isinstance(o, Record)]
    assert isinstance(skip, ev.StepSkipped)
    assert "deploy.age" in skip.why


def test_a_true_condition_asks_without_doubt_and_with_the_value_that_the_ledger_proposes() -> None:
    (ask,) = asks(ordered(story((1, facts(FRESH, PREVIOUS)))))
    assert (ask.doubts, ask.missing, ask.run.environment) == ((), (), (("FF_PREVIOUS_VERSION", "1.4.1"),))
    assert ask.run.id == "INC-1.down.3.1"
    assert ask.run.sha256 == respond.digest_of("local", ask.run.script, ask.run.environment)


DIGESTS = [
    ("local", "a", (("X", "1"),), "another value"),
    ("local", "a", (), "no value"),
    ("other", "a", (("X", "2"),), "another target"),
    ("local", "b", (("X", "2"),), "another script"),
    ("local", "a", (("X", "2"), ("Y", "")), "one more variable"),
]


@pytest.mark.parametrize("other", DIGESTS, ids=[d[3] for d in DIGESTS])
def test_approval_binds_target_script_and_values(other) -> None:
    assert respond.digest_of(*other[:3]) != respond.digest_of("local", "a", (("X", "2"),))


ASKED = b.run("down#3", script=b.ROLL_BACK.bound)
WAITING = (
    (1, facts(FRESH, PREVIOUS)),
    (2, ev.ApprovalAsked(run=ASKED, why="roll back")),
)


def test_a_value_that_changes_withdraws_what_waits() -> None:
    assert not [o for o in ordered(story(*WAITING)) if isinstance(o, Record)]
    changed = story(*WAITING, (3, "ana", ev.ParameterSet(step="down#3", name="previous-version", value="1.3.9")))
    assert next(o.event for o in ordered(changed) if isinstance(o, Record)) == ev.ApprovalExpired(run=ASKED.id)
    again = b.incident(
        (0, b.declared()),
        (0, leads("down")),
        *WAITING,
        (3, "ana", ev.ParameterSet(step="down#3", name="previous-version", value="1.3.9")),
        (3, ev.ApprovalExpired(run=ASKED.id)),
    )
    (ask,) = asks(ordered(again))
    assert (ask.run.environment, ask.run.id) == ((("FF_PREVIOUS_VERSION", "1.3.9"),), "INC-1.down.3.2")


def test_looks_before_an_undecided_change_go_on_and_those_after_it_wait() -> None:
    first = (1, ev.RollbackProposed(step="down#3", why="a fresh deploy"))
    assert runs(ordered(story(first, *WAITING))) == ["down#1", "down#2"]
    under_way = story(
        first, *WAITING, (3, "ana", ev.Approved(run=ASKED.id, sha256=ASKED.sha256)), (4, ev.StepStarted(run=ASKED))
    )
    assert runs(ordered(under_way)) == []


def test_what_a_person_asks_for_does_not_stand_behind_a_question() -> None:
    first = (1, ev.RollbackProposed(step="down#3", why="a fresh deploy"))
    asked = ((3, "ana", ev.StepRequested(step="pay#1")), (4, "ana", ev.StepRequested(step="pay#2")))
    waiting = ordered(story(first, *WAITING, *asked))
    assert "pay#1" in runs(waiting), "one wants to look before saying yes"
    assert [ask.run.step for ask in asks(waiting)] == ["pay#2"]
    behind = story(first, *WAITING, (3, "ana", ev.StepRequested(step="down#3")), *asked)
    assert "pay#1" in runs(ordered(behind)), "nor does what was asked for later"
    assert [ask.run.step for ask in asks(ordered(behind))] == ["pay#2"]
    begun = ((5, "ana", ev.Approved(run=ASKED.id, sha256=ASKED.sha256)), (6, ev.StepStarted(run=ASKED)))
    under_way = ordered(story(first, *WAITING, *asked[:1], *begun))
    assert "pay#1" in runs(under_way), "a look disturbs no change"


APPROVED = (*WAITING, (20, "ana", ev.Approved(run=ASKED.id, sha256=ASKED.sha256)))

LIVES = [
    (20, True, "at once"),
    (619.9, True, "up to ten minutes"),
    (620, False, "not at ten minutes"),
    (9000, False, "and never later"),
]


@pytest.mark.parametrize(("now", "lives", "because"), LIVES, ids=[row[2] for row in LIVES])
def test_an_approval_lives_ten_minutes(now: float, lives: bool, because: str) -> None:
    found = ordered(story(*APPROVED), now)
    assert ("down#3" in runs(found)) is lives, because
    assert (Record(event=ev.ApprovalExpired(run=ASKED.id)) in found) is not lives
    assert (WakeAt(at=b.seconds(620), why="approval") in found) is lives


def test_what_was_declined_is_not_asked_again_unless_a_person_asks() -> None:
    declined = (*WAITING, (20, "ana", ev.Declined(run=ASKED.id, why="no")))
    assert asks(ordered(story(*declined))) == []
    (ask,) = asks(ordered(story(*declined, (30, "ben", ev.StepRequested(step="down#3")))))
    assert ask.run.id == "INC-1.down.3.2"


def test_a_value_that_only_the_undo_holds_is_not_wanted_and_without_it_there_is_no_undo() -> None:
    back = Parameter(name="current", variable="FF_CURRENT", kind="image_tag", undo_only=True, place=b.HERE)
    step = replace(b.ROLL_BACK, undo='put "${FF_CURRENT}"', parameters=(*b.ROLL_BACK.parameters, back))
    down = next(r for r in PAGE.runbooks if r.id == "down")
    steps = tuple(step if one.id == step.id else one for one in down.steps)
    page = replace(PAGE, runbooks=tuple(replace(r, steps=steps) if r.id == "down" else r for r in PAGE.runbooks))
    lines = ((1, facts(FRESH, PREVIOUS)), (2, "ana", ev.StepRequested(step="down#3")))
    (ask,) = asks(ordered(story(*lines), 3, page))
    assert (ask.missing, ask.run.undo, dict(ask.run.environment).get("FF_CURRENT")) == ((), "", None)
    assert ask.run.environment == ASKED.environment, "nothing of the undo goes out with the step"
    assert "without a value for <current> it cannot be taken back" in ask.warnings
    given = (*lines, (3, "ana", ev.ParameterSet(step="down#3", name="current", value="1.4.2")))
    (ask,) = asks(ordered(story(*given), 4, page))
    assert (ask.run.undo, dict(ask.run.environment)["FF_CURRENT"]) == (step.undo, "1.4.2")
    assert not any("taken back" in warning for warning in ask.warnings)


def test_what_expired_is_asked_again_with_a_new_run() -> None:
    (ask,) = asks(ordered(story(*APPROVED, (620, ev.ApprovalExpired(run=ASKED.id))), 621))
    assert ask.run.id == "INC-1.down.3.2"


def test_a_look_that_could_not_begin_waits_for_a_person_and_holds_nothing_up() -> None:
    (look, *_) = (o.run for o in ordered(story()) if isinstance(o, RunStep))
    away = ev.StepNotBegun(run=look.id, step=look.step, target=look.target, why="away")
    lines = ((10, ev.StepStarted(run=look)), (11, away))
    assert look.step not in runs(ordered(story(*lines), 12))
    assert look.step not in runs(ordered(story(*lines), 6000))
    assert look.step in runs(ordered(story(*lines, (20, "ana", ev.StepRequested(step=look.step))), 21))


def test_a_look_after_a_change_that_could_not_begin_is_not_taken_again_and_again() -> None:
    done = (*APPROVED, (21, ev.StepStarted(run=ASKED, approved_by="ana")), (22, b.finished(ASKED)))
    (check,) = (o.run for o in ordered(story(*done), 23) if isinstance(o, RunStep) and o.run.step == "down#4")
    away = ev.StepNotBegun(run=check.id, step=check.step, target=check.target, why="away")
    lines = (*done, (24, ev.StepStarted(run=check)), (25, away))
    assert "down#4" not in runs(ordered(story(*lines), 26))


def test_an_unknown_outcome_stops_every_other_change() -> None:
    other = b.run("pay#3", script="prune", environment=())
    lines = (
        *APPROVED,
        (21, ev.ApprovalAsked(run=other, why="x", doubts=("is it full?",))),
        (22, "ana", ev.Approved(run=other.id, sha256=other.sha256)),
        (23, ev.StepStarted(run=ASKED, approved_by="ana")),
        (24, ev.OutcomeUnknown(run=ASKED.id, step="down#3", why="died")),
    )
    assert "pay#3" not in runs(ordered(story(*lines), 25))
    settled = (*lines, (30, "ana", ev.OutcomeSettled(run=ASKED.id, step="down#3", ran=False, note="looked")))
    assert "pay#3" in runs(ordered(story(*settled), 31))


def test_a_person_gets_what_they_ask_for_even_when_its_condition_is_false_or_open() -> None:
    (ask,) = asks(ordered(story((1, facts(OLD, PREVIOUS)), (2, "ana", ev.StepRequested(step="down#3")))))
    assert ask.run.step == "down#3"
    doubtful_look = b.step("look#1", phrase="it exited")
    page = b.handbook(runbooks=(b.SHOP_DOWN, b.runbook("look", steps=(doubtful_look,))))
    assert "look#1" not in runs(ordered(story(runbook="look"), page=page))
    assert "look#1" in runs(ordered(story((2, "ana", ev.StepRequested(step="look#1"))), page=page))


def test_a_proposed_roll_back_is_asked_for_even_when_its_step_was_skipped_before() -> None:
    skipped = story((1, facts(OLD, PREVIOUS)), (2, ev.StepSkipped(step="down#3", why="no recent deploy")))
    assert asks(ordered(skipped)) == []
    proposed = b.incident(
        (0, b.declared()),
        (0, leads("down")),
        (1, facts(OLD, PREVIOUS)),
        (2, ev.StepSkipped(step="down#3", why="no recent deploy")),
        (300, ev.RollbackProposed(step="down#3", why="no hypothesis")),
    )
    (ask,) = asks(ordered(proposed, 301))
    assert (ask.run.step, ask.why, ask.doubts) == ("down#3", "no hypothesis", ())


def test_a_step_by_hand_is_never_ordered() -> None:
    assert "down#5" not in runs(ordered(story()))
    assert "down#5" not in runs(ordered(story((1, "ana", ev.StepRequested(step="down#5")))))
    assert ordered(story((1, "ana", ev.StepRequested(step="nowhere#1")))) == ordered(story())


# --------------------------------------------------------------------------------------------------------- recovery

WELL = (30, ev.SignalSeen(signal=b.signal(firing=False, at=b.seconds(30))))
DONE = (
    *APPROVED,
    (21, ev.StepStarted(run=ASKED, approved_by="ana")),
    (22, b.finished(ASKED)),
)
VERIFIES = b.run("down#4", 2, changing=False, script="curl health", environment=())
MITIGATED = (31, ev.Mitigated(why="gone"))
MONITORING = (31, ev.StatusChanged(status=Status.MONITORING, why="gone"))


def recorded(found, kind) -> list:
    return [o.event for o in found if isinstance(o, Record) and isinstance(o.event, kind)]


def test_it_is_mitigated_when_no_symptom_is_left() -> None:
    assert recorded(ordered(story()), ev.Mitigated) == []
    assert recorded(ordered(story(WELL), 31), ev.Mitigated)
    silent = b.incident((0, b.declared()))
    assert recorded(ordered(silent), ev.Mitigated) == [], (
        "a declared incident without signals is over when a person says so"
    )


def test_it_is_monitored_then_verified_by_a_look_that_began_after_the_change() -> None:
    assert recorded(ordered(story(*DONE, WELL, MITIGATED), 32), ev.StatusChanged)
    before = b.run("down#4", 1, changing=False, script="curl health", environment=())
    early = ((20.5, ev.StepStarted(run=before)), (22.5, b.finished(before)))
    stale = story(*APPROVED, early[0], *DONE[3:], early[1], WELL, MITIGATED, MONITORING)
    assert recorded(ordered(stale, 32), ev.Verified) == []
    assert "down#4" in runs(ordered(stale, 32))
    looked = (*DONE, (23, ev.StepStarted(run=VERIFIES)), (24, b.finished(VERIFIES)), WELL, MITIGATED, MONITORING)
    assert recorded(ordered(story(*looked), 32), ev.Verified)


def test_a_look_that_came_too_early_is_taken_once_more_after_the_symptoms_stop() -> None:
    early = (*DONE, (23, ev.StepStarted(run=VERIFIES)), (24, b.finished(VERIFIES, met=False)))
    assert "down#4" not in runs(ordered(story(*early), 25))
    over = (*early, WELL, MITIGATED, MONITORING)
    assert recover.verification(PAGE, story(*over)) == (False, "step 4 looked after the change and it is not well")
    assert runs(ordered(story(*over), 32)).count("down#4") == 1
    third = b.run("down#4", 3, changing=False, script="curl health", environment=())
    twice = (*over, (33, ev.StepStarted(run=third)), (34, b.finished(third, met=False)))
    assert "down#4" not in runs(ordered(story(*twice), 35))


def test_a_change_from_another_runbook_is_verified_by_its_own_look() -> None:
    looked = story(*DONE, WELL, MITIGATED, MONITORING)
    elsewhere = b.incident((0, b.declared()), (0, leads("pay")), *DONE)
    assert "down#4" in runs(ordered(elsewhere, 32))
    assert recover.verification(PAGE, looked) == (False, "step 4 has not verified it yet")


def test_without_a_step_that_verifies_the_stopped_symptoms_are_the_proof() -> None:
    restart = b.run("pay#2", script="keeper restart pay", environment=())
    lines = ((1, ev.ApprovalAsked(run=restart, why="x")), (2, ev.StepStarted(run=restart)), (3, b.finished(restart)))
    assert recover.verification(PAGE, story(*lines))[0] is True
    assert recover.verification(PAGE, story()) == (True, "it ended without a change of ours")
    gone = b.run("nowhere#1")
    lost = ((1, ev.ApprovalAsked(run=gone, why="x")), (2, ev.StepStarted(run=gone)), (3, b.finished(gone)))
    assert recover.verification(PAGE, story(*lost))[0] is True


VERIFIED = (40, ev.Verified(why="well"))

ENDINGS = [
    (639, False, True, "not before ten quiet minutes"),
    (640, True, False, "ten minutes after it was verified"),
]


@pytest.mark.parametrize(("now", "resolved", "wakes", "because"), ENDINGS, ids=[e[3] for e in ENDINGS])
def test_it_resolves_itself_when_it_has_stayed_well(now, resolved, wakes, because) -> None:
    found = ordered(story((5, "ana", ev.HypothesisSet(text="the cache")), WELL, MITIGATED, MONITORING, VERIFIED), now)
    assert [e.root_cause for e in recorded(found, ev.Resolved)] == (["the cache"] if resolved else []), because
    assert (WakeAt(at=b.seconds(640), why="resolve") in found) is wakes


def test_it_does_not_resolve_while_a_change_is_under_way_or_in_question() -> None:
    lines = (*APPROVED, (21, ev.StepStarted(run=ASKED)), WELL, MITIGATED, MONITORING)
    assert recorded(ordered(story(*lines), 5000), ev.Verified) == []
    unknown = (*lines, (32, ev.OutcomeUnknown(run=ASKED.id, step="down#3", why="died")))
    assert recorded(ordered(story(*unknown), 5000), ev.Resolved) == []


def test_a_symptom_that_comes_back_takes_back_that_it_was_over() -> None:
    back = (50, ev.SignalSeen(signal=b.signal(at=b.seconds(50))))
    relapsed = story(WELL, MITIGATED, MONITORING, VERIFIED, back)
    assert (relapsed.mitigated_at, relapsed.verified_at, relapsed.status) == (None, None, Status.INVESTIGATING)


def test_a_finished_change_makes_facts_old_but_keeps_what_is_known_of_the_deploy() -> None:
    lines = (*DONE[:1], (1, facts(Fact(name="oom.killed", kind="bool", value=True))), *DONE[1:])
    assert set(story(*lines).facts) == {"deploy.age", "deploy.previous"}


def test_no_new_change_is_offered_once_the_trouble_is_over() -> None:
    quiet = b.handbook(runbooks=(b.runbook("pay", steps=(b.RESTART,)),))
    assert asks(ordered(story(runbook="pay"), page=quiet))
    assert asks(ordered(story(WELL, MITIGATED, MONITORING, runbook="pay"), 32, page=quiet)) == []


def test_nothing_moves_in_a_resolved_incident() -> None:
    assert ordered(story(*APPROVED, (30, "ana", ev.Resolved(why="over", root_cause=""))), 31) == []


def test_a_look_that_needs_a_value_waits_for_it() -> None:
    look = b.step("ip#1", parameters=(b.Parameter(name="ip", variable="FF_IP", kind="ip", place=b.HERE),))
    page = b.handbook(runbooks=(b.runbook("ip", steps=(look,)),))
    assert runs(ordered(story(runbook="ip"), page=page)) == []
    found = ordered(
        story((1, facts(Fact(name="top.first", kind="string", value="192.0.2.7"))), runbook="ip"), page=page
    )
    assert [o.run.environment for o in found if isinstance(o, RunStep)] == [(("FF_IP", "192.0.2.7"),)]


def test_a_verifying_change_waits_for_a_change() -> None:
    late = b.step("late#1", changing=True, purpose=Purpose.VERIFY, mode=Mode.APPROVE)
    page = b.handbook(runbooks=(b.SHOP_DOWN, b.runbook("late", steps=(late,))))
    assert asks(ordered(story(runbook="late"), page=page)) == []


# --------------------------------------------------------------------------------------------------------------- goto


def gone(*lines: Any, goto: str, first_goto_from: int = 1) -> list[str]:
    steps = tuple(
        b.step(f"down#{n}", number=n, title=f"step {n}", goto=goto if n == first_goto_from else "") for n in range(1, 6)
    )
    page = b.handbook(runbooks=(replace(b.SHOP_DOWN, steps=steps), b.PAY_DOWN))
    state = b.incident((0, b.declared()), *lines)
    return [step.id for _, step in respond.path(page, state, page.runbooks[0])]


def ran(step_id: str, *, met: bool = True) -> tuple[Any, ...]:
    run = b.run(step_id, changing=False)
    return ((1, ev.StepStarted(run=run)), (2, b.finished(run, met=met)))


PAY = [step.id for step in b.PAY_DOWN.steps]
GOTO = [
    ((), "down#4", ["down#1", "down#2", "down#3", "down#4", "down#5"], "a step that has not run leads nowhere"),
    (ran("down#1"), "down#4", ["down#1", "down#4", "down#5"], "what lies between is left out"),
    (ran("down#1", met=False), "down#4", ["down#1", "down#2", "down#3", "down#4", "down#5"], "without success neither"),
    (ran("down#1"), "down#1", ["down#1", "down#2", "down#3", "down#4", "down#5"], "never backwards"),
    (ran("down#1"), "pay", ["down#1", *PAY], "another runbook leads from there"),
    (ran("down#1"), "gone", ["down#1", "down#2", "down#3", "down#4", "down#5"], "what is not there is not gone to"),
]


@pytest.mark.parametrize(("lines", "goto", "steps", "because"), GOTO, ids=[g[3] for g in GOTO])
def test_a_step_that_ran_well_may_lead_elsewhere(lines, goto, steps, because) -> None:
    assert gone(*lines, goto=goto) == steps, because


def test_a_value_comes_from_a_person_then_the_fact_then_the_page_s_default() -> None:
    wanted = replace(b.PREVIOUS, name="count", source="disk.used", default="3")
    step = replace(b.ROLL_BACK, parameters=(wanted,))
    bare = b.incident((0, b.declared()))
    assert respond.value_of(bare, step, "count") == "3"
    known = b.incident(
        (0, b.declared()), (1, ev.FactsFound(facts=(Fact(name="disk.used", kind="int", value=9),), source="df"))
    )
    assert respond.value_of(known, step, "count") == "9"
    said = b.incident((0, b.declared()), (1, "ana", ev.ParameterSet(step=step.id, name="count", value="7")))
    assert respond.value_of(said, step, "count") == "7"
