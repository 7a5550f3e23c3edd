"""The whole screen by keys, on a server that really runs: what is shown, what has to be typed, and what it says when the server is gone."""

from __future__ import annotations

import asyncio
import re
import subprocess
import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from cli.door import Ask
from cli.terminal.staged import place, server, until
from firstfive.cli.terminal.reach import Reach
from firstfive.cli.terminal.whole.screen import Whole
from firstfive.cli.terminal.whole.sheet import UNREAD, Sheet
from firstfive.settings import load
from programs import end, start

__all__ = ["place", "server"]

pytestmark = pytest.mark.process

Play = Callable[["Seen"], Awaitable[None]]


class Seen:
    """The screen under a pilot, as text."""

    def __init__(self, app: Whole, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    def text(self) -> str:
        rows = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in rows)

    def now(self) -> dict[str, Any]:
        """The incident as the server has it."""
        return dict(self.app.reach.seen("INC-1")[0])

    async def wait_for(self, true: Callable[[], object], seconds: float = 20) -> None:
        for _ in range(int(seconds * 20)):
            if true():
                return
            await self.pilot.pause(0.05)
        told = [entry["text"] for entry in self.now()["timeline"]]
        raise AssertionError("\n".join([self.text(), *told]))

    async def see(self, words: str) -> None:
        await self.wait_for(lambda: words in " ".join(self.text().split()))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def write(self, text: str) -> None:
        """What a person types on the line of a sheet, and Enter."""
        await self.wait_for(lambda: self.app.screen.query(Input))
        keys = (c if c.isalnum() else re.sub("[ -]", "_", unicodedata.name(c).lower()) for c in text)
        await self.pilot.press(*keys, "enter")

    async def sheet(self) -> Sheet:
        await self.wait_for(lambda: isinstance(self.app.screen, Sheet) and self.app.screen.query("#text"))
        await self.pilot.pause(0.1)
        assert isinstance(self.app.screen, Sheet)
        return self.app.screen

    async def closed(self) -> None:
        await self.wait_for(lambda: not isinstance(self.app.screen, Sheet))


def played(play: Play, size: tuple[int, int] = (80, 24)) -> None:
    """Open INC-1 on a screen of that size and play."""

    async def run() -> None:
        reach = Reach(settings=load(vault=None, config=None), by="sam")
        seen, _ = await asyncio.to_thread(reach.seen, "INC-1")
        app = Whole(reach, "INC-1", seen)
        async with app.run_test(size=size) as pilot:
            screen = Seen(app, pilot)
            await screen.wait_for(lambda: app.linked.state == "server" or not reach_is_there(app))
            await play(screen)

    asyncio.run(run())


def reach_is_there(app: Whole) -> bool:
    return (app.reach.settings.state / "server.json").exists()


def view(ask: Ask) -> dict[str, Any]:
    shown = ask("status", "INC-1", "--json").json
    assert isinstance(shown, dict)
    return shown


def texts(ask: Ask) -> list[str]:
    return [entry["text"] for entry in view(ask)["timeline"]]


@pytest.fixture
def shut(server: subprocess.Popen[str], ask: Ask) -> subprocess.Popen[str]:
    """An incident on a running server."""
    assert ask("declare", "the shop is shut", "--severity", "1").code == 0
    return server


def test_the_first_look_fits_eighty_by_twenty_four(shut: object) -> None:
    async def play(screen: Seen) -> None:
        text = screen.text()
        rows = text.split("\n")
        assert len(rows) == 24
        assert rows[0].startswith("  SEV-1  investigating  INC-1  since 0:")
        assert "update in 14:" in rows[0]
        assert "nobody has it" in text
        assert "Next: Acknowledge: say that you have taken it." in text
        assert "a takes it" in text
        assert "Timeline UTC  all" in text
        assert "a ack  r run  u update  n note  h hypothesis  z undo  s severity  q quit" in text

    played(play)


def test_at_forty_by_twenty_everything_that_matters_is_there(shut: object) -> None:
    async def play(screen: Seen) -> None:
        flat = " ".join(screen.text().split())
        assert "SEV-1 investigating INC-1" in flat
        assert "Next: Acknowledge: say that you have taken it." in flat
        assert "First five" in flat
        assert "Timeline UTC all" in flat
        assert "a ack r run u update n note q quit ? more" in flat
        await screen.press("a")
        await screen.see("with sam")

    played(play, (40, 20))


