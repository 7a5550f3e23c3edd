"""How a kept request is understood again: the way it came, out of its row, and the sender's own reader.

Part of `app`. Never fails: what cannot be read is an alert that says so.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from firstfive.errors import Exit, Refused
from firstfive.incident.signals import Observation
from firstfive.intake import SENDERS, Asked, read
from firstfive.ports import Received


def understood(received: Received) -> tuple[tuple[Observation, ...], str]:
    """The observations of a request, and why it was not understood, if so."""
    method, path, query, headers = msgspec.json.decode(
        received.asked, type=tuple[str, str, dict[str, str], dict[str, str]]
    )
    asked = Asked(method=method, path=path, query=query, headers=headers, body=received.body, at=received.at)
    found = read(received.source, asked)
    return found.seen, found.odd


def message_of(sender: str, message: bytes, now: datetime) -> tuple[tuple[Observation, ...], str]:
    """A message as if it had just come. Raises Refused for a sender that is not known."""
    if sender not in SENDERS:
        raise Refused(
            f"there is no sender {sender!r}", remedy=f"known: {', '.join(sorted(SENDERS))}", exit_code=Exit.USAGE
        )
    found = read(sender, Asked(method="POST", path="simulated", headers={}, query={}, body=message, at=now))
    return found.seen, found.odd
