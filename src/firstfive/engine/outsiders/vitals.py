"""How the program itself does: turns of its loop, messages by result, runs of steps by outcome, what waits and what is late.

Kept by the engine while it works; asked by whoever scrapes it. Counters begin at 0 with each start, as a scraper expects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from firstfive.documents.metrics import OwnState
from firstfive.incident import communicate
from firstfive.incident import events as ev
from firstfive.incident.owed.customers import customers_due
from firstfive.incident.timeline import Incident

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine


@dataclass(slots=True, kw_only=True)
class Vitals:
    """`cycle` is how many seconds the last turn took; `page_compiles` is None until the page was read again."""

    cycle: float | None = None
    page_compiles: bool | None = None
    notified: Counter[tuple[str, str]] = field(default_factory=Counter)
    step_runs: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, int] = field(default_factory=dict)

    def handed(self, notifier: str, result: str) -> None:
        """One message was handed to a notifier: sent, retry or gave up."""
        self.notified[notifier, result] += 1

    def heard(self, incident: str, entries: Sequence[ev.Entry], since: datetime) -> None:
        """Count what was written on a timeline since `since`, each entry once."""
        known = self._seen.get(incident, 0)
        for entry in entries[known:]:
            outcome = _outcome(entry.event) if entry.at >= since else ""
            if outcome:
                self.step_runs[outcome] += 1
        self._seen[incident] = max(known, len(entries))


def _outcome(event: ev.Event) -> str:
    match event:
        case ev.StepFinished(met=met):
            return "met" if met else "not met"
        case ev.Declined():
            return "declined"
        case ev.ApprovalExpired():
            return "expired"
        case ev.OutcomeUnknown():
            return "unknown"
        case ev.StepNotBegun():
            return "not begun"
        case _:
            return ""


async def own_state(engine: Engine) -> OwnState:
    """Everything that is known of the program now. Raises JournalError when the journal cannot be read."""
    now, vitals = engine.clock.now(), engine.vitals
    due, head = await engine.journal.read(lambda tx: (tx.next_due(("deliver",)), tx.count_entries()))
    standing = [one for one in await engine.open_incidents() if one.resolved_at is None]
    levels = Counter(one.level for one in standing)
    return OwnState(
        cycle=vitals.cycle,
        watchdog=engine.turned_at,
        oldest_notice=max(0.0, (now - due).total_seconds()) if due is not None else 0.0,
        update_overdue=max((_late(engine, one, now) for one in standing), default=timedelta(0)).total_seconds(),
        open_incidents=levels,
        waiting=sum(len(one.waiting()) for one in standing),
        notified=dict(vitals.notified),
        step_runs=dict(vitals.step_runs),
        head=head,
        page_compiles=vitals.page_compiles,
    )


def _late(engine: Engine, incident: Incident, now: datetime) -> timedelta:
    """By how much the latest promise to the team or to customers is late."""
    handbook = engine.handbook_for(incident)
    update = communicate.next_update_at(handbook, engine.policy, incident)
    customers = customers_due(handbook, engine.policy, incident)
    owed = [at for at in (update, customers.at if customers else None) if at is not None]
    return max(timedelta(0), *(now - at for at in owed))
