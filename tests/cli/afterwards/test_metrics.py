"""`firstfive metrics` over a journal and over notes from before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.door import Ask
from documents.good_postmortem import GOOD


@pytest.fixture
def history(ask: Ask, vault: Path) -> Path:
    assert ask("declare", "the shop is shut").code == 0
    assert ask("declare", "again").code == 0
    assert ask("resolve", "INC-1").code == 0
    folder = vault / "postmortems"
    folder.mkdir(exist_ok=True)
    (folder / "2026-06-01-checkout.md").write_text(GOOD)
    (folder / "undated.md").write_text("# Who knows when\n")
    return folder


def test_incidents_of_the_journal_are_counted(ask: Ask, history: Path) -> None:
    said = ask("metrics", "--by", "month", "--json")
    assert said.code == 0
    (group,) = said.json["groups"]
    assert group["incidents"] == 2
    assert group["spans"]["ttr"]["n"] == 1
    assert group["spans"]["ttd"] == {"n": 0, "unknown": 2, "median": None, "p90": None, "each": []}


def test_older_notes_are_counted_when_they_are_asked_for(ask: Ask, history: Path) -> None:
    said = ask("metrics", "--past", "--csv")
    assert "checkout was down,postmortems/2026-06-01-checkout.md,1," in said.out
    assert "undated.md names no day" in said.err
    assert ask("metrics", "--past", "--since", "2027-01-01").out.startswith("No incident to count")


def test_the_table_and_the_plot_are_printed(ask: Ask, history: Path) -> None:
    assert "Time to resolve (TTR)" in ask("metrics", "--past").out
    assert ask("metrics", "--past", "--svg", "ttr").out.count("<circle") == 2


def test_counts_are_printed_for_a_textfile_collector(ask: Ask, history: Path) -> None:
    said = ask("metrics", "--prometheus")
    assert "# TYPE firstfive_incidents_total counter\n" in said.out
    assert (
        sum(float(line.split()[-1]) for line in said.out.splitlines() if line.startswith("firstfive_incidents_total"))
        == 2
    )


def test_without_a_journal_it_says_so(ask: Ask, vault: Path) -> None:
    said = ask("metrics")
    assert said.code == 0
    assert "the journal holds no incident" in said.err
