"""One incident as one row of numbers. What the timeline does not hold is unknown, which is never the same as nothing.

Called by `metrics`, and by whoever brings incidents of before. Reads a folded incident; asks no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.handbook.model import TemplateKind
from firstfive.incident import events as ev
from firstfive.incident.communicate import attempted, worst_level
from firstfive.incident.timeline import Incident

GRACE = timedelta(minutes=1)
"""An update is on time when it goes out within this of its promise: a loop and a network take their seconds."""

DEFINITIONS = {
    "ttd": (
        "Time to detect",
        "start of the impact, as a person wrote it down, to the first signal; unknown without that",
    ),
    "tta": (
        "Time to acknowledge",
        "first page sent to the first person who took it; unknown when nobody was paged before",
    ),
    "ttm": (
        "Time to mitigate",
        "start of the impact, or the first signal where nobody wrote it down, to every symptom gone",
    ),
    "ttr": ("Time to resolve", "start of the impact, or the first signal where nobody wrote it down, to resolved"),
}
"""The measured spans by key: what each is called, and from where to where it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One incident in numbers. Spans are None when unknown; `level` 0 and `runbook` "" are unknown as well.

    `began` (aware UTC) is the first sign, from which `month` is named. `updates_due` counts promises of a next update that ran out
    before the end, `updates_on_time` those that were kept within a minute. `source` says where it comes from: an incident's id, a file.
    """

    id: str
    source: str
    level: int
    runbook: str
    began: datetime
    ttd: timedelta | None = None
    tta: timedelta | None = None
    ttm: timedelta | None = None
    ttr: timedelta | None = None
    updates_due: int = 0
    updates_on_time: int = 0
    rolled_back: bool = False
    drill: bool = False

    @property
    def month(self) -> str:
        """The month in which it began: "2026-11"."""
        return self.began.strftime("%Y-%m")

    def span(self, key: str) -> timedelta | None:
        """The span of that key of `DEFINITIONS`."""
        return {"ttd": self.ttd, "tta": self.tta, "ttm": self.ttm, "ttr": self.ttr}[key]


def row_of(incident: Incident, *, interval: timedelta, impact_began: datetime | None = None) -> MetricRow | None:
    """The row of a declared incident, None for one that has no declaration. `interval` is the promise between two updates.

    `impact_began` (aware) is what a person wrote down; one after the first sign is not believed for the time to detect.
    """
    if incident.declared is None or incident.started_at is None:
        return None
    first = incident.started_at
    began = impact_began if impact_began is not None and impact_began <= first else None
    due, kept = _updates(incident, interval)
    return MetricRow(
        id=incident.id,
        source=incident.id,
        level=worst_level(incident),
        runbook=_runbook(incident),
        began=first,
        ttd=first - began if began is not None else None,
        tta=_acknowledged(incident),
        ttm=_since(began or first, incident.mitigated_at),
        ttr=_since(began or first, incident.resolved_at),
        updates_due=due,
        updates_on_time=kept,
        rolled_back=_rolled_back(incident),
        drill=incident.declared.drill,
    )


def _since(began: datetime, until: datetime | None) -> timedelta | None:
    return max(until - began, timedelta(0)) if until is not None else None


def _acknowledged(incident: Incident) -> timedelta | None:
    paged = next((at for page, at in incident.pages if isinstance(page, ev.Paged)), None)
    taken = next((e.at for e in incident.entries if isinstance(e.event, ev.Acknowledged) and e.by != ev.SELF), None)
    return taken - paged if paged is not None and taken is not None and taken >= paged else None


def _runbook(incident: Incident) -> str:
    """The runbook whose change was the last that ended well; else the one that ranked first."""
    changes = [a for a in incident.attempts.values() if a.run.changing and a.state == "finished" and a.met]
    if changes:
        return max(changes, key=lambda a: a.seq).run.step.partition("#")[0]
    return incident.ranking[0].runbook if incident.ranking else ""


def _rolled_back(incident: Incident) -> bool:
    steps = {part.step for part in (incident.rollback, incident.plan) if part is not None}
    return any(
        a.run.step in steps and a.run.changing and a.state == "finished" and a.met for a in incident.attempts.values()
    )


def _updates(incident: Incident, interval: timedelta) -> tuple[int, int]:
    """Promises of a next update that ran out before the end, and those that were kept."""
    told = [(n, at) for n, at in attempted(incident) if n.kind in (TemplateKind.INITIAL, TemplateKind.UPDATE)]
    end = incident.resolved_at or (incident.entries[-1].at if incident.entries else None)
    start = incident.declared_at
    if start is None or end is None:
        return 0, 0
    points = [start, *(at for _, at in told if at > start)]
    sent = [at for notice, at in told if isinstance(notice, ev.NoticeSent) and notice.kind == TemplateKind.UPDATE]
    due = [
        point + interval for n, point in enumerate(points) if n + 1 == len(points) or points[n + 1] >= point + interval
    ]
    due = [promise for promise in due if promise < end]
    kept = sum(1 for promise in due if any(promise <= at <= promise + GRACE for at in sent))
    return len(due), kept
