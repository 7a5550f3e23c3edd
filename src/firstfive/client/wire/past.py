"""Everything that ever happened: listed, searched, counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIncident:
    """An incident as history lists it; `level` is the gravest that it had, `entries` the length of its timeline."""

    id: str
    began: str
    level: int
    status: str
    title: str
    runbook: str
    drill: bool
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Incidents, newest first. `before` is the same as `next`, under the name that it had first."""

    incidents: tuple[PastIncident, ...]
    before: str | None
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A sentence that holds every word: of a timeline (`incident`, `seq`) or of a post-mortem (`file`)."""

    incident: str | None
    file: str | None
    title: str
    seq: int | None
    at: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Hits, what was written last first."""

    hits: tuple[Hit, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a number means."""

    title: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A span over the incidents of a group: how many know it, how many do not, and each value in seconds."""

    n: int
    unknown: int
    median: float | None
    p90: float | None
    each: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """The numbers of one incident, spans in seconds."""

    id: str
    source: str
    severity: int | None
    runbook: str | None
    began: str | None
    month: str
    ttd: float | None
    tta: float | None
    ttm: float | None
    ttr: float | None
    updates_due: int
    updates_on_time: int
    rolled_back: bool
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The incidents of one severity, runbook or month."""

    key: str
    incidents: int
    rolled_back: int
    updates_on_time: int
    updates_due: int
    spans: dict[str, Figures]
    rows: tuple[MetricRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """How long incidents took, with the definition of each number."""

    by: str
    definitions: dict[str, Definition | str]
    groups: tuple[Group, ...]
