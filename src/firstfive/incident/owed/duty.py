"""The page's duty that customers are told something, and whether an incident would end without it.

Called by whatever ends an incident, and by `customers`. Says nothing itself.
"""

from __future__ import annotations

from firstfive.handbook.model import Duty, DutyKind, Handbook
from firstfive.incident.timeline import Incident


def duty(handbook: Handbook, incident: Incident) -> Duty | None:
    """The page's duty to tell customers, of the runbook that leads or of one that changed something; None for a drill."""
    if incident.declared is None or incident.declared.drill:
        return None
    leading = [ranked.runbook for ranked in incident.ranking[:1] if ranked.hits]
    ran = (a for a in incident.attempts.values() if a.run.changing and a.state in ("started", "finished", "unknown"))
    changed = [attempt.run.step.partition("#")[0] for attempt in ran]
    books = (handbook.runbook(name) for name in dict.fromkeys((*leading, *changed)))
    duties = (one for book in books if book is not None for one in book.duties)
    return next((one for one in duties if one.kind is DutyKind.COMMUNICATE), None)


def silent(handbook: Handbook, incident: Incident) -> str:
    """Why this incident must not end yet: the page wants customers told, and nobody has told them. Empty when it may."""
    wanted = duty(handbook, incident)
    if wanted is None or incident.public:
        return ""
    return f"the page says so at {wanted.place}: {wanted.text}"
