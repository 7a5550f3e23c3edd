"""Words for customers, the closing list and changes beside the page in a terminal: by keys and line by line, on a real server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import programs
from cli.door import Ask, process
from cli.terminal.staged import PAGE, place
from cli.terminal.test_screen import Seen, played, view
from firstfive.cli.terminal import aside
from firstfive.cli.terminal.acts import filled
from firstfive.errors import Refused

__all__ = ["place"]

CLOSING = """
## 7. After every incident

- [ ] Updated this page with any new gotchas?
- [ ] Action items tracked?
- [ ] Customer comms sent (if user-impacting)?
"""
GOOD = "Some orders fail. We are looking into it. We'll post the next update in 30 minutes."
BAD = "The database crashed again."


@pytest.fixture
def shut(place: Path, ask: Ask) -> Iterator[subprocess.Popen[str]]:
    """An incident on a running server, under a page with a closing list."""
    (place / "Incident Response.md").write_text(PAGE + CLOSING)
    running = programs.start(place)
    assert ask("declare", "the shop is shut", "--severity", "1").code == 0
    yield running
    programs.end(running)


def said(place: Path, *typed: str) -> str:
    """What the line mode answers to these lines."""
    done = process("room", "INC-1", "--plain", cwd=place, typed="".join(f"{line}\n" for line in typed))
    return done.out + done.err


# ------------------------------------------------------------------------------------------------------------- customers


@pytest.mark.process
def test_customers_words_are_shown_as_they_would_stand_and_then_told(shut: object, ask: Ask) -> None:
    async def play(screen: Seen) -> None:
        await screen.press("p")
        await screen.sheet()
        await screen.see("Words for customers")
        await screen.write("investigating")
        await screen.see("as customers know it")
        await screen.write("Checkout")
        await screen.see("What customers read")
        await screen.write(GOOD)
        await screen.see("Everybody would read this:")
        await screen.see("Checkout: investigating")
        assert "must not go out" not in screen.text()
        kinds = [entry["kind"] for entry in screen.now()["timeline"]]
        assert "PublicUpdate" not in kinds, "nothing is told before the yes"
        await screen.write("yes")
        await screen.see("everybody is told")

    played(play, size=(110, 40))
    told = [entry for entry in view(ask)["timeline"] if entry["kind"] == "PublicUpdate"]
    assert len(told) == 1
    assert GOOD in told[0]["text"]


@pytest.mark.process
def test_a_wording_that_must_not_go_out_is_named_before_it_goes(shut: object, ask: Ask) -> None:
    async def play(screen: Seen) -> None:
        await screen.press("p")
        await screen.write("investigating")
        await screen.write("")
        await screen.write(BAD)
        await screen.see("must not go out")
        await screen.see("it does not say when the next update comes")
        await screen.press("escape")
        await screen.closed()
        await screen.see("nothing was said")

    played(play, size=(110, 40))
    assert not any(entry["kind"] == "PublicUpdate" for entry in view(ask)["timeline"])


@pytest.mark.process
def test_customers_words_line_by_line(shut: object, place: Path, ask: Ask) -> None:
    told = said(place, "public", "investigating", "", BAD, "", "no", "public", "investigating", "Checkout", GOOD, "yes")
    assert "must not go out: it does not say when the next update comes" in told
    assert "error: nothing was typed, so nothing was done" in told
    assert "Checkout: investigating" in told
    assert [entry["kind"] for entry in view(ask)["timeline"]].count("PublicUpdate") == 1


# ----------------------------------------------------------------------------------------------------------- closing list


@pytest.mark.process
def test_the_closing_list_is_ticked_box_by_box(shut: object, place: Path, ask: Ask) -> None:
    over = ask("resolve", "INC-1", "--cause", "a typo", "--why", "seen")
    assert over.code == 0, over.err

    async def play(screen: Seen) -> None:
        await screen.wait_for(lambda: screen.app.seen["closing"] and screen.app.seen["resolved_at"])
        await screen.press("c")
        await screen.see("1 Updated this page with any new gotchas?")
        await screen.write("yes")
        await screen.write("nothing new")
        await screen.see("ticked")
        await screen.press("c")
        await screen.see("Action items tracked?")
        await screen.write("maybe")
        await screen.see("none of yes, no")
        await screen.press("escape")
        await screen.closed()

    played(play, size=(110, 40))
    out = said(place, "close 3", "no", "no customer saw it", "close 9", "close")
    assert "3 Customer comms sent (if user-impacting)?" in out
    assert "error: the closing list has no box '9'" in out
    assert "2 Action items tracked?" in out, "without a number it is the first that is open"
    ticks = [box["tick"] for box in view(ask)["closing"]]
    assert (ticks[0], ticks[1], ticks[2]) == ("said", "open", "not needed")


# --------------------------------------------------------------------------------------------------- beside the page


@pytest.mark.process
def test_a_change_beside_the_page_is_asked_for_shown_and_waits(shut: object, place: Path, ask: Ask) -> None:
    async def play(screen: Seen) -> None:
        await screen.press("o")
        await screen.see("block drop what an address sends")
        await screen.write("block")
        await screen.see("Which address")
        await screen.write("203.0.113.9")
        await screen.write("1h")
        await screen.see("Approve exactly this")
        await screen.see("203.0.113.9")
        await screen.press("escape")
        await screen.closed()

    played(play, size=(110, 50))
    (waits,) = view(ask)["waiting"]
    assert "block 203.0.113.9" in waits["title"]
    out = said(
        place,
        "offer block",
        "10.0.0.1",
        "1h",
        "offer nonsense",
        "offer mend-websocket",
        "",
        "offer resume-updater",
        "no",
    )
    assert "error: there is no pack 'nonsense'" in out
    assert "? Which address:" in out
    assert "10.0.0.1" in out
    assert len(view(ask)["waiting"]) == 1, "a private address is never blocked, and nothing else was asked for"


@pytest.mark.process
def test_whoever_asks_for_a_block_is_not_shut_out_by_it(shut: object, place: Path, ask: Ask) -> None:
    typed = "offer block\n198.51.100.7\n1h\n"
    done = process("room", "INC-1", "--plain", cwd=place, typed=typed, SSH_CLIENT="198.51.100.7 50000 22")
    assert done.code != 0
    assert "198.51.100.7" in done.err
    assert view(ask)["waiting"] == []


@pytest.mark.process
def test_the_keys_and_the_words_are_listed(shut: object, place: Path) -> None:
    async def play(screen: Seen) -> None:
        await screen.press("question_mark")
        await screen.see("p public: words for customers")
        await screen.see("c close: tick the box")
        await screen.see("o offer: a change beside the page")

    played(play, size=(110, 40))
    assert "words for customers: shown as they would stand" in said(place, "help")


def test_every_pack_of_the_engine_can_be_asked_for_here() -> None:
    from firstfive.engine.steps.packing import PACKS

    assert aside.PACKS.keys() == PACKS.keys()
    for name, (_, questions) in aside.PACKS.items():
        assert {question.field for question in questions} <= PACKS[name] | {""}


def test_an_empty_closing_list_is_said() -> None:
    with pytest.raises(Refused, match="the page has no closing list"):
        aside.tick({"closing": []})
    boxes = [{"id": "a", "text": "x", "tick": "said", "why": "w"}]
    with pytest.raises(Refused, match="nothing of the closing list is open"):
        aside.tick({"closing": boxes})
    assert filled(aside.tick({"closing": boxes}, "a"), ("no", "")) == {"item": "a", "done": False}
