"""A real Chromium for tests of pages: a phone that is signed in, and everything that goes wrong in it."""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from documents.story import OPENING
from web.client import KEY
from web.room import Room
from web.served import Served, serving

PHONE = {"width": 360, "height": 800}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LONG = "a-very-long-name-without-any-space-" * 8

EXPECTED = re.compile("Failed to load resource|network error|htmx:(sse:)?error: Failed to fetch")

Open = Callable[..., Page]
Serve = Callable[[Room], Served]


def missing(what: str) -> None:
    """Skip loudly, or fail where a test that does not run is a lie."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(what, stacklevel=2)
    pytest.skip(what)


def until(page: Page, promised: str) -> None:
    """Wait until what this expression promises is true; a promise itself always is."""
    for _ in range(100):
        if page.evaluate(promised):
            return
        page.wait_for_timeout(100)
    raise AssertionError(promised)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        missing("no chromium here: run tests/prepare")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def waiting() -> Room:
    room = Room()
    room.tell("INC-1", OPENING)
    return room


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve rooms until the test is over."""
    with ExitStack() as servers:
        yield lambda room: servers.enter_context(serving(room))


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve(waiting())


@pytest.fixture
def visit(chromium: Browser, serve: Serve) -> Iterator[Open]:
    """Open a page of a server as somebody who is signed in; what went wrong in the browser fails the test at its end."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(server: Served, path: str = "/incidents/INC-1", *, name: str = "ben", **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": PHONE, "reduced_motion": "reduce", **options})
        contexts.append(context)
        known = {f"firstfive-key-{server.port}": KEY, "firstfive-name": name}
        context.add_cookies([{"name": n, "value": v, "url": server.url} for n, v in known.items() if v])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda said: wrong.append(said.text) if not EXPECTED.search(said.text) and said.type == "error" else None,
        )
        page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.startswith(server.url) else None)
        page.goto(server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong, wrong
