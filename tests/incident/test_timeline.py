"""The one door for people, and the fold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from firstfive.errors import Exit, Refused
from firstfive.incident import events as ev
from firstfive.incident.records import Status
from firstfive.incident.timeline import accept, fold, repeats, step_on
from incident import builders as b

RUN = b.run()
ASKED = ev.ApprovalAsked(run=RUN, why="x")
HUNGRY = ev.ApprovalAsked(run=RUN, why="x", missing=("previous-version",))
OPEN = ((0, b.declared()),)
WAITS = (*OPEN, (1, ASKED))
STARTED = (
    *WAITS,
    (2, "ana", ev.Approved(run=RUN.id, sha256=RUN.sha256)),
    (3, ev.StepStarted(run=RUN, approved_by="ana")),
)
LOST = (*STARTED, (4, ev.OutcomeUnknown(run=RUN.id, step="down#3", why="died")))
CLOSED = (*WAITS, (9, "ana", ev.Resolved(why="over", root_cause="")))
YES = ev.Approved(run=RUN.id, sha256=RUN.sha256)
OVER = ev.Resolved(why="over", root_cause="x")

DOOR = [
    ((), ev.Noted(text="x"), "there is no incident", "nothing is written of what does not exist"),
    (WAITS, YES, None, "what waits may be approved"),
    (WAITS, ev.Approved(run=RUN.id, sha256="0" * 64), "other bytes", "only the bytes that wait"),
    (WAITS, ev.Approved(run="INC-1.down.3.9", sha256="x"), "no run", "only a run that exists"),
    (((*OPEN, (1, HUNGRY))), YES, "previous-version", "not while a value is missing"),
    (STARTED, YES, "it is started", "not twice"),
    (CLOSED, YES, "already resolved", "not after the end"),
    (WAITS, ev.Declined(run=RUN.id, why="no"), None, "what waits may be declined"),
    (STARTED, ev.Declined(run=RUN.id, why="no"), "it is started", "but not once it began"),
    (LOST, ev.OutcomeSettled(run=RUN.id, step="", ran=True, note=""), None, "an unknown outcome may be settled"),
    (STARTED, ev.OutcomeSettled(run=RUN.id, step="", ran=True, note=""), "not in question", "a known one may not"),
    (WAITS, ev.OutcomeSettled(run="zzz", step="", ran=True, note=""), "not in question", "nor one that never was"),
    (WAITS, OVER, None, "a person may say that it is over"),
    (STARTED, OVER, "still running", "not while a change is running"),
    (LOST, OVER, "outcome is unknown", "nor while nobody knows what it did"),
    (CLOSED, OVER, "already resolved", "nor twice"),
    (CLOSED, ev.StepRequested(step="down#3"), "already resolved", "nothing is begun any more, so nothing is promised"),
    (CLOSED, ev.UpdateAsked(text="x"), "already resolved", "no update after the last word"),
    (CLOSED, ev.Acknowledged(responder="ben"), "already resolved", "no acknowledgement after the end"),
    (OPEN, ev.Acknowledged(responder="ben"), None, "anyone may take it"),
    (OPEN, ev.HypothesisSet(text="  "), "no text", "a hypothesis says something"),
    (OPEN, ev.Noted(text=""), "no text", "a note says something"),
    (OPEN, ev.UpdateAsked(text="\n"), "no text", "an update says something"),
    (OPEN, ev.SeverityChanged(level=2, why=" "), "needs its reason", "a new severity says why"),
    (OPEN, ev.SeverityChanged(level=2, why="half of it works"), None, "with its reason it may fall"),
    (CLOSED, ev.Noted(text="seen later"), None, "remarks may come after the end"),
    (CLOSED, ev.PublicUpdate(status="resolved", text="x"), None, "the public hears of the end after it"),
    (((0, b.declared(drill=True)),), ev.PublicUpdate(status="monitoring", text="x"), "is a drill", "not of a drill"),
]


@pytest.mark.parametrize(("lines", "event", "refusal", "because"), DOOR, ids=[d[3] for d in DOOR])
def test_the_door_takes_or_refuses_with_its_reason(lines, event, refusal, because) -> None:
    state = b.incident(*lines)
    if refusal is None:
        assert accept(state, event, b.seconds(20)) is event, because
        return
    with pytest.raises(Refused) as refused:
        accept(state, event, b.seconds(20))
    assert refusal in refused.value.what, because


def test_a_missing_value_answers_that_approval_is_still_needed() -> None:
    with pytest.raises(Refused) as refused:
        accept(b.incident(*OPEN, (1, HUNGRY)), YES, b.seconds(2))
    assert refused.value.exit_code is Exit.NEEDS_APPROVAL


FOLDS = [
    (STARTED, lambda s: s.status, Status.MITIGATING, "a change under way is mitigating"),
    (STARTED, lambda s: s.attempts[RUN.id].approved_by, "ana", "who approved stays with the run"),
    (LOST, lambda s: s.attempts[RUN.id].state, "unknown", "nobody knows"),
    (
        (*LOST, (5, "ana", ev.OutcomeSettled(run=RUN.id, step="", ran=False, note="no trace"))),
        lambda s: (s.attempts[RUN.id].state, s.changed_seq),
        ("declined", 0),
        "what did not run changed nothing",
    ),
    (
        (*LOST, (5, "ana", ev.OutcomeSettled(run=RUN.id, step="", ran=True, note="it did"))),
        lambda s: (s.attempts[RUN.id].state, s.changed_seq),
        ("finished", 6),
        "what ran, changed",
    ),
    (
        (*OPEN, (1, b.finished(RUN)), (2, YES), (3, ev.Declined(run="x", why="y"))),
        lambda s: dict(s.attempts),
        {},
        "an outcome of a run nobody began is kept and changes nothing",
    ),
    (
        (*OPEN, (1, ev.NoticeFailed(kind="initial", number=1, channel="#x", why="y")), (2, ev.Noted(text="n"))),
        lambda s: (s.notices, s.seq),
        ((), 3),
        "some facts are only told",
    ),
    (
        (*OPEN, (1, ev.PostmortemFailed(why="full")), (2, ev.PostmortemWritten(path="p", sha256="s", due=None))),
        lambda s: (s.postmortem.path, s.postmortem_why_not),
        ("p", ""),
        "a later success forgets the failure",
    ),
    (
        (*OPEN, (1, ev.StepSkipped(step="down#3", why="old")), (2, "ana", ev.StepRequested(step="down#3"))),
        lambda s: (dict(s.skipped), dict(s.requested)),
        ({}, {"down#3": 3}),
        "asking for a step takes back that it was skipped",
    ),
    (
        (*OPEN, (1, "ana", ev.Acknowledged(responder="ana")), (9, "ben", ev.Acknowledged(responder="ben"))),
        lambda s: (s.acknowledged_by, s.acknowledged_at),
        ("ben", b.seconds(1)),
        "the first answer counts, the last one has it",
    ),
    (
        (*WAITS, (2, "ana", OVER)),
        lambda s: s.waiting(),
        (),
        "what nobody can answer any more waits for nobody",
    ),
    (
        (*STARTED, (4, ev.StepNotBegun(run=RUN.id, step="down#3", target="local", why="away"))),
        lambda s: (s.status, s.attempts[RUN.id].state, s.attempts[RUN.id].why),
        (Status.INVESTIGATING, "expired", "away"),
        "a change that could not begin mitigates nothing",
    ),
    (
        (),
        lambda s: (s.started_at, s.value("x"), s.waiting()),
        (None, None, ()),
        "an empty timeline is an empty incident",
    ),
]


@pytest.mark.parametrize(("lines", "read", "expected", "because"), FOLDS, ids=[f[3] for f in FOLDS])
def test_the_fold_says_what_happened(lines, read, expected, because) -> None:
    made = b.entries(lines)
    state = fold("INC-1", made)
    assert read(state) == expected, because
    stepped = fold("INC-1", made[:1])
    for entry in made[1:]:
        stepped = step_on(stepped, entry)
    assert stepped == state


GIVEN = (*WAITS, (2, "ana", YES))

REPEATS = [
    (OPEN, ev.Acknowledged(responder="ana"), "ana", False, "the first time is news"),
    (
        (*OPEN, (1, "ana", ev.Acknowledged(responder="ana"))),
        ev.Acknowledged(responder="ana"),
        "ana",
        True,
        "a second click",
    ),
    (
        (*OPEN, (1, "ana", ev.Acknowledged(responder="ana"))),
        ev.Acknowledged(responder="ben"),
        "ben",
        False,
        "somebody else",
    ),
    ((*OPEN, (1, "ana", ev.HypothesisSet(text="x"))), ev.HypothesisSet(text="x"), "ana", True, "the same thought"),
    (WAITS, YES, "ana", False, "the first yes"),
    (GIVEN, YES, "ana", True, "the same yes again"),
    (GIVEN, YES, "ben", False, "another person's yes"),
    (GIVEN, ev.Approved(run=RUN.id, sha256="0" * 64), "ana", False, "a yes to other bytes"),
    (
        (*GIVEN, (700, ev.ApprovalExpired(run=RUN.id))),
        YES,
        "ana",
        False,
        "a yes to what has expired must not look like one",
    ),
    (OPEN, YES, "ana", False, "a yes to nothing"),
    ((*OPEN, (1, "ana", ev.Noted(text="x"))), ev.Noted(text="x"), "ana", False, "a remark may be made twice"),
]


@pytest.mark.parametrize(("lines", "event", "by", "again", "because"), REPEATS, ids=[r[4] for r in REPEATS])
def test_saying_it_again_is_known_from_saying_it(lines, event, by, again, because) -> None:
    assert repeats(b.incident(*lines), event, by, b.T0 + timedelta(seconds=60)) is again, because


TWO = (*OPEN, (1, ev.ApprovalAsked(run=RUN, why="", people=2)))
ONE_OF_TWO = (*TWO, (2, "ana", YES))


@pytest.mark.parametrize(
    ("event", "by", "seconds", "again", "because"),
    [
        (YES, "ana", 3, True, "a second click while another person is waited for"),
        (YES, "Ana ", 3, True, "however it is written"),
        (YES, "ana", 602, False, "the first one does not count any more"),
        (replace(YES, alone="ben sleeps"), "ana", 3, False, "it says why one is enough"),
        (YES, "ben", 3, False, "the second person"),
    ],
)
def test_one_of_two_who_says_yes_again_says_nothing_new(event, by, seconds, again, because) -> None:
    assert repeats(b.incident(*ONE_OF_TWO), event, by, b.T0 + timedelta(seconds=seconds)) is again, because


def test_the_fingerprint_of_a_signal_is_about_what_and_not_when() -> None:
    one = b.signal(text="502", at=b.seconds(1))
    assert one.fingerprint == b.signal(text="503", at=b.seconds(2), firing=False).fingerprint
    assert one.fingerprint != b.signal("down.2").fingerprint
    assert len(one.fingerprint) == 16
