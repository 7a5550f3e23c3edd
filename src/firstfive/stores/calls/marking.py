"""Which call is acted on, and the mark that a write leaves on it: in the same transaction, or not at all.

`keys` says which call this is; the journals put `marked` around every function that writes. A write that belongs to no call is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from firstfive.errors import JournalError
from firstfive.stores.calls.rows import Call, acted

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Acting:
    """The call that runs here, until it is `over`; what it left running behind it acts for nobody."""

    call: Call
    over: bool = False


_ACTING: ContextVar[_Acting | None] = ContextVar("acting", default=None)


@contextmanager
def acting(call: Call) -> Iterator[None]:
    """Everything that is written inside the block is written for this call."""
    mine = _Acting(call)
    before = _ACTING.set(mine)
    try:
        yield
    finally:
        mine.over = True
        _ACTING.reset(before)


def marked(work: Callable[[Any], T]) -> Callable[[Any], T]:
    """The same function; while a call is acted on, it says on the call's row that something was written.

    Then it raises JournalError, and nothing is written, when another process took the call over meanwhile.
    """
    mine = _ACTING.get()
    if mine is None or mine.over:
        return work
    call = mine.call

    def told(tx: Any) -> T:
        value = work(tx)
        newest = max(tx.touched, key=lambda name: int(name.rpartition("-")[2]), default="")
        if not acted(tx.connection, tx.owner, call, newest):
            raise JournalError(
                "another node took this call over while this one stood still",
                remedy="send it again with the same idempotency key",
            )
        return value

    return told
