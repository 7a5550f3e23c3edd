"""The page that the whole program starts from, where a checkout has it beside itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

PAGE = Path(os.environ.get("FIRSTFIVE_PAGE") or Path(__file__).parents[3] / "shared" / "incident-response.md")


def section(number: int) -> str:
    """The text of one of the page's sections; skips loudly where the page is absent, fails for it in CI."""
    if not PAGE.is_file():
        if os.environ.get("CI"):
            raise AssertionError(f"{PAGE} is missing")
        pytest.skip(f"{PAGE} is not here: set FIRSTFIVE_PAGE")
    parts = re.split(r"^## (?=\d)", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return next(part for part in parts if part.startswith(f"{number}. "))


def templates() -> dict[str, str]:
    """Title to text of each fence in the section on communication."""
    return dict(re.findall(r"^### (.+?)\n\n```\n(.*?)\n```", section(4), re.MULTILINE | re.DOTALL))


def form() -> str:
    """The post-mortem form."""
    found = re.search(r"^```markdown\n(.*?)^```", section(5), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)
