"""History at scale: lists, search and metrics over many incidents, and one long incident opened, in milliseconds and as growth.

`make bench` runs it; INCIDENTS (default 10000) of 100 entries each, beside a tenth of them. Journals are written by the program's own
code, hash chain and all. Warm: the best of five after the index was fed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from firstfive.app.history import History, metric_rows
from firstfive.documents import metrics
from firstfive.documents.view import view
from firstfive.handbook.compile import Options, compile_vault
from firstfive.incident import events as ev
from firstfive.incident.policy import Policy
from firstfive.incident.signals import Signal, SignalKind
from firstfive.incident.timeline import fold
from firstfive.ports import Transaction
from firstfive.settings import load
from firstfive.shell.risk import load_table
from firstfive.stores import open_journal
from firstfive.stores.history import Wanted

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "examples/demo/vault/Incident Response.md").read_bytes()
COUNT = int(os.environ.get("INCIDENTS", "10000"))
ENTRIES, LONG = 100, 5000
START = datetime(2024, 1, 1, tzinfo=UTC)
WORDS = ("redis", "mongo", "timeout", "checkout", "latency", "nginx", "disk", "payment", "login", "socket")


def events(number: int, count: int) -> list[ev.Event]:
    """A timeline of `count` entries, the words of which differ from incident to incident."""
    began = START + timedelta(hours=number)
    word = WORDS[number % len(WORDS)]
    signal = Signal(kind=SignalKind.LOG, source="probe", subject=word, firing=True, text=f"{word} fails", at=began)
    declared = ev.Declared(title=f"{word} {number}", level=number % 3 + 1, why="bench", handbook="d", started_at=began)
    made: list[ev.Event] = [declared, ev.SignalSeen(signal=signal), ev.Acknowledged(responder="ana")]
    made += [
        ev.Noted(text=f"{WORDS[(number + n) % len(WORDS)]} looked at, take {n} of {number}") for n in range(count - 5)
    ]
    return [*made, ev.Mitigated(why="gone"), ev.Resolved(why="over", root_cause=word)]


def written(folder: Path, count: int) -> str:
    """A journal of `count` incidents and one long one; its address."""
    url = f"sqlite:///{folder / 'journal.db'}"

    async def write() -> None:
        journal = open_journal(url)

        def some(first: int) -> Callable[[Transaction], None]:
            def work(tx: Transaction) -> None:
                for number in range(first, min(first + 100, count)):
                    at = START + timedelta(hours=number)
                    tx.append(tx.open_incident(at), "ana", events(number, ENTRIES), at)

            return work

        for first in range(0, count, 100):
            await journal.write(some(first))
        await journal.write(lambda tx: tx.append(tx.open_incident(START), "ana", events(count, LONG), START) and None)
        await journal.close()

    asyncio.run(write())
    return url


def best(work: Callable[[], object]) -> float:
    """Milliseconds of the best of five."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times) * 1000


def opened(url: str, name: str) -> None:
    """What the room does to show an incident."""

    async def read() -> None:
        journal = open_journal(url, read_only=True)
        try:
            incident = fold(name, await journal.read(lambda tx: tx.entries(name)))
        finally:
            await journal.close()
        view(incident, BOOK, Policy(), incident.entries[-1].at)

    asyncio.run(read())


BOOK = compile_vault({"Incident Response.md": PAGE}, main=None, options=Options(risk=load_table(None)))


def measured(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "vault").mkdir()
        (folder / "vault" / "Incident Response.md").write_bytes(PAGE)
        (folder / "firstfive.toml").write_text('vault = "vault"\nstate = "."\n')
        began = time.perf_counter()
        url = written(folder, count)
        wrote = time.perf_counter() - began
        settings = load(config=folder / "firstfive.toml")
        began = time.perf_counter()
        index = History(settings=settings).open()
        fed = time.perf_counter() - began
        print(
            f"history: {count} incidents, {count * ENTRIES + LONG} entries: written in {wrote:.0f} s, indexed in {fed:.0f} s"
        )
        found = {
            "list": best(lambda: index.listed(Wanted(), 50)),
            "list by severity and runbook": best(lambda: index.listed(Wanted(level=2, runbook="none"), 50)),
            "search a common word": best(lambda: index.search("redis", Wanted(), 50)),
            "search a rare phrase": best(lambda: index.search(f'"take 7 of {count // 2}"', Wanted(), 50)),
            "search within a severity": best(lambda: index.search("payment login", Wanted(level=3), 50)),
            "metrics": best(lambda: metrics.as_json(metrics.summarise(metric_rows(index), by="month"), by="month")),
            "open 5,000 entries": best(lambda: opened(url, f"INC-{count + 1}")),
            "nothing new to index": best(lambda: History(settings=settings).open().close()),
        }
        index.close()
        return found


def main() -> int:
    small, large = measured(max(COUNT // 10, 10)), measured(COUNT)
    for name, ms in large.items():
        goal = 300 if name.startswith("open") else 200
        print(f"history, {name}: {ms:.1f} ms warm (goal {goal} ms), {ms / max(small[name], 0.01):.1f}x that of a tenth")
    return 0


if __name__ == "__main__":
    sys.exit(main())
