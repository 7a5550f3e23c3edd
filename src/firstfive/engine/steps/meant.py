"""Which step of the page somebody means: by its id, or as it is shown and said aloud.

Called for everything that names a step. Guesses nothing: words that fit two steps name none.
"""

from __future__ import annotations

import re

from firstfive.errors import Exit, Refused
from firstfive.handbook.model import Handbook, Runbook, Step

_SAID = re.compile(r"(?P<runbook>.+?)\s*(?:#|\bstep\s)\s*(?P<step>[^\s#]+)", re.IGNORECASE)


def meant(handbook: Handbook, words: str) -> tuple[Runbook, Step]:
    """The runbook and its step: `shop-down#2`, `3.1#2`, or "3.1 step 2". Raises Refused with the ids that there are."""
    found = handbook.step(words)
    if found is not None:
        return found
    said = _SAID.fullmatch(words.strip())
    books = _named(handbook, said["runbook"]) if said else []
    fitting = [
        (b, s) for b in books for s in b.steps if said and said["step"] in (str(s.number), s.name or str(s.number))
    ]
    if len(fitting) == 1:
        return fitting[0]
    raise Refused(f"the page has no step {words}", remedy=_remedy(handbook, books), exit_code=Exit.USAGE)


def _named(handbook: Handbook, name: str) -> list[Runbook]:
    wanted = name.casefold()
    return [b for b in handbook.runbooks if wanted in (b.id.casefold(), b.number.casefold(), b.title.casefold())]


def _remedy(handbook: Handbook, books: list[Runbook]) -> str:
    if books:
        ids = ", ".join(step.id for book in books for step in book.steps) or "none"
        return f"{books[0].number or books[0].title} has {ids}"
    known = ", ".join(f"{book.number} {book.id}".strip() for book in handbook.runbooks)
    return (
        f"write RUNBOOK#NUMBER; firstfive explain RUNBOOK shows the steps of one: {known}"
        if known
        else "it has no runbook"
    )
