"""Who to call, and the list that closes an incident.

Called by `compile` with the sections on contacts and on what to do afterwards. An unfilled row is kept as written and said.
"""

from __future__ import annotations

import re

from firstfive.handbook.markdown import Kind, Node
from firstfive.handbook.model import ClosingItem, Contact, Level, Problem
from firstfive.handbook.phrases import is_placeholder
from firstfive.handbook.sections import Section

_ROLE = re.compile(r"^(?:role|team|area|who|responsib)", re.IGNORECASE)
_PRIMARY = re.compile(r"primary|name|first|person|contact", re.IGNORECASE)
_BACKUP = re.compile(r"backup|secondary|second|deputy|fallback", re.IGNORECASE)
_CHANNEL = re.compile(r"channel|how|reach|via|phone|e-?mail", re.IGNORECASE)


def find_contacts(section: Section) -> Node | None:
    """The section's table whose first column is a role and which names a primary."""
    for table in section.blocks:
        if table.kind is not Kind.TABLE or not table.children:
            continue
        header = [cell.plain() for cell in table.children[0].children]
        if len(header) > 1 and _ROLE.match(header[0]) and any(_PRIMARY.search(cell) for cell in header[1:]):
            return table
    return None


def read_contacts(section: Section, table: Node, problems: list[Problem]) -> tuple[Contact, ...]:
    """The rows of the contacts table; each row without a real primary is a problem FF061."""
    header = [cell.plain() for cell in table.children[0].children]
    columns = [
        next((index for index, cell in enumerate(header) if index and words.search(cell)), None)
        for words in (_PRIMARY, _BACKUP, _CHANNEL)
    ]
    rows: list[Contact] = []
    for row in table.children[1:]:
        cells = [cell.plain() for cell in row.children]
        role = cells[0] if cells else ""
        if not any(cells):
            continue
        primary, backup, channel = (
            cells[column] if column is not None and column < len(cells) else "" for column in columns
        )
        place = section.page.place(row.children[0])
        contact = Contact(role=role, primary=primary, backup=backup, channel=channel, place=place)
        if not contact.reachable:
            what = f"still says {primary}" if is_placeholder(primary) else "has no primary"
            problems.append(
                Problem(
                    code="FF061",
                    level=Level.WARNING,
                    message=f'the contact "{role}" {what}: nobody would be called',
                    place=place,
                    help="fill in a person and a way to reach them",
                )
            )
        rows.append(contact)
    return tuple(rows)


def read_closing(section: Section) -> tuple[ClosingItem, ...]:
    """The task boxes of the section, in order."""
    items = [node for block in section.nodes() for node in block.find(Kind.ITEM) if node.checked is not None]
    return tuple(
        ClosingItem(
            id=f"closing-{count}",
            text=item.plain(),
            done=bool(item.checked),
            place=section.page.place(item),
        )
        for count, item in enumerate(items, start=1)
    )
