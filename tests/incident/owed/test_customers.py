"""What customers are owed, who is reminded of it, and what must not end without it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from firstfive.handbook.model import Duty, DutyKind, Template, TemplateKind
from firstfive.incident import events as ev
from firstfive.incident.decide import decide
from firstfive.incident.orders import Record, Remind, SendNotice
from firstfive.incident.owed.customers import customers_due, interval
from firstfive.incident.owed.duty import silent
from firstfive.incident.records import Ranked, Status
from incident import builders as b

TELL = Duty(kind=DutyKind.COMMUNICATE, text="Always communicate: post a status update.", place=b.HERE)
COMMS = b.contact("Product / customer comms", "dana", channel="#customer-comms")
PAGE = b.handbook(runbooks=(b.SHOP_DOWN, replace(b.PAY_DOWN, duties=(TELL,))), contacts=(*b.CONTACTS, COMMS))
PAYING = (
    1,
    ev.RunbooksRanked(
        ranking=(
            Ranked(runbook="pay", number="3.2", title="Pay down", score=3, hits=("pay.1",), misses=(), unknown=()),
        )
    ),
)
SHOPPING = (
    1,
    ev.RunbooksRanked(
        ranking=(Ranked(runbook="down", number="3.1", title="Down", score=3, hits=("down.1",), misses=(), unknown=()),)
    ),
)
DECLARED = (0, b.declared())
ACK = (2, "ana", ev.Acknowledged(responder="ana"))
OVER = (600, "ana", ev.Resolved(why="over", root_cause=""))


def told(status: str = "investigating") -> ev.PublicUpdate:
    return ev.PublicUpdate(status=status, text="We look into it.")


DUE = [
    ((DECLARED, PAYING), 900, 1, "the page wants a word within its interval"),
    ((DECLARED, SHOPPING), None, None, "a runbook without the duty owes none"),
    ((DECLARED,), None, None, "nor does one that nobody pointed to"),
    ((DECLARED, PAYING, (300, "ana", told())), 1200, 2, "a word promises the next one"),
    ((DECLARED, SHOPPING, (300, "ana", told())), 1200, 2, "so it does where the page had no duty"),
    ((DECLARED, PAYING, (300, "ana", told("resolved"))), None, None, "told that it is over: nothing is owed"),
    ((DECLARED, PAYING, (300, "ana", told()), OVER), 1200, 2, "the end is owed too, and not later than the next word"),
    (((0, b.declared(drill=True)), PAYING), None, None, "nothing of a drill is told outside"),
]


@pytest.mark.parametrize(("lines", "at", "number", "because"), DUE, ids=[row[3] for row in DUE])
def test_what_customers_are_owed(lines, at, number, because) -> None:
    due = customers_due(PAGE, b.POLICY, b.incident(*lines))
    assert (due and due.at, due and due.number) == (at and b.seconds(at), number), because


def test_the_customer_template_says_how_often() -> None:
    every = Template(
        id="c",
        kind=TemplateKind.CUSTOMER,
        title="Customers",
        text="We'll post an update by <time + 40 min>.",
        fields=(),
        every=None,
        place=b.HERE,
    )
    assert interval(replace(PAGE, templates=(*PAGE.templates, every)), b.POLICY) == timedelta(minutes=40)
    assert interval(PAGE, b.POLICY) == timedelta(minutes=15)


REMINDED = [
    (899, None, "not before it is due"),
    (900, ("ana", "#incidents", 1), "the commander first"),
    (1199, ("ana", "#incidents", 1), "for five minutes"),
    (1200, ("dana", "#customer-comms", 2), "then whoever speaks to customers by the page"),
    (1800, ("ana", "#incidents", 3), "and again at each interval"),
    (9000 + 300, ("dana", "#customer-comms", 20), "what was missed while nothing ran is said once"),
]


@pytest.mark.parametrize(("now", "wanted", "because"), REMINDED, ids=[row[2] for row in REMINDED])
def test_who_is_reminded_of_a_late_word(now, wanted, because) -> None:
    ordered = decide(PAGE, b.POLICY, b.incident(DECLARED, PAYING, ACK), b.seconds(now))
    found = [(o.person, o.to, o.number) for o in ordered if isinstance(o, Remind) and "customers" in o.what]
    assert found == ([wanted] if wanted else []), because


def test_a_placeholder_is_nobody_so_its_channel_is_told() -> None:
    page = replace(PAGE, contacts=(*b.CONTACTS, replace(COMMS, primary="<name>")))
    ordered = decide(page, b.POLICY, b.incident(DECLARED, PAYING, ACK), b.seconds(1200))
    assert [(o.person, o.to) for o in ordered if isinstance(o, Remind)] == [("", "#customer-comms")]


def test_what_was_told_outside_is_posted_to_whoever_speaks_to_customers() -> None:
    ordered = decide(PAGE, b.POLICY, b.incident(DECLARED, PAYING, (300, "ana", told())), b.seconds(301))
    assert [o.channel for o in ordered if isinstance(o, SendNotice) and o.kind == "customer"] == ["#customer-comms"]


def test_it_does_not_end_in_silence() -> None:
    lines = (DECLARED, PAYING, ACK, (3, ev.SignalSeen(signal=b.signal("pay.1"))))
    well = (
        (60, ev.SignalSeen(signal=b.signal("pay.1", firing=False, at=b.seconds(60)))),
        (61, ev.Mitigated(why="gone")),
        (62, ev.StatusChanged(status=Status.MONITORING, why="x")),
        (63, ev.Verified(why="well")),
    )
    quiet = b.incident(*lines, *well)
    assert "Always communicate" in silent(PAGE, quiet)
    later = b.seconds(63 + 700)
    ends = [o for o in decide(PAGE, b.POLICY, quiet, later) if isinstance(o, Record)]
    assert not any(isinstance(o.event, ev.Resolved) for o in ends)
    spoken = b.incident(*lines, *well, (64, "ana", told("monitoring")))
    assert silent(PAGE, spoken) == ""
    ends = [o for o in decide(PAGE, b.POLICY, spoken, later) if isinstance(o, Record)]
    assert any(isinstance(o.event, ev.Resolved) for o in ends)


def test_the_cause_is_asked_for_while_it_is_fresh() -> None:
    lines = (DECLARED, ACK, (60, ev.Mitigated(why="gone")), (61, ev.Verified(why="well")))
    asked = [o for o in decide(PAGE, b.POLICY, b.incident(*lines), b.seconds(62)) if isinstance(o, Remind)]
    assert [(o.what, o.person) for o in asked] == [("root cause", "ana")]
    known = b.incident(*lines, (61, "ana", ev.HypothesisSet(text="the disk was full")))
    assert not [o for o in decide(PAGE, b.POLICY, known, b.seconds(62)) if isinstance(o, Remind)]
