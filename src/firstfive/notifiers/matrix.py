"""Tells a Matrix room: one thread an incident, exactly once, since the server knows a transaction by its id; reactions are acks.

Built by `app`. API: client-server `PUT /rooms/{room}/send/{type}/{txnId}`, `m.thread` relations, `/sync` for reactions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from firstfive.documents.plain import visible
from firstfive.notifiers.posting import part, refused, request, rows, send_json, unsaid
from firstfive.notifiers.words import in_bytes, title
from firstfive.ports import Delivered, Message, Receipt

MOST = 16_000  # bytes of each form; an event may have 65,536 in all
OURS = "org.firstfive.key"
MOST_AGE = 10**12  # milliseconds
WAIT = timedelta(seconds=2)  # a thread waits that long, also when the program wants to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Somebody reacted in `room`, `age` ago: `event` is what they reacted to, `sender` their Matrix id, `sign` what they chose."""

    room: str
    event: str
    sender: str
    sign: str
    age: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A Notifier for the room `room` (or a message's address) on the homeserver `url`, as the user of `token`."""

    name: str
    url: str
    token: str
    room: str = ""

    async def send(self, message: Message) -> Receipt:
        """Send it; the same key is the same transaction, so a repeat is the same event."""
        room = quote(message.address or self.room, safe="", errors="replace")
        txn = hashlib.sha256(message.key.encode("utf-8", "surrogatepass")).hexdigest()[:40]
        path = f"{self.url}/_matrix/client/v3/rooms/{room}/send/m.room.message/{txn}"
        answer = await send_json("PUT", path, _content(message), headers=self._headers())
        event = str(answer.json().get("event_id", ""))
        if answer.good:
            return Delivered(reference=event) if event else unsaid(answer)
        return refused(answer)

    async def reactions(self, since: str) -> tuple[tuple[Reaction, ...], str]:
        """What was reacted since the token `since` (empty: from now on), and the token to go on from. Waits up to two seconds."""
        query = {"timeout": "0" if not since else str(int(WAIT.total_seconds() * 1000)), "filter": _FILTER}
        if since:
            query["since"] = since
        answer = await request(
            "GET",
            f"{self.url}/_matrix/client/v3/sync?{urlencode(query)}",
            headers=self._headers(),
            deadline=2 * WAIT,
        )
        told = answer.json()
        following = str(told.get("next_batch", "")) or since
        return (tuple(_reactions(told)) if since else (), following)

    async def key_of(self, room: str, event: str) -> str:
        """The key of the message that an event is, empty when it is none of ours."""
        path = f"{self.url}/_matrix/client/v3/rooms/{quote(room, safe='')}/event/{quote(event, safe='')}"
        answer = await request("GET", path, headers=self._headers())
        return str(part(answer.json(), "content").get(OURS, ""))

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


_FILTER = (
    '{"presence":{"types":[]},"account_data":{"types":[]},'
    '"room":{"ephemeral":{"types":[]},"state":{"types":[]},"timeline":{"types":["m.reaction"],"limit":100}}}'
)


def _reactions(told: dict[str, Any]) -> Sequence[Reaction]:
    found = []
    for name, room in part(part(told, "rooms"), "join").items():
        for event in rows(part(room, "timeline"), "events"):
            relation = part(part(event, "content"), "m.relates_to")
            age = part(event, "unsigned").get("age")
            if event.get("type") == "m.reaction" and isinstance(relation.get("event_id"), str):
                found.append(
                    Reaction(
                        room=name,
                        event=relation["event_id"],
                        sender=str(event.get("sender")),
                        sign=str(relation.get("key")),
                        age=timedelta(milliseconds=age if isinstance(age, int) and 0 <= age < MOST_AGE else 0),
                    )
                )
    return found


def _content(message: Message) -> dict[str, Any]:
    head, text = title(message), in_bytes(visible(message.text), MOST)
    links = [(action.label, action.url) for action in message.actions]
    plain = "\n".join((head, text, *(f"{label}: {url}" for label, url in links)))
    buttons = " · ".join(f'<a href="{escape(url, quote=True)}">{escape(label)}</a>' for label, url in links)
    shown = "<br>".join(escape(row) for row in text.split("\n"))
    content: dict[str, Any] = {
        "msgtype": "m.text" if message.urgent else "m.notice",
        "body": plain,
        "m.mentions": {},  # nothing in a text may call the whole room
        OURS: message.key,
    }
    formatted = f"<strong>{escape(head)}</strong><br>{shown}{f'<br>{buttons}' if buttons else ''}"
    if len(formatted.encode("utf-8", "replace")) <= 2 * MOST:
        content |= {"format": "org.matrix.custom.html", "formatted_body": formatted}
    if message.root:
        content["m.relates_to"] = {
            "rel_type": "m.thread",
            "event_id": message.root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": message.root},
        }
    return content
