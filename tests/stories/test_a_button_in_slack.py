"""The real program beside a Slack on loopback: a page with a button, pressed over Slack's socket, and the incident is taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notifiers.answers.slack_server import FakeSlack, Socket, pressed, slack
from stories.mouths import Server

pytestmark = [pytest.mark.process, pytest.mark.timeout(90)]


def words(fake: FakeSlack) -> list[str]:
    """The sealed words of all buttons that were posted, oldest first."""
    posted = [block for body in fake.called("chat.postMessage") for block in body.get("blocks", ())]
    return [element["value"] for block in posted if block["type"] == "actions" for element in block["elements"]]


def test_a_page_is_taken_by_a_press_and_once_only(tmp_path: Path) -> None:
    presses: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def play(socket: Socket) -> None:
        count = len(socket.slack.acked)
        while (press := await presses.get()) is not None:
            await socket.say(press)
            count += 1
            await socket.acks(count)

    async def run() -> None:
        async with slack(play) as fake:
            server = Server(folder=tmp_path, room_url="", token="", room="", hook_url="")
            await asyncio.to_thread(begin, server, fake.url)
            try:
                await until(server, lambda: fake.opened > 0)
                await asyncio.to_thread(declare, server, "the shop is down")
                await until(server, lambda: bool(words(fake)))
                await presses.put(pressed("e1", words(fake)[0], user="U024", name="whoever"))
                await until(server, lambda: bool(fake.called("chat.update")))
                told = await asyncio.to_thread(server.call, "GET", "/incidents/INC-1")
                assert told["acknowledged_by"] == "ana", "by the id, whatever the name"
                shown = fake.called("chat.update")[0]["blocks"]
                assert "ana has INC-1" in shown[-1]["elements"][0]["text"]
                await presses.put(pressed("e2", words(fake)[0], user="U999"))
                await until(server, lambda: len(fake.called("chat.update")) == 2)
                assert "has taken INC-1 already" in fake.called("chat.update")[1]["text"]
            finally:
                server.end()
                await presses.put(None)

    asyncio.run(run())


def begin(server: Server, url: str) -> None:
    server.prepare()
    (server.folder / "secrets.env").write_text("BOT=xoxb-1\nAPP=xapp-1\n")
    (server.folder / "firstfive.toml").write_text(
        'vault = "vault"\nstate = "state"\n[listen]\nport = 0\n[targets.local]\nenv_file = "secrets.env"\n'
        f'[notifiers.slack]\nurl = "{url}"\ntoken_env = "BOT"\napp_token_env = "APP"\nchannel = "C1"\n'
        '[people.ana]\nslack = "U024"\n'
    )
    server.start()


def declare(server: Server, title: str) -> None:
    assert server.call("POST", "/incidents", {"by": "kim", "title": title, "level": 1}) is not None, server.log()


async def until(server: Server, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, server.log()
        await asyncio.sleep(0.05)
