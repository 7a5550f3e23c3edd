"""The room in a real Chromium while the server is dead: what was read stays readable, says how old it is, and belongs to who read it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from firstfive.incident import events as ev
from web.browsing import Open, waiting
from web.served import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def until(page: Page, promised: str) -> None:
    """Wait until what this expression promises is true; a promise itself always is."""
    for _ in range(100):
        if page.evaluate(promised):
            return
        page.wait_for_timeout(100)
    raise AssertionError(promised)


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
        until(page, "caches.has('firstfive-pages-1').then(there => !there)")
    with pytest.raises(PlaywrightError, match=r"ERR_FAILED|ERR_CONNECTION_REFUSED"):
        page.reload()


def test_a_server_that_answers_is_always_asked(served: Served, visit: Open) -> None:
    page = visit(served)
    settled(page)
    served.tell((91, "cleo", ev.Noted(text="written after the page was kept")))
    page.reload()
    expect(page.locator("main")).to_contain_text("written after the page was kept")
