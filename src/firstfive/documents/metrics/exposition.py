"""Metrics in the text format that Prometheus scrapes (version 0.0.4): the program's own state, and counts of incidents.

Called by `firstfive metrics --prometheus` and by whoever answers a scrape. Measures nothing:
what is not known has no sample, since a made-up 0 silences an alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from firstfive.documents.metrics.rows import MetricRow

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value with its labels."""

    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A metric: its name, `gauge` or `counter`, one line of help, and its samples."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnState:
    """What the program knows of itself. None and empty are unknown.

    `cycle` is how many seconds the last turn of the loop took and `watchdog` when it ended; `oldest_notice` how many seconds the oldest
    message that is due has waited; `update_overdue` by how many seconds the latest promised update is late (0: none is);
    `notified` counts by channel and result, `step_runs` by outcome; `head` is the sequence number of the last entry over all timelines;
    `page_compiles` whether the page in the vault compiles now.
    """

    cycle: float | None = None
    watchdog: datetime | None = None
    oldest_notice: float | None = None
    update_overdue: float | None = None
    open_incidents: Mapping[int, int] = field(default_factory=dict)
    waiting: int | None = None
    notified: Mapping[tuple[str, str], int] = field(default_factory=dict)
    step_runs: Mapping[str, int] = field(default_factory=dict)
    head: int | None = None
    page_compiles: bool | None = None


def own_families(state: OwnState) -> tuple[Family, ...]:
    """The program's own metrics; docs/reference/metrics.md and the alert rules in examples/monitoring name each."""
    since = state.watchdog.timestamp() if state.watchdog is not None else None
    good = None if state.page_compiles is None else float(state.page_compiles)
    return (
        _gauge("firstfive_engine_cycle_seconds", "Seconds that the last turn of the loop took.", state.cycle),
        _gauge("firstfive_watchdog_last_seen", "When a turn of the loop last ended, Unix time in seconds.", since),
        _gauge(
            "firstfive_outbox_oldest_seconds", "Seconds the oldest message that is due has waited.", state.oldest_notice
        ),
        _gauge(
            "firstfive_next_update_overdue_seconds",
            "Seconds by which the latest promise to the team or to customers is late.",
            state.update_overdue,
        ),
        Family(
            name="firstfive_open_incidents",
            kind="gauge",
            help="Open incidents by severity.",
            samples=tuple(_labelled(n, severity=str(level)) for level, n in sorted(state.open_incidents.items())),
        ),
        _gauge("firstfive_approvals_waiting", "Steps that wait for a person.", state.waiting),
        Family(
            name="firstfive_notify_total",
            kind="counter",
            help="Messages by channel and result.",
            samples=tuple(_labelled(n, channel=c, result=r) for (c, r), n in sorted(state.notified.items())),
        ),
        Family(
            name="firstfive_step_runs_total",
            kind="counter",
            help="Runs of steps by outcome.",
            samples=tuple(_labelled(n, outcome=outcome) for outcome, n in sorted(state.step_runs.items())),
        ),
        _gauge("firstfive_timeline_head", "Entries on all timelines.", state.head),
        _gauge("firstfive_vault_compile_ok", "1 while the page in the vault compiles, else 0.", good),
    )


def incident_families(rows: Iterable[MetricRow]) -> tuple[Family, ...]:
    """Counts over past incidents by severity, drills left out; spans are no histogram, they are read from `firstfive metrics`."""
    counts: dict[str, int] = {}
    back: dict[str, int] = {}
    for row in rows:
        if not row.drill:
            level = str(row.level) if row.level else "unknown"
            counts[level] = counts.get(level, 0) + 1
            back[level] = back.get(level, 0) + row.rolled_back
    return (
        Family(
            name="firstfive_incidents_total",
            kind="counter",
            help="Incidents by severity.",
            samples=tuple(_labelled(n, severity=level) for level, n in sorted(counts.items())),
        ),
        Family(
            name="firstfive_incidents_rolled_back_total",
            kind="counter",
            help="Incidents by severity in which the way back was taken.",
            samples=tuple(_labelled(n, severity=level) for level, n in sorted(back.items())),
        ),
    )


def exposition(families: Sequence[Family]) -> str:
    """The text of a scrape: families without a sample are left out, the others in the order given."""
    lines: list[str] = []
    for family in families:
        if family.samples:
            told = family.help.replace("\\", "\\\\").replace("\n", "\\n")
            lines += [f"# HELP {family.name} {told}", f"# TYPE {family.name} {family.kind}"]
            lines += [f"{family.name}{_labels(sample)} {sample.value:.17g}" for sample in family.samples]
    return "".join(f"{line}\n" for line in lines)


def _gauge(name: str, about: str, value: float | None) -> Family:
    samples = () if value is None else (Sample(value=float(value)),)
    return Family(name=name, kind="gauge", help=about, samples=samples)


def _labelled(value: float, **labels: str) -> Sample:
    return Sample(value=float(value), labels=tuple(labels.items()))


def _labels(sample: Sample) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels)
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
