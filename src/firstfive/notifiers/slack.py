"""Tells a Slack channel through a bot: one thread an incident, a key of ours in each message's metadata, buttons.

Built by `app`. API: `chat.postMessage`, `conversations.replies` and `conversations.history`. Slack keeps no key by itself, so before a
message is sent again its key is looked for. What is pressed comes in by `answers.slack`; without it a button opens a link.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from firstfive.notifiers.posting import FIRST_PAUSE, Answer, part, refused, request, rows, send_json
from firstfive.notifiers.words import fitted, title
from firstfive.ports import Action, Delivered, GaveUp, Message, Receipt, Retry

MOST = 12_000
KIND = "firstfive_message"
LOOKED_AT = 50
# Answers that another try cannot change; the others are worth one.
NEVER = frozenset(
    {
        "account_inactive",
        "channel_not_found",
        "invalid_auth",
        "invalid_arguments",
        "invalid_blocks",
        "is_archived",
        "missing_scope",
        "msg_too_long",
        "no_text",
        "not_in_channel",
        "token_revoked",
    }
)


@dataclass(slots=True, kw_only=True)
class Slack:
    """A Notifier for the channel `channel` (or a message's address) of the bot with `token`. With `app_token` Slack's socket is opened."""

    name: str
    token: str
    channel: str = ""
    url: str = "https://slack.com/api"
    app_token: str = ""
    _doubtful: set[str] = field(default_factory=set, init=False)

    async def send(self, message: Message) -> Receipt:
        """Post it, after looking whether an earlier try of the same key arrived although its answer was lost."""
        channel = message.address or self.channel
        if message.key in self._doubtful:
            found = await self._arrived(channel, message)
            if found:
                self._doubtful.discard(message.key)
                return Delivered(reference=found)
        answer = await send_json(
            "POST", f"{self.url}/chat.postMessage", _value(channel, message), headers=self._headers()
        )
        receipt = _receipt(answer)
        if isinstance(receipt, Retry) and len(self._doubtful) < 10_000:
            self._doubtful.add(message.key)
        else:
            self._doubtful.discard(message.key)
        return receipt

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def _arrived(self, channel: str, message: Message) -> str:
        """The `ts` of a message with our key in its metadata, empty when none is found."""
        query = {"channel": channel, "limit": LOOKED_AT, "include_all_metadata": "true"}
        path = "conversations.history"
        if message.root:
            path, query = "conversations.replies", {**query, "ts": message.root}
        answer = await request("GET", f"{self.url}/{path}?{urlencode(query)}", headers=self._headers())
        for row in rows(answer.json(), "messages"):
            held = part(row, "metadata")
            if held.get("event_type") == KIND and part(held, "event_payload").get("key") == message.key:
                return str(row.get("ts", ""))
        return ""


def escaped(text: str) -> str:
    """Text in which nothing is a mention, a link or a command to everybody (Slack's three characters)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _value(channel: str, message: Message) -> dict[str, object]:
    text = fitted(f"{escaped(title(message))}\n{escaped(message.text)}", MOST)
    value: dict[str, object] = {
        "channel": channel,
        "text": text,
        "mrkdwn": False,
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": KIND, "event_payload": {"key": message.key}},
    }
    if message.root:
        value["thread_ts"] = message.root
    if message.actions:
        buttons = [_button(action, f"{KIND}_{number}") for number, action in enumerate(message.actions)]
        said = {"type": "plain_text", "text": fitted(f"{title(message)}\n{message.text}", 2900)}
        value["blocks"] = [{"type": "section", "text": said}, {"type": "actions", "elements": buttons}]
    return value


def _button(action: Action, name: str) -> dict[str, object]:
    held = {"value": action.press} if action.press else {"url": action.url}
    return {"type": "button", "action_id": name, "text": {"type": "plain_text", "text": action.label[:75]}, **held}


def _receipt(answer: Answer) -> Receipt:
    told = answer.json()
    if answer.good and told.get("ok") is True:
        return Delivered(reference=str(told.get("ts", "")))
    if answer.good:
        why = str(told.get("error") or "it answers 200 without a word")
        if why in NEVER:
            return GaveUp(why=f"Slack says {why}")
        return Retry(after=timedelta(seconds=30) if why == "ratelimited" else FIRST_PAUSE, why=f"Slack says {why}")
    return refused(answer)
