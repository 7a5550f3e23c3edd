"""What a person and a program are shown of a handbook."""

from __future__ import annotations

import json

import pytest

from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import Level, Place, Problem, Source
from firstfive.handbook.report import render_problem, render_problems, to_json, understood
from handbook.goldens import vault_of


def test_a_problem_is_shown_with_its_line_a_caret_and_help() -> None:
    source = Source(path="a.md", text="# A\n\tgrün `x`\n", sha256="")
    problem = Problem(
        code="FF099", level=Level.WARNING, message="not so", place=Place(page="a.md", line=2, column=8), help="do so"
    )
    assert render_problem(problem, {"a.md": source}) == (
        "a.md:2:8: warning FF099: not so\n  | \tgrün `x`\n  | \t     ^\n  = help: do so"
    )


def test_a_problem_past_the_end_is_shown_without_a_line() -> None:
    source = Source(path="a.md", text="", sha256="")
    problem = Problem(code="FF099", level=Level.INFO, message="nothing", place=Place(page="a.md", line=1))
    assert render_problem(problem, {"a.md": source}) == "a.md:1:1: info FF099: nothing"


def test_problems_are_counted_and_can_be_cut_at_a_level() -> None:
    handbook = compile_vault(vault_of("fences"))
    everything, worst = render_problems(handbook), render_problems(handbook, at_least=Level.ERROR)
    assert everything.splitlines()[-1] == worst.splitlines()[-1]
    assert " info FF" in everything
    assert " info FF" not in worst
    assert worst.count(" error FF") == int(worst.splitlines()[-1].split(" ")[0])


@pytest.mark.parametrize("case", ["annotated", "includes", "unclosed"])
def test_the_plain_form_is_json_and_names_the_pages_by_hash(case: str) -> None:
    handbook = compile_vault(vault_of(case))
    plain = json.loads(json.dumps(to_json(handbook)))
    assert [source["sha256"] for source in plain["sources"]] == [source.sha256 for source in handbook.sources]
    assert all(set(source) == {"path", "sha256"} for source in plain["sources"])


def test_what_was_understood_is_counted_and_placed() -> None:
    text = understood(compile_vault(vault_of("unclosed")))
    lines = text.splitlines()
    assert lines[0] == "Unclosed"
    assert "3 severities" in lines[2]
    assert any(line.startswith("unclosed.md:7:2") and "severity 1: All is down" in line for line in lines)
