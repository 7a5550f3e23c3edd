"""The calls that are known, on whichever journal: taken, marked, answered.

Made by `serve` for `web.contract.once`. Knows nothing of HTTP: an answer is bytes, a call is named by a digest.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from firstfive.ports import Clock, Journal, Transaction
from firstfive.stores.calls import rows
from firstfive.stores.calls.marking import acting
from firstfive.stores.calls.rows import Call, State
from firstfive.stores.tables import ticks

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Idempotency keys in the database of a journal. Every method raises JournalError when it cannot be written."""

    journal: Journal
    clock: Clock

    async def begin(self, name: str, asked: str, *, outside: bool) -> Call:
        """Take the call of this name, or learn what is known of it. `outside`: what it writes does not stand in the journal."""
        now, state = ticks(self.clock.now()), State.OUTSIDE if outside else State.BEGUN

        def begun(tx: Any) -> Call:
            at = tx.clock(tx.connection) if tx.clock is not None else now
            return rows.begin(tx.connection, tx.owner, name, asked, at, state)

        return await self._write(begun)

    def acting(self, call: Call) -> AbstractContextManager[None]:
        """What is written inside the block is written for this call, or not at all."""
        return acting(call)

    async def answered(self, call: Call, answer: bytes) -> None:
        """The call is over; a repeat gets these bytes. Empty ones are not kept: a repeat then learns only that it was done."""
        await self._write(lambda tx: rows.answered(tx.connection, tx.owner, call, answer))

    async def dropped(self, call: Call) -> None:
        """The call failed. It may be tried anew when nothing was written for it."""
        await self._write(lambda tx: rows.dropped(tx.connection, tx.owner, call))

    async def _write(self, work: Callable[[Any], T]) -> T:
        return await self.journal.write(cast(Callable[[Transaction], T], work))
