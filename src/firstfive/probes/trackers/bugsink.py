"""Bugsink: the issues of a project by when they were last seen; its API has no filter on time, so the newest pages are compared here.

Built by `app`. API: `/api/canonical/0/issues/`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from firstfive.incident.signals import Spike
from firstfive.probes.trackers.asking import ask, count, moment

MOST_PAGES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bugsink:
    """`url` is the server, `project` the project's number."""

    name: str
    url: str
    project: str
    token: str

    async def spikes(self, since: datetime) -> Sequence[Spike]:
        """What was seen since then, most events first. Raises FirstfiveError when the tracker does not say."""
        return await asyncio.to_thread(self._spikes, since)

    def _spikes(self, since: datetime) -> list[Spike]:
        query = urlencode({"project": self.project, "sort": "last_seen", "order": "desc"})
        path = f"/api/canonical/0/issues/?{query}"
        found: list[Spike] = []
        for _ in range(MOST_PAGES):
            answer = ask(self.url, path, self.token)
            rows = answer.get("results", []) if isinstance(answer, dict) else answer
            fresh = (
                [row for row in rows if isinstance(row, dict) and (moment(row.get("last_seen")) or since) >= since]
                if isinstance(rows, list)
                else []
            )
            found += [
                self._spike(row, since) for row in fresh if not row.get("is_resolved") and not row.get("is_muted")
            ]
            following = answer.get("next") if isinstance(answer, dict) else None
            if not following or len(fresh) < len(rows):
                break
            parts = urlsplit(str(following))
            path = f"{parts.path}?{parts.query}"
        return sorted(found, key=lambda spike: -spike.count)

    def _spike(self, row: dict[str, Any], since: datetime) -> Spike:
        last = moment(row.get("last_seen")) or since
        first = moment(row.get("first_seen")) or last
        kind, value = str(row.get("calculated_type") or ""), str(row.get("calculated_value") or "")
        issue = row.get("id")
        return Spike(
            title=(f"{kind}: {value}" if kind and value else kind or value or "error")[:300],
            count=count(row.get("digested_event_count")),
            first=first,
            last=last,
            new=first >= since,
            link=f"{self.url.rstrip('/')}/issues/issue/{issue}/event/last/" if issue else "",
        )
