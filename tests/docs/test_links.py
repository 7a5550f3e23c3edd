"""Every link of the documentation leads somewhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from docs.reading import FILES, ROOT, anchors, links, name_of

OUTSIDE = ("http://", "https://", "mailto:")


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_relative_link_resolves(file: Path) -> None:
    broken = []
    for link in links(file):
        if link.startswith(OUTSIDE):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (file.parent / path).resolve() if path else file
        if not target.exists() or not target.is_relative_to(ROOT):
            broken.append(f"{link}: nothing is there")
        elif anchor and anchor not in anchors(target):
            broken.append(f"{link}: no such heading")
    assert not broken


def test_links_are_found_at_all() -> None:
    assert len(links(ROOT / "README.md")) >= 5
    assert "an-incident-as-json" in anchors(ROOT / "docs" / "reference" / "cli.md")


def test_the_map_names_every_page() -> None:
    """docs/README.md reaches every page but those that an index of their own reaches."""
    named = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in links(ROOT / "docs" / "README.md")}
    folders = {"decisions", "problem-codes"}
    missing = [
        name_of(file)
        for file in (ROOT / "docs").rglob("*.md")
        if file.resolve() not in named and file.parent.name not in folders and file.name != "README.md"
    ]
    assert not missing
