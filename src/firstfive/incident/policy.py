"""What a team decides beside the page: numbers and names the page has no place for, with careful defaults.

Filled from settings by `app`; read by the rules. The page always wins where it speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from firstfive.incident.business_days import MONDAY_TO_FRIDAY, WorkingDays
from firstfive.incident.oncall import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`target` runs steps that name none. `resolve_after` is how long all must be well before an incident resolves itself.

    `update_every` is used where the page's templates name no interval; `channel` where contacts name none.
    `escalate_after` pages the next person where the matrix names no response time. `postmortem_folder` is vault-relative.
    `one_fault` is how long after the first sign of an incident further symptoms on its host are taken for faces of the same fault;
    `unnamed_joins` how long a signal that points to no runbook joins what is open there. `severity_words` maps a sender's own word
    for how bad it is ("critical") to a level of the matrix. `ledger` is whether a deploy ledger of containers is kept, so that a way
    back can be planned; `rota` are the on-call schedules in the order to page, before the page's own contacts; `rounds` how often
    everybody is paged; `silent_after` how long whoever took an incident may be silent before others are paged; `labs`
    are the targets on which nothing is forbidden; `offers` are the changes that may be offered without being asked for.
    """

    target: str = "local"
    resolve_after: timedelta = timedelta(minutes=10)
    update_every: timedelta = timedelta(minutes=15)
    escalate_after: timedelta = timedelta(minutes=15)
    channel: str = "#incidents"
    postmortem_folder: str = ""
    one_fault: timedelta = timedelta(minutes=2)
    unnamed_joins: timedelta = timedelta(minutes=10)
    severity_words: Mapping[str, int] = field(default_factory=dict)
    ledger: bool = False
    labs: frozenset[str] = frozenset()
    offers: frozenset[str] = frozenset()
    rota: tuple[Schedule, ...] = ()
    working_days: WorkingDays = MONDAY_TO_FRIDAY
    rounds: int = 3
    silent_after: timedelta = timedelta(minutes=30)
