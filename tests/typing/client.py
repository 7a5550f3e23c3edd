"""Type-checked, never run: what somebody writes who asks a server has the types that the answers have."""

from __future__ import annotations

from firstfive.client import ApiError, Client, Unreachable
from firstfive.client.wire.incident import Entry, Incident, Saying, Waiting


def first_waiting(ops: Client) -> Waiting | None:
    """The first run that waits anywhere."""
    for row in ops.incidents():
        waiting: tuple[Waiting, ...] = ops.incident(row.id).waiting
        if waiting:
            return waiting[0]
    return None


def approved(ops: Client, incident: str, waiting: Waiting) -> Incident | str:
    """A yes, or why not."""
    try:
        return ops.approve(incident, waiting, confirm=waiting.confirm)
    except ApiError as refused:
        status: int = refused.status
        return f"{status} {refused.what}: {refused.remedy}"
    except Unreachable as silent:
        return silent.what


def told(ops: Client, incident: str) -> str:
    """The next thing that happens."""
    for one in ops.follow(incident):
        match one:
            case Entry(text=text):
                return text
            case Saying(text=text):
                return text
    return ""


def seconds(ops: Client, incident: str) -> float:
    """How long it takes already."""
    return ops.incident(incident).seconds.since_started or 0.0
