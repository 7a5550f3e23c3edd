"""Severity: what a first signal is graded, and how many reports raise it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from firstfive.handbook.compile import compile_vault
from firstfive.incident import events as ev
from firstfive.incident.signals import SignalKind
from firstfive.incident.triage import Declare, Ignore, Join, fullest_window, grade, surge, title_of, triage
from incident import builders as b
from page import NAME, original_page

PAGE = b.handbook()

GRADES = [
    # symptom, changes of the signal, level, words of the reason, why this row
    ("pay.1", {}, 2, "the page says so in 3.2", "a runbook that names its severity decides"),
    (
        "down.2",
        {"subject": "web", "text": "Restarting"},
        1,
        "crashloop",
        "a restarting container shares the matrix's own word",
    ),
    ("down.1", {}, 1, "Sev 1", "a health address that fails counts as down"),
    (
        "down.3",
        {"subject": "var/web.log", "text": "Missing env var"},
        1,
        "web",
        "the log's source names the container of an example",
    ),
    ("", {"subject": "mail", "text": "sending broken"}, 2, "mail", "no runbook: the words of the signal are enough"),
    (
        "",
        {"subject": "zzz", "text": "qqq"},
        1,
        "no row of the matrix matches",
        "nothing matches: the worst, and it is said",
    ),
    (
        "",
        {"kind": SignalKind.REPORT, "subject": "report", "text": "a customer misses one invoice"},
        3,
        "Sev 3",
        "one person's report is isolated until more arrive",
    ),
]


MATRIX = tuple(
    replace(row, examples=examples)
    for row, examples in zip(
        b.SEVERITIES,
        (("Backend container in crashloop", "Mongo unreachable"), ("Email broken", "Redis disk full"), (), ()),
        strict=True,
    )
)
NAMED = [
    # the runbook's title, the symptom, level, why this row
    ("Redis unreachable", "pay.1", 2, "the row that names Redis, not the one that is unreachable too"),
    ("Mongo unreachable", "pay.1", 1, "both words stand in one row"),
    ("Backend down", "down.1", 1, "a backend that is down"),
]


@pytest.mark.parametrize(("title", "symptom", "level", "because"), NAMED, ids=[n[3] for n in NAMED])
def test_what_a_runbook_is_named_after_counts_more_than_the_state_it_is_in(title, symptom, level, because) -> None:
    page = b.handbook(severities=MATRIX)
    found = page.symptom(symptom)
    assert found is not None
    runbook = replace(found[0], title=title, severity=None)
    signal = b.signal(symptom, subject="nickapp-backend", text="ENOTFOUND")
    graded, why = grade(page, signal, runbook, found[1])
    assert graded == level, f"{because}: {why}"


@pytest.mark.parametrize(("symptom", "changes", "level", "reason", "because"), GRADES, ids=[g[4] for g in GRADES])
def test_a_first_signal_is_graded_by_the_page(
    symptom: str, changes: dict, level: int, reason: str, because: str
) -> None:
    signal = b.signal(symptom, **changes)
    found = PAGE.symptom(symptom) if symptom else None
    runbook, known = found or (None, None)
    graded, why = grade(PAGE, signal, runbook, known)
    assert (graded, reason in why) == (level, True), f"{because}: {why}"


def test_without_a_matrix_the_worst_is_assumed_and_said() -> None:
    assert grade(b.handbook(severities=()), b.signal(), None, None) == (
        1,
        "the page has no severity matrix, so the worst level is assumed",
    )


def test_a_title_is_one_short_line() -> None:
    long = b.signal(kind=SignalKind.REPORT, text="x\n" * 200)
    assert title_of(long, None).startswith("Report: x x")
    assert len(title_of(long, None)) <= 90
    assert title_of(b.signal(), b.SHOP_DOWN) == "Shop down: subject of down.1 answers 502"
    assert title_of(b.signal(), None) == "subject of down.1 answers 502"
    assert title_of(replace(b.signal(), host="db"), b.SHOP_DOWN) == "Shop down: subject of down.1 answers 502 on db"


OPEN = b.incident((0, b.declared()), (0, ev.SignalSeen(signal=b.signal())))

TRIAGE = [
    (b.signal(), (OPEN,), Join, "the same trouble again belongs to the incident that holds it"),
    (b.signal(firing=False), (OPEN,), Join, "that it is well again belongs there too"),
    (b.signal("pay.1"), (OPEN,), Join, "another symptom joins what is open"),
    (b.signal("pay.1", firing=False), (OPEN,), Ignore, "a symptom that is well and nobody holds says nothing"),
    (b.signal(firing=False), (), Ignore, "nothing is open and nothing is wrong"),
    (b.signal("pay.1"), (), Declare, "trouble with nothing open declares"),
    (b.signal("", subject="queue", text="stuck"), (), Declare, "trouble the page does not know declares as well"),
]


@pytest.mark.parametrize(("signal", "live", "verdict", "because"), TRIAGE, ids=[t[3] for t in TRIAGE])
def test_a_signal_goes_where_it_belongs(signal, live, verdict, because) -> None:
    assert isinstance(triage(PAGE, signal, live, policy=b.POLICY, now=b.seconds(30)), verdict), because


MINUTES = timedelta(minutes=5)

CROWDS = [
    ([0.0] * 10, 1, 10, False, "ten are not more than ten"),
    ([0.0] * 11, 1, 11, True, "the eleventh in the same second raises"),
    ([30.0 * n for n in range(11)], 1, 11, True, "eleven spread over exactly five minutes are inside it"),
    ([30.0 * n for n in range(10)] + [300.001], 1, 10, False, "a thousandth of a second outside the window"),
    (
        [1000.0, *[float(n) for n in range(10)], 5.5],
        1,
        11,
        True,
        "order of arrival does not matter, nor a late straggler",
    ),
    ([60.0 * n for n in range(40)], 1, 6, False, "forty in forty minutes are a trickle"),
    ([], 1, 0, False, "nobody reports"),
]


@pytest.mark.parametrize(("times", "by", "most", "raised", "because"), CROWDS, ids=[c[4] for c in CROWDS])
def test_many_reports_in_any_five_minutes_raise_severity_once(times, by, most, raised, because) -> None:
    reports = [(at, "someone", ev.ReportReceived(text="down", reporter="someone")) for at in times]
    incident = b.incident((0, b.declared(3)), *reports)
    assert fullest_window(incident.reports, MINUTES) == most, because
    found = surge(PAGE, incident)
    assert (found is not None) is raised, because
    if found is not None:
        assert found[0] == 3 - by
        assert f"{most} reports inside 5 minutes" in found[1]


def test_a_surge_counts_once_and_never_beyond_the_worst_level() -> None:
    crowd = [(0, "x", ev.ReportReceived(text="down", reporter="x"))] * 11
    once = b.incident((0, b.declared(3)), *crowd, (1, ev.SeverityChanged(level=2, why="surge")))
    assert surge(PAGE, once) is None
    by_hand = b.incident((0, b.declared(4)), *crowd, (1, "ana", ev.SeverityChanged(level=3, why="I think so")))
    assert surge(PAGE, by_hand) == (2, surge(PAGE, by_hand)[1])
    assert surge(PAGE, b.incident((0, b.declared(1)), *crowd)) is None
    assert surge(b.handbook(surge=None), b.incident((0, b.declared(3)), *crowd)) is None


def test_a_log_s_name_does_not_grade_what_was_seen_in_it() -> None:
    """The page's abuse is no backend that is down because its signs stand in the backend's log."""
    page = compile_vault({NAME: original_page()}, main=None)
    runbook = next(r for r in page.runbooks if r.number == "3.7")
    symptom = runbook.symptoms[1]
    seen = b.signal(symptom.id, kind=SignalKind.LOG, subject="nickapp-backend", text="rate limit exceeded")
    level, why = grade(page, seen, runbook, symptom)
    assert (level, "keeps Sev 1 for when user data may have leaked" in why) == (2, True), why
