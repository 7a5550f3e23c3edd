"""Notices at their intervals, the post-mortem, and the ladder of people to page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from firstfive.incident import communicate, escalate
from firstfive.incident import events as ev
from firstfive.incident.orders import Page, Record, SendNotice, WakeAt, WritePostmortem
from firstfive.incident.policy import Policy
from incident import builders as b

PAGE = b.handbook()
DECLARED = (0, b.declared())


def sent(kind: str, number: int = 1) -> ev.NoticeSent:
    return ev.NoticeSent(kind=kind, number=number, channel="#incidents", text="x")


def failed(kind: str, number: int = 1) -> ev.NoticeFailed:
    return ev.NoticeFailed(kind=kind, number=number, channel="#incidents", why="no way")


RESOLVED = (900, "ana", ev.Resolved(why="over", root_cause=""))

NOTICES = [
    ((DECLARED,), 0, [("initial", 1)], 900, "the first one at once"),
    ((DECLARED, (2, sent("initial"))), 10, [("initial", 1)], 902, "then silence until the page's interval"),
    ((DECLARED, (2, sent("initial"))), 901.9, [("initial", 1)], 902, "not a moment before"),
    (
        (DECLARED, (2, sent("initial"))),
        902,
        [("initial", 1), ("update", 1)],
        None,
        "fifteen minutes after the last notice",
    ),
    (
        (DECLARED, (2, sent("initial")), (902, sent("update"))),
        903,
        [("initial", 1)],
        1802,
        "the interval counts from the newest notice",
    ),
    (
        (DECLARED, (2, sent("initial")), (50, ev.Mitigated(why="gone"))),
        51,
        [("initial", 1), ("update", 1)],
        None,
        "good news does not wait",
    ),
    (
        (DECLARED, (2, sent("initial")), (50, "ana", ev.UpdateAsked(text="tell them"))),
        51,
        [("initial", 1), ("update", 1)],
        None,
        "nor does a person who wants one",
    ),
    (
        (DECLARED, (2, failed("initial"))),
        902,
        [("initial", 1), ("update", 1)],
        None,
        "a first notice that failed does not silence the updates",
    ),
    (
        (DECLARED, (2, sent("initial")), (902, failed("update"))),
        1802,
        [("initial", 1), ("update", 2)],
        None,
        "an update that failed leaves its number behind",
    ),
    ((DECLARED, (2, sent("initial")), RESOLVED), 901, [("initial", 1), ("resolution", 1)], None, "the last word"),
    ((), 0, [], None, "nothing is said of what was not declared"),
]


@pytest.mark.parametrize(("lines", "now", "notices", "wake", "because"), NOTICES, ids=[n[4] for n in NOTICES])
def test_a_notice_is_due_when_the_page_promised_it(lines, now, notices, wake, because) -> None:
    found = list(communicate.orders(PAGE, b.POLICY, b.incident(*lines), b.seconds(now)))
    assert [(str(o.kind), o.number) for o in found if isinstance(o, SendNotice)] == notices, because
    assert [o.at for o in found if isinstance(o, WakeAt)] == ([b.seconds(wake)] if wake else [])


def test_the_page_s_interval_wins_over_the_setting() -> None:
    assert communicate.update_interval(PAGE, Policy(update_every=timedelta(hours=1))) == timedelta(minutes=15)
    silent = b.handbook(templates=())
    assert communicate.update_interval(silent, Policy(update_every=timedelta(hours=1))) == timedelta(hours=1)


CHANNELS = [
    (b.CONTACTS, "#incidents", "the on-call row's channel"),
    (
        (b.contact("On-call engineer", "ana", channel="DM"),),
        "#incidents",
        "a direct message is no channel: the setting",
    ),
    ((b.contact("On-call", "ana", channel="#night"),), "#night", "whatever the page calls it"),
    ((b.contact("Payments lead", "cleo", channel="#pay"),), "#incidents", "somebody else's channel is not used"),
]


@pytest.mark.parametrize(("contacts", "channel", "because"), CHANNELS, ids=[c[2] for c in CHANNELS])
def test_notices_go_where_the_page_s_on_call_is(contacts, channel, because) -> None:
    assert communicate.channel_of(b.handbook(contacts=contacts), b.POLICY) == channel, because


def written(*lines, page=PAGE, policy=b.POLICY) -> list[WritePostmortem]:
    found = communicate.orders(page, policy, b.incident(*lines), b.seconds(901))
    return [o for o in found if isinstance(o, WritePostmortem)]


def test_a_post_mortem_is_owed_for_the_worst_level_it_ever_had() -> None:
    (order,) = written(DECLARED, (5, "ana", ev.SeverityChanged(level=4, why="only a test shop")), RESOLVED)
    assert order.path == "postmortems/2026-11-23-shop-down-inc-1.md"
    assert order.due == date(2026, 11, 30)
    assert written((0, b.declared(3)), RESOLVED) == []
    assert written(DECLARED, RESOLVED, page=b.handbook(postmortem=None)) == []
    every = b.handbook(postmortem=replace(b.POSTMORTEM, levels=frozenset(), due_business_days=None))
    assert [o.due for o in written((0, b.declared(4)), RESOLVED, page=every)] == [None]


def test_a_post_mortem_is_written_once_and_a_refusal_is_not_repeated() -> None:
    assert written(DECLARED, RESOLVED, (901, ev.PostmortemWritten(path="x", sha256="y", due=None))) == []
    assert written(DECLARED, RESOLVED, (901, ev.PostmortemFailed(why="disk full"))) == []


def test_the_path_is_a_safe_name_in_the_team_s_folder() -> None:
    wild = (0, b.declared(title="../../etc/passwd Ünïcode   !!"))
    (order,) = written(wild, RESOLVED, policy=Policy(postmortem_folder="notes"))
    assert order.path == "notes/2026-11-23-etc-passwd-n-code-inc-1.md"
    assert communicate.slug("!!!") == "incident"
    assert len(communicate.slug("x" * 500)) == 60


DAYS = [
    (date(2026, 11, 23), 5, date(2026, 11, 30), "from a Monday over one weekend"),
    (date(2026, 11, 27), 1, date(2026, 11, 30), "Friday's next working day is Monday"),
    (date(2026, 11, 28), 1, date(2026, 11, 30), "so is Saturday's"),
    (date(2026, 11, 23), 0, date(2026, 11, 23), "none is today"),
]


@pytest.mark.parametrize(("start", "days", "end", "because"), DAYS, ids=[d[3] for d in DAYS])
def test_business_days_leave_weekends_out(start, days, end, because) -> None:
    assert communicate.business_day(start, days) == end, because


# ---------------------------------------------------------------------------------------------------------- the ladder


def paged(number: int) -> ev.Paged:
    return ev.Paged(number=number, role="r", contact="c", channel="#incidents", why="w")


def ladder(*lines, now: float, page=PAGE) -> list:
    return list(escalate.orders(page, b.POLICY, b.incident(*lines), b.seconds(now)))


NOBODY = b.handbook(contacts=(b.contact("On-call engineer", "<name>", "<name>"), b.contact("Mail provider", "—")))
HALF = b.handbook(
    contacts=(b.contact("On-call engineer", "ana", "<name>"), b.contact("Lead", "<name>"), b.contact("Ops", "dan"))
)

LADDER = [
    ((DECLARED,), 0, PAGE, ("ana", "On-call engineer"), None, "the on-call first, wherever the table has that row"),
    ((DECLARED, (0, paged(1))), 899, PAGE, None, 900, "sev 1 gives fifteen minutes to answer"),
    ((DECLARED, (0, paged(1))), 900, PAGE, ("ben", "On-call engineer (backup)"), None, "then the backup"),
    ((DECLARED, (0, paged(1)), (900, paged(2))), 1800, PAGE, ("cleo", "Payments lead"), None, "then the other roles"),
    (
        (DECLARED, (0, paged(1)), (900, paged(2)), (1800, paged(3))),
        9000,
        PAGE,
        None,
        None,
        "and then there is nobody left",
    ),
    ((DECLARED, (5, "ana", ev.Acknowledged(responder="ana"))), 9000, PAGE, None, None, "an answer ends it"),
    ((DECLARED, RESOLVED), 9000, PAGE, None, None, "so does the end"),
    (
        (DECLARED, (0, ev.PageFailed(number=1, role="On-call engineer", why="no such channel"))),
        1,
        PAGE,
        ("ben", "On-call engineer (backup)"),
        None,
        "who cannot be reached is not waited for",
    ),
    (((0, b.declared(2)), (0, paged(1))), 3599, PAGE, None, 3600, "sev 2 gives an hour"),
    (((0, b.declared(3)),), 9000, PAGE, None, None, "the matrix wakes nobody for sev 3"),
    (
        ((0, b.declared(9)),),
        0,
        PAGE,
        ("ana", "On-call engineer"),
        None,
        "a level the matrix does not know is not ignored",
    ),
    ((DECLARED, (0, paged(1))), 900, HALF, ("dan", "Ops"), None, "placeholders are nobody"),
    ((), 0, PAGE, None, None, "nobody is paged before it is declared"),
]


@pytest.mark.parametrize(("lines", "now", "page", "who", "wake", "because"), LADDER, ids=[x[5] for x in LADDER])
def test_people_are_paged_in_the_page_s_order_until_one_answers(lines, now, page, who, wake, because) -> None:
    found = ladder(*lines, now=now, page=page)
    assert [(o.contact, o.role) for o in found if isinstance(o, Page)] == ([who] if who else []), because
    assert [o.at for o in found if isinstance(o, WakeAt)] == ([b.seconds(wake)] if wake else [])


def test_a_page_without_people_is_said_once() -> None:
    (said,) = ladder(DECLARED, now=0, page=NOBODY)
    assert isinstance(said, Record)
    assert isinstance(said.event, ev.PageFailed)
    assert "name nobody" in said.event.why
    assert ladder(DECLARED, (0, said.event), now=9000, page=NOBODY) == []


def test_a_response_time_without_a_number_falls_back_to_the_setting() -> None:
    vague = b.severity(1)
    vague = replace(vague, response=replace(vague.response, within=None))
    page = b.handbook(severities=(vague,))
    assert escalate.patience(page, b.POLICY, b.incident(DECLARED)) == b.POLICY.escalate_after
