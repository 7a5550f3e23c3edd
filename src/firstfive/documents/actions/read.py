"""Reads action items back out of a post-mortem's own Markdown: tables by the meaning of their columns, task lists by their marks.

Called by the check and by the `actions` command. What looks like an action item and cannot be read is said with its line, never lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from firstfive.documents.postmortem.parts import Part, incident_of, parts_of
from firstfive.handbook.markdown import Kind, Node, Page, read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionItem:
    """One promise. `owner` and `ticket` are empty and `due` is None when the note does not say; `line` is 1-based in `file`.

    `incident` is the id that the post-mortem names, or empty.
    """

    text: str
    owner: str
    due: date | None
    ticket: str
    done: bool
    file: str
    line: int
    incident: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something among the action items that could not be read as it stands: where, what, and what to write instead."""

    file: str
    line: int
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionsRead:
    """The action items of one file in the order of the page, and what could not be read."""

    items: tuple[ActionItem, ...]
    unread: tuple[Unread, ...]


_SECTION = re.compile(r"\bactions?\b|\bfollow[- ]?ups?\b|\bto-?dos?\b|\bnext steps\b", re.IGNORECASE)
_COLUMNS = (
    ("done", re.compile(r"^(done|status|state|closed|completed?|finished|✓|✔|✅)\??$", re.IGNORECASE)),
    ("due", re.compile(r"\b(due|deadline|by when|when|until|target|date|eta)\b", re.IGNORECASE)),
    ("owner", re.compile(r"\b(owners?|who|assignee|assigned|responsible|dri|lead|person)\b", re.IGNORECASE)),
    (
        "ticket",
        re.compile(r"\b(tickets?|issues?|jira|tracking|tracked|tracker|refs?|reference|links?|pr)\b", re.IGNORECASE),
    ),
    (
        "text",
        re.compile(r"\b(items?|actions?|tasks?|what|descriptions?|to-?dos?|follow[- ]?ups?|work)\b", re.IGNORECASE),
    ),
)
_DONE = re.compile(
    r"^(done|closed|complete[d]?|finished|fixed|merged|shipped|resolved|yes|y|x)\b|^(\[x\]|✓|✔|✅|☑)", re.IGNORECASE
)
_BLANK = re.compile(r"^[\s.…\-–—?]*$|^(tbd|todo|none|n/a|open)$", re.IGNORECASE)
_DAY = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b|\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
_PERSON = re.compile(r"(?<![\w.])@([\w][\w.-]*\w|\w)")
_TICKET = re.compile(r"\b[A-Z][A-Z0-9]+-\d+\b|(?<![\w&])#\d+\b|https?://\S+?(?=[)>\s,]|$)")


def read_actions(path: str, raw: bytes) -> ActionsRead:
    """The action items of one post-mortem, `path` being its name for people. Raises PageError when it is no readable page."""
    return actions_of(read_page(path, raw))


def actions_of(page: Page) -> ActionsRead:
    """The same from a page that was read already."""
    incident = incident_of(page)
    found: list[ActionItem | Unread] = []
    named = [part for part in parts_of(page) if _SECTION.search(part.heading)]
    for part in named:
        found += _of_section(page, part, incident)
    for table in page.root.find(Kind.TABLE):
        if not any(part.start <= table.start < part.end for part in named):
            columns = _columns(table)
            if "text" in columns and "owner" in columns and len(columns) > 2:
                found += _of_table(page, table, incident)
    return ActionsRead(
        items=tuple(sorted((i for i in found if isinstance(i, ActionItem)), key=lambda i: i.line)),
        unread=tuple(sorted((u for u in found if isinstance(u, Unread)), key=lambda u: u.line)),
    )


def _of_section(page: Page, part: Part, incident: str) -> Iterator[ActionItem | Unread]:
    for node in part.nodes:
        match node.kind:
            case Kind.TABLE:
                yield from _of_table(page, node, incident)
            case Kind.LIST:
                for item in node.children:
                    yield from _of_line(page, item, incident)
            case Kind.PARAGRAPH if page.raw[node.start : node.end].lstrip().startswith(b"|"):
                yield Unread(
                    file=page.path,
                    line=node.line,
                    what="these rows are no table, so no action item is read from them",
                    remedy="put a line such as |---|---| with as many columns under the heading row",
                )
            case _:
                pass


def _columns(table: Node) -> dict[str, int]:
    """What each column means, to its number from 0; the first column of a meaning counts."""
    head = next((row for row in table.children if row.flag), None)
    found: dict[str, int] = {}
    for number, cell in enumerate(head.children if head is not None else ()):
        words = cell.plain()
        meaning = next((name for name, known in _COLUMNS if known.search(words)), "")
        if meaning:
            found.setdefault(meaning, number)
    return found


