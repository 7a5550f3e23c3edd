"""The end of a deed: its row closed and its events written in one transaction, or a word written while it is still being done.

Called by whatever obeys an order. Every closing write checks the row's fence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstfive.engine.advance import advance
from firstfive.incident import events as ev
from firstfive.incident.timeline import Incident
from firstfive.ports import Transaction, Work

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine


async def close(engine: Engine, row: Work, events: tuple[ev.Event, ...]) -> Incident:
    """Close the row and write what came of it. Raises Fenced when somebody else took it over."""
    now = engine.clock.now()

    def write(tx: Transaction) -> Incident:
        tx.close(row)
        return advance(tx, engine.rules, row.incident, events, by=ev.SELF, now=now)

    return await engine.write(write)


async def note(engine: Engine, row: Work, event: ev.Event) -> None:
    """Write something on the timeline while the row is still being done."""
    now = engine.clock.now()
    await engine.write(lambda tx: advance(tx, engine.rules, row.incident, (event,), by=ev.SELF, now=now))
