"""Which entries of a timeline are shown: every event can be found under one heading, and words find sentences."""

from __future__ import annotations

from typing import get_args

import pytest

from firstfive.cli.terminal.chosen import ALL, CHOICES, PEOPLE, wanted
from firstfive.incident import events as ev

KINDS = sorted(kind.__name__ for kind in get_args(ev.Event))
# What opens, grades and ends an incident stands under "all", and under "people" where a person said it.
FRAME = {"Declared", "SeverityChanged", "Acknowledged", "StatusChanged", "Resolved", "Noted", "PostmortemAsked"} | {
    "ClosingTicked",
    "PostmortemWritten",
    "PostmortemFailed",
    "PostmortemRead",
    "Imported",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_stands_in_one_group_at_most(kind: str) -> None:
    groups = [choice for choice in CHOICES if choice not in (ALL, PEOPLE) and wanted(choice, kind, "firstfive", "")]
    assert len(groups) == (0 if kind in FRAME else 1), groups


def test_what_people_did_is_theirs() -> None:
    assert wanted(PEOPLE, "Noted", "sam", "sam notes: x")
    assert not wanted(PEOPLE, "CheckDone", "firstfive", "x")


@pytest.mark.parametrize(
    ("choice", "shown"), [("all", True), ("", True), ("DOOR locked", True), ("locked window", False), ("told", False)]
)
def test_words_have_to_stand_in_the_sentence(choice: str, shown: bool) -> None:
    assert wanted(choice, "Noted", "sam", "sam notes: the door is locked") is shown
