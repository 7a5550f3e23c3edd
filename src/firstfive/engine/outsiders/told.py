"""The outside as plain data: requests, alerts, silences and heartbeats as the API, the pages and the command line show them.

Used by `web` and `cli`. Times are ISO 8601 in UTC; nothing is decided here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_never

from firstfive.engine.advance import deed_of
from firstfive.incident.orders import Deliver
from firstfive.incident.signals import Beat, Deploy, Observation, Signal
from firstfive.incident.triage.silences import Silence
from firstfive.ports import Alert, Heartbeat, Letter, Outcome, Received

SHOWN_BODY = 16_000
_OBSERVED = [
    "kind",
    "subject",
    "at",
    "state",
    "text",
    "severity",
    "labels",
    "fingerprint",
    "version",
    "source",
    "actor",
    "link",
]


def stamp(at: datetime | None) -> str | None:
    """An instant as the API writes it, or None."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None


def request(received: Received, *, whole: bool = False) -> dict[str, Any]:
    """One request of a sender: what was made of it and why; `whole` adds what came."""
    told = {
        "id": received.id,
        "at": stamp(received.at),
        "source": received.source,
        "state": received.state,
        "summary": _summary(received),
        "outcomes": [outcome(one) for one in received.outcomes],
    }
    if whole:
        text = received.body.decode("utf-8", "replace")
        told |= {
            "seen": [observation(one) for one in received.seen],
            "body": text[:SHOWN_BODY],
            "body_bytes": len(received.body),
        }
    return told


def letter(one: Letter) -> dict[str, Any]:
    """One message that waits or was given up."""
    made = deed_of("deliver", one.data)
    known = made if isinstance(made, Deliver) else None
    return {
        "key": one.key,
        "incident": one.incident,
        "state": "given up" if one.state == "dead" else "waits",
        "due": stamp(one.due),
        "tries": one.tries,
        "why": one.why,
        "notifier": known.notifier if known else "",
        "address": known.address if known else "",
        "channel": known.channel if known else "",
        "person": known.person if known else "",
        "title": known.title if known else "",
        "urgent": known.urgent if known else False,
    }


def _summary(received: Received) -> str:
    if received.state == "waiting":
        return "waits to be sorted"
    verdicts = [one.verdict for one in received.outcomes]
    counts = ", ".join(f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts))
    return counts or "understood, and nothing in it"


def outcome(one: Outcome) -> dict[str, Any]:
    """What was made of one observation."""
    return {"subject": one.subject, "verdict": one.verdict, "why": one.why, "incident": one.incident or None}


def observation(seen: Observation) -> dict[str, Any]:
    """One observation as it was read."""
    told: dict[str, Any] = dict.fromkeys(_OBSERVED)
    match seen:
        case Signal():
            return told | {
                "kind": "signal",
                "subject": seen.subject,
                "state": "firing" if seen.firing else "well",
                "text": seen.text,
                "at": stamp(seen.at),
                "severity": seen.severity or None,
                "labels": dict(seen.labels),
                "fingerprint": seen.fingerprint,
                "link": seen.link or None,
            }
        case Deploy():
            told |= {"kind": "deploy", "subject": seen.subject, "version": seen.version, "at": stamp(seen.at)}
            return {**told, "source": seen.source, "actor": seen.actor or None, "link": seen.link or None}
        case Beat():
            return told | {
                "kind": "beat",
                "subject": seen.name,
                "state": str(seen.state),
                "at": stamp(seen.at),
                "text": seen.text,
            }
        case _:
            assert_never(seen)


def alert(one: Alert) -> dict[str, Any]:
    """The last state of one trouble."""
    signal = one.signal
    return {
        "fingerprint": one.fingerprint,
        "source": signal.source,
        "subject": signal.subject,
        "state": "firing" if signal.firing else "well",
        "text": signal.text,
        "first": stamp(one.first),
        "last": stamp(one.last),
        "count": one.count,
        "verdict": one.verdict,
        "why": one.why,
        "incident": one.incident or None,
    }


def silence(one: Silence, now: datetime) -> dict[str, Any]:
    """A silence, and whether it holds now."""
    state = "pending" if now < one.starts else "active" if now < one.ends else "over"
    return {
        "id": one.id,
        "matchers": [f'{name}{operator}"{value}"' for name, operator, value in one.matchers],
        "starts": stamp(one.starts),
        "ends": stamp(one.ends),
        "by": one.by,
        "comment": one.comment,
        "maintenance": one.maintenance,
        "state": state,
    }


def heartbeat(one: Heartbeat, now: datetime) -> dict[str, Any]:
    """A heartbeat, and whether it is late."""
    heard = one.last or one.since
    overdue = now - heard > one.every + one.grace
    return {
        "name": one.name,
        "every_seconds": int(one.every.total_seconds()),
        "grace_seconds": int(one.grace.total_seconds()),
        "last": stamp(one.last),
        "state": "late" if overdue else one.state,
        "text": one.text,
    }
