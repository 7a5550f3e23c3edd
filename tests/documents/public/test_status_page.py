"""The status page: what it shows, that hostile text stays text, and that nothing of the inside can come out."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from documents.story import WHOLE
from firstfive.documents.public import PublicStatus
from firstfive.documents.public.files import files_of
from firstfive.documents.public.from_incidents import Hidden, public_incident, status_page
from firstfive.documents.public.status_page import About, Health, Indicator, PublicIncident, PublicNote, StatusPage
from firstfive.incident import events as ev
from incident import builders as b

ABOUT = About(name="Shop", url="https://status.example.com/", components=("Checkout", "Chat", "Search"))
NOW = b.T0 + timedelta(days=2)
ATOM = "{http://www.w3.org/2005/Atom}"
INVESTIGATING, FIXING, MONITORING, RESOLVED = PublicStatus


def incident(
    *said: tuple[float, PublicStatus], components: tuple[str, ...] = ("Checkout",), n: int = 1
) -> PublicIncident:
    notes = tuple(PublicNote(status=word, text=f"said at {at}", at=b.seconds(at)) for at, word in said)
    return PublicIncident(id=f"{n:012}", notes=notes, components=components)


def page(*incidents: PublicIncident, now: datetime = NOW, about: About = ABOUT) -> StatusPage:
    return status_page(about, incidents, now)


def texts(made: StatusPage) -> dict[str, str]:
    return {name: data.decode() for name, data in files_of(made).items()}


def data(made: StatusPage, name: str) -> Any:
    return json.loads(files_of(made)[name])


# ------------------------------------------------------------------------------------------------------------- state

STATES = [
    ((), Indicator.NONE, Health.OPERATIONAL, "nothing was said"),
    ((incident((0, INVESTIGATING)),), Indicator.MAJOR, Health.PARTIAL, "some of the components"),
    ((incident((0, FIXING)),), Indicator.MAJOR, Health.PARTIAL, "still being worked on"),
    ((incident((0, MONITORING)),), Indicator.MINOR, Health.DEGRADED, "only watched"),
    ((incident((0, INVESTIGATING), (9, RESOLVED)),), Indicator.NONE, Health.OPERATIONAL, "over"),
    ((incident((0, RESOLVED), (9, INVESTIGATING)),), Indicator.MAJOR, Health.PARTIAL, "it came back"),
    ((incident((0, INVESTIGATING), components=()),), Indicator.MINOR, Health.OPERATIONAL, "no component was named"),
    ((incident((0, INVESTIGATING), components=ABOUT.components),), Indicator.CRITICAL, Health.PARTIAL, "all of them"),
    (
        (incident((0, MONITORING)), incident((5, INVESTIGATING), components=("Chat",), n=2)),
        Indicator.MAJOR,
        Health.DEGRADED,
        "the worst counts",
    ),
]


@pytest.mark.parametrize(("incidents", "indicator", "checkout", "why"), STATES, ids=[s[3] for s in STATES])
def test_the_state_of_the_whole_and_of_a_component(incidents, indicator, checkout, why) -> None:
    made = page(*incidents)
    assert (made.indicator, made.health("Checkout")) == (indicator, checkout), why
    assert data(made, "api/v2/status.json")["status"]["indicator"] == indicator


def test_ninety_days_are_listed_today_first_and_an_incident_stands_on_each_of_its_days() -> None:
    day = 86400
    made = page(
        incident((0, INVESTIGATING), (day + 5, RESOLVED), n=1),
        incident((-100 * day, INVESTIGATING), (-100 * day + 5, RESOLVED), n=2),
        incident((-89 * day, MONITORING), (-89 * day + 5, RESOLVED), components=("Chat",), n=3),
        now=b.T0 + timedelta(days=2),
    )
    days = made.days()
    assert len(days) == 90
    assert [len(found) for _, found in days[:4]] == [0, 1, 1, 0]
    assert days[-1][0].isoformat() == "2026-08-28"
    shown = texts(made)["index.html"]
    assert "<h3>24 November 2026</h3>" in shown
    assert "Problem with Chat" not in shown, "91 days ago"
    assert "28 August 2026 to 22 November 2026: no problem reported." in shown
    assert "incidents/000000000003.html" in files_of(made), "its own page stays"


def test_an_incident_that_is_not_over_stands_on_every_day_since() -> None:
    made = page(incident((0, INVESTIGATING)), now=b.T0 + timedelta(days=3))
    assert [len(found) for _, found in made.days()[:5]] == [1, 1, 1, 1, 0]


# ------------------------------------------------------------------------------------------------------------ formats


def test_the_json_has_the_shape_that_readers_of_statuspage_v2_know() -> None:
    made = page(
        incident((0, INVESTIGATING), (60, FIXING), (120, MONITORING)),
        incident((-9000, INVESTIGATING), (-8000, RESOLVED), components=("Chat",), n=2),
    )
    told = data(made, "api/v2/summary.json")
    assert set(told) == {"page", "components", "incidents", "scheduled_maintenances", "status"}
    assert set(told["page"]) == {"id", "name", "url", "time_zone", "updated_at"}
    assert [(c["name"], c["status"], c["position"]) for c in told["components"]] == [
        ("Checkout", "degraded_performance", 1),
        ("Chat", "operational", 2),
        ("Search", "operational", 3),
    ]
    (standing,) = told["incidents"]
    assert (standing["status"], standing["resolved_at"], standing["monitoring_at"]) == (
        "monitoring",
        None,
        "2026-11-23T03:02:00.000Z",
    )
    assert [note["status"] for note in standing["incident_updates"]] == ["monitoring", "identified", "investigating"]
    assert standing["shortlink"] == "https://status.example.com/incidents/000000000001.html"
    listed = data(made, "api/v2/incidents.json")["incidents"]
    assert [one["status"] for one in listed] == ["monitoring", "resolved"]
    ids = [told["page"]["id"], *(c["id"] for c in told["components"]), *(one["id"] for one in listed)]
    assert len(set(ids)) == len(ids)
    assert data(made, "api/v2/components.json")["components"] == told["components"]


def test_the_feed_has_what_rfc_4287_asks_of_a_feed_and_of_an_entry() -> None:
    made = page(incident((0, INVESTIGATING), (60, RESOLVED)), incident((-60, MONITORING), n=2))
    feed = ET.fromstring(files_of(made)["history.atom"])
    assert feed.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(ATOM + name)) == 1, name
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}updated") for entry in entries] == [
        "2026-11-23T03:01:00.000Z",
        "2026-11-23T02:59:00.000Z",
    ]
    for entry in entries:
        for name in ("id", "title", "updated", "content"):
            assert len(entry.findall(ATOM + name)) == 1, name
        (link,) = entry.findall(f"{ATOM}link")
        assert str(link.get("href")).startswith("https://status.example.com/incidents/")


def test_the_banner_shows_the_last_word_of_what_is_open_and_nothing_otherwise() -> None:
    assert data(page(), "banner.json") == {"show": False, "text": ""}
    over = incident((0, INVESTIGATING), (60, RESOLVED))
    assert data(page(over), "banner.json") == {"show": False, "text": ""}
    standing = incident((0, INVESTIGATING), (60, FIXING))
    assert data(page(standing), "banner.json") == {
        "show": True,
        "text": "Problem with Checkout (applying fix): said at 60",
    }


def test_the_front_page_comes_last_and_the_same_page_makes_the_same_bytes() -> None:
    made = page(incident((0, INVESTIGATING)))
    assert list(files_of(made))[-1] == "index.html"
    assert files_of(made) == files_of(page(incident((0, INVESTIGATING))))


# ------------------------------------------------------------------------------------------------------- hostile text

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "]]></content><entry>",
    "{{ 7 * 7 }}{% raw %}",
    "</style><script>",
    "&lt;b&gt; &amp; &#60;",
    "\u202egnp.exe\u2066\u200b",
    "\x00\x07\x1b[31mred\x1b]0;title\x07",
    "\ufffe\uffff\ud800",
    "line\u2028break\u2029s",
    "javascript:alert(1)",
    "x" * 5000,
]


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def shape(text: str) -> tuple[list[str], list[str]]:
    reader = Tags()
    reader.feed(text)
    return reader.tags, [name for name, _ in reader.attributes]


@pytest.mark.parametrize("nasty", HOSTILE)
def test_hostile_text_stays_text_everywhere(nasty: str) -> None:
    def built(text: str) -> StatusPage:
        note = PublicNote(status=INVESTIGATING, text=text, at=b.T0)
        about = About(name=text, url="https://status.example.com", components=(text, "Chat"))
        return page(PublicIncident(id="0" * 12, notes=(note,), components=(text,)), about=about)

    plain, made = texts(built("plain")), texts(built(nasty))
    for name in ("index.html", "incidents/000000000000.html"):
        assert shape(made[name]) == shape(plain[name]), "not one tag or attribute more"
        assert not set("\u202e\u2066\u200b\x00\x1b") & set(made[name])
    tree, known = ET.fromstring(made["history.atom"].encode()), ET.fromstring(plain["history.atom"].encode())
    assert [one.tag for one in tree.iter()] == [one.tag for one in known.iter()]
    for name, text in made.items():
        if name.endswith(".json"):
            assert isinstance(json.loads(text), dict)
            assert not re.search("[<>\u2028]", text), "may be put into a page as it is"


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    for name, text in texts(page(incident((0, INVESTIGATING)))).items():
        if name.endswith(".html"):
            tags, attributes = shape(text)
            assert not {"script", "img", "iframe", "link.stylesheet", "object"} & set(tags)
            assert not any(attribute.startswith("on") or attribute in ("src", "style") for attribute in attributes)
            assert "script-src" not in text, "default-src 'none' rules"
            assert "default-src &#39;none&#39;" in text


# ------------------------------------------------------------------------------------------------- nothing of the inside

SECRET = "INTERNAL-SECRET"
INSIDE = (
    (0, SECRET, b.declared(title=SECRET, why=SECRET, watched=(SECRET,))),
    (1, ev.SignalSeen(signal=b.signal(subject=SECRET, text=SECRET, source=SECRET))),
    (2, SECRET, ev.ReportReceived(text=SECRET, reporter=SECRET)),
    (3, SECRET, ev.Acknowledged(responder=SECRET)),
    (4, SECRET, ev.HypothesisSet(text=SECRET)),
    (5, SECRET, ev.Noted(text=SECRET)),
    (6, ev.NoticeSent(kind="initial", number=1, channel=SECRET, text=SECRET, unfilled=(SECRET,))),
    (7, ev.Paged(number=1, role=SECRET, contact=SECRET, channel=SECRET, why=SECRET)),
    (8, ev.StepStarted(run=b.run(script=SECRET, environment=(("X", SECRET),), target="prod"), approved_by=SECRET)),
    (9, SECRET, ev.SeverityChanged(level=1, why=SECRET)),
    (10, SECRET, ev.UpdateAsked(text=SECRET)),
)
TOLD = ev.PublicUpdate(status="investigating", text="Chat does not work.", components=("Chat", SECRET), override=SECRET)
ENDED = (
    (700, SECRET, ev.PublicUpdate(status="resolved", text="Chat works again.", override=SECRET)),
    (701, SECRET, ev.Resolved(why=SECRET, root_cause=SECRET)),
    (702, ev.PostmortemWritten(path=SECRET, sha256=SECRET, due=None)),
)


def test_a_whole_incident_full_of_secrets_is_shown_without_any() -> None:
    state = b.incident(*INSIDE, (20, SECRET, TOLD), *ENDED)
    shown = public_incident(state, ABOUT.components)
    assert shown is not None
    made = texts(page(shown))
    assert "Chat works again." in made["index.html"] + made[f"incidents/{shown.id}.html"]
    for name, text in made.items():
        for inside in (SECRET, SECRET.lower(), state.id, "SEV", "answers 502", "d1", "down#3"):
            found = re.search(rf"(?<![\w#]){re.escape(inside)}(?!\w)", text)
            assert found is None, (name, inside)


NOT_SHOWN = [
    ((*INSIDE, *ENDED[1:]), Hidden(), "nothing was said to the public"),
    (((0, b.declared(drill=True)), (1, "ana", TOLD)), Hidden(), "a drill"),
    ((*WHOLE, (800, "ana", TOLD)), Hidden(labs=frozenset({"local"})), "all of it ran in a lab"),
    (((0, b.declared()), (1, "ana", TOLD)), Hidden(labs=frozenset({"lab"}), target="lab"), "nothing ran, in a lab"),
]


@pytest.mark.parametrize(("lines", "hidden", "why"), NOT_SHOWN, ids=[row[2] for row in NOT_SHOWN])
def test_what_is_not_for_the_public_never_appears(lines, hidden, why) -> None:
    assert public_incident(b.incident(*lines), hidden=hidden) is None, why


def test_an_incident_of_production_appears_though_a_lab_is_known() -> None:
    state = b.incident(*WHOLE, (800, "ana", TOLD))
    assert public_incident(state, hidden=Hidden(labs=frozenset({"lab"}), target="lab")) is not None


def test_components_stay_named_and_only_those_of_the_page_are_shown() -> None:
    later = ev.PublicUpdate(status="monitoring", text="x", components=("Search",))
    state = b.incident((0, b.declared()), (1, "ana", TOLD), (2, "ana", later))
    shown = public_incident(state, ABOUT.components)
    assert shown is not None
    assert shown.components == ("Chat", "Search")
    assert shown.title == "Problem with Chat and Search"
    anything = public_incident(state)
    assert anything is not None
    assert anything.components == ("Chat", SECRET, "Search"), "without a list of its own a page shows what was named"
