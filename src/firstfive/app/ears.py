"""How a kept request is understood again: the way it came, out of its row, and the sender's own reader.

Part of `app`. Never fails: what cannot be read is an alert that says so.
"""

from __future__ import annotations

import msgspec

from firstfive.incident.signals import Observation
from firstfive.intake import Asked, read
from firstfive.ports import Received


def understood(received: Received) -> tuple[tuple[Observation, ...], str]:
    """The observations of a request, and why it was not understood, if so."""
    method, path, query, headers = msgspec.json.decode(
        received.asked, type=tuple[str, str, dict[str, str], dict[str, str]]
    )
    asked = Asked(method=method, path=path, query=query, headers=headers, body=received.body, at=received.at)
    found = read(received.source, asked)
    return found.seen, found.odd
