"""What a public status page shows: a name, components, and what was said about each incident. Nothing of the inside has a field here.

Made by `from_incidents`; drawn by `page` and `feeds`. Holds only what a person told the public, and when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from firstfive.documents.public.words import PublicStatus

HISTORY_DAYS = 90


class Health(StrEnum):
    """How a component does, in the words of the Statuspage format, worst last."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded_performance"
    PARTIAL = "partial_outage"


class Indicator(StrEnum):
    """How the whole does, in the words of the Statuspage format, worst last."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a team's status page is called, the address it is read at, and the components that customers know, in order.

    `report` is where strangers say what does not work, empty for nowhere.
    """

    name: str
    url: str
    components: tuple[str, ...] = ()
    report: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicNote:
    """One thing that was said: one of the four words, a text, and when (aware UTC)."""

    status: PublicStatus
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicIncident:
    """An incident as the public knows it: what was said, oldest first and at least once, and the components that it is about.

    `id` is opaque and stays the same; it tells nothing of how many incidents there were.
    """

    id: str
    notes: tuple[PublicNote, ...]
    components: tuple[str, ...]

    @property
    def status(self) -> PublicStatus:
        """The word that was said last."""
        return self.notes[-1].status

    @property
    def began(self) -> datetime:
        """When the public first heard of it."""
        return self.notes[0].at

    @property
    def changed(self) -> datetime:
        """When it was last spoken of."""
        return self.notes[-1].at

    @property
    def over(self) -> datetime | None:
        """When it was said to be resolved, None while the last word is another."""
        return self.changed if self.status is PublicStatus.RESOLVED else None

    @property
    def title(self) -> str:
        """A headline out of the components, since an internal title is not for the public."""
        return f"Problem with {_listed(self.components)}" if self.components else "Problem with the service"

    def first(self, status: PublicStatus) -> datetime | None:
        """When that word was first said."""
        return next((note.at for note in self.notes if note.status is status), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """The whole page at `updated_at` (aware UTC, from which the 90 days count back); incidents newest first. `report` as in About."""

    name: str
    url: str
    components: tuple[str, ...]
    incidents: tuple[PublicIncident, ...]
    updated_at: datetime
    report: str = ""

    @property
    def open(self) -> tuple[PublicIncident, ...]:
        """What is not resolved yet."""
        return tuple(incident for incident in self.incidents if incident.over is None)

    @property
    def changed(self) -> datetime:
        """When something was last said; the page's own instant when nothing ever was."""
        return max((incident.changed for incident in self.incidents), default=self.updated_at)

    def health(self, component: str) -> Health:
        """How a component does: partial outage while it is worked on, degraded while it is watched."""
        words = {incident.status for incident in self.open if component in incident.components}
        if not words:
            return Health.OPERATIONAL
        return Health.DEGRADED if words == {PublicStatus.MONITORING} else Health.PARTIAL

    def touched(self, component: str) -> datetime:
        """When a component was last spoken of, else the page's last change."""
        told = (incident.changed for incident in self.incidents if component in incident.components)
        return max(told, default=self.changed)

    def impact(self, incident: PublicIncident) -> Indicator:
        """How much of the page an incident is about: every component critical, some major, none named minor."""
        if not incident.components:
            return Indicator.MINOR
        everything = len(self.components) > 1 and set(incident.components) >= set(self.components)
        return Indicator.CRITICAL if everything else Indicator.MAJOR

    @property
    def indicator(self) -> Indicator:
        """The worst impact of what is open; what is only watched counts as minor."""
        order = list(Indicator)
        found = [
            Indicator.MINOR if incident.status is PublicStatus.MONITORING else self.impact(incident)
            for incident in self.open
        ]
        return max(found, key=order.index, default=Indicator.NONE)

    @property
    def headline(self) -> str:
        """The state of the whole in a few words."""
        match self.indicator:
            case Indicator.NONE:
                return "No problem is known"
            case Indicator.MINOR:
                watched = all(incident.status is PublicStatus.MONITORING for incident in self.open)
                return "Under watch after a problem" if watched else "There is a problem"
            case Indicator.MAJOR:
                return "Some parts have a problem"
            case Indicator.CRITICAL:
                return "Every part has a problem"
            case _ as never:
                assert_never(never)

    def days(self) -> tuple[tuple[date, tuple[PublicIncident, ...]], ...]:
        """The last 90 days, today first, each with the incidents that were open on it (UTC)."""
        today = self.updated_at.date()
        return tuple(
            (day, tuple(one for one in self.incidents if one.began.date() <= day <= self._last_day(one)))
            for day in (today - timedelta(days=back) for back in range(HISTORY_DAYS))
        )

    def _last_day(self, incident: PublicIncident) -> date:
        return (incident.over or self.updated_at).date()


def opaque(*parts: str) -> str:
    """A short id that stays the same for the same parts and tells nothing of them."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:12]


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
