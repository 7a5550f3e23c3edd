"""The public status page, joined: what the settings say about it, the journal it is read from, and where it is put.

Part of `app`; `web` and the command line take their pages from here too. Without `[status_page]` there is none.
"""

from __future__ import annotations

from collections.abc import Callable

from firstfive.documents.public.from_incidents import Hidden
from firstfive.documents.public.status_page import About
from firstfive.engine.publish import PublicBook, Publisher
from firstfive.ports import Clock, Journal
from firstfive.settings import Settings
from firstfive.stores.published import Place


def book_of(settings: Settings, journal: Journal, clock: Clock) -> PublicBook | None:
    """What the public knows, out of this journal; None when the team has no status page."""
    page = settings.status_page
    if page is None:
        return None
    labs = frozenset(name for name, target in settings.targets.items() if target.lab)
    return PublicBook(
        journal=journal,
        clock=clock,
        about=About(name=page.name, url=page.url, components=page.components, report=page.report),
        hidden=Hidden(labs=labs, target=settings.default_target),
    )


def publisher_of(settings: Settings, journal: Journal, clock: Clock, log: Callable[[str], None]) -> Publisher | None:
    """Who writes the page on each change; None when the team names no folder for it."""
    book, page = book_of(settings, journal, clock), settings.status_page
    if book is None or page is None or page.folder is None:
        return None
    place = Place(folder=page.folder, copy=page.copy, environment=settings.inherited, within=page.copy_within)
    return Publisher(book=book, put=place.put, log=log)
