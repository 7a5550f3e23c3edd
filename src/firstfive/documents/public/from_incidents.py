"""The status page out of folded incidents: only what a person told the public, only about components that the page lists.

Called by the engine's publisher, the web and the command line. A drill never appears, nor an incident of a lab, nor one of which
nothing was said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from firstfive.documents.plain import line, visible
from firstfive.documents.public.status_page import About, PublicIncident, PublicNote, StatusPage, opaque
from firstfive.documents.public.words import word_of
from firstfive.incident.timeline import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Which incidents the public never hears of beside drills: those whose every run was on one of `labs`.

    `target` is where commands run that name no target; it stands for an incident in which nothing ran.
    """

    labs: frozenset[str] = frozenset()
    target: str = ""

    def holds(self, incident: Incident) -> bool:
        """Whether this incident is not for the public."""
        if incident.declared is None or incident.declared.drill:
            return True
        places = {attempt.run.target for attempt in incident.attempts.values()} or {self.target}
        return places <= self.labs


NOTHING_HIDDEN = Hidden()


def public_incident(
    incident: Incident, known: tuple[str, ...] = (), hidden: Hidden = NOTHING_HIDDEN
) -> PublicIncident | None:
    """What the public knows of an incident; None when nothing was said, or when it is a drill or one of a lab.

    With `known`, other components than those are left out. Components stay named once they were.
    """
    if not incident.public or hidden.holds(incident):
        return None
    notes = [
        PublicNote(status=word, text=visible(told.text).strip(), at=at)
        for told, at in incident.public
        if (word := word_of(told.status)) is not None
    ]
    if not notes:
        return None
    named = dict.fromkeys(line(name) for told, _ in incident.public for name in told.components)
    return PublicIncident(
        id=opaque("incident", incident.id, notes[0].at.isoformat()),
        notes=tuple(notes),
        components=tuple(name for name in named if name and (not known or name in known)),
    )


def status_page(about: About, incidents: Iterable[PublicIncident | None], now: datetime) -> StatusPage:
    """The page as it stands at `now` (aware UTC)."""
    told = sorted((one for one in incidents if one is not None), key=lambda one: one.began, reverse=True)
    return StatusPage(
        name=about.name,
        url=about.url,
        components=about.components,
        incidents=tuple(told),
        updated_at=now,
        report=about.report,
    )
