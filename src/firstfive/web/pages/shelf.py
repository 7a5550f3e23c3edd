"""What the pages of this package ask of the running program: one protocol, every answer plain data ready for JSON.

Implemented by `app.shelf.books.Books`, used by `reading`. Opens nothing and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from starlette.requests import Request

from firstfive.errors import FirstfiveError

Asked = Mapping[str, str]
Told = dict[str, Any]


class Shelf(Protocol):
    """The books beside the open incidents. Each takes the fields of an address and raises Refused for one that it cannot read."""

    async def oncall(self, asked: Asked) -> Told:
        """The next four weeks of each schedule: `schedules`, `notes`."""
        ...

    async def oncall_ical(self) -> str:
        """The same as a calendar."""
        ...

    async def deploys(self, asked: Asked) -> Told:
        """What was deployed when, newest first: `deploys`, `next`."""
        ...

    async def actions(self, asked: Asked) -> Told:
        """Promises out of post-mortems and the notes that they stand in: `actions`, `postmortems`, `unread`, `next`."""
        ...

    async def doctor(self, asked: Asked) -> Told:
        """Findings with the remedy of each: `ok`, `findings`."""
        ...

    async def nodes(self, asked: Asked) -> Told:
        """Who writes the journal, and what each looks after: `shared`, `nodes`, `pages` (how many are followed), `epoch` or None."""
        ...

    async def drills(self, asked: Asked) -> Told:
        """Faults with how their drills went, and every card: `faults`, `cards`, `proven`, `lab`, `on`."""
        ...

    async def chosen(self, asked: Asked) -> Told:
        """What the settings say, never a secret: `file`, `sections`."""
        ...

    async def note(self, file: str) -> Told:
        """One post-mortem: `file`, `title`, `incident`, `front` as pairs, `html` in which nothing runs. Raises Refused for none."""
        ...

    async def approvals(self, asked: Asked) -> Told:
        """Who was asked for what, and said what: `approvals`, `next`."""
        ...

    async def letters(self, asked: Asked) -> Told:
        """Messages that wait or were given up: `outbox`, `next`."""
        ...

    async def coverage(self, asked: Asked) -> Told:
        """How far the page was ever tried: `runbooks`, `unmatched`, `mended`, `gaps`."""
        ...

    async def merge(self, incident: str, log: str, by: str) -> Told:
        """Prove a break-glass log and take it in: `incident`, `bundle`, `rows`, `merged`. Raises FirstfiveError for a log that is none."""
        ...

    async def handbook(self, asked: Asked) -> Told:
        """The compiled page: `title`, `digest`, `problems`, `runbooks` with what was proved of each."""
        ...


def shelf_of(request: Request) -> Shelf:
    """The shelf behind this request. Raises FirstfiveError when the room was opened without one."""
    shelf: Shelf | None = request.app.state.shelf
    if shelf is None:
        raise FirstfiveError("this room was opened without its books", remedy="open it with firstfive serve")
    return shelf
