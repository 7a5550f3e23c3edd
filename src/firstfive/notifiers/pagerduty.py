"""Tells PagerDuty: an event for a page, one incident there for one of ours, taken and over when ours is.

Built by `app`. API: Events v2; the same `dedup_key` joins what belongs together, so a repeat changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from firstfive.notifiers.posting import refused, send_json, unsaid
from firstfive.notifiers.words import body, title
from firstfive.ports import Delivered, GaveUp, Message, Receipt

MOST = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDuty:
    """A Notifier for the integration whose key is `routing_key` (or a message's address)."""

    name: str
    routing_key: str
    url: str = "https://events.pagerduty.com/v2/enqueue"

    async def send(self, message: Message) -> Receipt:
        """Trigger, once an incident. What is not urgent is not taken, since PagerDuty wakes people: that is for another notifier."""
        if not message.urgent:
            return GaveUp(why="PagerDuty wakes people, so it takes pages only")
        value: dict[str, object] = {
            "routing_key": message.address or self.routing_key,
            "event_action": "trigger",
            "dedup_key": _key(message.thread),
            "payload": {
                "summary": title(message)[:MOST],
                "source": "firstfive",
                "severity": "critical",
                "custom_details": {"text": body(message, MOST * 8)},
            },
            "links": [{"href": action.url, "text": action.label} for action in message.actions],
        }
        return await self._enqueued(value)

    async def settle(self, thread: str, *, over: bool) -> Receipt:
        """Acknowledge its incident there, or resolve it; PagerDuty passes over one that it does not have."""
        action = "resolve" if over else "acknowledge"
        return await self._enqueued(
            {"routing_key": self.routing_key, "event_action": action, "dedup_key": _key(thread)}
        )

    async def _enqueued(self, value: dict[str, object]) -> Receipt:
        answer = await send_json("POST", self.url, value)
        told = answer.json()
        if answer.good:
            taken = told.get("status") == "success"
            return Delivered(reference=str(told.get("dedup_key", ""))) if taken else unsaid(answer)
        return refused(answer)


def _key(thread: str) -> str:
    return f"firstfive-{thread}"
