"""The three lists: what entries promise, what must never pass as read-only, and what a careful person calls read-only."""

from __future__ import annotations

import re
import tomllib
from itertools import groupby
from pathlib import Path

import pytest

from firstfive.shell.parse import parse_many
from firstfive.shell.risk import Verdict, judge, load_table
from firstfive.shell.risk.table import Case, cases, sources

HERE = Path(__file__).parent
SHAPES = [
    (f"{file.stem}: {shape['why']}", shape["commands"])
    for file in sorted((HERE / "adversarial").glob("*.toml"))
    for shape in tomllib.loads(file.read_text())["shape"]
]
LINES = (HERE / "read_only.txt").read_text().splitlines()
_BREAK = re.compile(r"(?<=[\w)])\\n(?=(?:oc|kubectl) )")


def _groups() -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in LINES:
        if line.startswith("## "):
            found.append((line[3:], []))
        elif line and not line.startswith("#"):
            found[-1][1].append(_BREAK.sub("\n", line))
    return found


ENTRIES = [(entry, list(group)) for entry, group in groupby(cases(), key=lambda case: case.entry)]


@pytest.mark.parametrize(("entry", "promised"), ENTRIES, ids=[e for e, _ in ENTRIES])
def test_an_entry_of_the_table_keeps_its_promises(entry: str, promised: list[Case]) -> None:
    parse_many([case.command for case in promised])
    broken = {
        case.command: (str(case.verdict), judge(case.command).reasons)
        for case in promised
        if judge(case.command).verdict is not case.verdict
    }
    assert broken == {}


def test_every_entry_says_where_its_claim_comes_from() -> None:
    assert [name for name, source in sources() if not source] == []


@pytest.mark.parametrize(("why", "commands"), SHAPES, ids=[why[:60] for why, _ in SHAPES])
def test_nothing_on_the_hostile_list_is_read_only(why: str, commands: list[str]) -> None:
    parse_many(commands)
    assert {c: judge(c).reasons for c in commands if judge(c).verdict is Verdict.READ_ONLY} == {}


def test_the_hostile_list_is_long_enough() -> None:
    assert len({c for _, commands in SHAPES for c in commands}) >= 1500


@pytest.mark.parametrize(("family", "commands"), _groups(), ids=[name for name, _ in _groups()])
def test_everyday_looks_are_read_only(family: str, commands: list[str]) -> None:
    parse_many(commands)
    assert {c: judge(c).reasons for c in commands if judge(c).verdict is not Verdict.READ_ONLY} == {}


def test_the_list_of_everyday_looks_is_long_enough() -> None:
    assert sum(len(commands) for _, commands in _groups()) >= 600


def test_every_entry_can_be_read() -> None:
    table = load_table()
    assert len(table.entries) > 500
    assert all(table.find(name) is not None for name in table.entries)
