"""Hostile words through every field and every log line into an open room: they stay words, nothing runs, nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from documents.story import OPENING, ROLL_BACK
from firstfive.incident import events as ev
from firstfive.incident.records import Answer, Fact
from incident.builders import Line, finished, run, signal
from web.browsing import Open, Serve
from web.room import Room
from web.served import Served
from web.test_pages import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WORDS = " ".join(HOSTILE)
FIELDS: tuple[tuple[str, str, str], ...] = (
    ("#note-text", "Note it", ""),
    ("#hypothesis [name=text]", "Say so", "#say-hypothesis"),
    ("#update [name=text]", "Send it", "#say-update"),
    ("#severity [name=why]", "Change it", "#say-severity"),
)
# What a page of ours never has, whatever it shows: a place that runs, fetches or leads elsewhere.
STRANGE = """() => [...document.querySelectorAll("*")].filter(e =>
    [...e.attributes].some(a => a.name.startsWith("on") || /^\\s*javascript:/i.test(a.value))
    || e.matches("img, iframe, object, embed, base, svg:not(.spark), script:not([src^='/static/']), [hx-get^='/evil'], [autofocus]")
).map(e => e.outerHTML.slice(0, 160))"""


def said(words: str) -> tuple[Line, ...]:
    """The same words out of every mouth that a timeline hears."""
    look = run("pay#1", changing=False, script=f"look {words}", environment=())
    return (
        (91, ev.SignalSeen(signal=signal(text=words, subject=words[:60]))),
        (91, ev.CheckDone(check="health", title=words, answer=Answer.BAD, evidence=words, took=timedelta(seconds=1))),
        (91, ev.FactsFound(facts=(Fact(name="logs.text", kind="string", value=words),), source=words)),
        (91, words[:60], ev.ReportReceived(text=words, reporter=words[:60])),
        (92, ev.StepStarted(run=look)),
        (93, finished(look, output=f"{words}\n" * 3)),
        (94, ev.NoticeSent(kind="update", number=1, channel=words[:40], text=words, unfilled=(words,))),
        (95, ev.Paged(number=2, role=words, contact=words, channel=words, why=words)),
        (96, words[:60], ev.Noted(text=words)),
    )


def watched(page: Page) -> list[str]:
    """What must not happen: a dialog, or an address that nobody of ours asks for."""
    wrong: list[str] = []
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda sent: wrong.append(sent.url) if "evil" in sent.url else None)
    return wrong


def test_what_people_type_and_machines_say_stays_words_in_a_room_that_is_open(serve: Serve, visit: Open) -> None:
    room = Room()
    room.tell("INC-1", OPENING)
    server = serve(room)
    page = visit(server, name=WORDS[:60])
    wrong = watched(page)
    for field, button, folded in FIELDS:
        if folded:
            page.locator(f"{folded} > summary").click()
        page.locator(field).fill(WORDS)
        page.locator(field).locator("xpath=ancestor::form").get_by_role("button", name=button).click()
        expect(page.locator("#line li").first).to_contain_text("<script>alert(1)</script>")
    server.tell(*said(WORDS))
    expect(page.locator("#line")).to_contain_text("Paged")
    hear: Callable[[str], None] = server.within(lambda: room.aloud.begin("INC-1", ROLL_BACK.id, ROLL_BACK.step))
    server.tell(
        (97, "ana", ev.Approved(run=ROLL_BACK.id, sha256=ROLL_BACK.sha256)),
        (97, ev.StepStarted(run=ROLL_BACK, approved_by="ana")),
    )
    expect(page.locator("pre.saying")).to_be_attached()
    server.within(lambda: hear(f"{WORDS}\n"))
    expect(page.locator("pre.saying")).to_contain_text("<script>alert(1)</script>")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert page.evaluate(STRANGE) == []
    assert wrong == []


@pytest.mark.parametrize("path", ["/", "/incidents/INC-1", "/handbook", "/signals", "/history?q=%3Cscript%3Ealert(1)"])
def test_every_page_that_shows_them_shows_words(path: str, hostile: Served, visit: Open) -> None:
    page = visit(hostile, path)
    wrong = watched(page)
    page.reload()
    assert page.evaluate(STRANGE) == []
    assert wrong == []


@pytest.fixture
def hostile(serve: Serve) -> Served:
    room = Room()
    room.tell("INC-1", (*OPENING, *said(WORDS)))
    return serve(room)
