"""A step that its time limit ended: which limit it was, and whether it had to be killed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from firstfive.cli.hands.alone import said
from firstfive.engine.steps.running import met, over
from firstfive.ports import Output

LIMIT = timedelta(seconds=3)


def ended(*, killed: bool) -> Output:
    took = timedelta(seconds=8 if killed else 3)
    return Output(exit_code=124, text="", stdout="", dropped=0, took=took, timed_out=True, killed=killed)


@pytest.mark.parametrize(
    ("killed", "words"),
    [
        (False, "stopped by its time limit of 3 s"),
        (True, "stopped by its time limit of 3 s, killed since it did not end when asked to"),
    ],
)
def test_the_limit_is_named_not_how_long_it_took_to_end(killed: bool, words: str) -> None:
    assert met(None, ended(killed=killed), LIMIT) == (False, words)


def test_break_glass_says_it_beside_the_exit_code() -> None:
    why = over(ended(killed=True), LIMIT)
    answer = {"step": "3.1#2", "target": "local", "exit_code": 124, "why": why, "output": ""}
    assert said(answer) == f"3.1#2 on local: exit 124 ({why})"
    assert said({**answer, "exit_code": 1, "why": ""}) == "3.1#2 on local: exit 1"