def test_the_timeline_stands_beside_the_work_where_there_is_room(shut: object) -> None:
    async def play(screen: Seen) -> None:
        await screen.wait_for(lambda: any("First five" in r and "Timeline" in r for r in screen.text().split("\n")))

    played(play, (140, 40))


def test_each_word_has_its_key(shut: object, ask: Ask) -> None:
    async def play(screen: Seen) -> None:
        await screen.press("a")
        await screen.see("with sam")
        await screen.press("n")
        await screen.write("hello")
        await screen.see("sam notes: hello")
        await screen.press("h")
        await screen.write("the key")
        await screen.see("Hypothesis: the key")
        await screen.press("s")
        sheet = await screen.sheet()
        assert "All is shut" in screen.text()
        await screen.write("7")
        await screen.see("'7' is none of 1, 2")
        assert screen.app.screen is sheet
        await screen.write("2")
        await screen.write("half of it")
        await screen.see("SEV-2")
        await screen.press("u")
        await screen.see("It would say:")
        await screen.write("we look")
        await screen.see("sam wants an update sent: we look")
        await screen.press("z")
        await screen.see("there is nothing to take back in INC-1")
        await screen.press("question_mark")
        await screen.see("Enter everything about what is under the cursor")
        await screen.press("q")
        await screen.closed()
        await screen.press("n")
        await screen.sheet()
        await screen.press("escape")
        await screen.see("nothing was said")
        await screen.press("e")
        await screen.write("nobody opened it")
        await screen.write("")
        await screen.write("yes")
        await screen.see("SEV-2 resolved")

    played(play)
    assert any("nobody opened it" in text for text in texts(ask))


def test_an_approval_shows_the_bytes_and_takes_a_typed_yes(shut: object, place: Path, ask: Ask) -> None:
    async def play(screen: Seen) -> None:
        await screen.press("b")
        await screen.see("3.1 2 Open it changes things")
        for _ in range(9):
            await screen.press("pagedown")
        await screen.write("3.1 2")
        await screen.see("Approve exactly this")
        waiting = screen.now()["waiting"][0]
        text = " ".join(screen.text().replace("│", " ").split())
        assert "$ touch opened" in text
        assert "on local, at most 30 s" in text
        assert f"(sha256 {waiting['sha256'][:12]})" in text
        await screen.write("no")
        await screen.see("'no' is not yes, so nothing was done")
        await screen.press("escape")
        await screen.closed()
        assert not (place / "opened").exists()
        await screen.press("r")
        await screen.see("Approve exactly this")
        await screen.write("yes")
        await screen.see("step 2 (Open it) finished as expected")
        assert (place / "opened").exists()

    played(play)
    assert any("sam approved 3.1 step 2" in text for text in texts(ask))


def test_what_destroys_takes_its_typed_name(shut: object, place: Path, ask: Ask) -> None:
    (place / "door").mkdir()
    ask("severity", "INC-1", "2", "half of it")
    ask("run", "INC-1", "shop-down#4")
    ask("approve", "INC-1", "4", "--yes", "--confirm", "local", "--by", "kim")

    async def play(screen: Seen) -> None:
        await screen.press("r")
        await screen.see("This destroys something on local. Type local:")
        await screen.write("yes")
        await screen.see("'yes' is not local, so nothing was done")
        assert (place / "door").exists()
        await screen.write("local")
        await screen.wait_for(lambda: not (place / "door").exists())

    played(play)


@pytest.mark.parametrize("size", [(80, 24), (40, 20)], ids=["80x24", "40x20"])
def test_a_long_script_is_read_to_its_end_before_it_can_be_approved(
    shut: object, place: Path, ask: Ask, size: tuple[int, int]
) -> None:
    ask("run", "INC-1", "shop-down#6")

    async def play(screen: Seen) -> None:
        await screen.press("r")
        await screen.see("$ touch a01")
        assert "touch a24" not in screen.text()
        await screen.write("yes")
        await screen.see(" ".join(UNREAD.split()[:4]))
        assert [row["step"] for row in screen.now()["waiting"]] == ["shop-down#6"]
        for _ in range(6):
            await screen.press("pagedown")
        await screen.pilot.pause(0.1)
        await screen.write("yes")
        await screen.wait_for((place / "a24").exists)

    played(play, size)


