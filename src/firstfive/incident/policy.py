"""What a team decides beside the page: numbers and names the page has no place for, with careful defaults.

Filled from settings by `app`; read by the rules. The page always wins where it speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`target` runs steps that name none. `resolve_after` is how long all must be well before an incident resolves itself.

    `update_every` is used where the page's templates name no interval; `channel` where contacts name none.
    `escalate_after` pages the next person where the matrix names no response time. `postmortem_folder` is vault-relative.
    """

    target: str = "local"
    resolve_after: timedelta = timedelta(minutes=10)
    update_every: timedelta = timedelta(minutes=15)
    escalate_after: timedelta = timedelta(minutes=15)
    channel: str = "#incidents"
    postmortem_folder: str = ""
