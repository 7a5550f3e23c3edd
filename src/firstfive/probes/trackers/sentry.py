"""Sentry: the unresolved issues of the last minutes, by the organisation's list of issues.

Built by `app`. API: `/api/0/organizations/{org}/issues/` (the project's own list is deprecated). Events inside the window are taken
from the issue's own statistics where it gives them, else the total is shown for a new issue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from firstfive.incident.signals import Spike
from firstfive.probes.trackers.asking import ask, count, moment

MOST = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentry:
    """`url` is the server, `project` the project's number, `organisation` its slug."""

    name: str
    url: str
    organisation: str
    project: str
    token: str

    async def spikes(self, since: datetime) -> Sequence[Spike]:
        """What was seen since then, most events first. Raises FirstfiveError when the tracker does not say."""
        query = {
            "project": self.project,
            "query": "is:unresolved",
            "sort": "date",
            "limit": MOST,
            "statsPeriod": "24h",
        }
        path = f"/api/0/organizations/{quote(self.organisation, safe='')}/issues/?{urlencode(query)}"
        rows = await asyncio.to_thread(ask, self.url, path, self.token)
        found = (
            [spike for row in rows if isinstance(row, dict) and (spike := _spike(row, since))]
            if isinstance(rows, list)
            else []
        )
        return sorted(found, key=lambda spike: -spike.count)


def _spike(row: dict[str, Any], since: datetime) -> Spike | None:
    last, first = moment(row.get("lastSeen")), moment(row.get("firstSeen"))
    if last is None or last < since:
        return None
    first = first or last
    return Spike(
        title=str(row.get("title") or row.get("culprit") or "error")[:300],
        count=_inside(row, since) or count(row.get("count")),
        first=first,
        last=last,
        new=first >= since,
        link=str(row.get("permalink") or ""),
    )


def _inside(row: dict[str, Any], since: datetime) -> int:
    """Events since then, by the hour of its statistics ([seconds, count] pairs); 0 when it gives none."""
    stats = row.get("stats")
    pairs: list[Any] = next(iter(stats.values()), []) if isinstance(stats, dict) else []
    edge = since.timestamp() - 3600
    return sum(count(pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2 and count(pair[0]) >= edge)
