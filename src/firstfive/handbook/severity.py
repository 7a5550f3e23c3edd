"""The severity matrix and the surge rule.

Called by `compile` with the section that holds the matrix. A row that cannot be read is a problem, never a default.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from firstfive.handbook.markdown import Kind, Node
from firstfive.handbook.model import Deadline, Level, Problem, ResponseTime, Severity, SurgeRule
from firstfive.handbook.phrases import duration, surge
from firstfive.handbook.sections import Section

_LABEL = re.compile(r"^(?:sev|severity|level|priority|prio|class)\b", re.IGNORECASE)
_HEADING = re.compile(r"\b(?:severity|severities|priorit(?:y|ies))\b", re.IGNORECASE)
_RESPONSE = re.compile(r"respon|ack|react|target|time", re.IGNORECASE)
_EXAMPLES = re.compile(r"example", re.IGNORECASE)
_MEANING = re.compile(r"meaning|description|definition|impact|what", re.IGNORECASE)
_LATER = re.compile(r"backlog|best effort|no deadline|when (?:time|possible)|none|whenever", re.IGNORECASE)
_NEXT_DAY = re.compile(r"next (?:business|working) day", re.IGNORECASE)
_NOW = re.compile(r"^immediate(?:ly)?$", re.IGNORECASE)


def find_matrix(section: Section) -> Node | None:
    """The section's severity table: its first column names severities and its heading or another column confirms it."""
    for table in section.blocks:
        if table.kind is not Kind.TABLE or not table.children:
            continue
        header = [cell.plain() for cell in table.children[0].children]
        if not header or not _LABEL.match(header[0]):
            continue
        if _HEADING.search(section.title) or any(_RESPONSE.search(cell) for cell in header[1:]):
            return table
    return None


def read_matrix(section: Section, table: Node, problems: list[Problem]) -> tuple[Severity, ...]:
    """The rows of the matrix, worst first. Unreadable rows become problems FF006."""
    header = [cell.plain() for cell in table.children[0].children]
    meaning, response, examples = (_column(header, words) for words in (_MEANING, _RESPONSE, _EXAMPLES))
    rows: list[Severity] = []
    for row in table.children[1:]:
        cells = [cell.plain() for cell in row.children]
        label = cells[0] if cells else ""
        digit = re.search(r"\d", label)
        place = section.page.place(row.children[0] if row.children else row)
        if not label:
            problems.append(_row_problem(section, row, "this row of the severity matrix names no severity"))
            continue
        level = int(digit.group()) if digit else len(rows) + 1
        answer = response_time(_cell(cells, response))
        if answer is None:
            problems.append(
                _row_problem(section, row, f"{label}: no response time understood in {_cell(cells, response)!r}")
            )
            answer = ResponseTime(kind=Deadline.BACKLOG, text=_cell(cells, response))
        rows.append(
            Severity(
                level=level,
                label=label,
                meaning=_cell(cells, meaning),
                response=answer,
                examples=tuple(part.strip() for part in _cell(cells, examples).split(";") if part.strip()),
                place=place,
            )
        )
    return _distinct(section, table, rows, problems)


def _distinct(section: Section, table: Node, rows: list[Severity], problems: list[Problem]) -> tuple[Severity, ...]:
    """Sorted by level; a matrix that counts from 0 is shifted so that 1 is the worst; a level named twice keeps its first row."""
    if any(row.level == 0 for row in rows):
        rows = [_shift(row) for row in rows]
        problems.append(_row_problem(section, table, "the matrix counts from 0; here its worst row is level 1"))
    seen: dict[int, Severity] = {}
    for row in rows:
        if row.level in seen:
            problems.append(
                Problem(
                    code="FF006",
                    level=Level.WARNING,
                    message=f"severity {row.level} is named twice; the first row counts",
                    place=row.place,
                    help=f"first named on line {seen[row.level].place.line}",
                )
            )
        seen.setdefault(row.level, row)
    return tuple(seen[level] for level in sorted(seen))


def _shift(row: Severity) -> Severity:
    return Severity(
        level=row.level + 1,
        label=row.label,
        meaning=row.meaning,
        response=row.response,
        examples=row.examples,
        place=row.place,
    )


def read_surge(section: Section) -> SurgeRule | None:
    """The rule that many reports in a short time raise the severity, when the section's prose has one."""
    for paragraph in section.blocks:
        found = surge(paragraph.plain()) if paragraph.kind in (Kind.PARAGRAPH, Kind.LIST, Kind.CALLOUT) else None
        if found is not None:
            more_than, window, raise_by = found
            return SurgeRule(more_than=more_than, window=window, raise_by=raise_by, place=section.page.place(paragraph))
    return None


def response_time(text: str) -> ResponseTime | None:
    """A cell of the response column, or None when it is not understood."""
    if _NEXT_DAY.search(text):
        return ResponseTime(kind=Deadline.NEXT_BUSINESS_DAY, text=text)
    if _NOW.match(text.strip()):
        return ResponseTime(kind=Deadline.WITHIN, text=text, within=timedelta(0))
    within = duration(text)
    if within is not None:
        return ResponseTime(kind=Deadline.WITHIN, text=text, within=within)
    if _LATER.search(text):
        return ResponseTime(kind=Deadline.BACKLOG, text=text)
    return None


def _column(header: Sequence[str], words: re.Pattern[str]) -> int | None:
    return next((index for index, cell in enumerate(header) if index and words.search(cell)), None)


def _cell(cells: Sequence[str], index: int | None) -> str:
    return cells[index] if index is not None and index < len(cells) else ""


def _row_problem(section: Section, node: Node, message: str) -> Problem:
    return Problem(
        code="FF006",
        level=Level.WARNING,
        message=message,
        place=section.page.place(node),
        help='write "15 min", "1 hour", "next business day" or "backlog" as the response time, and one severity a row',
    )
