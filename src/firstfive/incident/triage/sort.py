"""Where a signal belongs: the rules of grouping, silencing and the backlog.

Called through `triage` by the engine, inside the transaction that records the signal. Reads no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from firstfive.handbook.model import Deadline, Handbook, Runbook, Severity
from firstfive.incident.policy import Policy
from firstfive.incident.signals import Signal
from firstfive.incident.timeline import Incident
from firstfive.incident.triage.grade import grade, title_of
from firstfive.incident.triage.silences import Silence, matching


@dataclass(frozen=True, slots=True, kw_only=True)
class Declare:
    """Open an incident of this severity."""

    title: str
    level: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """It belongs to an open incident."""

    incident: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelve:
    """Hygiene: it stands in the backlog until it is well again, and pages nobody."""

    level: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silenced:
    """Somebody said beforehand that this is not to be acted on."""

    silence: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Nothing to do, and why."""

    why: str


Verdict = Declare | Join | Shelve | Silenced | Ignore


def triage(
    handbook: Handbook,
    signal: Signal,
    open_incidents: Sequence[Incident],
    *,
    policy: Policy,
    now: datetime,
    silences: Sequence[Silence] = (),
    drill: bool = False,
) -> Verdict:
    """Where a signal belongs; `open_incidents` come newest first.

    A signal whose fingerprint an incident holds goes there, also when it says "well". What is well and held by nobody changes
    nothing. What a silence covers is not acted on. Then one incident a group: a firing signal joins the open incident of its own
    runbook on its own host; that of a runbook which its page calls a cause of the other; that which began at most
    `policy.one_fault` ago there, since one fault shows many faces at once; and a signal that points to no runbook joins what
    opened there within `policy.unnamed_joins`. A drill takes in what a drill caused (`drill`) and
    nothing else. What no runbook knows, on a level whose response is the backlog, is shelved. What is left declares.
    """
    for incident in open_incidents:
        if signal.fingerprint in incident.signals:
            return Join(incident=incident.id, why="the incident already holds this signal")
    if not signal.firing:
        return Ignore(why="it is well, and no open incident was about it")
    silence = matching(silences, signal, now)
    if silence is not None:
        kind = "maintenance" if silence.maintenance else "silence"
        why = (
            f"{kind} {silence.id} by {silence.by} covers it until {silence.ends:%Y-%m-%d %H:%M} UTC: {silence.comment}"
        )
        return Silenced(silence=silence.id, why=why)
    found = handbook.symptom(signal.symptom) if signal.symptom else None
    runbook, symptom = found if found else (handbook.runbook(signal.runbook) if signal.runbook else None, None)
    level, why = grade(handbook, signal, runbook, symptom, policy.severity_words)
    row = handbook.severity(level)
    if row is not None and _is_hygiene(row) and runbook is None:
        return Shelve(level=level, why=f"{why}; the page answers {row.label} with “{row.response.text}”")
    for incident in open_incidents:
        if incident.declared is None or incident.declared.drill is not drill:
            continue
        joined = _joined(handbook, policy, signal, runbook, incident, now)
        if joined:
            return Join(incident=incident.id, why=joined)
    return Declare(title=title_of(signal, runbook), level=level, why=why)


def _is_hygiene(row: Severity) -> bool:
    return row.response.kind is Deadline.BACKLOG


def _joined(
    handbook: Handbook, policy: Policy, signal: Signal, runbook: Runbook | None, incident: Incident, now: datetime
) -> str:
    """Why a firing signal belongs to this incident, or nothing."""
    if incident.resolved_at is not None:
        return ""
    hosts = {s.host or policy.target for s in incident.signals.values()}
    if hosts and (signal.host or policy.target) not in hosts:
        return ""
    about = runbooks_of(handbook, incident)
    if runbook is not None and runbook.id in about:
        return f"{incident.id} is open on the same runbook, {runbook.number} {runbook.title}, on the same host"
    if runbook is not None:
        for other in about:
            known = handbook.runbook(other)
            if known is not None and linked(handbook, runbook, known):
                return f"{incident.id} is open on {known.number} {known.title}, and the page names one as a cause of the other"
    age = now - (incident.declared_at or now)
    if age <= policy.one_fault:
        return f"{incident.id} began {_seconds(age.total_seconds())} ago on the same host; one fault shows many faces at once"
    if (runbook is None or not about) and age <= policy.unnamed_joins:
        named = "it points to no runbook" if runbook is None else f"{incident.id} points to no runbook yet"
        return f"{named}, and {incident.id} began {_seconds(age.total_seconds())} ago on the same host"
    return ""


def runbooks_of(handbook: Handbook, incident: Incident) -> frozenset[str]:
    """Ids of the runbooks that the incident's signals point to."""
    ids: set[str] = set()
    for signal in incident.signals.values():
        found = handbook.symptom(signal.symptom) if signal.symptom else None
        runbook = found[0] if found else (handbook.runbook(signal.runbook) if signal.runbook else None)
        if runbook is not None:
            ids.add(runbook.id)
    return frozenset(ids)


def linked(handbook: Handbook, one: Runbook, other: Runbook) -> bool:
    """Whether the page names one of the two as a possible cause of the other (“MongoDB unreachable (see 3.2)”)."""
    return _names(one, other) or _names(other, one)


def _names(one: Runbook, other: Runbook) -> bool:
    keys = {other.id, other.number, other.title} - {""}
    return any(cause.see in keys for step in one.steps for cause in step.causes if cause.see)


def _seconds(count: float) -> str:
    return f"{int(count)} s" if count < 120 else f"{int(count // 60)} min"
