"""The matcher against Python's own, and against the patterns that make Python's own hang."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.shell.conditions.matching import found_in, groups_in
from firstfive.shell.conditions.pattern import PatternError, compile_pattern

ATOMS = st.sampled_from(
    ["a", "b", "ab", ".", "[ab]", "[^a]", "\\d", "\\w", "\\s", "\\b", "^", "$", "x", "1", "[a-c1]", "\\.", "\n"]
)


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        inner.map(lambda one: f"({one})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{1,2}", "{2}", "{0,1}?", "{1,}"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    )


PATTERNS = st.recursive(ATOMS, joined, max_leaves=6)
TEXTS = st.text(alphabet="ab1x .\n", max_size=12)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, TEXTS)
def test_it_finds_what_python_finds(pattern: str, text: str) -> None:
    theirs = re.search(pattern.replace("$", r"\Z"), text)
    ours = compile_pattern(pattern)
    found = groups_in(ours, text)
    assert found_in(ours, text) == (theirs is not None)
    assert (found is None) == (theirs is None)
    if found is not None and theirs is not None and not repeats_nothing(pattern):
        assert found[0] == theirs[0]


def repeats_nothing(pattern: str) -> bool:
    """Whether something that can be empty is repeated: engines differ on how often they then go round (RE2 from Python, too)."""
    for end in re.finditer(r"\)(?=[*+?{])", pattern):
        depth = 0
        for at in range(end.start(), -1, -1):
            depth += {")": 1, "(": -1}.get(pattern[at], 0)
            if depth == 0:
                body = pattern[at : end.end()].replace("$", r"\Z")
                if re.search(f"^{body}", "") or re.search(r"\\b|\^|\$", body):
                    return True
                break
    return False


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        ("(a+)(b+)?", "xaab", ("aab", "aa", "b")),
        ("(a+)(b+)?", "aac", ("aa", "aa", None)),
        ("(a|ab)(c|bcd)", "abcd", ("abcd", "a", "bcd")),
        ("(.*?)=(.*)", "k=v=w", ("k=v=w", "k", "v=w")),
        ("(?P<key>\\w+): (?<value>\\w+)", "a: b", ("a: b", "a", "b")),
        ("(?i)ERROR (\\d+)", "an error 42", ("error 42", "42")),
        ("(?m)^(b)$", "a\nb\nc", ("b", "b")),
        ("\\x41\\x{1F50C}", "A🔌", ("A🔌",)),
        ("[]a]+", "]a]", ("]a]",)),
        ("[a\\]-]+", "-]a", ("-]a",)),
        ("", "x", ("",)),
        ("a{2,3}", "aaaa", ("aaa",)),
        ("{", "{", ("{",)),
    ],
)
def test_groups_hold_what_perl_would_capture(pattern: str, text: str, groups: tuple[Any, ...]) -> None:
    assert groups_in(compile_pattern(pattern), text) == groups


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "not closed"),
        (")", "closes nothing"),
        ("[a", "not closed"),
        ("*", "nothing to repeat"),
        ("a**", "repetition of a repetition"),
        ("a{3,2}", "out of order"),
        ("a{1001}", "out of order or above"),
        ("(a{500}){500}", "too large"),
        ("(?=a)", "look-around"),
        ("(?<=a)", "look-around"),
        ("\\1", "not part of this language"),
        ("\\p{L}", "not part of this language"),
        ("[[:alpha:]]", "named classes"),
        ("[b-a]", "backwards"),
        ("a\\", "backslash at the end"),
        ("(" * 30 + ")" * 30, "nested too deep"),
        ("a" * 600, "at most"),
        ("\\x{110000}", "no such character"),
    ],
)
def test_a_pattern_outside_the_language_is_refused_with_its_place(pattern: str, words: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert words in caught.value.what
    assert 0 <= caught.value.at <= len(pattern)


@pytest.mark.parametrize(
    "pattern", ["(a*)*b", "(a|a)*b", "(a+)+$", "(.*)*x", ".*.*.*.*y", "(a|aa){1,60}b", "(\\w+\\s?)+$"]
)
def test_no_pattern_makes_it_slow(pattern: str) -> None:
    text = "a" * 200_000 + "!"
    begun = time.process_time()
    found_in(compile_pattern(pattern), text)
    assert time.process_time() - begun < 5.0


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab\\()[]{}*+?|^$.-:,<>=!dwsbAzx0123PiQ\n", max_size=30), TEXTS)
def test_no_text_taken_as_a_pattern_makes_it_stumble(pattern: str, text: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        return
    assert found_in(compiled, text) == (groups_in(compiled, text) is not None)
