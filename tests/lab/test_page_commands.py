"""No command of the original page is left without a word: it works, or it is corrected, or it is somebody's work."""

from __future__ import annotations

import importlib.util
from functools import cache

import pytest

from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import Handbook, Level, Problem
from lab.page_commands import ROWS, Outcome, Row
from page import NAME, original_page

DEFECTS = [row for row in ROWS if row.outcome is Outcome.DEFECT]
CORRECTED = [row for row in DEFECTS if row.corrected]


@cache
def compiled() -> Handbook:
    return compile_vault({NAME: original_page()})


def said_at(handbook: Handbook, row: Row) -> list[Problem]:
    return [p for p in handbook.problems if p.place is not None and p.place.line in row.lines]


def name(row: Row) -> str:
    return f"line {row.line}"


def test_every_command_and_every_step_of_the_page_stands_in_the_table_once() -> None:
    lines = [line for row in ROWS for line in row.lines]
    assert len(lines) == len(set(lines))
    missing = {
        f"{step.id} at line {place.line}"
        for runbook in compiled().runbooks
        for step in runbook.steps
        for place in ([command.place for command in step.commands] or [step.place])
        if place.line not in lines
    }
    assert not missing
    places = {c.place.line for r in compiled().runbooks for s in r.steps for c in s.commands}
    places |= {s.place.line for r in compiled().runbooks for s in r.steps}
    assert [row.line for row in ROWS if not places & set(row.lines)] == []


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_the_check_says_what_the_row_says(row: Row) -> None:
    said = {p.code for p in said_at(compiled(), row)}
    assert set(row.codes) <= said
    assert set(row.elsewhere) <= {p.code for p in compiled().problems}
    if row.outcome is Outcome.WORKS:
        assert not [p for p in said_at(compiled(), row) if p.level is not Level.INFO]
    if row.outcome is Outcome.DEFECT:
        assert row.codes or row.elsewhere
        assert row.corrected or row.pack


@pytest.mark.parametrize("row", CORRECTED, ids=name)
def test_the_corrected_command_in_the_pages_place_has_the_defect_no_more(row: Row) -> None:
    lines = original_page().decode().split("\n")
    lines[row.line - 1 : row.lines.stop - 1] = [row.corrected] + [""] * (len(row.lines) - 1)
    mended = compile_vault({NAME: "\n".join(lines).encode()})
    gone = set(row.codes) - {
        "FF020",
        "FF021",
        "FF024",
    }  # those ask for a note beside the command, which stays to be written
    left = {p.code for p in said_at(mended, row)}
    assert not left & gone
    assert not {code for code in left if code.startswith(("FF05", "FF06"))}
    assert [(r.id, len(r.steps)) for r in mended.runbooks] == [(r.id, len(r.steps)) for r in compiled().runbooks]


@pytest.mark.parametrize("row", [row for row in ROWS if row.pack], ids=name)
def test_the_pack_of_a_row_is_there(row: Row) -> None:
    assert importlib.util.find_spec(f"firstfive.incident.packs.{row.pack}")
