"""Tells phones over ntfy: one topic, urgent for a page, with buttons on sealed links.

Built by `app`. API: JSON publishing of ntfy 2; the topic's name is its only secret on a public server.
"""

from __future__ import annotations

from dataclasses import dataclass

from firstfive.notifiers.posting import refused, send_json, unsaid
from firstfive.notifiers.words import body, title
from firstfive.ports import Action, Delivered, Message, Receipt

MOST = 3500  # ntfy turns what is longer than 4,096 bytes into a file
MOST_BUTTONS = 3
HIGHEST, USUAL = 5, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ntfy:
    """A Notifier for the topic `topic` (or a message's address) at `url`."""

    name: str
    topic: str
    url: str = "https://ntfy.sh"
    token: str = ""

    async def send(self, message: Message) -> Receipt:
        """Publish it once. ntfy keeps no key of ours: a repeat after a lost answer is a second message."""
        buttons = [_button(action) for action in message.actions[:MOST_BUTTONS]]
        value = {
            "topic": message.address or self.topic,
            "title": title(message),
            "message": body(message, MOST),
            "priority": HIGHEST if message.urgent else USUAL,
            "tags": ["rotating_light"] if message.urgent else [],
            "actions": buttons,
            **({"click": message.actions[0].url} if message.actions else {}),  # the page itself, where a button cannot
        }
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = await send_json("POST", self.url, value, headers=headers)
        taken = str(answer.json().get("id", ""))
        if answer.good:
            return Delivered(reference=taken) if taken else unsaid(answer)
        return refused(answer)


def _button(action: Action) -> dict[str, object]:
    """What needs no look first is done by the phone itself, from its locked screen; the rest opens the page that shows it."""
    how: dict[str, object] = {"action": "http", "method": "POST"} if action.at_once else {"action": "view"}
    return {**how, "label": action.label, "url": action.url, "clear": True}
