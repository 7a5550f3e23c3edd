"""What one incident proves about the page: which runbook mended it, after which step all was well, which steps did nothing.

Called when history is indexed, and by `coverage`. Concludes only from the timeline; a drill proves as much as the real thing, and says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from firstfive.handbook.model import Handbook, Runbook
from firstfive.incident.timeline import Attempt, Incident

UNDO = "~undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProof:
    """How often a step ran in one incident, whether it changes something, and how often it ended as it should."""

    step: str
    changing: bool
    ran: int
    met: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What an incident says about the page. `runbook` mended it (empty: none did), `mended_by` is the step after which no symptom was
    left, `by` whoever approved it, `minutes` from the first sign until then. `ranked` is whether any runbook fitted what was seen;
    `seen` holds the words of what was seen when none did. `text` is the digest of the runbook as it was then.
    """

    incident: str
    at: datetime
    drill: bool
    ranked: bool
    seen: tuple[str, ...] = ()
    runbook: str = ""
    mended_by: str = ""
    by: str = ""
    minutes: float | None = None
    text: str = ""
    steps: tuple[StepProof, ...] = ()


def proof_of(incident: Incident, handbook: Handbook) -> Proof | None:
    """The proof of a declared incident; None for one that was never declared. `handbook` is the page it is pinned to."""
    declared, began = incident.declared, incident.started_at
    if declared is None or began is None:
        return None
    last = _last_change(incident)
    over = incident.mitigated_at
    runbook = handbook.runbook(last.run.step.partition("#")[0]) if last is not None and over is not None else None
    ranked = bool(incident.ranking and incident.ranking[0].hits)
    return Proof(
        incident=incident.id,
        at=over or began,
        drill=declared.drill,
        ranked=ranked,
        seen=()
        if ranked
        else tuple(dict.fromkeys(f"{s.subject}: {s.text}"[:160] for s in incident.signals.values()))[:3],
        runbook=runbook.id if runbook is not None else "",
        mended_by=last.run.step if runbook is not None and last is not None else "",
        by=last.approved_by if runbook is not None and last is not None else "",
        minutes=round((over - began).total_seconds() / 60, 1) if over is not None else None,
        text=digest_of(runbook) if runbook is not None else "",
        steps=_steps(incident),
    )


def digest_of(runbook: Runbook) -> str:
    """A digest of everything in a runbook that could make a proof stale: its symptoms and its steps as they would run."""
    parts = [symptom.text for symptom in runbook.symptoms]
    parts += [f"{step.number} {step.bound} {step.phrase} {step.undo}" for step in runbook.steps]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _last_change(incident: Incident) -> Attempt | None:
    """The last change that ended well before no symptom was left."""
    good = [
        a
        for a in incident.attempts.values()
        if a.run.changing and a.state == "finished" and a.met and not a.run.step.endswith(UNDO)
    ]
    if incident.mitigated_at is not None:
        good = [a for a in good if a.at <= incident.mitigated_at]
    return max(good, key=lambda a: a.seq, default=None)


def _steps(incident: Incident) -> tuple[StepProof, ...]:
    found: dict[str, list[Attempt]] = {}
    for attempt in incident.attempts.values():
        if attempt.state in ("finished", "unknown"):
            found.setdefault(attempt.run.step.removesuffix(UNDO), []).append(attempt)
    return tuple(
        StepProof(step=step, changing=runs[0].run.changing, ran=len(runs), met=sum(a.met for a in runs))
        for step, runs in found.items()
    )
