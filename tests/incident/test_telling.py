"""Notices at their intervals, the post-mortem, and the ladder of people to page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from firstfive.handbook.model import Deadline
from firstfive.incident import communicate, escalate
from firstfive.incident import events as ev
from firstfive.incident.business_days import WorkingDays
from firstfive.incident.oncall import Layer, Person, Rotation, Schedule, Unit
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
        2700,
        PAGE,
        ("everybody", "everybody"),
        None,
        "and then everybody",
    ),
    (
        (DECLARED, *((900 * n, paged(n + 1)) for n in range(4))),
        3600,
        PAGE,
        ("ana", "On-call engineer"),
        None,
        "and again from the top",
    ),
    (
        (DECLARED, *((900 * n, paged(n + 1)) for n in range(12))),
        99_999,
        PAGE,
        None,
        None,
        "three rounds, and no more",
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
    found = list(escalate.orders(page, b.POLICY, b.incident(DECLARED, (0, paged(1))), b.seconds(1)))
    assert [o.at for o in found if isinstance(o, WakeAt)] == [b.seconds(0) + b.POLICY.escalate_after]


def monday_page(**changes: object) -> object:
    day = b.severity(3)
    return b.handbook(
        severities=(
            b.severity(1),
            replace(day, response=replace(day.response, kind=Deadline.NEXT_BUSINESS_DAY)),
        ),
        contacts=b.CONTACTS,
        **changes,
    )


def test_what_may_wait_for_the_next_working_day_pages_nobody_before() -> None:
    page = monday_page()
    (wake,) = escalate.orders(page, b.POLICY, b.incident((0, b.declared(3))), b.seconds(60))
    assert isinstance(wake, WakeAt)
    assert wake.at == datetime(2026, 11, 24, 9, tzinfo=UTC), "declared on a Monday at 03:00, so Tuesday at 09:00"
    later = wake.at + timedelta(seconds=1)
    (order,) = escalate.orders(page, b.POLICY, b.incident((0, b.declared(3))), later)
    assert isinstance(order, Page)
    holiday = replace(b.POLICY, working_days=WorkingDays(holidays=frozenset({date(2026, 11, 24)})))
    (wake,) = escalate.orders(page, holiday, b.incident((0, b.declared(3))), b.seconds(60))
    assert isinstance(wake, WakeAt)
    assert wake.at.date() == date(2026, 11, 25), "a holiday is no working day"


def rota(*names: str) -> tuple[Schedule, ...]:
    rotation = Rotation(
        members=tuple(Person(name=name) for name in names),
        unit=Unit.DAY,
        every=1,
        hand_off=time(9),
        zone=ZoneInfo("UTC"),
        anchor=date(2026, 11, 22),
    )
    return (Schedule(name="primary", layers=(Layer(name="all", rotation=rotation),)),)


def test_who_is_on_call_by_the_schedule_is_paged_before_the_page_s_contacts() -> None:
    policy = replace(b.POLICY, rota=rota("kim", "lee"))
    names = [name for _, name, _ in escalate.people(PAGE, policy, b.seconds(0))]
    assert names[0] == "kim", "03:00 on Monday belongs to Sunday's turn"
    assert "lee" not in names
    assert names[-1] == "everybody"
    assert next(n for _, n, _ in escalate.people(PAGE, policy, b.seconds(7 * 3600))) == "lee"
    twice = replace(b.POLICY, rota=rota("ana"))
    assert [name for _, name, _ in escalate.people(PAGE, twice, b.seconds(0))].count("ana") == 1


def test_a_gap_in_the_schedule_falls_to_the_page_s_contacts() -> None:
    policy = replace(b.POLICY, rota=(Schedule(name="primary"),))
    assert next(name for _, name, _ in escalate.people(PAGE, policy, b.seconds(0))) == "ana"


TAKEN = (DECLARED, (0, ev.SignalSeen(signal=b.signal())), (0, paged(1)), (60, "ana", ev.Acknowledged(responder="ana")))


def test_whoever_took_it_and_fell_silent_loses_it_and_the_pages_begin_again() -> None:
    (wake,) = ladder(*TAKEN, now=61)
    assert wake.at == b.seconds(60) + b.POLICY.silent_after
    (lost,) = ladder(*TAKEN, now=60 + 1800)
    assert isinstance(lost.event, ev.Unacknowledged)
    (page,) = ladder(*TAKEN, (1860, lost.event), now=1860)
    assert (page.contact, page.number, page.why) == ("ana", 2, "whoever had it is silent")
    noted = (1700, "ana", ev.Noted(text="still looking"))
    (wake,) = ladder(*TAKEN, noted, now=1860)
    assert wake.at == b.seconds(1700) + b.POLICY.silent_after, "any word counts"
    well = (100, ev.SignalSeen(signal=b.signal(firing=False)))
    assert ladder(*TAKEN, well, now=9999) == [], "nothing is wrong any more"
