"""Run by the crash tests as a process of its own: appends without end, and says on stdout what was acknowledged.

Arguments: the journal's path, and how many write at once. Each line is one acknowledged text; work rows are claimed and closed
in the same transactions, as the engine does.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime

from firstfive.incident.events import Noted
from firstfive.ports import Transaction
from firstfive.stores import open_journal

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def main(path: str, writers: int) -> None:
    journal = open_journal(f"sqlite:///{path}")
    if not await journal.read(lambda tx: tx.incidents(only_open=True)):
        await journal.write(lambda tx: tx.open_incident(NOON))

    async def writing(name: int) -> None:
        n = 0
        while True:
            text = f"{os.getpid()}-{name}-{n}"
            n += 1

            def work(tx: Transaction, text: str = text) -> None:
                tx.append("INC-1", "ada", [Noted(text=text)], NOON)
                tx.enqueue(key=text, incident="INC-1", kind="k", due=NOON, data=b"x" * 200)
                tx.summarise("INC-1", text.encode())

            await journal.write(work)
            os.write(1, f"{text}\n".encode())

    await asyncio.gather(*(writing(name) for name in range(writers)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
