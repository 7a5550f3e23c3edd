"""A notice from the page's template and an incident.

Called by the engine when one is due, and by whoever shows a draft. Sends nothing; what only a person knows stays visibly open.
"""

from __future__ import annotations

from datetime import datetime

from firstfive.documents.filling import Notice, Telling, fill_text
from firstfive.documents.plain import quiet
from firstfive.documents.public import customer_notice
from firstfive.documents.sentence import notice_name
from firstfive.handbook.model import Handbook, Template, TemplateKind
from firstfive.incident.timeline import Incident

__all__ = ["Notice", "fill"]

# Used where a page has no template of that kind: the least that a reader must know.
_FALLBACKS = {
    TemplateKind.INITIAL: "[SEV-X] <one-line summary>\nStarted: <time UTC>\nStatus: <status>\nOn-call: <@you>",
    TemplateKind.UPDATE: "[SEV-X] Update <n> at <UTC>\nStatus: <status>\nKnown: <facts>\nTrying: <action>\nNext update: <time>",
    TemplateKind.RESOLUTION: "[SEV-X] Over: <one-line summary>\nStarted: <UTC>\nEnded: <UTC>\nRoot cause: <one sentence>",
}
_PLAINEST = "[SEV-X] <one-line summary>\nStatus: <status>"


def fill(
    template: Template | None,
    incident: Incident,
    handbook: Handbook,
    *,
    kind: str,
    number: int,
    now: datetime,
    next_update_at: datetime | None,
) -> Notice:
    """The notice `kind` number `number` as it stands at `now` (aware UTC); a small text of ours where the page has no template.

    `next_update_at` is when the next one is promised, None when there will be none.
    """
    if kind == TemplateKind.CUSTOMER or (template is not None and template.kind is TemplateKind.CUSTOMER):
        return customer_notice(template, incident, handbook, now=now, next_update_at=next_update_at, number=number)
    telling = Telling(
        incident=incident,
        handbook=handbook,
        number=number,
        now=now,
        next_update_at=next_update_at,
        status=str(incident.status),
    )
    form = template.text if template is not None else _fallback(kind)
    text, unfilled = fill_text(form, telling)
    title = incident.declared.title if incident.declared else ""
    head = f"{incident.id} SEV-{incident.level} {notice_name(kind, number)}"
    return Notice(text=text, title=quiet(f"{head}: {title}" if title else head), unfilled=unfilled)


def _fallback(kind: str) -> str:
    return next((text for known, text in _FALLBACKS.items() if known == kind), _PLAINEST)
