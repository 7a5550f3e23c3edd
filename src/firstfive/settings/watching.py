"""What `firstfive.toml` says about how senders grade: their words on the page's matrix.

Called by `toml_file`. Knows no page: whether the matrix has that level is said when a signal is graded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstfive.errors import SettingsError
from firstfive.settings import reading


def severity(data: Mapping[str, Any], at: str) -> dict[str, int]:
    """`[severity]`: what a sender's word means on the page's matrix, as critical = 1."""
    found: dict[str, int] = {}
    for word, level in reading.table(data, "severity", None, at).items():
        if not isinstance(level, int) or isinstance(level, bool) or not 1 <= level <= 9:
            raise SettingsError(f"severity.{word} is a level of the matrix", where=at, remedy=f"write {word} = 1")
        found[word] = level
    return found