def test_keys_that_come_before_their_sheet_do_nothing(shut: object, ask: Ask) -> None:
    ask("run", "INC-1", "shop-down#2")

    async def play(screen: Seen) -> None:
        for key in ("r", "y", "e", "s", "enter"):
            screen.app.simulate_key(key)
        await screen.sheet()
        await screen.pilot.pause(0.5)

    played(play)
    shown = view(ask)
    assert shown["status"] != "resolved"
    assert [row["step"] for row in shown["waiting"]] == ["shop-down#2"]


def test_what_a_step_says_is_seen_while_it_runs(shut: object, place: Path, ask: Ask) -> None:
    ask("run", "INC-1", "shop-down#1")

    async def play(screen: Seen) -> None:
        await screen.see("Steps of 3.1 Shop down")
        await screen.press(*["down"] * 5)
        assert screen.app.under_cursor() == ("step", "shop-down#3")
        await screen.press("r")
        await screen.see("It runs at once. Type yes:")
        await screen.write("yes")
        await screen.see("3 Count running")
        await screen.press("enter")
        await screen.see("it says: │ │ | line 1")
        (place / "go").touch()
        await screen.see("it said:")
        await screen.see("| line 2")
        assert screen.app.under_cursor() == ("step", "shop-down#3"), "the cursor stays where it was"

    played(play)


def test_hostile_output_is_only_text(shut: object, ask: Ask) -> None:
    ask("run", "INC-1", "shop-down#1")
    ask("note", "INC-1", "[bold red]markup[/] \u202e turned")
    until(lambda: any("finished" in text for text in texts(ask)), lambda: texts(ask))

    async def play(screen: Seen) -> None:
        await screen.see("| INC-1 00:00:00 admin approved everything")
        await screen.see("sam notes: [bold red]markup[/] turned")
        rows = screen.text().split("\n")
        assert not [c for row in rows for c in row if unicodedata.category(c) in ("Cc", "Cf")]
        assert not [row for row in rows if row.strip().startswith("INC-1 00:00")]

    played(play, (100, 60))


def test_the_timeline_is_filtered_and_searched(shut: object, ask: Ask) -> None:
    ask("note", "INC-1", "a blue door")

    async def play(screen: Seen) -> None:
        await screen.see("sam notes: a blue door")
        shown = screen.app.query_one("#line", OptionList)
        whole = shown.option_count
        await screen.press("f")
        await screen.see("people (")
        assert 0 < shown.option_count < whole
        await screen.press("slash")
        await screen.write("blue")
        await screen.wait_for(lambda: shown.option_count == 1)
        ask("note", "INC-1", "a blue window")
        await screen.wait_for(lambda: shown.option_count == 2)
        await screen.press("f")
        await screen.wait_for(lambda: shown.option_count == whole + 1)
        await screen.press("tab")
        await screen.press("end", "enter")
        await screen.see("sam notes: a blue window")
        await screen.see("hash:")

    played(play)


def test_a_server_that_goes_and_comes_back(shut: subprocess.Popen[str], place: Path, ask: Ask) -> None:
    again: list[subprocess.Popen[str]] = []

    async def play(screen: Seen) -> None:
        shut.kill()
        shut.wait()
        await screen.see("NO SERVER RUNS: read only, from the journal")
        await asyncio.to_thread(ask, "note", "INC-1", "while nobody served")
        await screen.see("sam notes: while nobody served")
        await screen.press("a")
        await screen.see("no server runs, so nothing can be said from here")
        (place / ".firstfive" / "server.json").unlink()
        again.append(await asyncio.to_thread(start, place))
        await screen.wait_for(lambda: "NO SERVER RUNS" not in screen.text() and screen.app.linked.state == "server")
        await screen.press("a")
        await screen.see("with sam")

    try:
        played(play)
    finally:
        for one in again:
            end(one)
    ids = [entry["seq"] for entry in view(ask)["timeline"]]
    assert ids == sorted(set(ids))
