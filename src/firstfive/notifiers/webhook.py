"""Tells any program over HTTP, signed as Standard Webhooks says, so that the receiver can tell ours from others.

Built by `app`. Specification: the `webhook-id`, `webhook-timestamp` and `webhook-signature` headers of Standard Webhooks 1.0.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from firstfive.notifiers.posting import DEADLINE, refused, request
from firstfive.notifiers.words import title
from firstfive.ports import Delivered, Message, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A Notifier that posts JSON to `url`; `secret` is `whsec_` and base64, or any text. `now` gives the time that is signed."""

    name: str
    url: str
    secret: str
    now: Callable[[], datetime]

    async def send(self, message: Message) -> Receipt:
        """Post it once, signed. The receiver knows a repeat by its id, which is the message's key."""
        body = json.dumps(
            {
                "type": "firstfive.message",
                "incident": message.thread,
                "channel": message.channel,
                "title": title(message),
                "text": message.text,
                "urgent": message.urgent,
                "drill": message.drill,
                "actions": [{"label": action.label, "url": action.url} for action in message.actions],
            },
            ensure_ascii=False,
        ).encode("utf-8", "replace")
        name, stamp = identifier(message.key), str(int(self.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{signature(self.secret, name, stamp, body)}",
        }
        answer = await request("POST", message.address or self.url, headers=headers, body=body, deadline=DEADLINE)
        return Delivered(reference=name) if answer.good else refused(answer)


def identifier(key: str) -> str:
    """A key as an id that fits a header, the same for the same key."""
    return f"msg_{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def signature(secret: str, name: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 over id, time and body, in base64."""
    key = _key(secret)
    return base64.b64encode(hmac.digest(key, f"{name}.{stamp}.".encode() + body, "sha256")).decode()


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        with contextlib.suppress(binascii.Error):
            return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()
