"""An archive that lives in memory: what it was given, in the shape of the real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from firstfive.documents.metrics import MetricRow
from firstfive.errors import Exit, Refused
from incident.builders import T0


@dataclass(slots=True, kw_only=True)
class Archive:
    """Incidents as rows; a search finds those whose title holds the words."""

    incidents: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[MetricRow] = field(default_factory=list)

    def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        if query.get("since") == "ever":
            raise Refused("since 'ever' is no day", remedy="write 2026-01-01", exit_code=Exit.USAGE)
        return {"incidents": self.incidents, "before": self.incidents[-1]["id"] if len(self.incidents) > 3 else None}

    def found(self, query: Mapping[str, str]) -> dict[str, Any]:
        held = [one for one in self.incidents if query.get("q", "").lower() in one["title"].lower()]
        return {
            "hits": [
                {"incident": o["id"], "file": None, "title": o["title"], "seq": 1, "at": o["began"], "text": o["title"]}
                for o in held
            ]
        }

    def rows(self) -> list[MetricRow]:
        return self.numbers


def row(number: int, title: str, **changes: Any) -> dict[str, Any]:
    """An incident as the archive lists it."""
    fields = {
        "id": f"INC-{number}",
        "began": "2026-11-23T03:00:00Z",
        "level": 1,
        "status": "resolved",
        "title": title,
        "runbook": "down",
        "drill": False,
        "entries": 9,
    }
    return {**fields, **changes}


def numbers(number: int, minutes: float | None) -> MetricRow:
    """An incident's numbers; None minutes are unknown."""
    ttr = timedelta(minutes=minutes) if minutes is not None else None
    return MetricRow(
        id=f"INC-{number}", source=f"INC-{number}", level=number % 3 + 1, runbook="down", began=T0, ttr=ttr, ttm=ttr
    )
