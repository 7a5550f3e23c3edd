"""The check of wording against sentences that were written before its patterns."""

from __future__ import annotations

from itertools import pairwise

import pytest

from documents.public.sentences import (
    AFTERWARDS_BAD,
    AFTERWARDS_GOOD,
    BAD,
    FRESH_BAD,
    FRESH_HONEST,
    HONEST,
    NO_PROMISES,
    PROMISE,
    PROMISES,
    TWICE_READ,
)
from firstfive.documents.public.wording import PROMISE as OWN_PROMISE
from firstfive.documents.public.wording import check_wording, internal_words


def phrases(text: str, *, next_update: bool = True) -> list[str]:
    return [problem.phrase for problem in check_wording(text, next_update=next_update)]


@pytest.mark.parametrize(("said", "wrong", "why"), BAD, ids=[row[0] for row in BAD])
def test_what_must_not_go_out_is_pointed_at(said: str, wrong: str, why: str) -> None:
    at = said.index(wrong)
    found = check_wording(said + PROMISE, next_update=True)
    assert any(p.span[0] < at + len(wrong) and at < p.span[1] for p in found), (why, found)


@pytest.mark.parametrize(("said", "why"), [*HONEST, *TWICE_READ])
def test_an_honest_sentence_goes_out(said: str, why: str) -> None:
    assert phrases(said + PROMISE) == [], why


@pytest.mark.parametrize("said", FRESH_HONEST)
def test_a_fresh_honest_sentence_goes_out(said: str) -> None:
    assert phrases(said + PROMISE) == []


@pytest.mark.parametrize("said", FRESH_BAD)
def test_a_fresh_bad_sentence_is_pointed_at(said: str) -> None:
    assert phrases(said + PROMISE) != []


@pytest.mark.parametrize(("said", "why"), AFTERWARDS_GOOD)
def test_once_it_is_over_a_cause_may_be_told(said: str, why: str) -> None:
    assert phrases(said, next_update=False) == [], why


@pytest.mark.parametrize(("said", "wrong", "why"), AFTERWARDS_BAD)
def test_once_it_is_over_the_rest_still_holds(said: str, wrong: str, why: str) -> None:
    assert any(wrong in phrase for phrase in phrases(said, next_update=False)), why


@pytest.mark.parametrize(("promise", "why"), PROMISES)
def test_a_promise_with_its_time_is_heard(promise: str, why: str) -> None:
    assert phrases(f"Card payments are failing. {promise}") == [], why


@pytest.mark.parametrize(("said", "why"), NO_PROMISES)
def test_a_text_that_promises_no_update_is_sent_back(said: str, why: str) -> None:
    (problem,) = check_wording(said, next_update=True)
    assert (problem.phrase, problem.span, problem.rewrite) == ("", (len(said), len(said)), OWN_PROMISE), why
    assert check_wording(said, next_update=False) == ()


def test_a_finding_says_where_why_and_what_instead() -> None:
    text = "We are investigating. We\u2019re\u00a0expecting a fix at noon. Next update by 14:30 UTC."
    (problem,) = check_wording(text, next_update=True)
    assert text[slice(*problem.span)] == problem.phrase == "We\u2019re\u00a0expecting a"
    assert "estimate" in problem.why
    assert "next update" in problem.rewrite


def test_what_cannot_be_seen_hides_nothing() -> None:
    text = "Mon\u200bgo\u00addb is down. Next update by 14:30 UTC."
    assert phrases(text) == ["Mon\u200bgo\u00addb"]


def test_of_overlapping_findings_one_is_told() -> None:
    found = check_wording("It should be fixed in 20 minutes because of a bug." + PROMISE, next_update=True)
    spans = [problem.span for problem in found]
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize("name", ["nickapp-backend", "10.0.0.1", "MongoDB", "db01.internal", "web_worker"])
def test_a_name_of_the_inside_is_no_component(name: str) -> None:
    assert internal_words(name) != ()


@pytest.mark.parametrize(
    "name", ["Checkout", "Card payments", "E-mail notices", "Chat", "API", "Mobile app", "Sign-in"]
)
def test_a_name_that_customers_know_is_one(name: str) -> None:
    assert internal_words(name) == ()


def test_a_long_text_is_read_in_a_moment() -> None:
    text = "we are a very very likely " * 160 + "a-" * 200 + "1:" * 200 + "_a" * 200 + "a b " * 200
    assert check_wording(text, next_update=True)
