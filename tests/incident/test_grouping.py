"""Where a signal goes when something is open already: one incident a group, silences, the backlog."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from firstfive.errors import FirstfiveError
from firstfive.handbook.model import Cause, Deadline, ResponseTime
from firstfive.incident import events as ev
from firstfive.incident.policy import Policy
from firstfive.incident.signals import SignalKind
from firstfive.incident.timeline import Incident
from firstfive.incident.triage import Declare, Ignore, Join, Shelve, Silenced, raised, triage
from firstfive.incident.triage.silences import Silence, matching, read_matcher
from incident import builders as b

PAGE = b.handbook()
POLICY = Policy(one_fault=timedelta(minutes=2), unnamed_joins=timedelta(minutes=10))


def opened(symptom: str = "down.1", *, host: str = "", at: float = 0, name: str = "INC-1", drill: bool = False):
    declared = replace(b.declared(), drill=drill)
    signal = b.signal(symptom, host=host)
    return replace(b.incident((at, declared), (at, ev.SignalSeen(signal=signal))), id=name)


WEB = opened()
UNNAMED = replace(b.incident((0, b.declared())), id="INC-2")

GROUPS = [
    # signal, open, seconds later, verdict, words of the reason, why this row
    (b.signal("down.3"), (WEB,), 3600, Join, "same runbook", "another symptom of the same runbook is the same trouble"),
    (
        b.signal("down.3", host="db1"),
        (WEB,),
        30,
        Declare,
        "",
        "the same runbook on another host is another trouble, however close in time",
    ),
    (b.signal("pay.1"), (WEB,), 119, Join, "many faces", "inside two minutes one fault shows many faces"),
    (b.signal("pay.1"), (WEB,), 121, Declare, "", "another runbook later is an incident of its own"),
    (b.signal("", subject="q"), (WEB,), 599, Join, "no runbook", "what the page does not know joins for ten minutes"),
    (b.signal("", subject="q"), (WEB,), 601, Declare, "", "and declares after that"),
    (
        b.signal("pay.1"),
        (UNNAMED,),
        300,
        Join,
        "points to no runbook yet",
        "an incident without a runbook takes the first",
    ),
    (b.signal("", runbook="pay", subject="alert"), (WEB,), 300, Declare, "", "a sender may name the runbook itself"),
    (b.signal("pay.1"), (opened(drill=True),), 10, Declare, "", "a drill takes in nothing that was not seen by it"),
    (b.signal("pay.1", firing=False), (WEB,), 10, Ignore, "it is well", "what is well and held by nobody says nothing"),
]


@pytest.mark.parametrize(("signal", "live", "later", "kind", "words", "because"), GROUPS, ids=[g[5] for g in GROUPS])
def test_one_incident_a_group(signal, live, later, kind, words, because) -> None:
    verdict = triage(PAGE, signal, live, policy=POLICY, now=b.seconds(later))
    assert isinstance(verdict, kind), f"{because}: {verdict}"
    assert words in verdict.why


def test_a_runbook_that_the_page_calls_a_cause_of_another_is_one_group_with_it() -> None:
    first, *rest = b.SHOP_DOWN.steps
    known = replace(first, causes=(Cause(text="payments hang", see="3.2", place=b.HERE),))
    page = b.handbook(runbooks=(replace(b.SHOP_DOWN, steps=(known, *rest)), *b.handbook().runbooks[1:]))
    verdict = triage(page, b.signal("pay.1"), (WEB,), policy=POLICY, now=b.seconds(3600))
    assert isinstance(verdict, Join)
    assert "cause of the other" in verdict.why
    back = triage(page, b.signal("down.1"), (opened("pay.1"),), policy=POLICY, now=b.seconds(3600))
    assert isinstance(back, Join), "both ways"


def test_what_a_drill_caused_goes_to_the_drill_and_nowhere_else() -> None:
    drill = opened(drill=True, name="INC-7")
    ours = triage(PAGE, b.signal("down.3"), (WEB, drill), policy=POLICY, now=b.seconds(9), drill=True)
    assert isinstance(ours, Join)
    assert ours.incident == "INC-7"
    alone = triage(PAGE, b.signal("down.3"), (WEB,), policy=POLICY, now=b.seconds(9), drill=True)
    assert isinstance(alone, Declare), "a real incident takes in nothing of a drill"


def graded(level: int, *, by: str = "") -> Incident:
    more = ((1, by, ev.SeverityChanged(level=level, why="as I see it")),) if by else ()
    declared = replace(b.declared(), level=level)
    return b.incident((0, declared), (0, ev.SignalSeen(signal=b.signal("pay.1"))), *more)


RAISED = [
    # the incident, the signal, the level it brings, why this row
    (graded(3), b.signal("down.1"), 1, "the worse symptom of another runbook"),
    (graded(1), b.signal("down.1"), None, "nothing is worse than the worst"),
    (graded(3), b.signal("down.1", firing=False), None, "what is well brings nothing"),
    (graded(3), b.signal("", subject="x"), None, "only the page's own symptoms count"),
    (graded(3, by="sam"), b.signal("down.1"), None, "what a person graded stays"),
]


@pytest.mark.parametrize(("state", "signal", "level", "because"), RAISED, ids=[r[3] for r in RAISED])
def test_a_worse_symptom_that_joins_raises_the_severity(state, signal, level, because) -> None:
    found = raised(PAGE, state, signal)
    assert (found[0] if found else None) == level, because


def test_the_newest_of_several_is_asked_first() -> None:
    verdict = triage(
        PAGE, b.signal("down.3"), (opened(name="INC-9"), opened(name="INC-3")), policy=POLICY, now=b.seconds(9)
    )
    assert isinstance(verdict, Join)
    assert verdict.incident == "INC-9"


def test_hygiene_goes_to_the_backlog_and_trouble_that_a_runbook_knows_does_not() -> None:
    backlog = ResponseTime(kind=Deadline.BACKLOG, text="backlog")
    page = b.handbook(severities=tuple(replace(s, response=backlog) if s.level == 4 else s for s in b.SEVERITIES))
    old = b.signal("matrix.4.1", subject="backup", text="newest is 30 h old")
    shelved = triage(page, old, (WEB,), policy=POLICY, now=b.seconds(5))
    assert isinstance(shelved, Shelve), shelved
    assert (shelved.level, "own example" in shelved.why) == (4, True)
    assert isinstance(triage(page, b.signal("down.1"), (), policy=POLICY, now=b.seconds(5)), Declare)


WORDS = [
    ("critical", {"critical": 2}, 2, "settings map"),
    ("SEV-2", {}, 2, "the sender says"),
    ("P1", {}, 1, "the sender says"),
    ("p9", {}, 1, "mapped to no level"),
    ("warning", {}, 1, "mapped to no level"),
]


@pytest.mark.parametrize(("word", "mapped", "level", "reason"), WORDS)
def test_a_sender_s_word_counts_as_far_as_the_page_or_the_team_maps_it(word, mapped, level, reason) -> None:
    alert = b.signal("", kind=SignalKind.ALERT, subject="zzz", text="qqq", severity=word)
    verdict = triage(PAGE, alert, (), policy=replace(POLICY, severity_words=mapped), now=b.seconds(1))
    assert isinstance(verdict, Declare)
    assert (verdict.level, reason in verdict.why) == (level, True), verdict.why


# ------------------------------------------------------------------------------------------------------------ silences


def silence(*matchers: str, minutes: int = 60, name: str = "s1", start: float = 0) -> Silence:
    return Silence(
        id=name,
        matchers=tuple(read_matcher(text) for text in matchers),
        starts=b.seconds(start),
        ends=b.seconds(start + minutes * 60),
        by="ann",
        comment="moving the database",
    )


ALERT = b.signal("", kind=SignalKind.ALERT, subject="redis:6379", labels=(("alertname", "RedisDown"), ("env", "prod")))

COVERED = [
    (("alertname=RedisDown",), True, "a label by its value"),
    (('alertname="RedisDown"', "env=prod"), True, "all matchers hold"),
    (("alertname=RedisDown", "env=dev"), False, "one does not hold"),
    (("alertname=~Redis.*",), True, "a pattern over the whole value"),
    (("alertname=~Redis",), False, "a pattern must match the whole value"),
    (("env!=dev",), True, "unequal"),
    (("env!~dev|prod",), False, "not like"),
    (("team=",), True, "a label that is not there is empty"),
    (("subject=redis:6379",), True, "the signal's own subject"),
    ((), False, "a silence without matchers covers nothing"),
]


@pytest.mark.parametrize(("matchers", "covered", "because"), COVERED, ids=[c[2] for c in COVERED])
def test_what_a_silence_covers(matchers, covered, because) -> None:
    assert (matching((silence(*matchers),), ALERT, b.seconds(5)) is not None) is covered, because


def test_a_silence_begins_and_ends_and_the_longest_is_named() -> None:
    short, long = silence("env=prod", minutes=1), silence("env=prod", minutes=9, name="s2")
    assert matching((short, long), ALERT, b.seconds(59)) == long
    assert matching((short,), ALERT, b.seconds(60)) is None
    assert matching((silence("env=prod", start=10),), ALERT, b.seconds(9)) is None


def test_what_is_silenced_is_not_acted_on_and_says_by_whom() -> None:
    verdict = triage(PAGE, ALERT, (), policy=POLICY, now=b.seconds(5), silences=(silence("env=prod"),))
    assert isinstance(verdict, Silenced)
    assert verdict.why == "silence s1 by ann covers it until 2026-11-23 04:00 UTC: moving the database"


def test_what_an_incident_already_holds_is_not_hidden_by_a_silence() -> None:
    held = replace(b.incident((0, b.declared()), (0, ev.SignalSeen(signal=ALERT))), id="INC-4")
    gone = replace(ALERT, firing=False)
    assert isinstance(
        triage(PAGE, gone, (held,), policy=POLICY, now=b.seconds(5), silences=(silence("env=prod"),)), Join
    )


@pytest.mark.parametrize("text", ["", "alertname", "=x", "a b=c", "x=~(", "x=~(a+)+", "x=~" + "a" * 500])
def test_what_is_no_matcher_is_refused_with_the_reason(text) -> None:
    with pytest.raises(FirstfiveError):
        read_matcher(text)
