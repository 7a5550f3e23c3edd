"""The whole status page as files: path to bytes, the front page last, since it leads to all others.

Called by whoever publishes or serves it. Writes nothing; the same page always makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

from firstfive.documents.public import feeds
from firstfive.documents.public.page import incident_page, index
from firstfive.documents.public.status_page import StatusPage

INDEX = "index.html"
BANNER = "banner.json"


def files_of(page: StatusPage) -> Mapping[str, bytes]:
    """Every file by its path with forward slashes, in the order in which they are to be written."""
    made = {
        f"incidents/{one.id}.html": incident_page(page.name, one).encode("utf-8", "replace") for one in page.incidents
    }
    return {
        **made,
        "api/v2/incidents.json": feeds.incidents_json(page),
        "api/v2/components.json": feeds.components_json(page),
        "api/v2/status.json": feeds.status_json(page),
        "api/v2/summary.json": feeds.summary_json(page),
        "history.atom": feeds.history_atom(page),
        BANNER: feeds.banner_json(page),
        INDEX: index(page).encode("utf-8", "replace"),
    }
