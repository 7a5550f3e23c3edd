"""Every page reads and works without scripts, and hostile text in it stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from documents.story import AFTERWARDS, OPENING, ROLL_BACK, WHOLE
from firstfive.handbook.model import Level, Problem
from firstfive.incident import events as ev
from firstfive.incident.records import Answer, Fact, Ranked
from incident.builders import (
    HERE,
    SHOP_DOWN,
    Line,
    contact,
    declared,
    finished,
    handbook,
    run,
    signal,
)
from web.client import app_of, get, send
from web.room import Room, with_page


class Reader(HTMLParser):
    """The skeleton of a page (tags and names of attributes, in order), its forms and its addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.skeleton: list[tuple[str, tuple[str, ...]]] = []
        self.forms: list[dict[str, str]] = []
        self.actions: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.skeleton.append((tag, tuple(name for name, _ in attrs)))
        self.addresses += [given[name] for name in ("href", "src", "action", "hx-get", "hx-post") if name in given]
        self.ids += [given["id"]] if "id" in given else []
        if tag == "form":
            self.forms.append({})
            self.actions.append(given.get("action", ""))
        if tag in ("input", "button") and "name" in given and self.forms:
            self.forms[-1][given["name"]] = given.get("value", "")

    def form(self, action: str) -> dict[str, str]:
        return self.forms[self.actions.index(action)]


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def opened(lines: tuple[Line, ...] = OPENING) -> Room:
    room = Room()
    room.tell("INC-1", lines)
    return room


def test_a_quiet_first_page_says_so_and_what_is_watched() -> None:
    page = get(app_of(Room()), "/")
    assert "All quiet" in page.text
    assert "http://shop/health fails" in page.text


def test_when_nothing_is_watched_the_first_page_warns() -> None:
    assert "No symptom of the page is being watched" in get(app_of(Room(watched=())), "/").text


def test_the_first_page_shows_what_is_open_with_its_next_thing() -> None:
    page = get(app_of(opened()), "/")
    assert "Approve 3.1 step 3" in page.text
    assert "/incidents/INC-1" in read(page.text).addresses


def test_an_incident_that_is_over_is_listed_as_past() -> None:
    page = get(app_of(opened((*WHOLE, *AFTERWARDS))), "/")
    assert "All quiet" in page.text
    assert "Shop down: health answers 502" in page.text


def test_the_room_shows_the_exact_command_the_target_and_what_undoes_it() -> None:
    text = get(app_of(opened()), "/incidents/INC-1").text
    for words in ("release &#34;$FF_PREVIOUS_VERSION&#34;", "FF_PREVIOUS_VERSION=1.4.1", "local", "release the newer"):
        assert words in text


def test_ids_on_a_page_are_unique_so_that_a_swap_finds_its_place() -> None:
    for lines in (OPENING, OPENING[:-2], (*WHOLE, *AFTERWARDS)):
        ids = read(get(app_of(opened(lines)), "/incidents/INC-1").text).ids
        assert len(ids) == len(set(ids))


def test_approving_by_form_writes_the_approval_of_exactly_what_was_shown() -> None:
    room = opened()
    shown = read(get(app_of(room), "/incidents/INC-1").text).form("/incidents/INC-1/approve")
    answer = send(app_of(room), "/incidents/INC-1/approve", shown, name="ben")
    assert (answer.status, answer.headers["location"]) == (303, "/incidents/INC-1")
    assert room.lines["INC-1"][-1][1:] == ("ben", ev.Approved(run=ROLL_BACK.id, sha256=ROLL_BACK.sha256))


def test_what_the_rules_refuse_is_the_same_page_with_the_reason() -> None:
    room = opened()
    answer = send(app_of(room), "/incidents/INC-1/approve", {"run": ROLL_BACK.id, "sha256": "0" * 64})
    assert answer.status == 409
    assert "Not done:" in answer.text
    assert "read the step again" in answer.text.lower()
    assert "/incidents/INC-1/approve" in read(answer.text).actions


