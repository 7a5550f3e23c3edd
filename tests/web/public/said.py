"""A status page whose words a test puts in, and a report form beside it; files and form are the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.documents.public import PublicStatus
from firstfive.documents.public.files import files_of
from firstfive.documents.public.from_incidents import status_page
from firstfive.documents.public.status_page import About, PublicIncident, PublicNote
from firstfive.web.public.reports import Fields, Front
from incident import builders as b

ABOUT = About(name="Example Shop", url="https://status.example.com", components=("Checkout", "Chat", "Search"))
INVESTIGATING, FIXING, MONITORING, RESOLVED = PublicStatus


def note(status: PublicStatus, text: str, at: float) -> PublicNote:
    return PublicNote(status=status, text=text, at=b.seconds(at))


DAY = 86400
CHECKOUT = PublicIncident(
    id="0000000000c1",
    notes=(
        note(INVESTIGATING, "We are investigating a problem with checkout.\nNext update by 03:15 UTC.", 0),
        note(FIXING, "We are applying a fix. Next update by 03:30 UTC.", 900),
    ),
    components=("Checkout",),
)
CHAT = PublicIncident(
    id="0000000000c2",
    notes=(note(MONITORING, "Chat works again. Next update by 05:00 UTC.", -3600),),
    components=("Chat",),
)
PAST = PublicIncident(
    id="0000000000c3",
    notes=(
        note(INVESTIGATING, "Search finds nothing. Next update by noon UTC.", -9 * DAY),
        note(RESOLVED, "Search works again.", -9 * DAY + 7200),
    ),
    components=("Search",),
)


@dataclass(slots=True, kw_only=True)
class Said:
    """`broken` is raised instead of an answer."""

    incidents: tuple[PublicIncident, ...] = (CHECKOUT, CHAT, PAST)
    about: About = ABOUT
    now: datetime = field(default_factory=lambda: b.T0 + timedelta(hours=1))
    broken: Exception | None = None

    async def files(self) -> Mapping[str, bytes]:
        if self.broken is not None:
            raise self.broken
        return files_of(status_page(self.about, self.incidents, self.now))


def front_of(told: list[tuple[Fields, str]], *, status: int = 202) -> Front:
    """A form whose reports end in that list, and are answered with that status."""

    async def tell(fields: Fields, once: str) -> int:
        told.append((fields, once))
        return status

    return Front(
        name=ABOUT.name,
        home=ABOUT.url,
        address="https://status.example.com/report",
        components=ABOUT.components,
        tell=tell,
    )
