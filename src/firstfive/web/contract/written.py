"""The calls of the API as they stand in docs/reference/http.md, written out of the table.

Called by `make help-text`; a test compares the file with it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from firstfive.web.contract.document import AREAS, need
from firstfive.web.contract.operations import OPERATIONS, Operation
from firstfive.web.contract.taking import optional

BEGIN, END = "<!-- calls: written by make help-text -->", "<!-- end of calls -->"


def calls() -> str:
    """One table for each part of the API."""
    return "\n".join(f"### {area.capitalize()}\n\n{about}\n\n{_table(area)}" for area, about in AREAS.items())


def within(text: str) -> str:
    """A page with its calls written anew between the two marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{calls()}\n{END}{rest.partition(END)[2]}"


def _table(area: str) -> str:
    rows = [_row(one) for one in OPERATIONS if one.area == area]
    return "\n".join(["| Route | Takes | Answers | Role, scope |", "|---|---|---|---|", *rows, ""])


def _row(one: Operation) -> str:
    wants = need(one)
    who = "open" if wants.open else f"{wants.role.word}, {wants.scope}"
    gives = _names(one.answers) if one.answers else f"`{one.media}`"
    made = f"{one.status}: " if one.status != 200 else ""
    if one.answers is not None and len(fields(one.answers)) > 12:
        gives = f"the [{one.answers.__name__.lower()}](#the-incident)"
    asked = _names(one.takes) if one.takes else _names(one.asks, "?")
    return f"| `{one.method} {one.path}` | {asked} | {made}{gives}. {one.about} | {who} |"


def _names(shape: type[Any], mark: str = "") -> str:
    return ", ".join(
        f"`{mark}{field.name}`" + ("?" if optional(shape, field.name) and not mark else "") for field in fields(shape)
    )
