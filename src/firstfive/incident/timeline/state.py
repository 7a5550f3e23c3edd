"""The present state of one incident, and of each run in it.

Made by `fold`; read by every rule and every surface. Holds no rule of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from firstfive.incident import events as ev
from firstfive.incident.records import Fact, Ranked, Run, Status
from firstfive.incident.signals import Signal

APPROVAL_LIVES = timedelta(minutes=10)

_EMPTY: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of a step and what became of it. `state`: asked, approved, declined, expired, started, failed (a look that could not
    begin), finished, unknown.

    `approvals` are those who said yes while `people` different ones are wanted, out of `who` when that is not empty; `confirm` and
    `first` are what each of them has to type and to affirm; `alone` is why one was enough.
    `seq` is the entry that moved it last, `started_seq` the one that began it: what a look saw is as old as its beginning. `raised` tells
    that the incident counts as being mitigated because this run began.
    """

    run: Run
    state: str
    at: datetime
    why: str = ""
    doubts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    approved_by: str = ""
    approvals: tuple[tuple[str, datetime], ...] = ()
    people: int = 1
    who: tuple[str, ...] = ()
    confirm: str = ""
    first: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    alone: str = ""
    exit_code: int | None = None
    met: bool = False
    seq: int = 0
    started_seq: int = 0
    raised: bool = False

    @property
    def lives_until(self) -> datetime:
        """Until when it may begin: the oldest yes that it rests on counts ten minutes."""
        return min((at for _, at in self.approvals), default=self.at) + APPROVAL_LIVES


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """The present state of one incident. Times are aware UTC. `entries` is the timeline it was folded from, oldest first."""

    id: str
    seq: int = 0
    entries: tuple[ev.Entry, ...] = ()
    declared: ev.Declared | None = None
    declared_at: datetime | None = None
    level: int = 0
    level_why: str = ""
    surged: bool = False
    status: Status = Status.INVESTIGATING
    signals: Mapping[str, Signal] = field(default_factory=lambda: _EMPTY)
    reports: tuple[datetime, ...] = ()
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    checks: Mapping[str, ev.CheckDone] = field(default_factory=lambda: _EMPTY)
    facts: Mapping[str, tuple[Fact, datetime]] = field(default_factory=lambda: _EMPTY)
    deploy: ev.DeployNoticed | None = None
    ranking: tuple[Ranked, ...] = ()
    hypothesis: str = ""
    rollback: ev.RollbackProposed | None = None
    plan: ev.RollbackPlanned | None = None
    plan_why_not: str = ""
    undo_asked: tuple[str, ...] = ()
    parameters: Mapping[tuple[str, str], str] = field(default_factory=lambda: _EMPTY)
    requested: Mapping[str, int] = field(default_factory=lambda: _EMPTY)
    skipped: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    attempts: Mapping[str, Attempt] = field(default_factory=lambda: _EMPTY)
    offered: Mapping[str, ev.ChangeOffered] = field(default_factory=lambda: _EMPTY)
    threads: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    reminders: tuple[tuple[ev.Reminded, datetime], ...] = ()
    changed_seq: int = 0
    mitigated_at: datetime | None = None
    verified_at: datetime | None = None
    notices: tuple[tuple[ev.NoticeSent, datetime], ...] = ()
    update_asked: tuple[str, datetime] | None = None
    public: tuple[tuple[ev.PublicUpdate, datetime], ...] = ()
    pages: tuple[tuple[ev.Paged | ev.PageFailed, datetime], ...] = ()
    paging_since: tuple[int, datetime] | None = None
    resolved_at: datetime | None = None
    root_cause: str = ""
    postmortem: ev.PostmortemWritten | None = None
    postmortem_why_not: str = ""
    postmortem_asked: bool = False
    postmortem_read: ev.PostmortemRead | None = None
    postmortem_read_at: datetime | None = None
    closing: Mapping[str, tuple[ev.ClosingTicked, str]] = field(default_factory=lambda: _EMPTY)
    epoch: int = 0
    paused: tuple[ev.JournalRestored, datetime] | None = None
    hosts_asked: ev.HostsAsked | None = None

    @property
    def started_at(self) -> datetime | None:
        """When the first sign was seen."""
        return self.declared.started_at if self.declared else None

    @property
    def host(self) -> str:
        """The target that its signals are about; empty for the default one, and before any signal."""
        hosts = {signal.host for signal in self.signals.values()}
        return hosts.pop() if len(hosts) == 1 else ""

    @property
    def firing(self) -> tuple[Signal, ...]:
        """Signals that say something is wrong now."""
        return tuple(s for s in self.signals.values() if s.firing)

    def actors(self) -> tuple[tuple[str, datetime], ...]:
        """Every person who acted, and when, oldest first."""
        return tuple((e.by, e.at) for e in self.entries if e.by != ev.SELF)

    def of_step(self, step: str) -> tuple[Attempt, ...]:
        """Every run of a step, oldest first."""
        return tuple(a for a in self.attempts.values() if a.run.step == step)

    def waiting(self) -> tuple[Attempt, ...]:
        """Runs that wait for a person's approval; once it is resolved only what may still be done afterwards."""
        asked = (a for a in self.attempts.values() if a.state == "asked")
        return tuple(a for a in asked if self.resolved_at is None or self.afterwards(a.run.step))

    def afterwards(self, step: str) -> bool:
        """Whether this is a change that is offered to be made after the incident, such as starting an updater again."""
        offer = self.offered.get(step)
        return offer is not None and offer.afterwards

    def value(self, fact: str) -> bool | int | float | str | tuple[str, ...] | None:
        """The present value of a fact, or None when nobody collected it."""
        found = self.facts.get(fact)
        return found[0].value if found else None
