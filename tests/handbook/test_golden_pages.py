"""Strangers' pages and what they compile to. `python tests/handbook/goldens.py` writes the goldens anew."""

from __future__ import annotations

import pytest

from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import Level
from handbook.goldens import ORIGINAL, PAGES, cases, outline_of, render, vault_of
from page import NAME, original_page


@pytest.mark.parametrize("case", cases())
def test_a_page_compiles_to_its_golden(case: str) -> None:
    assert render(case) == (PAGES / f"{case}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", cases())
def test_the_same_bytes_give_the_same_handbook(case: str) -> None:
    assert compile_vault(vault_of(case)) == compile_vault(vault_of(case))


def test_the_original_page_has_its_golden_structure() -> None:
    assert outline_of(compile_vault({NAME: original_page()})) == ORIGINAL.read_text(encoding="utf-8")


HONEST = ("QuotaNearlySpent", "queue-grows", "numbered", "annotated", "howto", "windows", "postmortems-left-out")


@pytest.mark.parametrize("case", HONEST)
def test_an_honest_page_has_no_error(case: str) -> None:
    errors = [problem for problem in compile_vault(vault_of(case)).problems if problem.level is Level.ERROR]
    assert errors == []
