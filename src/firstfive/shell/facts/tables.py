"""Tables as command line tools print them: a line of headings, then rows under it.

Called by the `table` extractor and by the packs that read docker, compose and df.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


def rows_of(text: str, headings: Sequence[str] = ()) -> list[dict[str, str]]:
    """The rows of the first table in `text`, each as heading (upper case) to cell.

    Cells are cut where the headings begin, for a cell may be empty or hold spaces. With `headings` the table is the one whose first line
    holds them all. Nothing is returned when there is no such line.
    """
    lines = text.splitlines()
    for number, line in enumerate(lines):
        columns = _columns(line)
        names = [name for name, _ in columns]
        if len(columns) >= 1 and all(wanted.upper() in names for wanted in headings) and (headings or len(columns) > 1):
            body = (row for row in lines[number + 1 :] if row.strip())
            return [_cells(row, columns) for row in body]
    return []


def column_of(text: str, heading: str) -> tuple[str, ...] | None:
    """The cells under a heading (in any case), or None when no line has it."""
    rows = rows_of(text, (heading,))
    return tuple(row[heading.upper()] for row in rows) if rows else None


def cells(row: Mapping[str, str], *names: str) -> str:
    """The first of several headings that the row has; empty when it has none."""
    return next((row[name] for name in names if name in row), "")


def _columns(line: str) -> list[tuple[str, int]]:
    """The headings of a line with where they begin. One space parts headings only where none of them is two words."""
    parted = [(found[0].strip().upper(), found.start()) for found in re.finditer(r"\S+(?: \S+)*", line)]
    split: list[tuple[str, int]] = []
    for name, at in parted:
        if name in _TWO_WORDS or " " not in name:
            split.append((name, at))
        else:
            pieces = re.sub(r"MOUNTED ON", "MOUNTED_ON", name).split(" ")
            begin = at
            for piece in pieces:
                split.append((piece.replace("_", " ") if piece == "MOUNTED_ON" else piece, begin))
                begin += len(piece) + 1
    return split


_TWO_WORDS = frozenset(
    ("CONTAINER ID", "MOUNTED ON", "CPU %", "MEM %", "NET I/O", "BLOCK I/O", "LAST SEEN", "IMAGE ID")
)


def _cells(row: str, columns: Sequence[tuple[str, int]]) -> dict[str, str]:
    if "\t" in row:
        pieces = row.split("\t")
        return {name: piece.strip() for (name, _), piece in zip(columns, pieces, strict=False)}
    ends = [begin for _, begin in columns[1:]] + [len(row)]
    found = {name: row[begin:end].strip() for (name, begin), end in zip(columns, ends, strict=True)}
    words = row.split()
    if len(words) == len(columns):  # right-aligned columns (df, free) begin before their heading
        return {name: word for (name, _), word in zip(columns, words, strict=True)}
    return found
