"""Run by the disk tests as a process of its own: a journal whose disk stops taking bytes, and takes them again.

Arguments: the journal's path, and `limit` (files may not grow: an I/O error) or `full` (the path lies on a small disk that a file
named `ballast` beside it fills). Prints what happened as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

from firstfive.errors import JournalError
from firstfive.incident.events import Noted
from firstfive.stores import open_journal

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LARGE = "x" * 200_000


def starve(path: Path, way: str) -> None:
    if way == "limit":
        largest = max(file.stat().st_size for file in path.parent.iterdir() if file.name != path.name + ".lock")
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
        return
    with (path.parent / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            return


def feed(path: Path, way: str) -> None:
    if way == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        (path.parent / "ballast").unlink()


async def main(path: Path, way: str) -> dict[str, object]:
    journal = open_journal(f"sqlite:///{path}")
    told: list[str] = []
    kept: list[str] = []

    async def say(text: str) -> None:
        try:
            await journal.write(lambda tx: tx.append("INC-1", "ada", [Noted(text=text)], NOON))
        except JournalError as problem:
            told.append(str(problem))
        else:
            kept.append(text[:10])

    await journal.write(lambda tx: tx.open_incident(NOON))
    await say("before")
    starve(path, way)
    for n in range(3):
        await say(f"alone {n} {LARGE}")
    await asyncio.gather(*(say(f"crowd {n:02} {LARGE}") for n in range(10)))
    refused = len(told)
    readable = len(await journal.read(lambda tx: tx.entries("INC-1")))
    feed(path, way)
    await asyncio.gather(*(say(f"after {n}") for n in range(5)))
    found = [entry.event.text[:10] for entry in await journal.read(lambda tx: tx.entries("INC-1"))]
    broken = journal.verify()
    await journal.close()
    return {"told": told, "refused": refused, "readable": readable, "kept": kept, "found": found, "broken": broken}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))))
