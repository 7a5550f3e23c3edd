"""The only four words for the state of an incident that are said outside.

Used by drafts, by the check of wording and by the status page. Knows no incident.
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from firstfive.incident.records import Status


class PublicStatus(StrEnum):
    """The only four words the page allows outside, until somebody actually knows more."""

    INVESTIGATING = "investigating"
    APPLYING_FIX = "applying fix"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


def public_status(status: Status) -> PublicStatus:
    """The public word for a state: mitigating is told as applying a fix, the others as they are."""
    match status:
        case Status.INVESTIGATING:
            return PublicStatus.INVESTIGATING
        case Status.MITIGATING:
            return PublicStatus.APPLYING_FIX
        case Status.MONITORING:
            return PublicStatus.MONITORING
        case Status.RESOLVED:
            return PublicStatus.RESOLVED
        case _:
            assert_never(status)


def word_of(text: str) -> PublicStatus | None:
    """The word that a person means, `applying-fix` and `Applying fix` alike; None for any other."""
    plain = " ".join(text.replace("-", " ").replace("_", " ").lower().split())
    return next((word for word in PublicStatus if word == plain), None)
