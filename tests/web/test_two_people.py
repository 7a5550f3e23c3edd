"""Two people in one room at once, each with an account and a phone: they see each other, a yes counts once, four eyes are two people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from documents.story import OPENING, ROLL_BACK
from firstfive.incident import events as ev
from firstfive.stores.accounts import Role
from firstfive.web.accounts.entrance import Entrance
from web.accounts.house import cheap
from web.browsing import PHONE
from web.room import Room
from web.served import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Enter = Callable[..., Page]
YES = "Approve & run 3.1 step 3"


@pytest.fixture
def shared(tmp_path: Path, chromium: Browser) -> Iterator[tuple[Served, Enter]]:
    """A room with accounts, and a way to open it as one of them."""
    room, made, contexts, wrong = Room(), [], [], []  # type: ignore[var-annotated]

    def entrance(port: int) -> Entrance:
        made.append(Entrance(state=tmp_path, clock=room.clock, port=port))
        return made[0]  # type: ignore[no-any-return]

    with serving(room, entrance=entrance) as served:

        def enter(name: str, **options: bool) -> Page:
            book, now = made[0].accounts, room.clock.now()
            if book.find(name) is None:
                book.accept(book.invite(name, Role.COMMANDER, now), now, password=cheap())
            context: BrowserContext = chromium.new_context(viewport=PHONE, reduced_motion="reduce", **options)  # type: ignore[arg-type]
            contexts.append(context)
            secret = book.sessions.begin(name, "password", "127.0.0.1", now)
            context.add_cookies([{"name": f"firstfive-session-{served.port}", "value": secret, "url": served.url}])
            page = context.new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.goto(f"{served.url}/incidents/INC-1")
            return page

        yield served, enter
        for context in contexts:
            context.close()
    assert wrong == []


def approvals(served: Served) -> list[str]:
    said = served.within(lambda: [line for line in served.room.lines["INC-1"] if isinstance(line[-1], ev.Approved)])
    return [line[1] for line in said]


def test_each_sees_what_the_other_does_and_a_yes_counts_once(shared: tuple[Served, Enter]) -> None:
    served, enter = shared
    served.tell(*OPENING[:-2])
    ann, ben = enter("ann"), enter("ben")
    late = enter("ben", java_script_enabled=False)  # a page of ben's that does not follow
    ann.get_by_role("button", name="I have taken it").click()
    expect(ben.locator(".head")).to_contain_text("with ann")
    ben.get_by_label("Note for the timeline").fill("I look at the payments")
    ben.get_by_role("button", name="Note it").click()
    expect(ann.locator("#line")).to_contain_text("ben notes: I look at the payments")
    expect(ann.locator(".crew")).to_contain_text("ben")
    ann.get_by_role("button", name=YES).click()
    expect(ben.locator("#step-down\\#3 .state")).to_have_text("approved")
    expect(ben.get_by_role("button", name=YES)).to_have_count(0)
    late.get_by_role("button", name=YES).click()
    expect(late.locator("#said")).to_contain_text("Not done:")
    assert approvals(served) == ["ann"]


def test_four_eyes_are_two_accounts_whoever_is_quicker(shared: tuple[Served, Enter]) -> None:
    served, enter = shared
    asking = ev.ApprovalAsked(run=ROLL_BACK, why="it destroys what it replaces", people=2)
    served.tell(*((*line[:-1], asking) if isinstance(line[-1], ev.ApprovalAsked) else line for line in OPENING))  # type: ignore[arg-type]
    ann, ben = enter("ann"), enter("ben")
    ann.get_by_role("button", name="Approve 3.1 step 3").click()
    for page in (ann, ben):
        expect(page.locator(".next")).to_contain_text("Approved by ann; one more is needed.")
    expect(ann.locator(".next")).to_contain_text("You have said yes. Somebody else must say it too.")
    expect(ann.get_by_role("button", name=YES)).to_have_count(0)
    ben.get_by_role("button", name=YES).click()
    for page in (ann, ben):
        expect(page.locator("#step-down\\#3 .state")).to_have_text("approved")
    assert approvals(served) == ["ann", "ben"]
