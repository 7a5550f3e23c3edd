"""The parts of the original page that documents are made from."""

from __future__ import annotations

import re

from page import original_page


def section(number: int) -> str:
    """The text of one of the page's sections."""
    parts = re.split(r"^## (?=\d)", original_page().decode(), flags=re.MULTILINE)
    return next(part for part in parts if part.startswith(f"{number}. "))


def templates() -> dict[str, str]:
    """Title to text of each fence in the section on communication."""
    return dict(re.findall(r"^### (.+?)\n\n```\n(.*?)\n```", section(4), re.MULTILINE | re.DOTALL))


def form() -> str:
    """The post-mortem form."""
    found = re.search(r"^```markdown\n(.*?)^```", section(5), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)
