"""Who stands behind an incident and who would be paged now, and how the program itself does: what the room shows around the work.

Called by the web and the terminal. Decides nobody and nothing; each answer is plain data, and what is not known is said to be unknown.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from firstfive.documents.metrics import OwnState
from firstfive.documents.plain import iso, line
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.escalate import people
from firstfive.incident.policy import Policy
from firstfive.incident.safety import plain_name
from firstfive.incident.timeline import Incident

Row = dict[str, object]
TURNED_WITHIN = timedelta(seconds=120)  # the alert rules ask the same of the loop
SENT_WITHIN = timedelta(seconds=60)  # a due message that waits longer is stuck


def on_duty(handbook: Handbook, policy: Policy, now: datetime) -> list[Row]:
    """Who is paged for a new incident, in that order: `role`, `name`, `channel`. Empty when nobody would be."""
    return [{"role": role, "name": name, "channel": channel} for role, name, channel in people(handbook, policy, now)]


def unfilled(handbook: Handbook) -> list[str]:
    """Roles of the page's contacts for which nobody stands."""
    return [contact.role for contact in handbook.contacts if not contact.reachable]


def crew(incident: Incident, handbook: Handbook, policy: Policy, now: datetime) -> list[Row]:
    """Everybody around an incident: who has it, who said something, who was paged, who else the page and the schedules name.

    Each is a row of `name`, `roles`, `has_it`, `paged_at`, `heard_at` (ISO 8601 or None).
    """
    rows: dict[str, Row] = {}

    def row(name: str) -> Row:
        fresh: Row = {"name": line(name, 80), "roles": [], "has_it": False, "paged_at": None, "heard_at": None}
        return rows.setdefault(plain_name(name), fresh)

    if incident.acknowledged_by:
        row(incident.acknowledged_by)["has_it"] = True
    for entry in incident.entries:
        if entry.by != ev.SELF:
            row(entry.by)["heard_at"] = iso(entry.at)
    for page, at in incident.pages:
        if isinstance(page, ev.Paged):
            row(page.contact)["paged_at"] = iso(at)
    for role, name, _ in people(handbook, policy, now):
        if role != name:
            roles = row(name)["roles"]
            assert isinstance(roles, list)
            roles.append(role)
    return sorted(rows.values(), key=lambda one: (not one["has_it"], one["heard_at"] is None, one["paged_at"] is None))


def own_health(own: OwnState, now: datetime) -> list[Row]:
    """How the program does: `what`, `ok` (None is unknown), `found`, in the order in which trouble should be looked at."""
    since = now - own.watchdog if own.watchdog is not None else None
    waits = timedelta(seconds=own.oldest_notice) if own.oldest_notice is not None else None
    late = timedelta(seconds=own.update_overdue) if own.update_overdue is not None else None
    return [
        {
            "what": "it looks around",
            "ok": None if since is None else since <= TURNED_WITHIN,
            "found": "not yet" if own.watchdog is None else f"last at {own.watchdog:%H:%M:%S} UTC",
        },
        {
            "what": "messages go out",
            "ok": None if waits is None else waits <= SENT_WITHIN,
            "found": "not known" if waits is None else f"one waits since {_seconds(waits)}" if waits else "none waits",
        },
        {
            "what": "promised updates",
            "ok": None if late is None else not late,
            "found": "not known" if late is None else f"late by {_seconds(late)}" if late else "none is late",
        },
        {
            "what": "the page",
            "ok": None if own.page_compiles is None else own.page_compiles,
            "found": {None: "not read again yet", True: "compiles", False: "does not compile; the last good one rules"}[
                own.page_compiles
            ],
        },
    ]


def _seconds(span: timedelta) -> str:
    whole = int(span.total_seconds())
    return f"{whole} s" if whole < 120 else f"{whole // 60} min"
