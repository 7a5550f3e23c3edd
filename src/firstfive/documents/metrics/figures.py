"""Rows grouped, and what can honestly be said of a few skewed numbers: each of them, the middle, the ninth of ten.

Called by `metrics`. Gives no mean: a handful of incidents with one long one among them has none that means anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from firstfive.documents.metrics.rows import DEFINITIONS, MetricRow

BY = ("severity", "runbook", "month")
MEDIAN = "median: the middle value; of an even count the mean of the two in the middle"
P90 = "p90: the nearest rank, the smallest value that at least nine of ten do not exceed; of fewer than ten the largest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One span over a group: the values in ascending order (`dots`), how many rows could not say (`unknown`), median and p90."""

    dots: tuple[timedelta, ...]
    unknown: int

    @property
    def n(self) -> int:
        """How many values there are."""
        return len(self.dots)

    @property
    def median(self) -> timedelta | None:
        """The middle value, None of none."""
        if not self.dots:
            return None
        return (self.dots[(self.n - 1) // 2] + self.dots[self.n // 2]) / 2

    @property
    def p90(self) -> timedelta | None:
        """The value of rank ceil(0.9 n), None of none."""
        return self.dots[math.ceil(0.9 * self.n) - 1] if self.dots else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rows of one severity, runbook or month (`key`), with the figures by key of `DEFINITIONS`."""

    key: str
    rows: tuple[MetricRow, ...]
    spans: dict[str, Figures]

    @property
    def updates(self) -> tuple[int, int]:
        """Promised updates that were kept, and promised ones."""
        return sum(row.updates_on_time for row in self.rows), sum(row.updates_due for row in self.rows)

    @property
    def rolled_back(self) -> int:
        """Incidents in which the way back was taken."""
        return sum(1 for row in self.rows if row.rolled_back)


def summarise(rows: Iterable[MetricRow], *, by: str) -> tuple[Group, ...]:
    """The rows without drills, grouped by one of `BY`, in the order of the keys; an unknown key is "unknown" and comes last.

    Raises:
        KeyError: there is no such grouping.
    """
    keys: Mapping[str, Callable[[MetricRow], str]] = {
        "severity": _severity,
        "runbook": lambda row: row.runbook,
        "month": lambda row: row.month,
    }
    key_of = keys[by]
    grouped: dict[str, list[MetricRow]] = {}
    for row in rows:
        if not row.drill:
            grouped.setdefault(key_of(row) or "unknown", []).append(row)
    return tuple(_group(key, grouped[key]) for key in sorted(grouped, key=lambda key: (key == "unknown", key)))


def _severity(row: MetricRow) -> str:
    return f"SEV-{row.level}" if row.level else ""


def _group(key: str, rows: list[MetricRow]) -> Group:
    spans: dict[str, Figures] = {}
    for name in DEFINITIONS:
        known = sorted(value for row in rows if (value := row.span(name)) is not None)
        spans[name] = Figures(dots=tuple(known), unknown=len(rows) - len(known))
    return Group(key=key, rows=tuple(sorted(rows, key=lambda row: (row.began, row.id))), spans=spans)
