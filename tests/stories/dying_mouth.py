"""`firstfive`, but it is killed with signal 9 at one boundary of its outbox. Run as: python dying_mouth.py BOUNDARY N serve ...

The program itself is the real one; only the journal it opens and the notifiers it makes are given an ear. BOUNDARY is one of those below,
N which passing of it is the last.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from firstfive.__main__ import main
from firstfive.app import program as app
from firstfive.engine.telling.outbox import KIND
from firstfive.ports import Message, Receipt, Transaction

BOUNDARIES = (
    "before it is in the outbox",
    "in the outbox",
    "claimed",
    "before it is handed over",
    "handed over",
    "before that is written down",
    "written down",
)


class Fate:
    """Ends the process at the passing that was chosen."""

    def __init__(self, boundary: str, left: int) -> None:
        self._boundary, self._left, self._lock = boundary, left, threading.Lock()

    def at(self, boundary: str) -> None:
        if boundary != self._boundary:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Ear:
    """A transaction that notes what it does to messages."""

    def __init__(self, tx: Transaction, done: set[str]) -> None:
        self._tx, self._done = tx, done

    def enqueue(self, *, key: str, incident: str, kind: str, due: Any, data: bytes) -> bool:
        if kind == KIND:
            self._done.add("posted")
        return self._tx.enqueue(key=key, incident=incident, kind=kind, due=due, data=data)

    def claim(self, *, kinds: Any, now: Any, limit: int, without: Any = ()) -> Any:
        rows = self._tx.claim(kinds=kinds, now=now, limit=limit, without=without)
        if any(row.kind == KIND for row in rows):
            self._done.add("claimed")
        return rows

    def close(self, work: Any, *, state: str = "done") -> None:
        if work.kind == KIND:
            self._done.add("closed")
        self._tx.close(work, state=state)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


class Mortal:
    """A real journal that passes the boundaries of its commits."""

    def __init__(self, journal: Any, fate: Fate) -> None:
        self._journal, self._fate = journal, fate

    async def write(self, work: Callable[[Transaction], Any]) -> Any:
        done: set[str] = set()

        def noted(tx: Transaction) -> Any:
            done.clear()
            result = work(Ear(tx, done))  # type: ignore[arg-type]
            if "posted" in done:
                self._fate.at("before it is in the outbox")
            if "closed" in done:
                self._fate.at("before that is written down")
            return result

        result = await self._journal.write(noted)
        for what, boundary in (("posted", "in the outbox"), ("claimed", "claimed"), ("closed", "written down")):
            if what in done:
                self._fate.at(boundary)
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class Carrier:
    """A real notifier that passes the boundaries of handing over."""

    def __init__(self, notifier: Any, fate: Fate) -> None:
        self._notifier, self._fate = notifier, fate

    async def send(self, message: Message) -> Receipt:
        self._fate.at("before it is handed over")
        receipt: Receipt = await self._notifier.send(message)
        self._fate.at("handed over")
        return receipt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._notifier, name)


if __name__ == "__main__":
    fate = Fate(sys.argv[1], int(sys.argv[2]))
    opened, made = app.open_journal, app.notifiers_of
    app.open_journal = lambda *args, **more: Mortal(opened(*args, **more), fate)  # type: ignore[assignment, arg-type]

    def carried(*args: Any) -> Any:
        notifiers, remarks = made(*args)
        return tuple(Carrier(one, fate) for one in notifiers), remarks

    app.notifiers_of = carried
    sys.exit(main(sys.argv[3:]))
