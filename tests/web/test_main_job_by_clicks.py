"""The main job on a phone, by clicks alone, on real processes: a shop that a release broke, a room, one person with a thumb."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "demo"))

from stage import PAGE, Stage

pytestmark = [pytest.mark.process, pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(180)]

PHONE = {"width": 390, "height": 844}
GONE = re.compile(
    "Failed to load resource|network error|Failed to fetch"
)  # what a browser says of a server that is dead
SOON = 30_000  # milliseconds that a busy machine may take for what takes one second
Begin = Callable[..., tuple[Stage, Page]]


@pytest.fixture
def begin(tmp_path: Path, chromium: Browser) -> Iterator[Begin]:
    """A healthy shop with Firstfive beside it, and a phone that is signed in; what goes wrong in the phone fails the test."""
    wrong: list[str] = []
    context = chromium.new_context(viewport=PHONE, reduced_motion="reduce")
    with Stage(tmp_path / "stage") as stage:

        def up(instead: dict[str, str]) -> tuple[Stage, Page]:
            toml, book = stage.vault / "firstfive.toml", stage.vault / PAGE
            quick = toml.read_text().replace('"500ms"', '"200ms"').replace('"6s"', '"500ms"')
            toml.write_text(quick.replace('resolve_after = "3s"', 'resolve_after = "60s"'))
            text = book.read_text()
            for old, new in instead.items():
                assert old in text
                text = text.replace(old, new)
            book.write_text(text)
            stage.start_shop()
            stage.start_firstfive()
            page = context.new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on(
                "console",
                lambda said: wrong.append(said.text) if said.type == "error" and not GONE.search(said.text) else None,
            )
            page.goto(stage.sign_in)
            expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
            return stage, page

        yield up
        context.close()
    assert wrong == []


def open_room(stage: Stage, page: Page) -> None:
    """The release breaks the shop; the first page shows it by itself, and a thumb opens it and says whose it is."""
    stage.deploy_bad()
    page.locator(".list .open h2 a").click(timeout=SOON)
    page.get_by_label("Your name stands on the timeline").fill("sam")
    page.get_by_role("button", name="Remember it here").click()
    page.get_by_role("button", name="I have taken it").click()
    expect(page.locator(".head")).to_contain_text("with sam")


def in_half_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(minutes=30)).strftime("%H:%M")


def state(step: int) -> str:
    return f'.step[value="{step}"] .state'


def test_from_the_first_sign_to_the_closing_list(begin: Begin) -> None:
    stage, page = begin({})
    open_room(stage, page)
    looks = page.locator(".checks")
    expect(looks).to_contain_text("✗ trouble", timeout=SOON)
    expect(looks).to_contain_text("Recent deploy?")
    for step in (1, 2, 3):
        expect(page.locator(state(step)).first).to_have_text("done", timeout=SOON)
    page.locator('.step[value="1"]').first.get_by_text("Output").click()
    expect(page.get_by_label("Output of step 1").first).to_contain_text(re.compile("web 1.4.[12] starts"))
    page.get_by_text("Hypothesis", exact=True).first.click()
    page.locator("#hypothesis").get_by_label("I think it is").fill("1.4.2 wants a variable nobody set")
    page.locator("#hypothesis").get_by_role("button", name="Say so").click()
    expect(page.locator(".hypothesis")).to_contain_text("1.4.2 wants a variable")

    asked = page.locator(".next")
    expect(asked.get_by_label("Exact command")).to_contain_text('ln -sfn "releases/')
    expect(asked.locator(".with")).to_contain_text("1.4.1")
    expect(asked.locator(".verdict")).to_have_text("changes things")
    asked.get_by_role("button", name=re.compile("^Approve & run")).click()
    expect(page.locator(state(4)).first).to_have_text("done", timeout=SOON)
    expect(page.locator(".clocks")).to_contain_text("Mitigated after", timeout=SOON)
    assert stage.health() == 200
    expect(page.locator(state(5)).first).to_have_text("done", timeout=SOON)

    page.get_by_text("Send an update now").click()
    page.get_by_label("What is known").fill("the release is taken back, the shop is open")
    page.get_by_role("button", name="Send it").click()
    expect(page.locator("#line")).to_contain_text("update", timeout=SOON)

    tell = page.locator("#say-public")
    if tell.get_attribute("open") is None:
        tell.locator("summary").click()
    tell.get_by_label("Status").select_option("monitoring")
    tell.get_by_label("What everybody reads").fill(
        f"The shop did not open from 03:00 UTC on. It is open again. The next update comes at {in_half_an_hour()} UTC."
    )
    tell.get_by_role("button", name="Tell them").click()
    expect(page.locator("#line")).to_contain_text("The shop did not open from 03:00 UTC on", timeout=SOON)

    page.locator(".next").get_by_label("Root cause").fill("1.4.2 reads a variable that no host sets")
    page.locator(".next").get_by_role("button", name="Resolve it").click()
    expect(page.locator(".head .status")).to_have_text("resolved", timeout=SOON)
    page.locator("#pm-h ~ p a").click(timeout=SOON)
    expect(page.locator("article.note")).to_contain_text("1.4.2 reads a variable that no host sets")
    page.go_back()
    boxes = page.locator(".closing li")
    first = boxes.filter(has=page.get_by_role("button", name=re.compile("^Done"))).first
    words = first.inner_text().split(" ", 1)[1][:20]
    first.get_by_role("button", name=re.compile("^Done")).click()
    expect(boxes.filter(has_text=words).first).to_contain_text("☑")


SEEN = """() => {
    window.seen = [];
    document.getElementById("live").addEventListener("entry", e => window.seen.push(JSON.parse(e.detail?.data ?? e.data).seq));
}"""
TOLD = "() => [...document.querySelectorAll('.line li')].map(e => Number(e.id.slice(2))).sort((a, b) => a - b)"


def test_kill_nine_in_the_middle_of_a_step_loses_nothing_and_repeats_nothing(begin: Begin) -> None:
    stage, page = begin({"keeper restart web\n\n# 5": "echo moved >> moves.txt\nsleep 4\nkeeper restart web\n\n# 5"})
    open_room(stage, page)
    page.evaluate(SEEN)
    page.locator(".next").get_by_role("button", name=re.compile("^Approve & run")).click(timeout=SOON)
    expect(page.locator(state(4)).first).to_have_text("running", timeout=SOON)
    moves = stage.folder / "shop" / "moves.txt"
    stage._until(moves.exists, 10, "the step does not begin")
    stage.kill_firstfive()
    stage.start_firstfive()
    expect(page.locator(state(4)).first).to_have_text("done", timeout=SOON)
    expect(page.locator(".clocks")).to_contain_text("Mitigated after", timeout=SOON)
    assert moves.read_text() == "moved\n"
    incident = stage.newest()
    assert incident is not None
    begun = [e["text"] for e in incident["timeline"] if e["kind"] == "StepStarted" and "step 4" in e["text"]]
    assert len(begun) == 1, begun
    told, seen = page.evaluate(TOLD), page.evaluate("window.seen")
    assert told == list(range(1, len(told) + 1))
    assert seen == list(range(seen[0], seen[-1] + 1)), "each entry came once, in order, over the reconnect"
