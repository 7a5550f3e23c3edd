"""The pages beside the room in a real Chromium: narrow and wide, light and dark, without a script, readable by all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from cli.door import process
from firstfive.web.accounts.roles import ROUTES
from web.browsing import AXE, RULES, missing, until
from web.pages.shop import Shop, open_shop, vault

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ADDRESSES: dict[str, tuple[str, ...]] = {
    "/": ("/",),
    "/incidents/{id}": ("/incidents/OPEN", "/incidents/INC-3"),
    "/handbook": ("/handbook",),
    "/handbook/{runbook}": ("/handbook/RUNBOOK", "/handbook/none"),
    "/signals": ("/signals",),
    "/signals/{number}": ("/signals/1",),
    "/history": ("/history", "/history?q=shop", "/history?since=never"),
    "/figures": ("/figures", "/figures?by=month"),
    "/more": ("/more",),
    "/report": ("/report",),
    "/oncall": ("/oncall",),
    "/deploys": ("/deploys",),
    "/actions": ("/actions?all=1",),
    "/approvals": ("/approvals",),
    "/outbox": ("/outbox",),
    "/drills": ("/drills",),
    "/drills/{card}": ("/drills/CARD",),
    "/post-mortems/{file:path}": ("/post-mortems/postmortems/2026-06-01-checkout.md",),
    "/doctor": ("/doctor",),
    "/nodes": ("/nodes",),
    "/settings": ("/settings",),
    "/api": ("/api",),
    "/account": ("/account",),
    "/people": ("/people",),
    "/people/audit": ("/people/audit",),
    "/act/{token}": ("/act/none",),
    "/status": ("/status/",),
    "/status/{file:path}": ("/status/index.html",),
    "/status/report": ("/status/report",),
    "/status/report/thanks": ("/status/report/thanks",),
    "/sign-in": (),  # whoever is signed in is sent on; the strangers' walk has it
    "/welcome/{secret}": ("/welcome/INVITED", "/welcome/none"),
}
# What is read by programs, kept as a file, never ends, or answers by leading elsewhere.
NO_PAGES = {
    "/static/{name}",
    "/health",
    "/metrics",
    "/live",
    "/incidents/{id}/live",
    "/oncall.ics",
    "/incidents/{id}/timeline.txt",
    "/incidents/{id}/output/{run}",
    "/sign-in/provider",
    "/sign-in/provider/back",
}
STRANGERS = ("/sign-in", "/welcome/none", "/status/", "/status/report", "/status/report/thanks")
STATUS = """
[status_page]
name = "Example Shop"
url = "https://status.example.com"
components = ["Checkout"]
report = "https://status.example.com/status/report"
"""
TARGETS = """() => [...document.querySelectorAll("button, summary, a, input:not([type=hidden]), select, textarea")]
    .filter(e => e.offsetParent !== null && !e.matches(".skip, .note a, p:not([class]) a") && e.getBoundingClientRect().height < 43.9)
    .map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)} ${e.getBoundingClientRect().height}`)"""
LOOK = """async ([rules, only]) => {
    const what = only ? {runOnly: only} : {runOnly: rules};
    const found = await axe.run(document, {...what, resultTypes: ["violations"]});
    return found.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))]);
}"""
OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true })"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A served vault with a past, an incident that waits for a yes, a message of a sender, and an admin who is signed in."""

    shop: Shop
    words: dict[str, str]
    signed_in: StorageState


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[House]:
    folder = vault(tmp_path_factory.mktemp("old") / "vault", past=True, many=8)
    with (folder / "firstfive.toml").open("a") as settings:
        settings.write(STATUS)
    with open_shop(folder) as shop:
        words = {"OPEN": shop.trouble(), "CARD": shop.json("drills")["cards"][0]["id"]}
        words["RUNBOOK"] = next(
            one["id"] for one in shop.json("handbook")["runbooks"] if one["title"] == "Backend down"
        )
        invited = [_invited(name, folder) for name in NAMES]
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{shop.url}{urlsplit(invited[0]).path}")
        page.get_by_label("Or choose a password").fill(PASSWORD)
        page.get_by_label("Once more").fill(PASSWORD)
        page.get_by_role("button", name="Use this password").click()
        page.get_by_role("link", name="ann", exact=True).wait_for()
        signed_in = context.storage_state()
        context.close()
        words["INVITED"] = urlsplit(invited[1]).path.rpartition("/")[2]
        yield House(shop=shop, words=words, signed_in=signed_in)


NAMES = ("ann", "ann")
PASSWORD = "four words nobody guesses"


def _invited(name: str, folder: Path) -> str:
    said = process("account", "invite", name, "--role", "admin", "--json", cwd=folder)
    assert said.code == 0, said
    return str(said.json["link"])


def test_the_walk_forgets_no_page() -> None:
    """A route that somebody adds is a page that is walked, or is named as none."""
    read = {path for path, row in ROUTES.items() if "GET" in row and not path.startswith("/api/")}
    assert read == ADDRESSES.keys() | NO_PAGES


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", [320, 1280])
def test_every_page_is_readable_by_all_in_both_schemes_fits_and_fetches_nothing_from_elsewhere(
    width: int, house: House, chromium: Browser
) -> None:
    if not AXE.is_file():
        missing("no axe-core here: run tests/prepare")
    known = chromium.new_context(viewport={"width": width, "height": 900}, storage_state=house.signed_in)
    nobody = chromium.new_context(viewport={"width": width, "height": 900})
    paths = [path for some in ADDRESSES.values() for path in some]
    for name, address in house.words.items():
        paths = [path.replace(name, address) for path in paths]
    for context, walked in ((known, paths), (nobody, STRANGERS)):
        _walk(context.new_page(), house.shop.url, walked, width)
        context.close()


def _walk(page: Page, url: str, paths: Sequence[str], width: int) -> None:
    wrong: list[str] = []
    page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.startswith(url) else None)
    page.on(
        "console",
        lambda said: wrong.append(said.text) if said.type == "error" and "status of 4" not in said.text else None,
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    for path in paths:
        page.emulate_media(color_scheme="light" if width < 1000 else "dark")
        page.goto(f"{url}{path}")
        page.evaluate(OPEN_ALL)
        page.evaluate(AXE.read_text())
        found = {
            "hangs over": page.evaluate("document.documentElement.scrollWidth") > width,
            "too low for a thumb": page.evaluate(TARGETS),
            "axe": page.evaluate(LOOK, [RULES, None]),
        }
        if width < 1000:  # the wide page is looked at in the dark as a whole
            page.emulate_media(color_scheme="dark")
            found["contrast in the dark"] = page.evaluate(LOOK, [RULES, ["color-contrast"]])
        wrong += [f"{path}: {what}: {told}" for what, told in found.items() if told]
    assert wrong == []


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(vault(tmp_path_factory.mktemp("old") / "vault", past=False)) as shop:
        yield shop


def test_without_a_script_the_form_reports(old: Shop, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    context.add_cookies([{"name": f"firstfive-key-{old.port}", "value": old.key, "url": old.url}])
    page = context.new_page()
    page.goto(f"{old.url}/report")
    page.get_by_label("Your name").fill("cleo")
    page.get_by_label("What does not work").fill("the basket is empty")
    page.get_by_role("button", name="Report it").click()
    assert "/incidents/INC-" in page.url
    page.get_by_text("the basket is empty").first.wait_for()
    context.close()


def test_a_runbook_that_nobody_opened_is_readable_by_itself_when_the_server_is_dead(
    tmp_path: Path, chromium: Browser
) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    with open_shop(vault(tmp_path / "vault", past=False)) as shop:
        book = next(one["id"] for one in shop.json("handbook")["runbooks"] if one["title"] == "Backend down")
        context.add_cookies([{"name": f"firstfive-key-{shop.port}", "value": shop.key, "url": shop.url}])
        page.goto(f"{shop.url}/")
        until(page, f"caches.match('/handbook/{book}').then(Boolean)")
    page.goto(f"{shop.url}/handbook/{book}")
    expect(page.locator("#offline")).to_contain_text("The server is not reached.")
    expect(page.locator("h1")).to_contain_text("Backend down")
    expect(page.locator("pre.script").first).to_contain_text("echo looked")
    context.close()
