"""Notices: the page's holes filled from the timeline, the rest visibly open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from documents import real_page
from documents.story import AFTERWARDS, CHANGE, DEPLOY, ENDING, OPENING, ROLL_BACK, WHOLE
from firstfive.documents.filling import OPEN, holes, unread
from firstfive.documents.notice import fill
from firstfive.documents.public import PublicStatus, customer_notice, public_status
from firstfive.handbook.model import Template, TemplateKind
from firstfive.incident import events as ev
from firstfive.incident.records import Status
from incident import builders as b


def template(text: str, kind: TemplateKind = TemplateKind.UPDATE) -> Template:
    return Template(id="t", kind=kind, title="t", text=text, fields=(), every=None, place=b.HERE)


def filled(text: str, *lines: b.Line, kind: str = "update", page: Any = None, number: int = 2, at: float = 80):
    return fill(
        template(text, TemplateKind(kind)),
        b.incident(*lines),
        page or b.handbook(),
        kind=kind,
        number=number,
        now=b.seconds(at),
        next_update_at=b.seconds(at + 900),
    )


REAL = [
    (
        "Initial incident notification",
        "initial",
        OPENING,
        [
            "🚨 [SEV-1] Shop down: health answers 502",
            "Started: 2026-11-23 03:00 UTC",
            f"Impact: {OPEN}",
            "Status: investigating",
            "On-call: ana",
            "Updates: every 15 minutes in this thread",
        ],
        ("which users / features",),
    ),
    (
        "Mid-incident update",
        "update",
        (*OPENING, *CHANGE[:2]),
        [
            "[SEV-1] Update 2",
            "Time: 2026-11-23 03:01 UTC",
            "Status: mitigating",
            "What we know: http://shop/health fails (5xx, timeout); Health 502 in 12 ms; "
            "web was deployed to 1.4.2 at 2026-11-23 02:58 UTC; working hypothesis: 1.4.2 wants a variable nobody set",
            "What we're trying: 3.1 step 3 (If recent deploy: roll back) is running",
            "Next update: 2026-11-23 03:16 UTC",
        ],
        (),
    ),
    (
        "Resolution",
        "resolution",
        WHOLE,
        [
            "✅ [SEV-1] Resolved",
            "Started: 2026-11-23 03:00 UTC",
            "Ended: 2026-11-23 03:11 UTC",
            "Duration: 12 min",
            f"Impact: {OPEN}",
            "Root cause: 1.4.2 read SESSION_SECRET, which no host sets",
            f"Permanent fix: {OPEN}",
            "Postmortem: in the vault, finished by 2026-11-30",
        ],
        ("users / features / requests affected", "PR / ticket"),
    ),
    (
        "Customer-facing status",
        "customer",
        OPENING,
        [
            f"We're investigating an issue affecting {OPEN} that started at 2026-11-23 03:00 UTC.",
            "We'll post an update by 2026-11-23 03:16 UTC.",
        ],
        ("feature",),
    ),
]


@pytest.mark.parametrize(("title", "kind", "lines", "text", "unfilled"), REAL, ids=[r[1] for r in REAL])
def test_the_real_page_s_templates_are_filled(title, kind, lines, text, unfilled) -> None:
    made = filled(real_page.templates()[title], *lines, kind=kind)
    assert made.text.split("\n") == text
    assert made.unfilled == unfilled


HOLES = [
    ("a <b> c", ["b"], "a plain hole"),
    ("<doc link, by <date>>", ["doc link, by <date>"], "a hole within a hole is one"),
    ("p99 < 5 and > 3", [], "a comparison is none"),
    ("<a\nb>", [], "nor is what spans lines"),
    ("< spaced >", [], "nor what begins with a space"),
    ("<>", [], "nor nothing"),
    ("<" + "x" * 90 + ">", [], "nor a whole paragraph"),
    ("<unclosed", [], "nor what never ends"),
    ("[SEV-X] or SEV X, not SEV-XL", ["SEV-X", "SEV X"], "the severity's own hole"),
]


@pytest.mark.parametrize(("text", "words", "because"), HOLES, ids=[h[2] for h in HOLES])
def test_holes_are_found(text, words, because) -> None:
    assert [hole.words for hole in holes(text)] == words, because


FIELDS = [
    ("<weather>", None, "a hole that nobody knows stays open"),
    ("Sent <utc>", None, "an instant whose label says nothing known"),
    ("<UTC>", "2026-11-23 03:01 UTC", "an instant without a label is now"),
    ("Mitigated: <time>", None, "what has not happened has no time"),
    ("began <time>", "2026-11-23 03:00 UTC", "the first sign"),
    ("Ended: <UTC>", None, "not over"),
    ("<time + 30 min>", "2026-11-23 03:31 UTC", "a time from now"),
    ("<status>", "investigating", "the status"),
    ("<investigating|monitoring>", "investigating", "a choice of states"),
    ("<yes / no>", None, "another choice is for people"),
    ("<incident id>", "INC-1", "the id"),
    ("<minutes>", None, "no duration before the end"),
    ("<one sentence>", None, "no cause before anybody said one"),
    ("<SEV-X>", "SEV-1", "brackets around the severity are a hole of their own"),
    ("<doc link, by <date>>", None, "not resolved: no post-mortem is due yet"),
]


@pytest.mark.parametrize(("text", "value", "because"), FIELDS, ids=[f[0] for f in FIELDS])
def test_a_hole_is_filled_or_open_and_never_guessed(text, value, because) -> None:
    made = filled(text, *OPENING)
    if value is None:
        assert OPEN in made.text, because
        assert len(made.unfilled) == 1
    else:
        assert value in made.text, because
        assert made.unfilled == ()


ACTIONS = [
    (OPENING[:6], "3.1 step 3 (If recent deploy: roll back) is proposed", "a proposal"),
    (OPENING[:8], "3.1 step 1 (Last lines) is running", "a look that runs"),
    (OPENING, "3.1 step 3 (If recent deploy: roll back) waits for approval", "a change that waits"),
    ((*OPENING, *CHANGE[:1]), "3.1 step 3 (If recent deploy: roll back) is approved and about to run", "approved"),
    ((*OPENING, *CHANGE[:2]), "3.1 step 3 (If recent deploy: roll back) is running", "running"),
    (
        (*OPENING, *CHANGE[:2], (62, ev.OutcomeUnknown(run=ROLL_BACK.id, step="down#3", why="died"))),
        "finding out whether 3.1 step 3 (If recent deploy: roll back) ran",
        "in question",
    ),
    ((*OPENING, *CHANGE, *ENDING[:2]), "watching that it stays well", "nothing but watching"),
    (OPENING[:2], OPEN, "nothing is being tried"),
]


@pytest.mark.parametrize(("lines", "told", "because"), ACTIONS, ids=[a[2] for a in ACTIONS])
def test_what_is_tried_is_what_runs_or_waits(lines, told, because) -> None:
    assert filled("<action>", *lines).text == told, because


def test_what_is_known_leads_with_what_a_responder_wants_said() -> None:
    asked = (*OPENING, (70, "ana", ev.UpdateAsked(text="checkout works again")))
    assert filled("<facts>", *asked).text.startswith("checkout works again; http://shop/health fails")
    told = (*asked, (71, ev.NoticeSent(kind="update", number=1, channel="#x", text="x")))
    assert filled("<facts>", *told).text.startswith("http://shop/health fails")
    over = (*OPENING, *CHANGE, *ENDING[:2])
    assert filled("<facts>", *over).text.startswith(
        "every symptom that was seen is gone since 2026-11-23 03:01 UTC; web was"
    )
    assert filled("<facts>", OPENING[0]).text == OPEN
    unknown = (OPENING[0], (1, ev.SignalSeen(signal=b.signal("", subject="queue", text="stuck"))))
    assert filled("<facts>", *unknown).text == "queue stuck"


def test_a_deploy_that_answers_the_incident_is_not_told_as_its_cause() -> None:
    back = replace(DEPLOY, version="1.4.1", previous="1.4.2", deployed_at=b.seconds(62))
    assert "1.4.2 at 2026-11-23 02:58" in filled("<facts>", *OPENING, (62, back)).text
    assert filled("<facts>", OPENING[0], (62, back)).text == OPEN


def test_a_resolution_says_where_the_post_mortem_is() -> None:
    text = "<doc link, by <date>>"
    assert filled(text, *WHOLE, *AFTERWARDS[:2]).text == "postmortems/x.md, by 2026-11-30"
    small = ((0, b.declared(4)), WHOLE[-1])
    assert filled(text, *small).text == "none asked for at this severity"
    timeless = b.handbook(postmortem=replace(b.POSTMORTEM, due_business_days=None))
    assert filled(text, *WHOLE, page=timeless).text == OPEN
    unlimited = (*WHOLE, (701, ev.PostmortemWritten(path="p.md", sha256="x", due=None)))
    assert filled(text, *unlimited).text == "p.md"
    assert date(2026, 11, 30).isoformat() in filled(text, *WHOLE).text


def test_no_value_can_ping_break_a_line_or_open_a_hole() -> None:
    wild = (0, b.declared(title="@everyone <@you>\nStatus: all fine \u202e<n>" + "y" * 400))
    made = filled("<one-line summary>\n<@you>", wild)
    first, second = made.text.split("\n")
    assert first.startswith("@ everyone < @you> Status: all fine <n>yyy")
    assert len(first) <= 300
    assert second == OPEN
    assert "@everyone" not in made.title


def test_a_page_without_the_template_still_tells() -> None:
    incident = b.incident(*OPENING)
    for kind, words in (
        ("initial", "On-call: ana"),
        ("update", "Update 3"),
        ("resolution", "Over:"),
        ("x", "Status: inv"),
    ):
        made = fill(None, incident, b.handbook(), kind=kind, number=3, now=b.seconds(80), next_update_at=None)
        assert words in made.text
    assert made.title == "INC-1 SEV-1 x notice: Shop down: health answers 502"
    bare = fill(None, b.incident(), b.handbook(), kind="x", number=1, now=b.T0, next_update_at=None)
    assert bare.title == "INC-1 SEV-0 x notice"


# ---------------------------------------------------------------------------------------------------------- in public

WORDS = [
    (Status.INVESTIGATING, "investigating"),
    (Status.MITIGATING, "applying fix"),
    (Status.MONITORING, "monitoring"),
    (Status.RESOLVED, "resolved"),
]


@pytest.mark.parametrize(("status", "word"), WORDS)
def test_the_public_hears_one_of_four_words(status, word) -> None:
    assert public_status(status) == word


def test_there_are_no_other_public_words() -> None:
    assert {str(word) for word in PublicStatus} == {word for _, word in WORDS}


def test_the_public_hears_no_cause_no_fact_and_no_name() -> None:
    text = "<one-line summary> <facts> <action> <one sentence> <@you> SEV-X <status> since: <time>"
    made = customer_notice(
        template(text, TemplateKind.CUSTOMER), b.incident(*WHOLE), b.handbook(), now=b.seconds(900), next_update_at=None
    )
    assert made.text == f"{OPEN} {OPEN} {OPEN} {OPEN} {OPEN} {OPEN} resolved since: 2026-11-23 03:00 UTC"
    assert made.title == "Status: resolved"


def test_a_page_without_a_customer_template_gets_a_small_draft() -> None:
    made = fill(None, b.incident(*OPENING), b.handbook(), kind="customer", number=1, now=b.T0, next_update_at=None)
    assert made.text.startswith("Status: investigating\n")
    assert made.unfilled == ("feature",)


def test_the_fields_that_nothing_fills_are_named() -> None:
    text = "[SEV-X] <one-line summary>\nWeather: <phase of the moon>\nAgain: <Phase of the  moon>\nNext: <time UTC>\n<n> < 3"
    assert unread(text) == ("phase of the moon",)
