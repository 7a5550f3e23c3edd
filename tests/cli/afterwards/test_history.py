"""`firstfive history` and `firstfive search`, with the journal growing, shrinking and gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.door import Ask
from documents.good_postmortem import GOOD


@pytest.fixture
def three(ask: Ask, vault: Path) -> Path:
    for title in ("the shop is shut", "payments hang", "the shop is slow"):
        assert ask("declare", title).code == 0
    assert ask("note", "INC-2", "the firewall dropped port 5432").code == 0
    assert ask("resolve", "INC-1").code == 0
    return vault


def test_a_list_is_newest_first_and_goes_on(ask: Ask, three: Path) -> None:
    first = ask("history", "--limit", "2", "--json").json
    assert [one["id"] for one in first["incidents"]] == ["INC-3", "INC-2"]
    rest = ask("history", "--before", first["before"], "--json").json
    assert ([one["id"] for one in rest["incidents"]], rest["before"]) == (["INC-1"], None)
    assert [one["id"] for one in ask("history", "--open", "--json").json["incidents"]] == ["INC-3", "INC-2"]
    assert "SEV-1  resolved      the shop is shut" in ask("history").out


def test_words_are_found_where_they_were_said(ask: Ask, three: Path) -> None:
    (hit,) = ask("search", "firewall", "5432", "--json").json["hits"]
    assert (hit["incident"], hit["title"]) == ("INC-2", "payments hang")
    assert "[firewall]" in hit["text"]
    assert ask("search", "firewall", "--severity", "3").out == "Nothing holds all of these words.\n"


def test_what_is_said_later_is_found_too_and_only_once(ask: Ask, three: Path) -> None:
    assert len(ask("search", "firewall", "--json").json["hits"]) == 1
    ask("note", "INC-3", "the firewall again")
    assert [hit["incident"] for hit in ask("search", "firewall", "--json").json["hits"]] == ["INC-3", "INC-2"]


def test_post_mortems_are_searched_as_people_have_them(ask: Ask, three: Path) -> None:
    folder = three / "postmortems"
    folder.mkdir(exist_ok=True)
    (folder / "2026-06-01-checkout.md").write_text(GOOD + "\nA zebra was involved.\n")
    (hit,) = ask("search", "zebra", "--json").json["hits"]
    assert (hit["file"], hit["incident"]) == ("postmortems/2026-06-01-checkout.md", None)
    (folder / "2026-06-01-checkout.md").write_text(GOOD)
    assert ask("search", "zebra", "--json").json["hits"] == []


def test_an_index_of_another_journal_is_not_believed(ask: Ask, three: Path) -> None:
    assert len(ask("history", "--json").json["incidents"]) == 3
    for file in (three / ".firstfive").glob("journal.db*"):
        file.unlink()
    ask("declare", "a new beginning")
    assert [one["title"] for one in ask("history", "--json").json["incidents"]] == ["a new beginning"]
    assert ask("search", "firewall", "--json").json["hits"] == []


def test_before_the_first_incident_there_is_nothing(ask: Ask, vault: Path) -> None:
    assert ask("history").out == "No incident.\n"
    assert ask("history", "--before", "yesterday").code == 2
