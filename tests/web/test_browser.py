"""The room in a real Chromium, on a phone: approve with a thumb, with scripts and without; live; readable by all."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from documents.story import AFTERWARDS, CHANGE, OPENING, ROLL_BACK, WHOLE
from firstfive.errors import JournalError
from firstfive.incident import events as ev
from incident.builders import Line, finished, run
from web.browsing import AXE, LONG, PHONE, RULES, Open, Serve, missing, until, waiting
from web.client import KEY
from web.room import Room
from web.served import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def last(served: Served) -> Line:
    line: Line = served.within(lambda: served.room.lines["INC-1"][-1])
    return line


def approved() -> ev.Approved:
    return ev.Approved(run=ROLL_BACK.id, sha256=ROLL_BACK.sha256)


def test_a_thumb_approves_and_the_page_follows_without_being_left(served: Served, visit: Open) -> None:
    page = visit(served)
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Approve & run 3.1 step 3").click()
    expect(page.locator("#step-down\\#3 .state")).to_have_text("approved")
    assert last(served)[1:] == ("ben", approved())
    assert page.evaluate("window.stayed") is True


def test_on_a_phone_the_yes_is_in_reach_without_scrolling_and_the_next_thing_is_shown_after_it(
    served: Served, visit: Open
) -> None:
    page = visit(served)
    button = page.get_by_role("button", name="Approve & run 3.1 step 3")
    box = button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= PHONE["height"]
    page.evaluate("scrollTo(0, 150)")
    button.click()
    expect(page.locator(".next-text")).to_be_in_viewport()


def test_without_scripts_the_same_thumb_approves(served: Served, visit: Open) -> None:
    page = visit(served, name="", java_script_enabled=False)
    box = page.locator(".next .approve")
    box.get_by_label("Your name").fill("cleo")
    box.get_by_role("button", name="Approve & run 3.1 step 3").click()
    expect(page.locator("#step-down\\#3 .state")).to_have_text("approved")
    assert last(served)[1:] == ("cleo", approved())
    expect(page.locator(".me summary")).to_have_text("cleo")


SETTLING = """e => {
    e.style.animation = "none"; void e.offsetWidth; e.style.animation = "";
    const [arming] = e.getAnimations();
    const at = ms => { arming.pause(); arming.currentTime = ms; return getComputedStyle(e).pointerEvents; };
    return [at(0), at(600), at(701)];
}"""


def test_a_yes_that_has_just_appeared_under_a_thumb_does_not_count_yet(served: Served, visit: Open) -> None:
    button = visit(served).get_by_role("button", name="Approve & run 3.1 step 3")
    assert button.evaluate(SETTLING) == ["none", "none", "auto"]


def test_an_approval_of_bytes_that_changed_meanwhile_is_refused_with_the_reason(served: Served, visit: Open) -> None:
    page = visit(served)
    page.locator(".next .approve input[name=sha256]").evaluate("e => { e.value = '0'.repeat(64) }")
    page.get_by_role("button", name="Approve & run 3.1 step 3").click()
    expect(page.locator("#said")).to_contain_text("Not done:")
    assert not isinstance(last(served)[-1], ev.Approved)


def test_a_failure_keeps_the_room_in_view_and_says_what_failed(served: Served, visit: Open) -> None:
    page = visit(served)
    served.within(lambda: setattr(served.room, "broken", JournalError("the disk is full", remedy="free some")))
    page.get_by_label("Note for the timeline").fill("looks like the release")
    page.get_by_role("button", name="Note it").click()
    expect(page.locator("#said")).to_contain_text("Not done: the disk is full. Free some.")
    expect(page.get_by_role("heading", name="Shop down: health answers 502")).to_be_visible()
    expect(page.get_by_label("Note for the timeline")).to_have_value("looks like the release")


def test_a_browser_whose_key_is_no_longer_good_is_led_to_sign_in(served: Served, visit: Open) -> None:
    page = visit(served)
    page.context.clear_cookies(name=f"firstfive-key-{served.port}")
    page.get_by_role("button", name="Approve & run 3.1 step 3").click()
    expect(page.get_by_role("heading", name="This room needs its key")).to_be_visible()
    assert not isinstance(last(served)[-1], ev.Approved)


def test_a_new_entry_appears_and_leaves_what_the_reader_does_alone(served: Served, visit: Open) -> None:
    page = visit(served)
    page.locator("#out-down\\#1 summary").click()
    page.get_by_label("Note for the timeline").fill("half a sent")
    page.get_by_label("Note for the timeline").focus()
    served.tell((91, "ana", ev.Noted(text="seen from the other side")))
    expect(page.locator("#line li").first).to_contain_text("ana notes: seen from the other side", timeout=3000)
    expect(page.get_by_label("Note for the timeline")).to_have_value("half a sent")
    expect(page.get_by_label("Note for the timeline")).to_be_focused()
    expect(page.locator("#out-down\\#1 pre")).to_be_visible()


def test_many_entries_at_once_all_appear(served: Served, visit: Open) -> None:
    page = visit(served)
    for n in range(12):
        served.tell((91, "ana", ev.Noted(text=f"number {n}")))
    expect(page.locator("#line li").first).to_contain_text("number 11", timeout=3000)
    for n in range(12):
        expect(page.locator("#line")).to_contain_text(f"number {n}")


def test_a_note_is_written_and_its_field_is_empty_again(served: Served, visit: Open) -> None:
    page = visit(served)
    page.get_by_label("Note for the timeline").fill("looks like the release")
    page.get_by_role("button", name="Note it").click()
    expect(page.locator("#line")).to_contain_text("ben notes: looks like the release")
    expect(page.get_by_label("Note for the timeline")).to_have_value("")


def test_the_whole_way_to_resolved_is_followed_live(served: Served, visit: Open) -> None:
    page = visit(served)
    served.tell(*CHANGE, *WHOLE[len(OPENING) + len(CHANGE) :], *AFTERWARDS)
    expect(page.locator(".head .status")).to_have_text("resolved", timeout=3000)
    expect(page.locator("#room")).to_contain_text("postmortems/x.md")


def test_what_a_step_says_is_seen_while_it_runs(served: Served, visit: Open) -> None:
    page = visit(served)
    hear = served.within(lambda: served.room.aloud.begin("INC-1", ROLL_BACK.id, ROLL_BACK.step))
    served.tell((91, "ana", approved()), (92, ev.StepStarted(run=ROLL_BACK, approved_by="ana")))
    box = page.locator("pre.saying")
    expect(box).to_be_attached()
    served.within(lambda: hear("layer 1 of 3\n"))
    expect(box).to_have_text("layer 1 of 3")
    served.within(lambda: hear("layer 2 of 3\n"))
    expect(box).to_contain_text("layer 2 of 3")
    assert page.content().count("layer 1 of 3") == 1


def test_a_room_that_stays_open_over_a_restart_catches_up(visit: Open) -> None:
    room = waiting()
    with serving(room) as before:
        page = visit(before)
        expect(page.locator("#heard")).to_contain_text("heard")
    room.tell("INC-1", [(91, "ana", ev.Noted(text="while nobody was served"))])
    with serving(room, before.port):
        expect(page.locator("#line")).to_contain_text("while nobody was served", timeout=15_000)
        page.close()


@pytest.mark.parametrize("press", ["Note it", "Approve & run 3.1 step 3"])
def test_a_press_while_the_server_is_gone_is_said_to_be_lost_at_once_and_counts_when_it_is_back(
    press: str, visit: Open
) -> None:
    room = waiting()
    with serving(room) as before:
        page = visit(before)
        expect(page.locator("#heard")).to_contain_text("heard")
        page.get_by_label("Note for the timeline").fill("looks like the release")
    page.get_by_role("button", name=press).click()
    expect(page.locator("#said")).to_have_text("Not sent: the server did not answer. Try again.", timeout=2000)
    expect(page.locator("#said")).to_be_in_viewport()
    expect(page.get_by_label("Note for the timeline")).to_have_value("looks like the release")
    held = len(room.lines["INC-1"])
    with serving(room, before.port):
        page.get_by_role("button", name=press).click()
        expect(page.locator("#said")).to_be_empty()
        assert len(room.lines["INC-1"]) > held
        page.close()


PAUSES = """live => {
    const real = window.setTimeout;
    const next = () => {
        window.setTimeout = (work, pause) => { window.setTimeout = real; window.pauses.push(pause); return real(work, 20); };
    };
    window.pauses = [];
    live.addEventListener("htmx:sse:before:connection", next);
}"""


def test_the_stream_is_tried_again_about_every_ten_seconds_however_long_it_was_gone(visit: Open) -> None:
    with serving(waiting()) as server:
        page = visit(server)
        expect(page.locator("#heard")).to_contain_text("heard")
        page.locator("#live").evaluate(PAUSES)
    until(page, "pauses.length > 15")
    pauses = page.evaluate("pauses")
    assert pauses[0] < 1000
    assert all(5_000 < pause < 10_500 for pause in pauses[6:]), pauses
    assert len(set(pauses[6:])) > 5, "not everybody at the same moment"


def test_a_line_that_went_quiet_is_said_to_be_old(served: Served, visit: Open) -> None:
    page = visit(served, "/")
    page.clock.install()
    page.goto(served.url + "/incidents/INC-1")
    expect(page.locator("#heard")).to_contain_text("heard")
    page.clock.fast_forward(50_000)
    expect(page.locator("#heard")).to_contain_text("not live")
    expect(page.locator("#stale")).to_contain_text("may be old")


@pytest.mark.parametrize("turn", range(4))
def test_an_incident_that_opens_while_the_page_loads_shows_itself(turn: int, serve: Serve, visit: Open) -> None:
    server = serve(Room())
    page = visit(server, "/")
    server.tell(*OPENING)
    expect(page.get_by_role("link", name="Shop down: health answers 502")).to_be_visible(timeout=5000)
    expect(page.locator("#heard")).to_contain_text("heard")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(
    ("opens", "field", "button"), [(True, "Title", "Declare"), (False, "What does not work", "Report it")]
)
def test_what_is_said_on_the_first_page_leads_into_the_room(
    opens: bool, field: str, button: str, scripts: bool, serve: Serve, visit: Open
) -> None:
    page = visit(serve(Room()), "/", name="", java_script_enabled=scripts)
    if opens:
        page.get_by_text("Declare an incident").click()
    form = page.locator("#declare" if opens else "#report")
    form.get_by_label("Your name").fill("cleo")
    form.get_by_label(field, exact=True).fill("nobody can pay")
    form.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", name="nobody can pay")).to_be_visible()
    assert "/incidents/INC-" in page.url


def crowded() -> Room:
    """A room with words that do not break, long outputs, and every kind of card at once."""
    room = Room()
    look = run("pay#1", changing=False, script=f"look {LONG}", environment=())
    doubtful = run("pay#3", script=f"prune {LONG}", environment=(("FF_X", LONG),))
    more: tuple[Line, ...] = (
        (70, "ana", ev.StepRequested(step="pay#1")),
        (71, ev.StepStarted(run=look)),
        (72, finished(look, output=f"{LONG}\n" * 40)),
        (73, ev.ApprovalAsked(run=doubtful, why=LONG, doubts=(LONG,))),
        (74, LONG[:80], ev.Noted(text=LONG)),
        (75, ev.NoticeSent(kind="update", number=1, channel=LONG[:60], text=LONG, unfilled=(LONG,))),
    )
    room.tell("INC-1", (*OPENING, *more))
    return room


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_no_page_scrolls_sideways(width: int, visit: Open, serve: Serve) -> None:
    server = serve(crowded())
    page = visit(server, "/", viewport={"width": width, "height": 800})
    for path in ("/", "/incidents/INC-1", "/handbook"):
        page.goto(server.url + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


TARGETS = """() => [...document.querySelectorAll("button, summary, input:not([type=hidden]), select, .bar a, a.go")]
    .filter(e => e.offsetParent !== null && e.getBoundingClientRect().height < 43.9)
    .map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)} ${e.getBoundingClientRect().height}`)"""


def test_whatever_is_touched_is_at_least_44_pixels_high(visit: Open, serve: Serve) -> None:
    server = serve(crowded())
    for path in ("/", "/incidents/INC-1", "/handbook"):
        page = visit(server, path)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert page.evaluate(TARGETS) == [], path


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 360), ("light", 1280)])
def test_axe_finds_nothing(scheme: str, width: int, serve: Serve, visit: Open) -> None:
    if not AXE.is_file():
        missing("no axe-core here: run tests/prepare")
    server = serve(crowded())
    server.tell(*WHOLE, *AFTERWARDS, incident="INC-2")
    page = visit(server, "/", color_scheme=scheme, viewport={"width": width, "height": 900})
    for path in ("/", "/incidents/INC-1", "/incidents/INC-2", "/handbook"):
        page.goto(server.url + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.evaluate(AXE.read_text())
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        broken = [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found["violations"]]
        assert broken == [], path


def test_signing_in_leaves_no_key_in_the_address(served: Served, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(served.url + "/incidents/INC-1")
    expect(page.get_by_role("heading", name="This room needs its key")).to_be_visible()
    page.get_by_label("Or paste the key").fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Shop down: health answers 502")).to_be_visible()
    assert page.url == served.url + "/incidents/INC-1"
    context.close()


def test_the_timeline_shows_what_is_asked_for_and_stays_so_when_it_grows(served: Served, visit: Open) -> None:
    page = visit(served)
    line = page.locator("#line li")
    page.get_by_role("radio", name="People").check()
    expect(line.filter(has_text="ana").first).to_be_visible()
    assert page.locator("#line li:visible").count() < line.count()
    served.tell((91, "ana", ev.Noted(text="seen by people only")), (92, ev.StepRequested(step="pay#1")))
    expect(line.first).to_be_hidden()
    expect(page.get_by_text("ana notes: seen by people only")).to_be_visible()
    page.get_by_role("radio", name="Steps").check()
    expect(line.first).to_be_visible()
    expect(page.get_by_text("ana notes: seen by people only")).to_be_hidden()


def test_the_filter_works_without_scripts(served: Served, visit: Open) -> None:
    page = visit(served, java_script_enabled=False)
    every = page.locator("#line li:visible").count()
    page.get_by_role("radio", name="People").check()
    assert 0 < page.locator("#line li:visible").count() < every


def test_single_keys_lead_and_never_act_and_can_be_switched_off(served: Served, visit: Open) -> None:
    page = visit(served, viewport={"width": 1280, "height": 900})
    before = len(served.room.lines["INC-1"])
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("3")
    expect(page.locator("#line-h")).to_be_focused()
    page.keyboard.press("n")
    note = page.get_by_label("Note for the timeline")
    expect(note).to_be_focused()
    page.keyboard.type("gh?123n")
    expect(note).to_have_value("gh?123n")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Keyboard ?").click()
    page.get_by_label("Single keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("g")
    expect(page).to_have_url(served.url + "/incidents/INC-1")
    page.reload()
    page.keyboard.press("g")
    expect(page).to_have_url(served.url + "/incidents/INC-1")
    page.get_by_role("button", name="Keyboard ?").click()
    page.get_by_label("Single keys are on").check()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.get_by_role("heading", name="Open now")).to_be_visible()
    assert len(served.room.lines["INC-1"]) == before


def test_the_bar_of_a_phone_leads_through_the_room_and_hides_nothing_that_is_focused(
    served: Served, visit: Open
) -> None:
    page = visit(served)
    page.get_by_role("navigation", name="In this room").get_by_role("link", name="Timeline").click()
    expect(page.locator("#line-h")).to_be_in_viewport()
    button = page.get_by_role("button", name="Note it")
    button.focus()
    box, bar = button.bounding_box(), page.locator(".jump").bounding_box()
    assert box is not None
    assert bar is not None
    assert box["y"] + box["height"] <= bar["y"]
