"""Values that are safe to show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstfive.documents import plain
from incident.builders import T0

LINES = [
    ("a\nb\tc", "a b c", "one line"),
    ("\x1b[31mred\x1b[0m", "red", "colours go"),
    ("\x1b]0;title\x07x", "x", "window titles go"),
    ("\x1bcx", "x", "a terminal reset goes"),
    ("bell\x07 \x08back", "bell back", "control characters go"),
    ("evil\u202egnp.exe", "evilgnp.exe", "nothing turns the reading direction"),
    ("he\u200br\u2060e\ufeff", "here", "invisible characters go"),
    ("a\u2028b\u2029c\x85d", "a b c d", "every kind of line break is a space"),
    ("x" * 400, "x" * 299 + "…", "300 characters at most"),
    ("\ud800lone", "lone", "what UTF-8 cannot carry goes"),
    ("grüße 🚨", "grüße 🚨", "letters and pictures stay"),
]


@pytest.mark.parametrize(("text", "shown", "because"), LINES, ids=[row[2] for row in LINES])
def test_a_line_is_one_clean_line(text: str, shown: str, because: str) -> None:
    assert plain.line(text) == shown, because


QUIET = [
    ("@everyone look", "@ everyone look"),
    ("hi @HERE and @Channel", "hi @ HERE and @ Channel"),
    ("@ro\u200bom", "@ room"),
    ("<!channel> <@U123> <#C1>", "< !channel> < @U123> < #C1>"),
    ("ana@example.org", "ana@example.org"),
    ("thanks @ana", "thanks @ana"),
    ("@hereford stays", "@hereford stays"),
]


@pytest.mark.parametrize(("text", "shown"), QUIET)
def test_no_value_calls_a_whole_channel(text: str, shown: str) -> None:
    assert plain.quiet(text) == shown


@given(st.text())
def test_a_quiet_line_stays_quiet_and_short(text: str) -> None:
    once = plain.quiet(text)
    assert len(once) <= plain.WIDTH
    assert "\n" not in once
    assert plain.quiet(once) == once
    once.encode()


SPANS = [(10, "less than 1 min", 1), (60, "1 min", 1), (89, "1 min", 1), (90, "2 min", 2), (3600, "60 min", 60)]


@pytest.mark.parametrize(("seconds", "words", "whole"), SPANS)
def test_minutes_are_rounded_and_never_none(seconds: int, words: str, whole: int) -> None:
    span = timedelta(seconds=seconds)
    assert (plain.minutes(span), plain.whole_minutes(span)) == (words, whole)


def test_instants_are_told_in_utc() -> None:
    assert plain.iso(T0) == "2026-11-23T03:00:00.000Z"
    assert plain.iso(None) is None
    assert plain.day_and_time(T0) == "2026-11-23 03:00 UTC"
    assert plain.clock(T0) == "03:00:00"
    assert [plain.brief(timedelta(seconds=s)) for s in (0.087, 2.44, 93.4)] == ["87 ms", "2.4 s", "93 s"]
