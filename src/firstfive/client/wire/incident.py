"""An incident as the API tells it: what it is, what waits, what was seen, what happened.

Written by `documents.view`; a test compares the two field by field.
"""

from __future__ import annotations

from dataclasses import dataclass

from firstfive.client.wire.steps import Check, Fact, Ranked, Step
from firstfive.client.wire.words import Box, DraftNotice, Notice, PageSent, Postmortem


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """An incident in a few words; `waiting` counts the runs that wait for a yes."""

    id: str
    title: str
    level: int
    status: str
    declared_at: str | None
    acknowledged_by: str
    next_update_at: str | None
    waiting: int
    mitigated_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """Incidents, newest first; `next` is the cursor of the part that follows, null at the end."""

    incidents: tuple[Summary, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One row of the page's severity matrix."""

    level: int
    label: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How long, in seconds; negative for an instant that is past, null where one end is not known."""

    since_started: float | None
    since_declared: float | None
    to_acknowledge: float | None
    to_mitigate: float | None
    until_update: float | None
    until_hypothesis: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextThing:
    """The single next thing to do, in words; run, step and hash where it is about a run.

    `kind` is settle, resume, approve, value, judge, acknowledge, hypothesis, tell, choose, wait, watch, write, close or done.
    """

    kind: str
    text: str
    run: str | None
    step: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One yes out of several that a run takes."""

    by: str
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A run that waits for a person. An approval must name its `run` and `sha256` exactly as they stand here.

    `confirm` is the word to type, `first` what must be done before, `people` how many must say yes, `diff` what it changes in a file.
    `unasked` is a change that nobody asked for: the program offers it. `alone_from` is when one person may say yes in place of two,
    if nobody else acted in the five minutes before; null where that is never so.
    """

    run: str
    sha256: str
    step: str
    number: int | None
    title: str
    runbook: str
    runbook_number: str
    runbook_title: str
    target: str
    script: str
    environment: tuple[tuple[str, str], ...]
    timeout_s: float
    verdict: str
    why: str
    doubts: tuple[str, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]
    first: tuple[str, ...]
    confirm: str
    people: int
    approvals: tuple[Approval, ...]
    approved_by: str
    who: tuple[str, ...]
    undo: str
    undoes: str
    diff: str
    asked_at: str | None
    unasked: bool = False
    alone_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSeen:
    """The last state of something that was observed, by our own look or by a sender."""

    kind: str
    source: str
    subject: str
    firing: bool
    text: str
    at: str | None
    symptom: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployNearby:
    """The deploy that may be the cause."""

    subject: str
    version: str
    previous: str
    deployed_at: str | None
    source: str
    before_declared_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookName:
    """A runbook of the page that the incident is pinned to."""

    runbook: str
    number: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """The step that would take the deploy back, and why it is offered."""

    step: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A change out of a pack that somebody asked for, and what came of it."""

    id: str
    pack: str
    title: str
    target: str
    state: str
    run: str | None
    met: bool | None
    output: str
    verified: bool | None
    verify_output: str
    can_undo: bool
    unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a timeline; `hash` chains it to the one before."""

    seq: int
    at: str | None
    by: str
    kind: str
    text: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Entries after the one that was asked for, oldest first; `next` is the `after` of the part that follows, null at the end."""

    id: str
    seq: int
    head: str
    timeline: tuple[Entry, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """All that was kept of what a run said: redacted, without control characters. `dropped` counts bytes that were not kept.

    `sha256` is the hash that the timeline holds of it, empty where the timeline holds the whole output itself.
    """

    id: str
    run: str
    step: str
    at: str
    exit_code: int
    met: bool
    why: str
    output: str
    dropped: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """The newest lines that a running step said, whole each time."""

    run: str
    step: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostsKnow:
    """Runs that hosts know and the timeline does not, a sentence each; `silent` are targets that did not answer."""

    found: tuple[str, ...]
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """Since when and why nothing is changed, after the journal was restored; what the hosts know, once they were asked."""

    since: str | None
    why: str
    hosts: HostsKnow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident in full, as it stands at `now`."""

    id: str
    title: str
    drill: bool
    level: int
    severity: str
    severity_meaning: str
    response_time: str
    level_why: str
    levels: tuple[Level, ...]
    status: str
    summary: str
    now: str | None
    started_at: str | None
    declared_at: str | None
    acknowledged_at: str | None
    acknowledged_by: str
    mitigated_at: str | None
    verified_at: str | None
    resolved_at: str | None
    next_update_at: str | None
    customers_due_at: str | None
    customers_due_why: str
    must_be_told: str
    hypothesis_due: str | None
    seconds: Spans
    next: NextThing
    waiting: tuple[Waiting, ...]
    unknown: tuple[Waiting, ...]
    approved_until: dict[str, str | None]
    signals: tuple[SignalSeen, ...]
    reports: int
    checks: tuple[Check, ...]
    facts: tuple[Fact, ...]
    deploy: DeployNearby | None
    ranking: tuple[Ranked, ...]
    runbooks: tuple[RunbookName, ...]
    hypothesis: str
    rollback: Rollback | None
    steps: tuple[Step, ...]
    offered: tuple[Offered, ...]
    paused: Paused | None
    still_paused: tuple[str, ...]
    root_cause: str
    notices: tuple[Notice, ...]
    pages: tuple[PageSent, ...]
    postmortem: Postmortem | None
    postmortem_due: str | None
    postmortem_why_not: str
    closing: tuple[Box, ...]
    drafts: dict[str, DraftNotice]
    timeline: tuple[Entry, ...]
    seq: int
    head: str
