"""The status page as HTML: one page of now and of 90 days, and one for each incident; no script, nothing loaded from elsewhere.

Called by `files`. Every value is escaped by the template engine; the only style is its own, named by its hash in the page's own policy.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from firstfive.documents.plain import day_and_time, iso, line, visible
from firstfive.documents.public.look import FRAME, INCIDENT, INDEX, PIECES, STYLE
from firstfive.documents.public.status_page import Health, PublicIncident, StatusPage

STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'"

KEPT = 4096

_HEALTH = {
    Health.OPERATIONAL: "no problem known",
    Health.DEGRADED: "under watch",
    Health.PARTIAL: "has a problem",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One day with its incidents, or several days without any, newest first."""

    title: str
    incidents: tuple[PublicIncident, ...]


def index(page: StatusPage) -> str:
    """What is wrong now, how each component does, and the last 90 days by day."""
    days = page.days()
    return _pages.get_template("index").render(
        page=page,
        name=page.name,
        title=page.name,
        up="",
        report=page.report,
        spans=_spans(days),
        strip=[_mark(incidents) for _, incidents in reversed(days)],
        first=_day(days[-1][0]),
        troubled=sum(bool(incidents) for _, incidents in days),
        components=[(name, page.health(name), _HEALTH[page.health(name)]) for name in page.components],
    )


@lru_cache(maxsize=KEPT)
def incident_page(name: str, incident: PublicIncident) -> str:
    """Everything that was said about one incident, newest first, on the page of that name. Old ones are not drawn anew each time."""
    return _pages.get_template("incident").render(
        name=name, incident=incident, title=f"{incident.title}, {name}", up="../"
    )


def spoken(at: datetime) -> Markup:
    """An instant for people and for machines."""
    return Markup('<time datetime="{}">{}</time>').format(iso(at), day_and_time(at))


def _mark(incidents: Sequence[PublicIncident]) -> str:
    return "" if not incidents else "open" if any(one.over is None for one in incidents) else "past"


def _spans(days: Sequence[tuple[date, tuple[PublicIncident, ...]]]) -> list[Span]:
    spans: list[Span] = []
    quiet: list[date] = []
    for day, incidents in days:
        if not incidents:
            quiet.append(day)
            continue
        spans += _quiet(quiet)
        quiet = []
        spans.append(Span(title=_day(day), incidents=incidents))
    return spans + _quiet(quiet)


def _quiet(days: Sequence[date]) -> list[Span]:
    if not days:
        return []
    title = _day(days[0]) if len(days) == 1 else f"{_day(days[-1])} to {_day(days[0])}"
    return [Span(title=title, incidents=())]


def _day(day: date) -> str:
    return f"{day.day} {day.strftime('%B %Y')}"


_pages = Environment(
    loader=DictLoader({"frame": FRAME, "index": INDEX, "incident": INCIDENT, "pieces": PIECES}),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters.update(line=line, visible=visible, spoken=spoken)
_pages.globals.update(style=Markup(STYLE), csp=CSP)  # noqa: S704 - our own constant
