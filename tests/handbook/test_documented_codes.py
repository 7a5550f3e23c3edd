"""Every problem code that the sources can say has a page, and no page is about a code that nothing says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs" / "reference" / "problem-codes"
ROOMS = ("handbook", "shell", "errors.py")


def said() -> set[str]:
    """Codes that stand as literals in the compiler, the shell rooms and the error family."""
    files = [
        path for room in ROOMS for path in [ROOT / "src" / "firstfive" / room] for path in [path, *path.rglob("*.py")]
    ]
    return {code for path in files if path.is_file() for code in re.findall(r'"(FF\d{3})"', path.read_text())}


def test_every_code_is_documented() -> None:
    assert said() - {path.stem for path in DOCS.glob("FF*.md")} == set()


def test_no_documented_code_is_unheard_of() -> None:
    assert {path.stem for path in DOCS.glob("FF*.md")} - said() == set()


@pytest.mark.parametrize("path", sorted(DOCS.glob("FF*.md")), ids=lambda path: path.stem)
def test_a_code_page_says_what_it_is_an_example_and_what_to_do(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {path.stem}: ")
    for part in ("Level: ", "## Example\n", "## What to do\n"):
        assert part in text


def test_the_index_lists_every_code() -> None:
    listed = re.findall(r"\[(FF\d{3})\]\(\1\.md\)", (DOCS / "index.md").read_text())
    assert listed == sorted(path.stem for path in DOCS.glob("FF*.md"))
