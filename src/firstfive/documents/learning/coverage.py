"""How far the page was ever tried: when each runbook last mended something, what is stale, what never ran, what no runbook fitted.

Called by the `coverage` command and the API. Pure: the page as it is now, the proofs of every incident, and the newest deploys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from firstfive.documents.learning.proof import Proof, digest_of
from firstfive.handbook.model import Handbook, Runbook
from firstfive.incident.signals import Deploy

SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookCover:
    """One runbook: in how many incidents it ran (drills among them), its last proof, and why that is stale (empty: it is not).

    `never` are its steps that never ran, `idle` those that change something and never ended well.
    """

    runbook: str
    number: str
    title: str
    used: int
    drills: int
    proof: Proof | None
    stale: str
    never: tuple[str, ...]
    idle: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The whole map. `unmatched` are incidents that no runbook fitted, newest first; `mended` counts by step after which all was well."""

    runbooks: tuple[RunbookCover, ...]
    unmatched: tuple[Proof, ...]
    mended: tuple[tuple[str, int], ...]


def coverage(handbook: Handbook, proofs: Sequence[Proof], deploys: Sequence[Deploy] = ()) -> Coverage:
    """The map of the page as it is now. `proofs` of every incident, `deploys` in any order."""
    counted: dict[str, int] = {}
    for proof in proofs:
        if proof.mended_by:
            counted[proof.mended_by] = counted.get(proof.mended_by, 0) + 1
    newest = sorted(proofs, key=lambda p: p.at, reverse=True)
    return Coverage(
        runbooks=tuple(_cover(runbook, newest, deploys) for runbook in handbook.runbooks),
        unmatched=tuple(p for p in newest if not p.ranked and not p.drill),
        mended=tuple(sorted(counted.items(), key=lambda row: (-row[1], row[0]))),
    )


def _cover(runbook: Runbook, newest: Sequence[Proof], deploys: Sequence[Deploy]) -> RunbookCover:
    mine = [
        p for p in newest if any(s.step.partition("#")[0] == runbook.id for s in p.steps) or p.runbook == runbook.id
    ]
    proof = next((p for p in mine if p.runbook == runbook.id), None)
    ran = {s.step for p in mine for s in p.steps}
    good = {s.step for p in mine for s in p.steps if s.met}
    changing = {s.step for p in mine for s in p.steps if s.changing}
    steps = [step.id for step in runbook.steps if step.bound]
    return RunbookCover(
        runbook=runbook.id,
        number=runbook.number,
        title=runbook.title,
        used=len(mine),
        drills=sum(p.drill for p in mine),
        proof=proof,
        stale=_stale(runbook, proof, deploys) if proof is not None else "",
        never=tuple(step for step in steps if step not in ran),
        idle=tuple(step for step in steps if step in changing and step not in good),
    )


def _stale(runbook: Runbook, proof: Proof, deploys: Sequence[Deploy]) -> str:
    """Why a proof says less than it did: the runbook changed, or something was deployed since."""
    if proof.text != digest_of(runbook):
        return "the runbook was changed since"
    later = [deploy for deploy in deploys if deploy.at > proof.at and not deploy.first]
    if not later:
        return ""
    first: Deploy = min(later, key=lambda deploy: deploy.at)
    more = f" and {len(later) - 1} more" if later[1:] else ""
    return f"{first.subject} was deployed on {_day(first.at)}{more} since"


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d")


def view(found: Coverage) -> dict[str, Any]:
    """The map as plain data: runbooks, the newest incidents that none fitted, and what mended how often."""
    return {
        "runbooks": [_row(one) for one in found.runbooks],
        "unmatched": [
            {"incident": p.incident, "at": p.at.isoformat(), "seen": list(p.seen)} for p in found.unmatched[:SHOWN]
        ],
        "mended": [{"step": step, "times": times} for step, times in found.mended],
    }


def _row(one: RunbookCover) -> dict[str, Any]:
    proof = one.proof
    return {
        "runbook": one.runbook,
        "number": one.number,
        "title": one.title,
        "used": one.used,
        "drills": one.drills,
        "proven": None
        if proof is None
        else {
            "at": proof.at.isoformat(),
            "incident": proof.incident,
            "drill": proof.drill,
            "by": proof.by,
            "minutes": proof.minutes,
            "step": proof.mended_by,
            "page": proof.text[:12],
        },
        "stale": one.stale,
        "never": list(one.never),
        "idle": list(one.idle),
    }
