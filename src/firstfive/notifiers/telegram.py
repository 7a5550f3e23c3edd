"""Tells a Telegram chat through a bot; replies hang on the first message, with buttons.

Built by `app`. API: Bot API `sendMessage`, plain text without a parse mode, so nothing in a message can become markup. What is pressed
comes in by `answers.telegram`; without it a button opens a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from firstfive.notifiers.posting import FIRST_PAUSE, Answer, part, refused, send_json
from firstfive.notifiers.words import in_units, title
from firstfive.ports import Action, Delivered, Message, Receipt, Retry

MOST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Telegram:
    """A Notifier for the chat `chat` (or a message's address) of the bot with `token`."""

    name: str
    token: str
    chat: str = ""
    url: str = "https://api.telegram.org"

    async def send(self, message: Message) -> Receipt:
        """Send it once. Telegram keeps no key of ours: a repeat after a lost answer is a second message."""
        value: dict[str, object] = {
            "chat_id": message.address or self.chat,
            "text": in_units(f"{title(message)}\n{message.text}", MOST),
            "link_preview_options": {"is_disabled": True},
            "disable_notification": not message.urgent,
        }
        if message.root.isdigit():
            value["reply_parameters"] = {"message_id": int(message.root), "allow_sending_without_reply": True}
        if message.actions:
            rows = [[_button(action)] for action in message.actions]
            value["reply_markup"] = {"inline_keyboard": rows}
        answer = await send_json("POST", f"{self.url}/bot{self.token}/sendMessage", value)
        return _receipt(answer)


def _button(action: Action) -> dict[str, str]:
    return {"text": action.label, **({"callback_data": action.press} if action.press else {"url": action.url})}


def _receipt(answer: Answer) -> Receipt:
    told = answer.json()
    if answer.good and told.get("ok") is True:
        return Delivered(reference=str(part(told, "result").get("message_id", "")))
    if answer.good:
        return Retry(after=FIRST_PAUSE, why="it answers 200 and says that it was not taken")
    if answer.status == 429:
        return Retry(after=asked_pause(told), why="it asks for a pause")
    return refused(answer)


def asked_pause(told: Mapping[str, Any]) -> timedelta:
    """How long Telegram wants us to wait, out of its answer; five seconds when it does not say."""
    seconds = part(told, "parameters").get("retry_after", 0)
    return timedelta(seconds=seconds) if isinstance(seconds, int) and 0 < seconds < 3600 else FIRST_PAUSE
