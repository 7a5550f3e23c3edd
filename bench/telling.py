"""How soon people hear: the first page of each of many incidents beside a channel that hangs, and one deadline among very many.

`make bench` runs it. INCIDENTS (default 200) are declared as fast as they can be, while one of two notifiers hangs and nobody is spared
a second page; DEADLINES (default 100000) wait in the journal while one more becomes due. Prints seconds, and how much of a core waiting
costs.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from firstfive.app import open_program
from firstfive.engine.clock import SystemClock
from firstfive.engine.telling import pace
from firstfive.engine.telling.routes import Destination, Routes
from firstfive.ports import Delivered, Message, Receipt, Retry
from firstfive.settings import load

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "examples/demo/vault/Incident Response.md").read_bytes()
INCIDENTS = int(os.environ.get("INCIDENTS", "200"))
DEADLINES = int(os.environ.get("DEADLINES", "100000"))


@dataclass(slots=True)
class Chat:
    """Takes messages at once, and notes when."""

    name: str = "chat"
    heard: dict[str, float] = field(default_factory=dict)

    async def send(self, message: Message) -> Receipt:
        self.heard.setdefault(f"{message.thread} {'page' if message.urgent else 'notice'}", time.monotonic())
        for line in message.text.splitlines():  # pages of other incidents that went within this one
            if message.urgent and line.startswith("Acknowledge: firstfive ack "):
                self.heard.setdefault(f"{line.rsplit(' ', 1)[1]} page", time.monotonic())
        return Delivered(reference="1")


@dataclass(slots=True)
class Tarpit:
    """Takes a connection and answers after half a minute."""

    name: str = "tarpit"

    async def send(self, message: Message) -> Receipt:
        await asyncio.sleep(30)
        return Retry(after=timedelta(seconds=5), why="it hangs")


def p99(values: list[float]) -> float:
    return sorted(values)[max(0, int(len(values) * 0.99 + 0.999999) - 1)]


async def storm(settings: Any) -> None:
    pace.APART = timedelta(0)  # else one sleeper gets all of them within one page, two minutes later
    chat = Chat()
    program = await open_program(settings, notifiers=(chat, Tarpit()), log=lambda _: None)
    engine, stop = program.engine, asyncio.Event()
    ways = (Destination(notifier="chat"), Destination(notifier="tarpit"))
    people: Mapping[str, tuple[Destination, ...]] = {}
    engine.tools = replace(engine.tools, routes=Routes(people=people, default=ways))
    running = asyncio.create_task(engine.run(stop))
    declared: dict[str, float] = {}
    turns: list[float] = []
    for number in range(INCIDENTS):
        made = await engine.declare("bench", f"trouble number {number}", 1)
        declared[made.id] = time.monotonic()
        turns.append(engine.vitals.cycle or 0.0)
    until = time.monotonic() + 300
    while time.monotonic() < until and sum(key.endswith(" page") for key in chat.heard) < INCIDENTS:
        await asyncio.sleep(0.1)
        turns.append(engine.vitals.cycle or 0.0)
    stop.set()
    await running
    waits = [chat.heard.get(f"{name} page", until) - at for name, at in declared.items()]
    print(
        f"telling: {INCIDENTS} incidents beside a channel that hangs: first page p50 {sorted(waits)[len(waits) // 2]:.1f} s,"
        f" p99 {p99(waits):.1f} s (goal 30 s), last {max(waits):.1f} s; turn of the loop p99 {p99(turns) * 1000:.0f} ms (goal 5 s)"
    )
    await program.close()


async def deadlines(settings: Any) -> None:
    program = await open_program(settings, notifiers=(Chat(),), log=lambda _: None)
    engine, clock = program.engine, SystemClock()
    far = clock.now() + timedelta(days=1)
    wake = json.dumps({"at": far.isoformat(), "why": "bench"}).encode()
    for first in range(0, DEADLINES, 5000):
        await engine.journal.write(
            lambda tx, first=first: [
                tx.enqueue(key=f"bench:{n}", incident="", kind="wake", due=far + timedelta(seconds=n), data=wake)
                for n in range(first, first + 5000)
            ]
        )
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    incident = await engine.declare("bench", "one", 1)
    await asyncio.sleep(3)
    late: list[float] = []
    for number in range(5):
        due = clock.now() + timedelta(seconds=2)
        key = f"bench:due:{number}"
        data = json.dumps({"at": due.isoformat(), "why": key}).encode()
        await engine.journal.write(
            lambda tx, key=key, due=due, data=data: tx.enqueue(
                key=key, incident=incident.id, kind="wake", due=due, data=data
            )
        )
        while (await engine.journal.read(lambda tx, key=key: tx.states([key])))[key] != "done":
            await asyncio.sleep(0.01)
        late.append((clock.now() - due).total_seconds())
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    await asyncio.sleep(20)
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / (time.monotonic() - began)
    stop.set()
    await running
    await program.close()
    print(
        f"telling: one deadline among {DEADLINES}: late by {max(late):.2f} s at most (goal 1 s);"
        f" waiting costs {used:.2%} of a core (goal 1%)"
    )


def main() -> int:
    for work in (storm, deadlines):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            (folder / "vault").mkdir()
            (folder / "vault" / "Incident Response.md").write_bytes(PAGE)
            (folder / "firstfive.toml").write_text('vault = "vault"\nstate = "state"\n')
            asyncio.run(work(load(config=folder / "firstfive.toml")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
