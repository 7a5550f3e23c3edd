"""What shows while a change of ours runs grades and ranks nothing, unless it stays."""

from __future__ import annotations

import pytest

from firstfive.incident import events as ev
from firstfive.incident.decide import decide
from firstfive.incident.diagnose import rank
from firstfive.incident.orders import Record, WakeAt
from firstfive.incident.timeline import Incident
from firstfive.incident.triage.own_doing import SETTLES, own_doing
from incident import builders as b


def incident(*events: tuple[float, ev.Event]) -> Incident:
    """A severity 2 on payments; then the events at their seconds."""
    begun = [(0.0, b.declared(2)), (0.0, ev.SignalSeen(signal=b.signal("pay.1")))]
    return b.incident(*begun, *events)


RUN = b.run("pay#2", script="keeper restart pay", environment=())
ASKED = (1.0, ev.ApprovalAsked(run=RUN, why="a test"))
YES = (2.0, ev.Approved(run=RUN.id, sha256=RUN.sha256))
STARTED = (3.0, ev.StepStarted(run=RUN, approved_by="sam"))
ENDED = (6.0, b.finished(RUN))
DOWN = ev.SignalSeen(signal=b.signal("down.1"))
UP = ev.SignalSeen(signal=b.signal("down.1", firing=False))


def raised(state: Incident, at: float) -> int | None:
    """The level that the rules raise it to now."""
    for order in decide(b.handbook(), b.POLICY, state, b.seconds(at)):
        if isinstance(order, Record) and isinstance(order.event, ev.SeverityChanged):
            return order.event.level
    return None


ROWS = [
    # events, the second at which it is decided, the level it is raised to, why
    ([(2.5, DOWN)], 2.5, 1, "a worse symptom without a change of ours"),
    ([ASKED, YES, (2.5, DOWN), STARTED], 3, 1, "it began before the change"),
    ([ASKED, YES, STARTED, (4, DOWN)], 4, None, "the change runs"),
    ([ASKED, YES, STARTED, (4, DOWN), ENDED], 7, None, "the change has just ended"),
    ([ASKED, YES, STARTED, ENDED, (8, DOWN)], 8, None, "it began just after the change"),
    ([ASKED, YES, STARTED, (4, DOWN), ENDED], 26, 1, "it stayed: no mere restart"),
    ([ASKED, YES, STARTED, ENDED, (27, DOWN)], 27, 1, "it began long after the change"),
    ([ASKED, YES, STARTED, (4, DOWN), ENDED, (7, UP)], 60, None, "it is well again"),
]


@pytest.mark.parametrize(("events", "at", "level", "why"), ROWS, ids=[row[3] for row in ROWS])
def test_a_worse_symptom_raises_unless_it_is_ours(
    events: list[tuple[float, ev.Event]], at: float, level: int | None, why: str
) -> None:
    assert raised(incident(*events), at) == level, why


def test_it_is_looked_at_again_when_it_can_no_longer_be_ours() -> None:
    state = incident(ASKED, YES, STARTED, (4, DOWN), ENDED)
    wakes = [
        o.at
        for o in decide(b.handbook(), b.POLICY, state, b.seconds(7))
        if isinstance(o, WakeAt) and o.why == "severity"
    ]
    assert wakes == [b.seconds(6) + SETTLES]


def test_what_we_caused_leads_to_no_other_runbook() -> None:
    status = ev.SignalSeen(signal=b.signal("down.2"))
    ours = incident(ASKED, YES, STARTED, (4, DOWN), (4, status), ENDED)
    assert [r.runbook for r in rank(b.handbook(), ours)] == ["pay"]
    theirs = incident((2, DOWN), (2, status))
    assert {r.runbook for r in rank(b.handbook(), theirs)} == {"down", "pay"}


def test_a_second_time_without_us_counts() -> None:
    again = ev.SignalSeen(signal=b.signal("down.1", at=b.seconds(90)))
    state = incident(ASKED, YES, STARTED, (4, DOWN), ENDED, (7, UP), (90, again))
    assert own_doing(state, b.seconds(90)) == {}
    assert raised(state, 90) == 1
