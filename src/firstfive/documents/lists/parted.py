"""A long list in parts: so many rows, and the word with which the next part is asked for.

Called by whatever answers with a list. The word counts from the old end, so a list that grows at its head gives no row twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from firstfive.errors import Exit, Refused

Row = TypeVar("Row")
PART, MOST = 50, 1000


def limit_of(asked: Mapping[str, str], otherwise: int = PART) -> int:
    """How many rows are asked for, `otherwise` when it is not said. Raises Refused for less than 1 and more than `MOST`."""
    given = number_of(asked, "limit", otherwise)
    if not 1 <= given <= MOST:
        raise Refused(f"limit must be from 1 to {MOST}", remedy=f"leave it out for {otherwise}", exit_code=Exit.USAGE)
    return given


def number_of(asked: Mapping[str, str], name: str, otherwise: int) -> int:
    """A field that is a whole number, at most nine digits. Raises Refused for anything else."""
    given = asked.get(name, "")
    if not given:
        return otherwise
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refused(
            f"{name} must be a whole number", remedy="take it from `next`, or leave it out", exit_code=Exit.USAGE
        )
    return int(given)


def part_of(rows: Sequence[Row], asked: Mapping[str, str], otherwise: int = PART) -> tuple[list[Row], str | None]:
    """The part after `cursor`, and the cursor of the next one; None when this is the last."""
    limit, left = limit_of(asked, otherwise), min(number_of(asked, "cursor", len(rows)), len(rows))
    begin = len(rows) - left
    rest = left - limit
    return list(rows[begin : begin + limit]), str(rest) if rest > 0 else None