def _of_table(page: Page, table: Node, incident: str) -> Iterator[ActionItem | Unread]:
    columns = _columns(table)
    width = max((len(row.children) for row in table.children if row.flag), default=0)
    if "text" not in columns:
        taken = set(columns.values())
        left = [n for n in range(width) if n not in taken and not _numbers(table, n)]
        if not left:
            yield Unread(
                file=page.path,
                line=table.line,
                what="no column of this table says what is to be done",
                remedy="name one column Item or Action",
            )
            return
        columns["text"] = left[0]
    for row in table.children:
        if not row.flag:
            yield from _of_row(page, row, columns, width, incident)


def _numbers(table: Node, column: int) -> bool:
    cells = [row.children[column].plain() for row in table.children if len(row.children) > column]
    return all(re.fullmatch(r"[#№\d. ]*|no\.?|nr\.?", cell, re.IGNORECASE) for cell in cells)


def _of_row(page: Page, row: Node, columns: dict[str, int], width: int, incident: str) -> Iterator[ActionItem | Unread]:
    cells = [cell.plain() for cell in row.children]
    told = {name: cells[n] if n < len(cells) and not _BLANK.match(cells[n]) else "" for name, n in columns.items()}
    written = page.raw[row.start : row.end].decode("utf-8", "replace").strip()
    count = len(re.split(r"(?<!\\)\|", written.removeprefix("|").removesuffix("|")))
    if not any(value for name, value in told.items() if name != "done"):
        return
    if count != width:
        yield Unread(
            file=page.path,
            line=row.line,
            what=f"this row has {count} cells where the table has {width} columns",
            remedy=r"write a | that belongs to a cell as \|, and one cell for each column",
        )
    if not told["text"]:
        yield Unread(
            file=page.path, line=row.line, what="this action item does not say what is to be done", remedy="fill it in"
        )
    due, trouble = _day(told.get("due", ""), page.path, row.line)
    if trouble is not None:
        yield trouble
    if told["text"]:
        struck = any(node.kind is Kind.OTHER for node in row.children[columns["text"]].children)
        yield ActionItem(
            text=told["text"],
            owner=told.get("owner", ""),
            due=due,
            ticket=_linked(row, columns) or told.get("ticket", ""),
            done=struck or bool(_DONE.match(told.get("done", ""))),
            file=page.path,
            line=row.line,
            incident=incident,
        )


def _linked(row: Node, columns: dict[str, int]) -> str:
    """A bare link in the ticket's cell; one with a label is named by its label."""
    cell = row.children[columns["ticket"]] if columns.get("ticket", len(row.children)) < len(row.children) else None
    link = next(cell.find(Kind.LINK), None) if cell is not None else None
    return link.info if link is not None and not link.plain() else ""


def _of_line(page: Page, item: Node, incident: str) -> Iterator[ActionItem | Unread]:
    """A list item; owner, day and ticket are known by their shapes."""
    words = next((child.plain() for child in item.children if child.kind is Kind.PARAGRAPH), "")
    if _BLANK.match(words):
        return
    person, ticket, day = _PERSON.search(words), _TICKET.search(words), _DAY.search(words)
    due, trouble = _day(day.group(), page.path, item.line) if day else (None, None)
    if trouble is not None:
        yield trouble
    text = words
    for found in (person, ticket, day):
        text = text.replace(found.group(), "") if found else text
    text = re.sub(r"\(\s*[,;]?\s*(?:(?:due|by|until)\b:?)?[\s,;]*\)", "", text, flags=re.IGNORECASE)
    text = re.sub(r"[\s,;:–—-]*(?:\b(?:due|by|until|owner)\b[\s:,;]*)*$", "", text, flags=re.IGNORECASE)
    yield ActionItem(
        text=" ".join(text.split()) or words,
        owner=person.group() if person else "",
        due=due,
        ticket=ticket.group() if ticket else "",
        done=bool(item.checked),
        file=page.path,
        line=item.line,
        incident=incident,
    )


def _day(words: str, file: str, line: int) -> tuple[date | None, Unread | None]:
    """The day in the words; None without a word of why when there are no words."""
    if not words:
        return None, None
    found = _DAY.search(words)
    if found is not None:
        year, month, day = found.group(1, 2, 3) if found.group(1) else found.group(6, 5, 4)
        try:
            return date(int(year), int(month), int(day)), None
        except ValueError:
            pass
    return None, Unread(
        file=file, line=line, what=f"{words!r} is no day that can be read", remedy="write it as 2026-06-01"
    )
