"""Which incidents of the index are asked for, and one of them as plain data.

Called by the `history` and `search` commands and by `books`. Opens nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from firstfive.stores.history import Known, Wanted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wanted_by(
    level: int,
    runbook: str,
    since: datetime | None,
    until: datetime | None,
    *,
    only_open: bool,
    before: int | None = None,
) -> Wanted:
    """Incidents that began from `since` up to `until`; `before` is the number of an incident that is left out with all newer ones."""
    return Wanted(
        level=level,
        runbook=runbook,
        since=_ticks(since),
        until=_ticks(until),
        only_open=only_open,
        before=before,
    )


def _ticks(at: datetime | None) -> int | None:
    return None if at is None else int((at - _EPOCH) / timedelta(microseconds=1))


def instant(ticks: int) -> str:
    """Microseconds since 1970 UTC in ISO 8601."""
    return (_EPOCH + timedelta(microseconds=ticks)).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(one: Known) -> dict[str, Any]:
    """A few words about an incident."""
    return {
        "id": one.id,
        "began": instant(one.began),
        "level": one.level,
        "status": one.status,
        "title": one.title,
        "runbook": one.runbook,
        "drill": one.drill,
        "entries": one.seq,
    }
