"""The few words kept beside an incident, for a look that loads nothing else.

Called by the engine in every transaction that changes an incident. Small on purpose: what is in here is stored again and again.
"""

from __future__ import annotations

from firstfive.documents.plain import iso, line
from firstfive.handbook.model import Handbook
from firstfive.incident.communicate import next_update_at
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident


def summary(incident: Incident, handbook: Handbook, policy: Policy) -> dict[str, object]:
    """What `firstfive status` shows of an incident, ready for JSON; `waiting` counts the runs that wait for approval."""
    return {
        "id": incident.id,
        "title": line(incident.declared.title, 120) if incident.declared else "",
        "level": incident.level,
        "status": str(incident.status),
        "declared_at": iso(incident.declared_at),
        "acknowledged_by": line(incident.acknowledged_by, 80),
        "next_update_at": iso(next_update_at(handbook, policy, incident)),
        "waiting": len(incident.waiting()),
        "mitigated_at": iso(incident.mitigated_at),
    }
