"""A channel that hangs holds up its own messages and nobody else's: the whole program, its own clock, one notifier that never answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from firstfive.app import open_program
from firstfive.engine.telling.outbox import LANE
from firstfive.engine.telling.routes import Destination, Routes
from firstfive.ports import Delivered, Message, Receipt, Retry
from firstfive.settings import load
from stories.world import DEMO

INCIDENTS = 40


@dataclass(slots=True)
class Chat:
    name: str = "chat"
    heard: set[str] = field(default_factory=set)

    async def send(self, message: Message) -> Receipt:
        self.heard.add(message.thread)
        return Delivered(reference="1")


@dataclass(slots=True)
class Tarpit:
    name: str = "tarpit"
    now: int = 0
    most: int = 0

    async def send(self, message: Message) -> Receipt:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(60)
        finally:
            self.now -= 1
        return Retry(after=timedelta(seconds=5), why="it hangs")


def test_every_incident_is_told_in_the_channel_that_works(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "Incident Response.md").write_bytes((DEMO / "Incident Response.md").read_bytes())
    (tmp_path / "firstfive.toml").write_text('vault = "vault"\nstate = "state"\n')
    chat, tarpit = Chat(), Tarpit()

    async def story() -> None:
        settings = load(config=tmp_path / "firstfive.toml")
        program = await open_program(settings, notifiers=(chat, tarpit), log=lambda _: None)
        engine, stop = program.engine, asyncio.Event()
        ways = (Destination(notifier="tarpit"), Destination(notifier="chat"))
        engine.tools = replace(engine.tools, routes=Routes(default=ways))
        running = asyncio.create_task(engine.run(stop))
        for number in range(INCIDENTS):
            await engine.declare("kim", f"trouble {number}", 1)
        for _ in range(250):
            if len(chat.heard) == INCIDENTS:
                break
            await asyncio.sleep(0.1)
        stop.set()
        await running
        await program.close()

    asyncio.run(story())
    assert len(chat.heard) == INCIDENTS
    assert tarpit.most <= LANE