FORMS: list[tuple[str, dict[str, str], ev.Event]] = [
    ("ack", {}, ev.Acknowledged(responder="ben")),
    ("hypothesis", {"text": "the disk is full"}, ev.HypothesisSet(text="the disk is full")),
    ("note", {"text": "seen"}, ev.Noted(text="seen")),
    ("update", {"text": "we look"}, ev.UpdateAsked(text="we look")),
    ("severity", {"level": "2", "why": "only pay"}, ev.SeverityChanged(level=2, why="only pay")),
    ("run", {"step": "pay#1"}, ev.StepRequested(step="pay#1")),
    ("decline", {"run": ROLL_BACK.id}, ev.Declined(run=ROLL_BACK.id, why="declined")),
    (
        "set",
        {"step": "down#3", "value.previous-version": "1.4.0"},
        ev.ParameterSet(step="down#3", name="previous-version", value="1.4.0"),
    ),
    ("resolve", {"root_cause": "a variable"}, ev.Resolved(root_cause="a variable", why="a responder says so")),
]


@pytest.mark.parametrize(("verb", "fields", "event"), FORMS, ids=[row[0] for row in FORMS])
def test_each_form_writes_its_event(verb: str, fields: dict[str, str], event: ev.Event) -> None:
    room = opened()
    answer = send(app_of(room), f"/incidents/INC-1/{verb}", fields, name="ben")
    assert answer.status == 303, answer.text
    assert ("ben", event) in [row[1:] for row in room.lines["INC-1"]]


WRONG = [
    ("nobody says it", "note", {"text": "x"}, "", 422),
    ("a note without text", "note", {}, "ben", 422),
    ("a level that is no number", "severity", {"level": "bad", "why": "x"}, "ben", 422),
    ("no value", "set", {"step": "down#3"}, "ben", 422),
    ("a field nobody knows", "note", {"text": "x", "colour": "red"}, "ben", 422),
    ("neither yes nor no is no", "settle", {"run": ROLL_BACK.id, "ran": "no"}, "ben", 409),
]


