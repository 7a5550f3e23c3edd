"""What a change needs before it may run: people, names, words, what comes first, and what is never done."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from firstfive.errors import Refused
from firstfive.handbook.model import Duty, DutyKind
from firstfive.incident import events as ev
from firstfive.incident import safety
from firstfive.incident.orders import Record
from firstfive.incident.policy import Policy
from firstfive.incident.respond import orders
from firstfive.incident.timeline import accept, undoable
from firstfive.shell.risk import Verdict
from incident import builders as b

RUN = b.run()
TWO = ev.ApprovalAsked(run=RUN, why="x", people=2, confirm="prod", first=())
YES = ev.Approved(run=RUN.id, sha256=RUN.sha256, confirm="prod")


def waiting(asked: ev.ApprovalAsked, *more, level: int = 1):
    return b.incident((0, b.declared(level)), (1, asked), *more)


def refused(state, event, *, at: float, by: str) -> str:
    with pytest.raises(Refused) as problem:
        accept(state, event, b.seconds(at), by=by)
    return f"{problem.value.what} | {problem.value.remedy}"


# ----------------------------------------------------------------------------------------------------------- two people


def test_two_different_people_approve_what_destroys() -> None:
    one = waiting(TWO, (2, "ana", YES))
    assert (one.attempts[RUN.id].state, one.attempts[RUN.id].approvals) == ("asked", (("ana", b.seconds(2)),))
    assert waiting(TWO, (2, "ana", YES), (3, " @ANA ", YES)).attempts[RUN.id].state == "asked", "the same person twice"
    both = waiting(TWO, (2, "ana", YES), (3, "ben", YES)).attempts[RUN.id]
    assert (both.state, both.approved_by) == ("approved", "ana, ben")
    late = waiting(TWO, (2, "ana", YES), (603, "ben", YES)).attempts[RUN.id]
    assert (late.state, late.approvals) == ("asked", (("ben", b.seconds(603)),)), "the first yes is too old"


ALONE = [
    # level, seconds after it was asked, what somebody else did and when, allowed, why this row
    (1, 301, None, True, "a severity 1, five minutes, nobody else"),
    (1, 299, None, False, "not before five minutes"),
    (2, 900, None, False, "only in a severity 1"),
    (1, 301, 250, False, "somebody else is at work"),
    (1, 900, 250, True, "somebody else was, ten minutes ago"),
]


@pytest.mark.parametrize(("level", "at", "other", "allowed", "because"), ALONE, ids=[a[4] for a in ALONE])
def test_one_alone_is_the_recorded_exception(level, at, other, allowed, because) -> None:
    more = ((other, "ben", ev.Noted(text="looking")),) if other is not None else ()
    state = waiting(TWO, *more, level=level)
    event = replace(YES, alone="nobody answers the phone")
    if allowed:
        assert accept(state, event, b.seconds(at + 1), by="ana") is event, because
        done = waiting(TWO, *more, (at + 1, "ana", event), level=level).attempts[RUN.id]
        assert (done.state, done.alone) == ("approved", "nobody answers the phone")
    else:
        assert "takes two people" in refused(state, event, at=at + 1, by="ana"), because


def test_the_name_of_what_is_destroyed_has_to_be_typed() -> None:
    said = refused(waiting(TWO), replace(YES, confirm="prdo"), at=2, by="ana")
    assert said == ("step down#3 destroys something on local, so its name has to be typed | type prod (--confirm prod)")


# ------------------------------------------------------------------------------------------------------ names and words


def test_only_those_whom_the_page_lets_may_approve() -> None:
    page = b.handbook()
    step = replace(b.ROLL_BACK, approve="role:on-call")
    assert safety.approvers(page, step) == ("ana", "ben")
    asked = ev.ApprovalAsked(run=RUN, why="x", who=("ana", "ben"))
    accept(waiting(asked), ev.Approved(run=RUN.id, sha256=RUN.sha256), b.seconds(2), by="@Ana")
    said = refused(waiting(asked), ev.Approved(run=RUN.id, sha256=RUN.sha256), at=2, by="mallory")
    assert said.startswith("the page lets ana or ben approve step down#3, not mallory")


APPROVERS = [
    ("role:payments", ("cleo",), "a part of a role's name is enough"),
    ("@ann,role:payments-lead", ("ann", "cleo"), "names and roles together"),
    ("role:nobody", (), "a role without a row binds nobody"),
    ("", (), "a step that says nothing"),
]


@pytest.mark.parametrize(("said", "names", "because"), APPROVERS, ids=[a[2] for a in APPROVERS])
def test_who_may_approve_is_read_off_the_page(said, names, because) -> None:
    assert safety.approvers(b.handbook(), replace(b.ROLL_BACK, approve=said)) == names, because


def test_a_contact_that_is_a_placeholder_binds_nobody() -> None:
    page = b.handbook(contacts=(b.contact("On-call engineer", "<name>", "—"),))
    assert safety.approvers(page, replace(b.ROLL_BACK, approve="role:on-call")) == ()


# ----------------------------------------------------------------------------------------------------------- what first

RESTORE = replace(
    b.step(
        "down#9", changing=True, title="Restore the dump", script="mongorestore --drop", bound="mongorestore --drop"
    ),
    verdict=Verdict.DESTRUCTIVE,
)


def duty(kind: DutyKind, text: str, when: str = "") -> Duty:
    return Duty(kind=kind, text=text, when=when, place=b.HERE)


PROOF = "running=$(docker ps -q --filter 'name=backend') && test -z \"$running\""
STOP = duty(DutyKind.PRECONDITION, "If you must restore, stop the backend container first", "you must restore")


def test_what_the_page_wants_first_is_asked_and_where_it_can_be_is_proved() -> None:
    runbook = replace(b.SHOP_DOWN, steps=(RESTORE, b.RESTART), duties=(STOP,))
    wants = safety.needs(b.handbook(), runbook, RESTORE, "prod")
    assert (wants.people, wants.confirm) == (2, "prod")
    assert [f.probe for f in wants.first] == [PROOF]
    assert "Incidents.md:7:1" in wants.first[0].text
    assert safety.needs(b.handbook(), runbook, b.RESTART, "prod").first == (), "another step of the runbook"


def test_what_comes_before_a_restore_does_not_come_before_a_restart() -> None:
    restart = replace(b.RESTART, title="Restart", script="docker compose up -d mongodb")
    when = "Mongo is corrupted and you must restore"
    duties = (duty(DutyKind.PRECONDITION, f"If {when}, stop the backend container first", when),)
    runbook = replace(b.SHOP_DOWN, title="MongoDB unreachable", steps=(RESTORE, restart), duties=duties)
    assert safety.needs(b.handbook(), runbook, restart, "prod").first == (), (
        "the runbook's own subject is in every step"
    )
    assert safety.needs(b.handbook(), runbook, RESTORE, "prod").first != ()


@pytest.mark.parametrize(
    ("docker", "proved"),
    [("exit 0", True), ("echo 5f3a", False), ("exit 1", False)],
    ids=["it is stopped", "it runs", "no engine answers"],
)
def test_what_comes_first_is_proved_only_by_an_engine_that_answers(docker: str, proved: bool, tmp_path: Path) -> None:
    fake = tmp_path / "docker"
    fake.write_text(f"#!/bin/sh\n{docker}\n")
    fake.chmod(0o755)
    ran = subprocess.run(["bash", "-c", PROOF], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    assert (ran.returncode == 0) is proved


def test_without_saying_so_nothing_that_comes_second_is_approved() -> None:
    asked = ev.ApprovalAsked(run=RUN, why="x", first=("stop the backend first",))
    event = ev.Approved(run=RUN.id, sha256=RUN.sha256)
    assert "stop the backend first" in refused(waiting(asked), event, at=2, by="ana")
    accept(waiting(asked), replace(event, affirmed=True), b.seconds(2), by="ana")


# ----------------------------------------------------------------------------------------------------------- what never

GUARD = duty(DutyKind.GUARD, "Consider PAY_DEMO_MODE=true so that tests work (do NOT do this for real money)")

FORBIDDEN = [
    ("sed -i s/x/PAY_DEMO_MODE=true/ .env", False, True, "the very words"),
    ("PAY_DEMO_MODE=false true", False, False, "the opposite is not forbidden"),
    ("sed -i 's/^PAY_DEMO_MODE=.*/PAY_DEMO_MODE=\"true\"/' .env", False, True, "in quotes it is the same value"),
    ("echo PAY_DEMO_MODE='true' >> .env", False, True, "so it is in other quotes"),
    ("export PAY_DEMO_MODE=TRUE", False, True, "and in capitals"),
    ("docker compose run -e PAY_DEMO_MODE=1 pay", False, True, "1 is read as true by many"),
    ("echo 'PAY_DEMO_MODE: yes' >> compose.yml", False, True, "a compose file says it with a colon"),
    ("sed -i 's/PAY_DEMO_MODE=false/PAY_DEMO_MODE=true/' .env", False, True, "what it was before does not excuse it"),
    ("sed -i 's/^PAY_DEMO_MODE=.*/PAY_DEMO_MODE=false/' .env", False, False, "turning it off is not forbidden"),
    ("sed -i '/PAY_DEMO_MODE/s/false/true/' .env", False, True, "what cannot be seen is not let through"),
    ("echo PAY_DEMO_MODE=$MODE >> .env", False, True, "nor a value that only the shell knows"),
    ("echo PAY_DEMO_MODE= >> .env", False, False, "an empty value is another one"),
    ('test "$PAY_DEMO_MODE" = true || docker restart pay', False, False, "asking for its value gives it none"),
    ('echo "${PAY_DEMO_MODE}" >> seen', False, False, "in braces as well"),
    ("OLD_PAY_DEMO_MODE=true docker restart pay", False, False, "another setting that ends alike"),
    ("echo hello", False, False, "something else"),
    ("export PAY_DEMO_MODE=true", True, False, "in a lab nothing is forbidden"),
]


@pytest.mark.parametrize(("script", "lab", "never", "because"), FORBIDDEN, ids=[f[3] for f in FORBIDDEN])
def test_what_the_page_forbids_is_never_offered(script, lab, never, because) -> None:
    step = b.step("pay#2", changing=True, title="Restart pay", script=script, bound=script)
    runbook = replace(b.PAY_DOWN, steps=(step,), duties=(GUARD,))
    page = b.handbook(runbooks=(b.SHOP_DOWN, runbook))
    state = b.incident((0, b.declared()), (1, "ana", ev.StepRequested(step="pay#2")))
    policy = Policy(labs=frozenset({"local"}) if lab else frozenset())
    found = [o.event for o in orders(page, policy, state, b.seconds(2)) if isinstance(o, Record)]
    refusals = [e for e in found if isinstance(e, ev.StepSkipped) and "the page forbids" in e.why]
    asked = [e for e in found if isinstance(e, ev.ApprovalAsked)]
    assert (bool(refusals), bool(asked)) == (never, not never), because


# ----------------------------------------------------------------------------------------------------------------- undo


def changed(*ids: str, undo: str = "git revert") -> tuple:
    lines = []
    for n, run_id in enumerate(ids):
        run = replace(RUN, id=run_id, undo=undo)
        lines += [
            (10 * n + 1, ev.ApprovalAsked(run=run, why="x")),
            (10 * n + 2, "ana", ev.Approved(run=run_id, sha256=run.sha256)),
        ]
        lines += [(10 * n + 3, ev.StepStarted(run=run)), (10 * n + 4, b.finished(run))]
    return tuple(lines)


def test_changes_are_taken_back_last_in_first_out_and_each_undo_is_approved() -> None:
    state = b.incident((0, b.declared()), *changed("INC-1.down.3.1", "INC-1.down.3.2"))
    assert undoable(state).run.id == "INC-1.down.3.2"
    said = refused(state, ev.UndoRequested(run="INC-1.down.3.1"), at=50, by="ana")
    assert said.startswith("the newest change goes first: INC-1.down.3.2")
    state = b.incident(
        (0, b.declared()),
        *changed("INC-1.down.3.1", "INC-1.down.3.2"),
        (50, "ana", ev.UndoRequested(run="INC-1.down.3.2")),
    )
    (asked,) = [
        o.event
        for o in orders(b.handbook(), b.POLICY, state, b.seconds(51))
        if isinstance(o, Record) and isinstance(o.event, ev.ApprovalAsked) and o.event.run.undoes
    ]
    assert (asked.run.script, asked.run.undoes, asked.run.id) == (
        "git revert",
        "INC-1.down.3.2",
        "INC-1.down.3.2.undo.1",
    )
    assert asked.run.sha256 != RUN.sha256, "an approval of the change is no approval of its undo"
    run = asked.run
    done = (
        (51, asked),
        (52, "ana", ev.Approved(run=run.id, sha256=run.sha256)),
        (53, ev.StepStarted(run=run)),
        (54, b.finished(run)),
    )
    after = b.incident(*[(float(n), e.by, e.event) for n, e in enumerate(state.entries)], *done)
    assert undoable(after).run.id == "INC-1.down.3.1", "the next one down"


@pytest.mark.parametrize(
    ("verdict", "people", "confirm", "because"),
    [
        (Verdict.CHANGING, 1, "", "taking back a change is a change"),
        (Verdict.UNKNOWN, 1, "", "what nobody knows is approved by one, as a step is"),
        (Verdict.DESTRUCTIVE, 2, "prod", "an undo that destroys is no smaller than a step that does"),
    ],
)
def test_an_undo_that_destroys_takes_two_people_and_the_typed_name(verdict, people, confirm, because) -> None:
    page = b.handbook()
    runbook, *others = page.runbooks
    steps = tuple(replace(s, undo="take it back", undo_verdict=verdict) for s in runbook.steps)
    page = replace(page, runbooks=(replace(runbook, steps=steps), *others))
    step = steps[-1]
    run = replace(RUN, id="INC-1.down.9.1", step=step.id, target="prod", undo="take it back", destructive=False)
    state = b.incident(
        (0, b.declared()),
        (1, ev.ApprovalAsked(run=run, why="x")),
        (2, "ana", ev.Approved(run=run.id, sha256=run.sha256)),
        (3, ev.StepStarted(run=run)),
        (4, b.finished(run)),
        (5, "ana", ev.UndoRequested(run=run.id)),
    )
    (asked,) = [
        o.event
        for o in orders(page, b.POLICY, state, b.seconds(6))
        if isinstance(o, Record) and isinstance(o.event, ev.ApprovalAsked) and o.event.run.undoes
    ]
    assert (asked.people, asked.confirm, asked.run.destructive) == (people, confirm, people == 2), because


def test_a_change_without_an_undo_cannot_be_taken_back() -> None:
    state = b.incident((0, b.declared()), *changed("INC-1.down.3.1", undo=""))
    assert undoable(state) is None
    assert "nothing to take back" in refused(state, ev.UndoRequested(run="INC-1.down.3.1"), at=50, by="ana")


STOPS = [
    (("nickapp-backend",), True, "the container that the page means"),
    (("nickapp-BACKEND",), True, "however it is spelt"),
    (("nickapp-redis",), False, "another one"),
    ((), False, "none"),
]


@pytest.mark.parametrize(("containers", "expected", "why"), STOPS, ids=[row[2] for row in STOPS])
def test_a_change_that_stops_what_has_to_be_stopped_does_it_itself(
    containers: tuple[str, ...], expected: bool, why: str
) -> None:
    first = safety.First(text="stop the backend container first", probe="true", stopped="backend")
    assert safety.stops(first, containers) is expected, why
    assert not safety.stops(safety.First(text="tell everybody"), containers), "no look proves it"
