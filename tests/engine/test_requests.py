"""What people may ask, and what is refused in which words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from firstfive.engine.redact import Redactor
from firstfive.engine.requests import clean, event_of, person, sound, timely
from firstfive.errors import FirstfiveError, Refused
from firstfive.incident import events as ev
from incident import builders as b

TOLD = "Chat does not work. Next update by 14:30 UTC."
GOOD = [
    ("ack", {"by": "sam"}, ev.Acknowledged(responder="sam")),
    ("hypothesis", {"by": "sam", "text": " disk "}, ev.HypothesisSet(text="disk")),
    ("approve", {"by": "sam", "run": "r", "sha256": "s"}, ev.Approved(run="r", sha256="s")),
    ("decline", {"by": "sam", "run": "r"}, ev.Declined(run="r", why="declined")),
    ("settle", {"by": "sam", "run": "r", "ran": True}, ev.OutcomeSettled(run="r", step="", ran=True, note="")),
    (
        "public",
        {"by": "sam", "status": "Applying-fix", "text": TOLD, "components": " Chat,, Search , Chat"},
        ev.PublicUpdate(status="applying fix", text=TOLD, components=("Chat", "Search")),
    ),
    (
        "public",
        {"by": "sam", "status": "resolved", "text": "Chat works again.", "override": "nothing to overrule"},
        ev.PublicUpdate(status="resolved", text="Chat works again."),
    ),
    (
        "public",
        {"by": "sam", "status": "monitoring", "text": "Soon.", "override": "legal wants it so"},
        ev.PublicUpdate(status="monitoring", text="Soon.", override="legal wants it so"),
    ),
    ("resolve", {"by": "sam"}, ev.Resolved(why="a responder says so", root_cause="")),
]


@pytest.mark.parametrize(("verb", "fields", "event"), GOOD, ids=[f"{g[0]}-{n}" for n, g in enumerate(GOOD)])
def test_a_verb_and_its_fields_make_one_event(verb: str, fields: dict[str, object], event: ev.Event) -> None:
    assert event_of(verb, fields) == event


BAD = [
    ("explode", {}, "nobody can 'explode' an incident"),
    ("hypothesis", {"by": "sam"}, "text is missing"),
    ("hypothesis", {"by": "sam", "text": 7}, "text is missing"),
    ("ack", {"by": "sam", "surprise": 1}, "unknown field surprise"),
    ("severity", {"by": "sam", "level": "1", "why": "x"}, "'1' is no severity level"),
    ("severity", {"by": "sam", "level": True, "why": "x"}, "True is no severity level"),
    ("settle", {"by": "sam", "run": "r", "ran": "yes"}, "ran is true or false"),
    ("public", {"by": "sam", "status": "fixed", "text": TOLD}, "'fixed' is not said outside"),
    ("public", {"by": "sam", "status": "monitoring"}, "text is missing"),
    (
        "public",
        {"by": "sam", "status": "monitoring", "text": TOLD, "components": "shop-redis"},
        "'shop-redis' is a name of the inside",
    ),
    (
        "public",
        {"by": "sam", "status": "resolved", "text": "It was probably us."},
        "this wording must not go out: “probably”: it is a guess (say only what was seen: “We are investigating.”)",
    ),
    (
        "public",
        {"by": "sam", "status": "monitoring", "text": "Chat works again."},
        "this wording must not go out: it does not say when the next update comes"
        " (We'll post the next update by HH:MM UTC.)",
    ),
]


@pytest.mark.parametrize(("verb", "fields", "says"), BAD, ids=[f"{v}-{s}" for v, _, s in BAD])
def test_bad_fields_are_refused_by_name(verb: str, fields: dict[str, object], says: str) -> None:
    with pytest.raises(Refused) as refused:
        event_of(verb, fields)
    assert refused.value.what == says
    assert refused.value.exit_code == 2


UNSOUND = [
    (ev.StepRequested(step="nowhere#9"), "the page has no step nowhere#9"),
    (ev.ParameterSet(step="nowhere#9", name="x", value="1"), "the page has no step nowhere#9"),
    (ev.ParameterSet(step="down#3", name="x", value="1"), "step down#3 has no <x>"),
    (ev.SeverityChanged(level=7, why="x"), "the page's matrix has no severity 7"),
]


@pytest.mark.parametrize(("event", "says"), UNSOUND, ids=[s for _, s in UNSOUND])
def test_what_the_page_does_not_have_is_refused(event: ev.Event, says: str) -> None:
    with pytest.raises(Refused) as refused:
        sound(b.handbook(), event)
    assert refused.value.what == says
    assert refused.value.remedy


@pytest.mark.parametrize("value", ["--privileged", "1.4.1; rm -rf /", "$(id)", "", "a b"])
def test_a_value_of_the_wrong_type_never_becomes_a_parameter(value: str) -> None:
    with pytest.raises(FirstfiveError):
        sound(b.handbook(), ev.ParameterSet(step="down#3", name="previous-version", value=value))


def test_a_sound_value_passes() -> None:
    event = ev.ParameterSet(step="down#3", name="previous-version", value="1.4.1")
    assert sound(b.handbook(), event) == event


@pytest.mark.parametrize("name", ["", "  ", "firstfive", " Firstfive "])
def test_nobody_speaks_as_nobody_or_as_the_program(name: str) -> None:
    with pytest.raises(Refused) as refused:
        person(name)
    assert refused.value.what == "say who you are"


def test_what_a_person_writes_is_cleaned_before_it_is_stored() -> None:
    event = clean(Redactor(["hunter2222"]), ev.Noted(text="the password is hunter2222\x1b[2J"))
    assert event == ev.Noted(text="the password is [redacted]")


def test_secrets_are_taken_out_of_what_is_told_to_everybody() -> None:
    told = ev.PublicUpdate(
        status="resolved", text="hunter2hunter2", components=("hunter2hunter2",), override="hunter2hunter2"
    )
    kept = clean(Redactor(["hunter2hunter2"]), told)
    assert "hunter2" not in repr(kept)


def told(text: str, override: str = "", status: str = "investigating") -> ev.Event:
    return event_of("public", {"by": "sam", "status": status, "text": text, "override": override})


NOW = datetime(2026, 11, 23, 14, 45, tzinfo=UTC)


def test_a_time_that_is_past_is_promised_to_nobody() -> None:
    with pytest.raises(Refused) as refused:
        timely(told(TOLD), NOW)
    assert refused.value.what == (
        "this wording must not go out: “update by 14:30”: 14:30 UTC is past: it is 14:45 UTC now"
        " (promise a time after 14:45 UTC, with its day when that is not today)"
    )
    assert timely(told(TOLD), NOW.replace(hour=14, minute=20)) == told(TOLD)


def test_a_past_promise_goes_out_with_a_reason_that_stays() -> None:
    assert timely(told(TOLD, "the clock of the room is wrong"), NOW).override == "the clock of the room is wrong"  # type: ignore[union-attr]


def test_a_reason_is_kept_only_where_there_was_something_to_overrule() -> None:
    assert timely(told("Chat does not work. Next update in 20 minutes.", "to be sure"), NOW).override == ""  # type: ignore[union-attr]


def test_once_it_is_over_no_promise_is_looked_for() -> None:
    assert timely(told("Chat works. We said: next update by 14:30 UTC.", status="resolved"), NOW)


def test_other_events_have_no_time_to_keep() -> None:
    assert timely(ev.Noted(text="next update by 14:30 UTC"), NOW) == ev.Noted(text="next update by 14:30 UTC")
