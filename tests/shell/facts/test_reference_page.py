"""The reference pages say what the program does: every fact, every extractor, every example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firstfive.shell.bind import ParamType
from firstfive.shell.conditions import compile
from firstfive.shell.facts import RESULT, known, parse_fact_line, types

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"
FACTS = (DOCS / "facts.md").read_text("utf-8")
CONDITIONS = (DOCS / "conditions.md").read_text("utf-8")


def test_every_fact_has_its_row_and_every_row_its_fact() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+\.[\w.]+)` \| ([\w<>]+) \|", FACTS, re.MULTILINE))
    assert rows == {name: str(spec.type) for name, spec in known().items()}


def test_every_type_of_a_parameter_is_described() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| .* \| (?:closed|restricted|open) \|$", FACTS, re.MULTILINE)) == {
        str(kind) for kind in ParamType
    }


@pytest.mark.parametrize("text", re.findall(r"```cel\n(.*?)```", CONDITIONS, re.DOTALL))
def test_every_example_of_a_condition_compiles(text: str) -> None:
    assert compile(text, {**types(), **RESULT}).names


def test_the_example_of_a_fact_line_is_one() -> None:
    assert parse_fact_line("#: fact deploy.age : duration = since(timestamp(line(1)))").name in FACTS
