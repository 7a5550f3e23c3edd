"""`firstfive`, but it is killed with signal 9 right after the commit of its N-th event. Run as: python dying.py N serve ...

The program itself is the real one; only the journal it opens is given an ear that counts what was committed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from firstfive.__main__ import main
from firstfive.app import program as app
from firstfive.ports import Transaction


class Mortal:
    """A real journal; the process ends with the commit of event number `left`."""

    def __init__(self, journal: Any, left: int) -> None:
        self._journal, self._left = journal, left

    async def write(self, work: Callable[[Transaction], Any]) -> Any:
        appended = 0

        def counted(tx: Transaction) -> Any:
            nonlocal appended
            appended = 0
            return work(Ear(tx, heard))

        def heard(count: int) -> None:
            nonlocal appended
            appended += count

        result = await self._journal.write(counted)
        self._left -= appended
        if appended and self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class Ear:
    """A transaction that says how many events were appended through it."""

    def __init__(self, tx: Transaction, heard: Callable[[int], None]) -> None:
        self._tx, self._heard = tx, heard

    def append(self, incident: str, by: str, events: Any, at: Any) -> Any:
        entries = self._tx.append(incident, by, events, at)
        self._heard(len(entries))
        return entries

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


if __name__ == "__main__":
    after = int(sys.argv[1])
    real = app.open_journal
    app.open_journal = lambda *args, **more: Mortal(real(*args, **more), after)  # type: ignore[assignment, arg-type]
    sys.exit(main(sys.argv[2:]))
