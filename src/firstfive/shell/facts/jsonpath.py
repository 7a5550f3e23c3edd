"""Paths into JSON output: the part of JMESPath and of jq's paths that names one place or a row of places.

Called by the `json` extractor and by the container facts. Takes `a.b`, `[0]`, `[-1]`, `[*]`, `[]`, `"odd key"`; no filters, no functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

Step: TypeAlias = str | int | None
"""A key, an index, or None for every item."""

_STEP = re.compile(r"\.?\[(?:(-?\d{1,6})|(\*?)|\"([^\"\\\]]*)\")\]|\.?([A-Za-z_][\w-]*)|\.?\"([^\"\\]*)\"", re.ASCII)
LONGEST_JSON = 4_000_000


class JsonPathError(Exception):
    """A path outside the language; `at` is the 0-based character."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


@lru_cache(maxsize=256)
def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path; a leading dot, as jq writes it, is taken too. The empty path and `.` are the whole document.

    Raises:
        JsonPathError: where the text stops being such a path.
    """
    plain = text.strip()
    if plain in ("", ".", "@"):
        return ()
    steps: list[Step] = []
    at = 0
    while at < len(plain):
        found = _STEP.match(plain, at)
        if found is None or (at and found[0][0] not in '.["'):
            raise JsonPathError("a path is made of keys and [numbers], such as [0].State.Status", at)
        index, every, bracketed, key, quoted = found.groups()
        if index is not None:
            steps.append(int(index))
        elif every is not None:
            steps.append(None)
        else:
            steps.append(next(name for name in (bracketed, key, quoted) if name is not None))
        at = found.end()
    return tuple(steps)


def read_json(text: str) -> Any:
    """The JSON document in `text`, or a list of them when there is one a line; None when it is neither."""
    if len(text) > LONGEST_JSON or not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def select(document: Any, path: Sequence[Step]) -> list[Any]:
    """The places that a path names in a document, nulls left out."""
    found = [document]
    for step in path:
        following: list[Any] = []
        for place in found:
            match step, place:
                case None, list():
                    following += place
                case None, dict():
                    following += place.values()
                case int(), list() if -len(place) <= step < len(place):
                    following.append(place[step])
                case str(), dict() if step in place:
                    following.append(place[step])
                case _:
                    pass
        found = following
    return [place for place in found if place is not None]
