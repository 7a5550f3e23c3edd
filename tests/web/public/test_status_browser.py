"""The status page in a real Chromium: on a phone and wide, light and dark, without a script, with nothing fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from firstfive.documents.public.status_page import About, PublicIncident
from firstfive.web.public.reports import Fields
from web.browsing import AXE, RULES, missing
from web.public.said import CHECKOUT, PAST, Said, front_of, note
from web.room import Room
from web.served import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDE = "Averylongwordthatnobodycanbreak" * 2
LONG = "an-endless-name-without-a-space-" * 6
CROWDED = Said(
    about=About(name="Example Shop " + LONG, url="https://status.example.com", components=("Checkout", LONG, "Chat")),
    incidents=(
        CHECKOUT,
        PublicIncident(id="0" * 12, notes=(note(CHECKOUT.status, LONG * 4, 5),), components=(LONG, "Chat")),
        PAST,
    ),
)
PAGES = ("/status/", "/status/incidents/0000000000c1.html", "/status/report", "/status/report/thanks")
VIEWS = [("light", 320), ("dark", 320), ("light", 1280), ("dark", 1280)]


@pytest.fixture(scope="module")
def served(told: list[tuple[Fields, str]]) -> Iterator[Served]:
    room = Room()
    rows = tuple(replace(row, examples=(*row.examples, WIDE)) for row in room.handbook.severities)
    room.handbook = replace(room.handbook, severities=rows)
    with serving(
        room, status_page=CROWDED, front=replace(front_of(told), components=("Checkout", LONG[:80]))
    ) as server:
        yield server


@pytest.fixture(scope="module")
def told() -> list[tuple[Fields, str]]:
    return []


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_nothing_scrolls_sideways_nothing_is_fetched_and_axe_finds_nothing(
    scheme: str, width: int, served: Served, chromium: Browser
) -> None:
    if not AXE.is_file():
        missing("no axe-core here: run tests/prepare")
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    fetched: list[str] = []
    page.on("request", lambda sent: fetched.append(sent.url))
    for path in PAGES:
        fetched.clear()
        page.goto(served.url + path)
        assert [url for url in fetched if not url.endswith("/favicon.ico")] == [served.url + path]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.evaluate(AXE.read_text())
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        broken = [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found["violations"]]
        assert broken == [], path
    context.close()


def test_its_style_is_let_in_by_its_own_policy_and_every_link_leads_somewhere(
    served: Served, chromium: Browser
) -> None:
    context = chromium.new_context(java_script_enabled=True, color_scheme="light")
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if "favicon" not in said.location.get("url", "") else None)
    page.goto(served.url + "/status")
    assert page.url == served.url + "/status/"
    assert page.locator(".state").evaluate("e => getComputedStyle(e).borderLeftWidth") == "8px"
    expect(page.get_by_role("heading", name="The last 90 days")).to_be_visible()
    links = page.locator("a").evaluate_all("all => all.map(a => a.href)")
    for link in sorted(set(links)):
        answer = context.request.get(link)
        assert answer.ok, link
    page.get_by_role("link", name="Problem with Checkout", exact=True).first.click()
    page.get_by_role("navigation").get_by_role("link").click()
    expect(page).to_have_url(served.url + "/status/index.html")
    assert wrong == []
    context.close()


def test_somebody_without_an_account_and_without_a_script_reports_on_a_small_phone(
    served: Served, chromium: Browser, told: list[tuple[Fields, str]]
) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if "422" not in said.text else None)
    page.goto(served.url + "/status/report")
    assert page.locator("button").evaluate("e => e.getBoundingClientRect().height") >= 44
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("alert")).to_have_text("Please say what does not work.")
    page.get_by_label("Something else").check()
    page.get_by_label("Where?").select_option("Checkout")
    page.get_by_label("In your own words").fill("<b>the basket</b> is empty")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert page.url == served.url + "/status/report/thanks"
    assert [dict(fields) for fields, _ in told] == [
        {"text": "<b>the basket</b> is empty", "reporter": "somebody outside", "feature": "Checkout"}
    ]
    page.get_by_role("link", name="Tell us something else").click()
    assert page.url == served.url + "/status/report"
    assert [one for one in wrong if "favicon" not in one and "Failed to load" not in one] == []
    context.close()
