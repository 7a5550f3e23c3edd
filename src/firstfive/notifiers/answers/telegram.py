"""Asks Telegram for what people pressed and wrote to the bot, and answers them there.

Built by `app` for a Telegram notifier. API: `getUpdates` by turns, `answerCallbackQuery`, `editMessageReplyMarkup`, `sendMessage`. An
update counts as taken once the next question names a later one, so what could not be written down comes again. Decides nothing itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from firstfive.errors import FirstfiveError
from firstfive.notifiers.answers.press import Press, Pressed
from firstfive.notifiers.posting import Answer, part, send_json
from firstfive.notifiers.telegram import Telegram, asked_pause
from firstfive.notifiers.words import in_units

WAIT = timedelta(seconds=2)  # a thread waits that long, also when the program wants to end
DEADLINE = timedelta(seconds=6)
PAUSE, ANOTHER_POLLS, HOPELESS = 5.0, 30.0, 300.0
OLDEST_WORDS = timedelta(minutes=10)
MOST_TRIES = 5
TAKES = re.compile(r"\s*/?ack(?:@\w{1,64})?\s+(INC-[1-9][0-9]{0,9})\s*", re.IGNORECASE | re.ASCII)


@dataclass(slots=True, kw_only=True)
class TelegramAnswers:
    """Brings what is pressed below messages of `telegram`, and "ack INC-7" written to its bot, to `heard`. Raises nothing."""

    telegram: Telegram
    heard: Callable[[Press], Awaitable[Pressed]]
    log: Callable[[str], None]
    now: Callable[[], datetime]
    _next: int = field(default=0, init=False)
    _tries: int = field(default=0, init=False)
    _logged: str = field(default="", init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. A Telegram that is away is asked again; nothing depends on it."""
        ending = asyncio.create_task(stop.wait())
        while not stop.is_set():
            asking = asyncio.create_task(self.turn())
            await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
                break
            pause = asking.result()
            if pause:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
        ending.cancel()

    async def turn(self) -> float:
        """Ask once and do what came; how many seconds to leave Telegram alone."""
        value = {
            "offset": self._next,
            "timeout": int(WAIT.total_seconds()),
            "allowed_updates": ["callback_query", "message"],
        }
        answer = await self._call("getUpdates", value, deadline=DEADLINE)
        found = answer.json().get("result")
        if answer.json().get("ok") is not True or not isinstance(found, list):
            return self._trouble(answer)
        self._logged = ""
        for update in found:
            number = update.get("update_id") if isinstance(update, dict) else None
            if not isinstance(number, int) or number < self._next:
                continue
            try:
                await self._update(update)
            except FirstfiveError as problem:
                self._tries += 1
                self.log(f"notifier {self.telegram.name}: an answer was not taken: {problem.what}")
                if self._tries < MOST_TRIES:
                    return PAUSE
            except Exception as problem:  # whatever somebody sends must not end the program
                self.log(f"notifier {self.telegram.name}: an update could not be understood ({type(problem).__name__})")
            self._next, self._tries = number + 1, 0
        return 0.0

    def _trouble(self, answer: Answer) -> float:
        """Why there was no answer, said once; how long to wait."""
        told = answer.json()
        words = str(told.get("description") or answer.problem or f"it answers {answer.status}")[:200]
        why, pause = words, PAUSE
        match answer.status:
            case 409 if "webhook" in words.lower():
                why, pause = (
                    'the bot has a webhook set; delete it (deleteWebhook), or write answers = "links"',
                    HOPELESS,
                )
            case 409:
                why, pause = "another program asks for this bot's updates; give each its own bot", ANOTHER_POLLS
            case 429:
                pause = asked_pause(told).total_seconds()
            case 401 | 404:
                why, pause = "the bot's token is not valid", HOPELESS
            case _:
                pass
        if why != self._logged:
            self._logged = why
            self.log(f"notifier {self.telegram.name}: buttons in Telegram do not reach us: {why}")
        return pause

    async def _update(self, update: dict[str, Any]) -> None:
        pressed, written = update.get("callback_query"), update.get("message")
        if isinstance(pressed, dict):
            await self._pressed(pressed)
        elif isinstance(written, dict):
            await self._written(written)

    async def _pressed(self, query: dict[str, Any]) -> None:
        word, user = query.get("data"), part(query, "from")
        if not isinstance(word, str) or not isinstance(user.get("id"), int):
            return
        said = await self.heard(Press(user=str(user["id"]), called=_called(user), sealed=word))
        value = {
            "callback_query_id": str(query.get("id", "")),
            "text": in_units(said.text, 200),
            "show_alert": not said.done,
        }
        await self._call("answerCallbackQuery", value)
        message = part(query, "message")
        where = {"chat_id": part(message, "chat").get("id"), "message_id": message.get("message_id")}
        if said.settled:
            await self._call("editMessageReplyMarkup", {**where, "reply_markup": {"inline_keyboard": []}})
        if said.done:
            reply = {"message_id": where["message_id"], "allow_sending_without_reply": True}
            value = {
                "chat_id": where["chat_id"],
                "text": said.text,
                "reply_parameters": reply,
                "disable_notification": True,
            }
            await self._call("sendMessage", value)

    async def _written(self, message: dict[str, Any]) -> None:
        text, user = message.get("text"), part(message, "from")
        found = TAKES.fullmatch(text) if isinstance(text, str) and len(text) < 200 else None
        if found is None or not isinstance(user.get("id"), int):
            return
        at = message.get("date")
        old = not isinstance(at, int) or self.now().timestamp() - at > OLDEST_WORDS.total_seconds()
        if old:
            said = Pressed(text=f"This came too late to be taken; write ack {found[1].upper()} again")
        else:
            said = await self.heard(Press(user=str(user["id"]), called=_called(user), takes=found[1].upper()))
        value = {
            "chat_id": part(message, "chat").get("id"),
            "text": in_units(said.text, 1000),
            "reply_parameters": {"message_id": message.get("message_id"), "allow_sending_without_reply": True},
        }
        await self._call("sendMessage", value)

    async def _call(self, method: str, value: dict[str, Any], deadline: timedelta = DEADLINE) -> Answer:
        return await send_json(
            "POST", f"{self.telegram.url}/bot{self.telegram.token}/{method}", value, deadline=deadline
        )


def _called(user: dict[str, Any]) -> str:
    return str(user.get("username") or user.get("first_name") or "")
