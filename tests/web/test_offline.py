"""The room in a real Chromium while the server is dead: what was read stays readable, says how old it is, and belongs to who read it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from firstfive.incident import events as ev
from web.browsing import Open, until, waiting
from web.served import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


OLDER = """async seconds => {
    const cache = await caches.open("firstfive-pages-2");
    const held = await cache.match(location.pathname);
    const headers = new Headers(held.headers);
    headers.set("kept-at", headers.get("kept-at") - 1000 * seconds);
    await cache.put(location.pathname, new Response(await held.text(), { headers }));
}"""
WAS = """caches.match(location.pathname).then(held => held.text()).then(text => /data-now="([^"]+)"/.exec(text)[1])"""


def settled(page: Page) -> None:
    """Wait until the worker that keeps pages has this one in hand, then read it once more through it."""
    until(page, "navigator.serviceWorker.controller !== null")
    page.reload()
    until(page, "caches.match(location.pathname).then(Boolean)")


def test_the_last_room_is_readable_when_the_server_is_dead_and_says_so(visit: Open) -> None:
    room = waiting()
    with serving(room) as server:
        page = visit(server)
        settled(page)
    page.reload()
    expect(page.locator("#offline")).to_contain_text("The server is not reached. What you see is from")
    expect(page.locator("#step-down\\#3")).to_be_visible()
    with serving(room, server.port):
        page.reload()
        expect(page.locator("#offline")).to_have_count(0)


def kept(page: Page, *paths: str) -> None:
    for path in paths:
        until(page, f"caches.match('{path}', {{cacheName: 'firstfive-pages-2'}}).then(Boolean)")


def test_one_visit_is_enough_for_the_room_and_the_list_of_what_is_open(visit: Open) -> None:
    with serving(waiting()) as server:
        page = visit(server)
        kept(page, "/incidents/INC-1", "/", "/handbook")
    page.goto(f"{server.url}/")
    expect(page.locator("#offline")).to_contain_text("The server is not reached.")
    expect(page.get_by_role("link", name="Shop down: health answers 502")).to_be_visible()
    page.goto(f"{server.url}/incidents/INC-1")
    expect(page.locator("#step-down\\#3")).to_be_visible()


def test_a_copy_becomes_the_live_room_by_itself_once_the_server_answers(visit: Open) -> None:
    room = waiting()
    with serving(room) as server:
        page = visit(server)
        kept(page, "/incidents/INC-1")
    page.reload()
    expect(page.locator("#offline")).to_be_visible()
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.wait_for_timeout(4500)
    assert loads == [], "it is not loaded anew while nobody answers"
    with serving(room, server.port):
        expect(page.locator("#heard")).to_contain_text("heard", timeout=15_000)
        expect(page.locator("#offline")).to_have_count(0)
        page.wait_for_timeout(4500)
        assert len(loads) == 1
        page.close()


def test_nothing_can_be_pressed_in_a_copy_and_everything_can_be_read(visit: Open) -> None:
    with serving(waiting()) as server:
        page = visit(server)
        kept(page, "/incidents/INC-1")
        expect(page.get_by_role("button", name="Note it")).to_be_enabled()
    page.reload()
    acts = page.locator("main form button")
    assert acts.count() > 3
    assert acts.evaluate_all("all => all.every(one => one.disabled && one.closest('form').inert)")
    expect(page.get_by_label("Note for the timeline")).to_be_disabled()
    page.locator("#out-down\\#1 summary").click()
    expect(page.locator("#out-down\\#1 pre")).to_be_visible()


def test_the_clocks_of_a_copy_show_the_time_that_went_by_since_it_was_kept(visit: Open) -> None:
    with serving(waiting()) as server:
        page = visit(server)
        kept(page, "/incidents/INC-1")
    page.evaluate(OLDER, 3600)
    page.reload()
    since = page.locator("#room .clocks [data-from]").first
    expect(since).to_have_text(re.compile(r"^1:\d\d:\d\d$"))
    assert page.locator("#room").get_attribute("data-now") != page.evaluate(WAS)


@pytest.mark.parametrize("width", [360, 1280])
def test_what_says_that_nothing_is_heard_goes_from_edge_to_edge_and_its_words_do_not_touch_it(
    width: int, visit: Open
) -> None:
    with serving(waiting()) as server:
        page = visit(server, viewport={"width": width, "height": 800})
        kept(page, "/incidents/INC-1")
    page.reload()
    page.locator("#stale").evaluate("e => { e.textContent = 'Nothing has been heard from the server.' }")
    for line in ("#offline", "#stale"):
        box = page.locator(line).bounding_box()
        assert box is not None
        assert (box["x"], box["width"]) == (0, width), line
        assert page.locator(line).evaluate("e => getComputedStyle(e).paddingLeft") == "16px"
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_page_that_was_never_read_is_not_made_up(visit: Open) -> None:
    with serving(waiting()) as server:
        page = visit(server)
        settled(page)
    with pytest.raises(PlaywrightError, match=r"ERR_FAILED|ERR_CONNECTION_REFUSED"):
        page.goto(f"{server.url}/history")


def test_the_runbooks_are_readable_although_nobody_opened_them(visit: Open) -> None:
    with serving(waiting()) as server:
        page = visit(server)
        settled(page)
        until(page, "caches.match('/handbook').then(Boolean)")
    page.goto(f"{server.url}/handbook")
    expect(page.locator("#offline")).to_contain_text("The server is not reached.")
    page.locator(".book-d summary").first.click()
    expect(page.locator(".book-d .script").first).to_be_visible()


def test_whoever_is_no_longer_let_in_finds_nothing_kept(visit: Open) -> None:
    with serving(waiting()) as server:
        page = visit(server)
        settled(page)
        page.context.clear_cookies()
        page.reload()
        until(page, "caches.has('firstfive-pages-2').then(there => !there)")
    with pytest.raises(PlaywrightError, match=r"ERR_FAILED|ERR_CONNECTION_REFUSED"):
        page.reload()


def test_a_server_that_answers_is_always_asked(served: Served, visit: Open) -> None:
    page = visit(served)
    settled(page)
    served.tell((91, "cleo", ev.Noted(text="written after the page was kept")))
    page.reload()
    expect(page.locator("main")).to_contain_text("written after the page was kept")
