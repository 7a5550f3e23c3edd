"""What a server would do with what is due, done once by a process of its own that has no network: `python due.py SECONDS`.

Its clock is that many seconds ahead. It watches nothing; steps run for real on the targets of the settings.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive import settings
from firstfive.app import open_program
from firstfive.engine.clock import SystemClock

RESTS = 3  # turns in a row that found nothing to do


@dataclass(frozen=True, slots=True)
class Ahead:
    """The clock of this machine, and some."""

    by: timedelta

    def now(self) -> datetime:
        return SystemClock().now() + self.by

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def main(seconds: float) -> None:
    """Obey until nothing is due."""
    clock = Ahead(timedelta(seconds=seconds))
    program = await open_program(
        settings.load(), notifiers=(), log=lambda line: print(line, file=sys.stderr), clock=clock
    )
    try:
        rested = 0
        while rested < RESTS:
            rested = 0 if await program.engine.turn() else rested + 1
            await program.engine.settle()
    finally:
        await program.close()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
