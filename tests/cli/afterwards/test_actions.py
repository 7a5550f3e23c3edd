"""The commands on post-mortems that lie in a vault, at the real front door."""

from __future__ import annotations

from pathlib import Path

import icalendar
import pytest

from cli.door import Ask
from documents.good_postmortem import GOOD


@pytest.fixture
def notes(vault: Path) -> Path:
    folder = vault / "postmortems"
    folder.mkdir(exist_ok=True)
    (folder / "2026-06-01-checkout.md").write_text(GOOD)
    (folder / "2026-05-01-old.md").write_text(
        "# Old\n\nINC-3\n\n## Actions\n\n- [x] Done it @ana\n- Rotate keys 2026-05-09\n"
    )
    return folder


def test_open_promises_come_by_their_day(ask: Ask, notes: Path) -> None:
    said = ask("actions", "--on", "2026-06-11")
    assert said.code == 0
    assert [line.split("  ")[0] for line in said.out.splitlines()] == ["33 d late", "1 d late", "open"]
    assert "postmortems/2026-05-01-old.md:8" in said.out
    assert "Done it" not in said.out


@pytest.mark.parametrize(
    ("words", "texts", "why"),
    [
        (("--overdue",), ["Rotate keys", "Add an alert on 5xx of checkout"], "only late ones"),
        (("--owner", "ana"), ["Add an alert on 5xx of checkout"], "one person's"),
        (("--owner", ""), ["Rotate keys"], "nobody's"),
        (("--owner", "ana", "--all"), ["Add an alert on 5xx of checkout", "Done it"], "done ones last"),
    ],
)
def test_promises_are_chosen(ask: Ask, notes: Path, words: tuple[str, ...], texts: list[str], why: str) -> None:
    said = ask("actions", "--on", "2026-06-11", "--json", *words)
    assert [row["text"] for row in said.json["actions"]] == texts, why


def test_what_cannot_be_read_is_a_note_beside_the_list(ask: Ask, notes: Path) -> None:
    (notes / "bad.md").write_bytes(b"\xff\xfe")
    (notes / "worse.md").write_text("## Actions\n\n| Item | Owner |\n| Add | @a |\n")
    said = ask("actions")
    assert said.code == 0
    assert "postmortems/bad.md:1: the page is not UTF-8" in said.err
    assert "postmortems/worse.md:3: these rows are no table" in said.err
    assert [row["file"] for row in ask("actions", "--json").json["unread"]] == [
        "postmortems/bad.md",
        "postmortems/worse.md",
    ]


def test_a_calendar_and_issue_bodies_are_printed(ask: Ask, notes: Path) -> None:
    todos = icalendar.Calendar.from_ical(ask("actions", "--ical").out).walk("VTODO")
    assert len(todos) == 3
    (issue,) = ask("actions", "--issues", "gitlab", "--json").json["issues"]
    assert (issue["title"], issue["due_date"]) == ("Rotate keys", "2026-05-09")


def test_without_a_post_mortem_nothing_is_promised(ask: Ask, vault: Path) -> None:
    assert ask("actions").out == "No action item.\n"
    assert ask("postmortem-check").out == "There is no post-mortem yet.\n"


def test_remarks_advise_unless_they_are_asked_to_fail(ask: Ask, notes: Path) -> None:
    (notes / "2026-05-01-old.md").unlink()
    text = GOOD.replace("OPS-1", "")
    (notes / "2026-06-01-checkout.md").write_text(text)
    said = ask("postmortem-check")
    assert said.code == 0
    assert "postmortems/2026-06-01-checkout.md:42:1: PM015 no ticket for" in said.out
    assert ask("postmortem-check", "--strict").code == 1
    (notes / "2026-06-01-checkout.md").write_text(GOOD)
    said = ask("postmortem-check", "--strict", str(notes / "2026-06-01-checkout.md"))
    assert (said.code, said.out) == (0, "1 post-mortem: nothing to remark\n")


def test_a_page_that_does_not_compile_hides_no_promise(ask: Ask, notes: Path) -> None:
    for page in notes.parent.glob("*.md"):
        page.unlink()
    assert "Add an alert" in ask("actions").out
    said = ask("postmortem-check")
    assert said.code == 0
    assert "a plain form is taken" in said.err
