"""The figures as a table for people, as JSON and as CSV; a number never stands without its definition and its count.

Called by the `metrics` command. Knows no file and no clock.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from firstfive.documents.metrics.figures import MEDIAN, P90, Figures, Group
from firstfive.documents.metrics.rows import DEFINITIONS, MetricRow
from firstfive.documents.plain import iso

SHOWN_DOTS = 12
UPDATES = "updates on time: of the promised next updates that ran out before the end, those sent within a minute of the promise"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def span(value: timedelta | None) -> str:
    """A span in two units at most: "42 s", "7 min 5 s", "3 h 12 min", "2 d 4 h"; "unknown" when it is."""
    if value is None:
        return "unknown"
    seconds = round(value.total_seconds())
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{seconds} s"


def table(groups: Sequence[Group], *, by: str) -> str:
    """A block for each span: its definition, then a line for each group with n, median, p90 and the values themselves."""
    if not groups:
        return "No incident to count; drills are left out."
    lines: list[str] = []
    width = max(len(by), *(len(group.key) for group in groups))
    for name, (title, meaning) in DEFINITIONS.items():
        lines += [
            f"{title} ({name.upper()}): {meaning}",
            f"  {by:<{width}}    n  unknown  median         p90            each",
        ]
        for group in groups:
            one = group.spans[name]
            said = f"{_or_dash(one.median):<13}  {_or_dash(one.p90):<13}  {_each(one)}".rstrip()
            lines.append(f"  {group.key:<{width}}  {one.n:>3}  {one.unknown:>7}  {said}")
        lines.append("")
    lines.append("Updates on time, and incidents that were rolled back")
    for group in groups:
        kept, due = group.updates
        lines.append(
            f"  {group.key:<{width}}  {kept} of {due} updates, {group.rolled_back} of {len(group.rows)} rolled back"
        )
    return "\n".join([*lines, "", MEDIAN, P90, UPDATES])


def _or_dash(value: timedelta | None) -> str:
    return "—" if value is None else span(value)


def _each(one: Figures) -> str:
    more = one.n - SHOWN_DOTS
    return ", ".join(span(dot) for dot in one.dots[:SHOWN_DOTS]) + (f", and {more} longer" if more > 0 else "")


def as_json(groups: Sequence[Group], *, by: str) -> dict[str, Any]:
    """Everything, spans in seconds and null when unknown."""
    return {
        "by": by,
        "definitions": {name: {"title": title, "meaning": said} for name, (title, said) in DEFINITIONS.items()}
        | {"median": MEDIAN, "p90": P90, "updates": UPDATES},
        "groups": [
            {
                "key": group.key,
                "incidents": len(group.rows),
                "rolled_back": group.rolled_back,
                "updates_on_time": group.updates[0],
                "updates_due": group.updates[1],
                "spans": {name: _figures(one) for name, one in group.spans.items()},
                "rows": [_row(row) for row in group.rows],
            }
            for group in groups
        ],
    }


def _figures(one: Figures) -> dict[str, Any]:
    return {
        "n": one.n,
        "unknown": one.unknown,
        "median": _seconds(one.median),
        "p90": _seconds(one.p90),
        "each": [_seconds(dot) for dot in one.dots],
    }


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else round(value.total_seconds(), 3)


def _row(row: MetricRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "severity": row.level or None,
        "runbook": row.runbook or None,
        "began": iso(row.began),
        "month": row.month,
        **{name: _seconds(row.span(name)) for name in DEFINITIONS},
        "updates_due": row.updates_due,
        "updates_on_time": row.updates_on_time,
        "rolled_back": row.rolled_back,
        "drill": row.drill,
    }


def rows_in(told: Mapping[str, Any]) -> list[MetricRow]:
    """The rows of what `as_json` said, as another installation reads them."""
    return [
        MetricRow(
            id=row["id"],
            source=row["source"],
            level=row["severity"] or 0,
            runbook=row["runbook"] or "",
            began=datetime.fromisoformat(row["began"]),
            updates_due=row["updates_due"],
            updates_on_time=row["updates_on_time"],
            rolled_back=row["rolled_back"],
            drill=row.get("drill", False),
            **{name: None if row[name] is None else timedelta(seconds=row[name]) for name in DEFINITIONS},
        )
        for group in told["groups"]
        for row in group["rows"]
    ]


def as_csv(rows: Iterable[MetricRow]) -> str:
    """One incident a line after RFC 4180, spans in seconds, unknown empty, drills left out.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    plain = [_row(row) for row in sorted(rows, key=lambda row: (row.began, row.id)) if not row.drill]
    columns = ["id", "source", "severity", "runbook", "began", "month", *DEFINITIONS]
    writer = csv.DictWriter(out, [*columns, "updates_due", "updates_on_time", "rolled_back"])
    writer.writeheader()
    for row in plain:
        writer.writerow({name: _harmless(value) for name, value in row.items() if name != "drill"})
    return out.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
