"""The status page for machines: the widely read Statuspage v2 JSON, an Atom feed (RFC 4287), and the banner of a shop.

Called by `files`. The four words are told as the format's own: applying fix is `identified`. Fields that we know nothing of are null or
empty, never made up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from firstfive.documents.plain import iso, line, visible
from firstfive.documents.public.status_page import Health, PublicIncident, PublicNote, StatusPage, opaque
from firstfive.documents.public.words import PublicStatus

Plain = dict[str, Any]

NEWEST = 50
ATOM = "http://www.w3.org/2005/Atom"
BANNER_WIDTH = 240

_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_V2 = {
    PublicStatus.INVESTIGATING: "investigating",
    PublicStatus.APPLYING_FIX: "identified",
    PublicStatus.MONITORING: "monitoring",
    PublicStatus.RESOLVED: "resolved",
}


def summary_json(page: StatusPage) -> bytes:
    """`summary.json`: the state, every component and what is not resolved."""
    return _json(
        {
            "page": _page(page),
            "components": _components(page),
            "incidents": _incidents(page, page.open),
            "scheduled_maintenances": [],
            "status": _status(page),
        }
    )


def status_json(page: StatusPage) -> bytes:
    """`status.json`: the state of the whole."""
    return _json({"page": _page(page), "status": _status(page)})


def components_json(page: StatusPage) -> bytes:
    """`components.json`: every component."""
    return _json({"page": _page(page), "components": _components(page)})


def incidents_json(page: StatusPage) -> bytes:
    """`incidents.json`: the newest 50 incidents, resolved or not."""
    return _json({"page": _page(page), "incidents": _incidents(page, page.incidents[:NEWEST])})


def banner_json(page: StatusPage) -> bytes:
    """`banner.json`: whether a shop shows a banner now, and its text: the newest incident that is not resolved and its last word."""
    if not page.open:
        return _json({"show": False, "text": ""})
    newest = max(page.open, key=lambda incident: incident.changed)
    note = newest.notes[-1]
    text = f"{newest.title} ({note.status}): {note.text}"
    return _json({"show": True, "text": line(text, BANNER_WIDTH)})


def history_atom(page: StatusPage) -> bytes:
    """The Atom feed: one entry an incident, the newest 50, with everything that was said about it."""
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    _put(feed, "id", f"urn:firstfive:{_page_id(page)}")
    _put(feed, "title", line(page.name))
    _put(feed, "updated", _z(page.changed))
    ET.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": _at(page, "history.atom")})
    ET.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": _at(page, "")})
    _put(ET.SubElement(feed, "author"), "name", line(page.name))
    for incident in page.incidents[:NEWEST]:
        entry = ET.SubElement(feed, "entry")
        _put(entry, "id", f"urn:firstfive:{_page_id(page)}:{incident.id}")
        _put(entry, "title", line(incident.title))
        _put(entry, "published", _z(incident.began))
        _put(entry, "updated", _z(incident.changed))
        where = _at(page, f"incidents/{incident.id}.html")
        ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": where})
        said = "\n\n".join(f"{note.status}, {_z(note.at)}\n{note.text}" for note in reversed(incident.notes))
        _put(entry, "content", visible(said), type="text")
    ET.indent(feed)
    written: bytes = ET.tostring(feed, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + written + b"\n"


def _put(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = _NO_XML.sub("", text)


def _json(answer: Plain) -> bytes:
    """UTF-8 without a character that could end a script element, should somebody put it into a page."""
    text = json.dumps(answer, ensure_ascii=False, indent=1)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode("utf-8", "replace") + b"\n"


def _z(at: datetime) -> str:
    return iso(at) or ""


def _page_id(page: StatusPage) -> str:
    return opaque("page", page.url, page.name)


def _at(page: StatusPage, path: str) -> str:
    return f"{page.url.rstrip('/')}/{path}"


def _page(page: StatusPage) -> Plain:
    return {
        "id": _page_id(page),
        "name": line(page.name),
        "url": page.url,
        "time_zone": "Etc/UTC",
        "updated_at": _z(page.changed),
    }


def _status(page: StatusPage) -> Plain:
    return {"indicator": str(page.indicator), "description": page.headline}


def _components(page: StatusPage) -> list[Plain]:
    return [_component(page, name, page.health(name)) for name in page.components]


def _component(page: StatusPage, name: str, health: Health) -> Plain:
    position = page.components.index(name) + 1 if name in page.components else 0
    return {
        "id": opaque("component", page.url, name),
        "name": line(name),
        "status": str(health),
        "created_at": _z(page.touched(name)),
        "updated_at": _z(page.touched(name)),
        "position": position,
        "description": None,
        "showcase": False,
        "start_date": None,
        "group_id": None,
        "page_id": _page_id(page),
        "group": False,
        "only_show_if_degraded": False,
    }


def _incidents(page: StatusPage, incidents: Sequence[PublicIncident]) -> list[Plain]:
    return [_incident(page, incident) for incident in incidents]


def _incident(page: StatusPage, incident: PublicIncident) -> Plain:
    watched, over = incident.first(PublicStatus.MONITORING), incident.over
    return {
        "id": incident.id,
        "name": line(incident.title),
        "status": _V2[incident.status],
        "created_at": _z(incident.began),
        "updated_at": _z(incident.changed),
        "monitoring_at": iso(watched),
        "resolved_at": iso(over),
        "impact": str(page.impact(incident)),
        "shortlink": _at(page, f"incidents/{incident.id}.html"),
        "started_at": _z(incident.began),
        "page_id": _page_id(page),
        "incident_updates": [_note(incident, note, n) for n, note in reversed(list(enumerate(incident.notes, 1)))],
        "components": [_component(page, name, page.health(name)) for name in incident.components],
    }


def _note(incident: PublicIncident, note: PublicNote, number: int) -> Plain:
    return {
        "id": opaque("update", incident.id, str(number)),
        "status": _V2[note.status],
        "body": visible(note.text),
        "incident_id": incident.id,
        "created_at": _z(note.at),
        "updated_at": _z(note.at),
        "display_at": _z(note.at),
        "affected_components": None,
        "deliver_notifications": False,
        "custom_tweet": None,
        "tweet_id": None,
    }
