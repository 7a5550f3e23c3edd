"""The last look before a change begins: a live approval of exactly this run, unused, on an incident that goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstfive.engine.steps import allowed
from firstfive.incident import events as ev
from incident import builders as b

RUN = b.run()
ASKED = (1, ev.ApprovalAsked(run=RUN, why="x"))
YES = (2, "ana", ev.Approved(run=RUN.id, sha256=RUN.sha256))
BEGUN = (3, ev.StepStarted(run=RUN, approved_by="ana"))

ROWS = [
    # what stands on the timeline, what is to begin, seconds, may it, why this row
    ((ASKED, YES), RUN, 3, True, "approved"),
    ((ASKED,), RUN, 3, False, "only asked for"),
    ((ASKED, YES), RUN, 601, True, "just within ten minutes"),
    ((ASKED, YES), RUN, 602, False, "ten minutes after"),
    ((ASKED, YES), replace(RUN, script="rm -rf /"), 3, False, "other bytes under the same id"),
    ((ASKED, YES), replace(RUN, target="elsewhere"), 3, False, "another target"),
    ((ASKED, YES), replace(RUN, environment=(("FF_IP", "203.0.113.9"),)), 3, False, "another value"),
    ((ASKED, YES, BEGUN), RUN, 4, False, "it began already"),
    ((ASKED, YES, BEGUN, (4, b.finished(RUN))), RUN, 5, False, "it ran already"),
    ((ASKED, (2, "ana", ev.Declined(run=RUN.id, why="no"))), RUN, 3, False, "declined"),
    ((ASKED, YES, (3, ev.ApprovalExpired(run=RUN.id))), RUN, 4, False, "withdrawn"),
    ((ASKED, YES, (3, "ana", ev.Resolved(why="over", root_cause=""))), RUN, 4, False, "the incident is over"),
    (
        (ASKED, YES, (3, ev.JournalRestored(epoch=1, why="a copy was put back"))),
        RUN,
        4,
        False,
        "the journal was restored",
    ),
    ((), RUN, 3, False, "nobody was ever asked"),
]


@pytest.mark.parametrize(("told", "run", "at", "may", "because"), ROWS, ids=[row[4] for row in ROWS])
def test_a_change_begins_only_on_a_live_approval_of_exactly_this(told, run, at, may, because) -> None:
    state = b.incident((0, b.declared()), *told)
    assert allowed(state, state.attempts.get(run.id), run, b.seconds(at)) is may, because


def test_of_two_yeses_the_older_one_counts_ten_minutes_too() -> None:
    two = (1, ev.ApprovalAsked(run=RUN, why="x", people=2))
    yes = ev.Approved(run=RUN.id, sha256=RUN.sha256)
    state = b.incident((0, b.declared()), two, (2, "ana", yes), (600, "ben", yes))
    attempt = state.attempts[RUN.id]
    assert (allowed(state, attempt, RUN, b.seconds(601)), allowed(state, attempt, RUN, b.seconds(602))) == (True, False)
