"""The word lists of the inner languages, from words.toml beside this file.

Called by the readers of those languages.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads(
        resources.files("firstfive.shell.risk.inner").joinpath("words.toml").read_text(encoding="utf-8")
    )


def listed(part: str, name: str) -> frozenset[str]:
    """One list as a set."""
    return frozenset(_lists()[part][name])


def pairs(part: str) -> dict[str, frozenset[str]]:
    """First words with the second words that are listed for them."""
    return {first: frozenset(seconds.split()) for first, seconds in _lists()[part]["pairs"].items()}
