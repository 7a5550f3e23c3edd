"""The pages beside the room in a real Chromium: narrow and wide, light and dark, without a script, readable by all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from web.browsing import AXE, RULES, missing
from web.pages.shop import Shop, open_shop, vault

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = (
    "more",
    "report",
    "oncall",
    "deploys",
    "actions",
    "doctor",
    "approvals",
    "outbox",
    "handbook",
)
VIEWS = [("light", 320), ("dark", 320), ("light", 1280), ("dark", 1280)]
TARGETS = """() => [...document.querySelectorAll("button, summary, a, input:not([type=hidden]), select, textarea")]
    .filter(e => e.offsetParent !== null && !e.matches(".skip") && e.getBoundingClientRect().height < 43.9)
    .map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)} ${e.getBoundingClientRect().height}`)"""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(vault(tmp_path_factory.mktemp("old") / "vault", past=True)) as shop:
        yield shop


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_axe_finds_nothing_nothing_scrolls_sideways_and_nothing_is_fetched_from_elsewhere(
    scheme: str, width: int, old: Shop, chromium: Browser
) -> None:
    if not AXE.is_file():
        missing("no axe-core here: run tests/prepare")
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.add_cookies(
        [
            {"name": f"firstfive-key-{old.port}", "value": old.key, "url": old.url},
            {"name": "firstfive-name", "value": "ben", "url": old.url},
        ]
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.startswith(old.url) else None)
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    runbook = next(one["id"] for one in old.json("handbook")["runbooks"] if one["title"] == "Backend down")
    for path in (*PAGES, f"handbook/{runbook}"):
        page.goto(f"{old.url}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(TARGETS) == [], path
        page.evaluate(AXE.read_text())
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        assert [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found["violations"]] == [], path
    context.close()
    assert wrong == []


def test_without_a_script_the_form_reports(old: Shop, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    context.add_cookies([{"name": f"firstfive-key-{old.port}", "value": old.key, "url": old.url}])
    page = context.new_page()
    page.goto(f"{old.url}/report")
    page.get_by_label("Your name").fill("cleo")
    page.get_by_label("What does not work").fill("the basket is empty")
    page.get_by_role("button", name="Report it").click()
    assert "/incidents/INC-" in page.url
    assert "the basket is empty" in page.content()
    context.close()
