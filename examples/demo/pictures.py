"""Takes the pictures of the documentation: the demo's incident at the moment that asks for a yes, on a phone and wide.

Run by hand where Chromium is (`tests/prepare` brings it): `.venv/bin/python examples/demo/pictures.py`. Writes below docs/images.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stage import Stage

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"]
PHONE, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 860}
LONG = 60_000


def main() -> None:
    with (
        Stage(Path(tempfile.mkdtemp(prefix="firstfive-pictures-")) / "stage") as stage,
        sync_playwright() as playwright,
    ):
        stage.start_shop()
        stage.start_firstfive()
        stage.wait_quiet()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        stage.deploy_bad()
        phone = _open(browser, stage, PHONE, "light")
        phone.locator(".list .open h2 a").click(timeout=LONG)
        phone.locator(".next .approve button").wait_for(timeout=LONG)
        address = phone.url
        _take(phone, "room.png")
        wide = _open(browser, stage, WIDE, "dark")
        wide.goto(address)
        wide.locator(".next .approve button").wait_for(timeout=LONG)
        _take(wide, "room-wide.png")
        phone.get_by_role("link", name="Firstfive", exact=True).click()
        phone.locator(".list .open").wait_for()
        _take(phone, "now.png")
        browser.close()


def _open(browser: Browser, stage: Stage, size: dict[str, int], scheme: str) -> Page:
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    address = stage.sign_in.partition("/?")[0]
    context.add_cookies([{"name": "firstfive-name", "value": "sam", "url": address}])
    page = context.new_page()
    page.goto(stage.sign_in)
    return page


def _take(page: Page, name: str) -> None:
    page.locator("#heard.fresh").wait_for(timeout=LONG)
    page.wait_for_timeout(500)
    page.screenshot(path=str(IMAGES / name))


if __name__ == "__main__":
    main()
