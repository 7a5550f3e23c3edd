"""A note on paper: its words and tables, nothing that runs, nothing that is fetched."""

from __future__ import annotations

import pytest

from documents.good_postmortem import GOOD
from firstfive.documents.paper.note import note


def test_a_post_mortem_is_readable_on_paper() -> None:
    paper = note(GOOD)
    assert "<table>" in paper
    assert "@media print" in paper
    assert "<dt>severity</dt>" in paper
    assert "---\n" not in paper


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "<a href='vbscript:x'>y</a>",
    "---\ntitle: </title><script>alert(1)</script>\n---\nx",
    "`</style><script>`",
    "\u202eevil\u2066",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_runs_and_nothing_is_fetched(text: str) -> None:
    paper = note(text, title="</title><script>")
    body = paper.lower()
    assert all(
        bad not in body for bad in ("<script", "<img", "javascript:", "vbscript:", "data:text", "onerror=alert(1)>")
    )


def test_a_note_without_front_matter_takes_the_title_given() -> None:
    assert "<title>INC-1</title>" in note("# x", title="INC-1")
