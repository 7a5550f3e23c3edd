"""The real program beside a Telegram on loopback: a page with a button, pressed in the chat, and the incident is taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from notifiers.recorded import Asked, Reply, serving
from stories.mouths import Server

pytestmark = [pytest.mark.process, pytest.mark.timeout(90)]


@dataclass(slots=True)
class Bot:
    """Numbers its messages and keeps updates until a later one is asked for."""

    updates: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, asked: Asked) -> Reply:
        method, body = asked.path.rpartition("/")[2], asked.json()
        with self.lock:
            if method == "sendMessage":
                self.sent.append(body)
                return 200, {}, {"ok": True, "result": {"message_id": len(self.sent)}}
            if method == "getUpdates":
                time.sleep(0.05)
                self.updates = [update for update in self.updates if update["update_id"] >= body["offset"]]
                return 200, {}, {"ok": True, "result": self.updates}
            self.answered.append({"method": method, **body})
            return 200, {}, {"ok": True, "result": True}

    def words(self) -> list[str]:
        boards = [body["reply_markup"]["inline_keyboard"] for body in self.sent if "reply_markup" in body]
        return [button["callback_data"] for rows in boards for row in rows for button in row]

    def press(self, number: int, user: int, word: str) -> None:
        message = {"message_id": 1, "chat": {"id": -100, "type": "group"}}
        held = {"id": f"q{number}", "from": {"id": user, "first_name": "x"}, "message": message, "data": word}
        self.updates.append({"update_id": number, "callback_query": held})


def test_a_page_is_taken_by_a_press_and_once_only(tmp_path: Path) -> None:
    bot = Bot()
    with serving(bot.answer) as telegram:
        server = Server(folder=tmp_path, room_url="", token="", room="", hook_url="")
        server.prepare()
        (tmp_path / "secrets.env").write_text("BOT=123:secret\n")
        (tmp_path / "firstfive.toml").write_text(
            'vault = "vault"\nstate = "state"\n[listen]\nport = 0\n[targets.local]\nenv_file = "secrets.env"\n'
            f'[notifiers.telegram]\nurl = "{telegram.url}"\ntoken_env = "BOT"\nchat = "-100"\n'
            '[people.ana]\ntelegram = "77"\n'
        )
        server.start()
        try:
            assert server.call("POST", "/incidents", {"by": "kim", "title": "the shop is down", "level": 1})
            until(server, lambda: bool(bot.words()))
            assert all(len(word.encode()) <= 64 for word in bot.words())
            bot.press(5, 77, bot.words()[0])
            until(server, lambda: any(one["method"] == "editMessageReplyMarkup" for one in bot.answered))
            assert server.call("GET", "/incidents/INC-1")["acknowledged_by"] == "ana"
            bot.press(6, 88, bot.words()[0])
            until(server, lambda: sum(one["method"] == "answerCallbackQuery" for one in bot.answered) == 2)
            assert server.call("GET", "/incidents/INC-1")["acknowledged_by"] == "ana"
        finally:
            server.end()
    assert "123:secret" not in server.log()


def until(server: Server, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, server.log()
        time.sleep(0.05)