@pytest.mark.parametrize(("reason", "verb", "fields", "name", "status"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_form_changes_nothing_and_says_why(
    reason: str, verb: str, fields: dict[str, str], name: str, status: int
) -> None:
    room = opened()
    before = list(room.lines["INC-1"])
    answer = send(app_of(room), f"/incidents/INC-1/{verb}", fields, name=name)
    assert (answer.status, "Not done:" in answer.text) == (status, True), reason
    assert room.lines["INC-1"] == before


def test_a_missing_value_is_asked_for_by_name_and_then_approved() -> None:
    lines = tuple(row for row in OPENING if not isinstance(row[-1], ev.FactsFound | ev.ApprovalAsked))
    room = opened(lines)
    app = app_of(room)
    page = read(get(app, "/incidents/INC-1").text)
    assert "/incidents/INC-1/approve" not in page.actions
    filled = {**page.form("/incidents/INC-1/set"), "value.previous-version": "1.4.0"}
    send(app, "/incidents/INC-1/set", filled)
    ready = read(get(app, "/incidents/INC-1").text).form("/incidents/INC-1/approve")
    assert send(app, "/incidents/INC-1/approve", ready).status == 303
    assert isinstance(room.lines["INC-1"][-1][-1], ev.Approved)


def test_an_unknown_outcome_is_settled_by_a_button() -> None:
    lost = run()
    room = opened(
        (
            (3, declared()),
            (4, ev.ApprovalAsked(run=lost, why="roll back")),
            (5, "ana", ev.Approved(run=lost.id, sha256=lost.sha256)),
            (6, ev.StepStarted(run=lost, approved_by="ana")),
            (9, ev.OutcomeUnknown(run=lost.id, step=lost.step, why="the line broke")),
        )
    )
    form = read(get(app_of(room), "/incidents/INC-1").text).form("/incidents/INC-1/settle")
    assert send(app_of(room), "/incidents/INC-1/settle", {**form, "ran": "yes", "note": "it is up"}).status == 303
    settled = ev.OutcomeSettled(run=lost.id, step="", ran=True, note="it is up")
    assert settled in [row[-1] for row in room.lines["INC-1"]]


def test_declaring_by_form_leads_to_the_new_room() -> None:
    room = Room()
    answer = send(app_of(room), "/incidents", {"title": "Shop is slow", "level": "", "why": ""})
    assert (answer.status, answer.headers["location"]) == (303, "/incidents/INC-1")


def test_reporting_by_form_leads_to_the_room_it_joined() -> None:
    answer = send(app_of(opened()), "/reports", {"text": "no checkout"})
    assert (answer.status, answer.headers["location"]) == (303, "/incidents/INC-1")


def test_a_declaration_the_rules_refuse_is_said_on_the_first_page() -> None:
    answer = send(app_of(Room()), "/incidents", {"title": "x", "level": "9"})
    assert (answer.status, "no severity 9" in answer.text) == (409, True)


def test_a_name_is_remembered_in_a_cookie_that_scripts_do_not_get() -> None:
    answer = send(app_of(opened()), "/incidents/INC-1/note", {"by": "Žofie Nová", "text": "seen"}, name="")
    assert unquote(answer.cookies()["firstfive-name"]) == "Žofie Nová"
    assert "httponly" in answer.headers["set-cookie"].lower()


def test_without_a_name_every_form_that_acts_asks_for_one() -> None:
    page = read(get(app_of(opened()), "/incidents/INC-1", name="").text)
    assert page.forms
    assert all("by" in form for form in page.forms)


BACK = [
    ("/incidents/INC-1", "/incidents/INC-1"),
    ("/handbook", "/handbook"),
    ("//evil.example", "/"),
    ("/\\evil.example", "/"),
    ("https://evil.example", "/"),
    ("/incidents/../../evil", "/"),
    ("/incidents/", "/"),
]


@pytest.mark.parametrize(("asked", "led"), BACK)
def test_saying_a_name_leads_back_to_a_page_of_ours_only(asked: str, led: str) -> None:
    answer = send(app_of(Room()), "/me", {"by": "ana", "to": asked})
    assert (answer.status, answer.headers["location"]) == (303, led)


def test_an_unknown_incident_is_a_page_with_a_way_on() -> None:
    answer = get(app_of(Room()), "/incidents/INC-9")
    assert (answer.status, "There is no incident INC-9" in answer.text) == (404, True)
    assert "/" in read(answer.text).addresses


def test_the_handbook_lists_runbooks_problems_and_contacts_that_nobody_filled_in() -> None:
    flaw = Problem(code="FF031", level=Level.WARNING, message="nobody is named", place=HERE, help="name somebody")
    room = with_page(problems=(flaw,), contacts=(contact("Lead", "<name>"),))
    text = get(app_of(room), "/handbook").text
    for words in ("3.1 Shop down", "FF031 nobody is named", "Incidents.md:7:1", "not filled in", "only looks"):
        assert words in text


def test_text_resolved_incidents_show_the_post_mortem_and_when_it_is_due() -> None:
    text = get(app_of(opened((*WHOLE, *AFTERWARDS))), "/incidents/INC-1").text
    assert "postmortems/x.md" in text
    assert "2026-11-30" in text
    assert "Approve &amp; run" not in text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</pre></textarea></title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<b>",
    "]]><a hx-get=/evil hx-trigger=load>",
    "&lt;script&gt;&#60;script&#62;",
    "\x1b]0;owned\x07\x1b[2J\u202egnp.exe",
]


def everywhere(word: str) -> Room:
    """A room with this word in every place that a page, a log line, a person or a host can put text into."""
    step = replace(SHOP_DOWN.steps[0], title=word, script=word, bound=word, notes=(word,), undo=word)
    book = replace(SHOP_DOWN, title=word, number=word, steps=(step, *SHOP_DOWN.steps[1:]))
    flaw = Problem(code="FF031", level=Level.WARNING, message=word, place=HERE, help=word)
    page = replace(
        handbook(), title=word, runbooks=(book,), problems=(flaw,), contacts=(contact(word, f"ana {word}", word, word),)
    )
    look = run("down#1", changing=False, script=word, environment=(("FF_X", word),))
    ask = run("down#2", script=word, environment=(("FF_X", word),), target=word)
    rank = Ranked(runbook="down", number=word, title=word, score=1, hits=("down.1",), misses=(), unknown=(word,))
    lines: list[Line] = [
        (1, declared(title=word, why=word)),
        (2, ev.SignalSeen(signal=signal(subject=word, text=word, source=word))),
        (2, ev.ReportReceived(text=word, reporter=word)),
        (
            2,
            ev.DeployNoticed(subject=word, version=word, previous=word, deployed_at=declared().started_at, source=word),
        ),
        (2, ev.FactsFound(facts=(Fact(name=word, kind="string", value=word),), source=word)),
        (2, ev.CheckDone(check="health", title=word, answer=Answer.BAD, evidence=word, took=timedelta(seconds=1))),
        (3, ev.RunbooksRanked(ranking=(rank,))),
        (3, ev.StepStarted(run=look)),
        (4, finished(look, output=word, why=word)),
        (4, ev.ApprovalAsked(run=ask, why=word, doubts=(word,))),
        (5, word, ev.Acknowledged(responder=word)),
        (5, word, ev.HypothesisSet(text=word)),
        (5, word, ev.Noted(text=word)),
        (5, ev.NoticeSent(kind="update", number=2, channel=word, text=word, unfilled=(word,))),
        (5, ev.NoticeFailed(kind="update", number=3, channel=word, why=word)),
        (5, ev.Paged(number=1, role=word, contact=word, channel=word, why=word)),
        (5, ev.PageFailed(number=2, role=word, why=word)),
        (6, ev.PostmortemWritten(path=word, sha256="0", due=date(2026, 11, 30))),
    ]
    return Room(handbook=page, lines={"INC-1": lines})


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_text_in_every_place_leaves_the_page_as_it_would_be_with_plain_text(word: str) -> None:
    for path in ("/", "/incidents/INC-1", "/handbook"):
        hostile, plain = get(app_of(everywhere(word)), path, name=""), get(app_of(everywhere("plain")), path, name="")
        assert hostile.status == 200
        assert read(hostile.text).skeleton == read(plain.text).skeleton
        assert not [a for a in read(hostile.text).addresses if not a.startswith(("/", "#"))]


@pytest.mark.parametrize("word", HOSTILE[:8])
def test_hostile_words_of_a_person_come_back_as_text(word: str) -> None:
    room = opened()
    page = send(
        app_of(room), "/incidents/INC-1/severity", {word: word, "by": word, "level": word, "why": word}, name=""
    )
    assert page.status in (409, 422)
    assert word not in page.text or "<" not in word
    send(app_of(room), "/incidents/INC-1/note", {"by": word, "text": word}, name="")
    calm = read(get(app_of(room), "/incidents/INC-1", name="").text)
    assert not [tag for tag in calm.skeleton if any(name.startswith("on") for name in tag[1])]
    assert [tag for tag, _ in calm.skeleton].count("script") == 5


def test_a_long_output_is_shown_with_its_beginning_and_its_end() -> None:
    look = run("down#1", changing=False, script="look", environment=())
    long = "first line\n" + "x" * 50_000 + "\nlast line"
    text = get(
        app_of(opened(((1, declared()), (2, ev.StepStarted(run=look)), (3, finished(look, output=long))))),
        "/incidents/INC-1",
    ).text
    assert "first line" in text
    assert "last line" in text
    assert "38021 characters in the middle" in text
    assert len(text) < 40_000


def test_customers_are_told_from_the_room_once_the_wording_passes() -> None:
    room = opened()
    bad = send(app_of(room), "/incidents/INC-1/public", {"status": "investigating", "text": "Mongo crashed."})
    assert (bad.status, "this wording must not go out" in bad.text) == (422, True)
    assert "say why it goes out as it is in the field for it" in bad.text
    assert "What you wrote" in bad.text.partition("Mongo crashed.</pre>")[0], (
        "nothing that was typed is lost without scripts"
    )
    text = "We look into trouble with the checkout. Next update by 03:30 UTC."
    fields = {"status": "applying fix", "text": text, "components": "Checkout", "override": ""}
    assert send(app_of(room), "/incidents/INC-1/public", fields).status == 303
    assert room.lines["INC-1"][-1][-1] == ev.PublicUpdate(
        status="applying fix", text=text, components=("Checkout",), override=""
    )


def test_the_next_notice_is_shown_before_it_goes_out() -> None:
    shown = get(app_of(opened()), "/incidents/INC-1").text
    assert "What the next update would say" in shown
    assert "[SEV-1] Update 1" in shown


def test_boxes_of_the_closing_list_are_ticked_with_a_thumb() -> None:
    room = opened(WHOLE)
    assert send(app_of(room), "/incidents/INC-1/tick", {"item": "c1", "done": "no"}).status == 303
    assert room.lines["INC-1"][-1][-1] == ev.ClosingTicked(item="c1", done=False)
    assert "☒ Page updated?" in get(app_of(room), "/incidents/INC-1").text
