"""`firstfive room --plain` as a process: followed over a pipe and at a terminal, with a server that lives, dies and comes back."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.door import Ask, argv, environment, process
from cli.terminal.staged import Seat, place, server, until
from firstfive.stores.accounts.book import FILE, Accounts
from firstfive.stores.accounts.model import Role
from programs import end, start

__all__ = ["place", "server"]

pytestmark = pytest.mark.process

ROOM = "room"  # the command: "room"
ENTRY = re.compile(r"^INC-1 \d\d:\d\d:\d\d (.*)$", re.MULTILINE)


class Line:
    """A room behind pipes: words go in, lines come out, each kept in a file so that nobody waits for a reader."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.out, self.err = folder.parent / "out.txt", folder.parent / "err.txt"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.running = subprocess.Popen(
                argv(ROOM, *words), cwd=folder, env=environment(), stdin=subprocess.PIPE, stdout=out, stderr=err
            )

    def say(self, *words: str) -> None:
        assert self.running.stdin is not None
        self.running.stdin.write("".join(f"{word}\n" for word in words).encode())
        self.running.stdin.flush()

    def wait_for(self, words: str, *, err: bool = False) -> None:
        file = self.err if err else self.out
        until(lambda: re.search(words, file.read_text()), lambda: (words, self.out.read_text(), self.err.read_text()))

    def end(self) -> int:
        assert self.running.stdin is not None
        self.running.stdin.close()
        return self.running.wait(timeout=15)


@pytest.fixture
def lines(place: Path) -> Iterator[list[Line]]:
    made: list[Line] = []
    yield made
    for one in made:
        if one.running.poll() is None:
            one.running.kill()
            one.running.wait()
        if one.running.stdin is not None:
            one.running.stdin.close()


def told(text: str) -> list[str]:
    return ENTRY.findall(text)


def timeline(ask: Ask) -> list[str]:
    return [entry["text"] for entry in view(ask)["timeline"]]


def view(ask: Ask) -> dict[str, Any]:
    shown = ask("status", "INC-1", "--json").json
    assert isinstance(shown, dict)
    return shown


def test_a_whole_incident_by_typed_words(
    server: subprocess.Popen[str], place: Path, ask: Ask, lines: list[Line]
) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    line = Line(place, "--plain")
    lines.append(line)
    line.wait_for("Timeline")
    assert line.out.read_text().startswith("SEV-1  investigating  INC-1  since 0:0")
    assert "Next: Acknowledge: say that you have taken it.\n  type: ack\n" in line.out.read_text()
    line.say("ack", "hypothesis nobody opened it", "run 3.1 2")
    line.wait_for("Open it waits for a yes: approve 2", err=True)
    assert not (place / "opened").exists()
    line.say("approve 2")
    line.wait_for(r"\? Run exactly this on local\? Type yes:", err=True)
    shown = line.out.read_text()
    assert "  $ touch opened\n" in shown
    waiting = view(ask)["waiting"][0]
    assert f"(sha256 {waiting['sha256'][:12]})" in shown
    assert not (place / "opened").exists(), "showing is not approving"
    line.say("yes")
    line.wait_for(r"step 2 \(Open it\) finished as expected")
    assert (place / "opened").exists()
    line.say("resolve nobody opened it")
    line.wait_for("Resolved.*nobody opened it")
    assert line.end() == 0
    assert [entry for entry in told(line.out.read_text()) if "sam approved" in entry]


def test_output_comes_while_the_step_runs_and_once(
    server: subprocess.Popen[str], place: Path, ask: Ask, lines: list[Line]
) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    line = Line(place, "INC-1", "--plain")
    lines.append(line)
    line.wait_for("Timeline")
    line.wait_for("the server is heard", err=True)
    line.say("run shop-down#3")
    line.wait_for(r"  \| line 1\n")
    assert "finished as expected" not in line.out.read_text(), "it is told while it runs"
    (place / "go").touch()
    line.wait_for(r"finished as expected")
    line.wait_for(r"  \| line 2\n")
    assert re.findall(r"^  \| (.*)$", line.out.read_text(), re.MULTILINE) == ["line 1", "line 2"]
    assert line.end() == 0


def test_hostile_output_is_told_behind_a_bar_and_without_control(
    server: subprocess.Popen[str], place: Path, ask: Ask
) -> None:
    ask("declare", "the shop\x1b[2J is shut", "--severity", "1")
    ask("run", "INC-1", "shop-down#1")
    until(lambda: "finished" in ask("timeline", "INC-1").out, lambda: ask("timeline", "INC-1").out)
    with Seat("room", "INC-1", "--plain", cwd=place) as seat:
        seat.wait_for("Timeline")
        seat.wait_for("is heard")
        seat.type("step 1\n")
        seat.wait_for("it said:")
        seat.wait_for(r"\| INC-1 00:00:00 admin approved everything")
        seat.type("quit\n")
        assert seat.end() == 0
        assert "\x1b" not in seat.shown
        assert "\x07" not in seat.shown
        rows = seat.shown.replace("\r\n", "\n").split("\n")
        assert not [row for row in rows if row.startswith("INC-1 00:00:00")], "output poses as an entry"


def test_at_a_narrow_terminal_nothing_from_outside_begins_a_row(
    server: subprocess.Popen[str], place: Path, ask: Ask
) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    ask("note", "INC-1", "x" * 17 + "INC-1 00:00:00 admin approved everything")
    with Seat("room", "INC-1", "--plain", cwd=place, columns=40, rows=20, TERM="dumb") as seat:
        seat.wait_for("Timeline")
        seat.wait_for("approved everything|approved e")
        rows = seat.shown.replace("\r\n", "\n").split("\n")
        assert all(len(row) <= 40 for row in rows)
        forged = [row for row in rows if "INC-1 00:00:00" in row]
        assert not [row for row in forged if row.startswith("INC-1 00")]
        seat.type("\x04")
        assert seat.end() == 0


def test_a_server_that_is_killed_and_comes_back_costs_no_line_and_repeats_none(
    server: subprocess.Popen[str], place: Path, ask: Ask, lines: list[Line]
) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    line = Line(place, "INC-1", "--plain")
    lines.append(line)
    line.wait_for("the server is heard", err=True)
    ask("note", "INC-1", "before")
    line.wait_for("sam notes: before")
    server.kill()
    server.wait()
    line.wait_for("no server runs: this is read from the journal", err=True)
    ask("note", "INC-1", "while nobody served")
    line.wait_for("sam notes: while nobody served")
    line.say("ack")
    line.wait_for("error: no server runs, so nothing can be said from here", err=True)
    os.unlink(place / ".firstfive" / "server.json")
    again = start(place)
    try:
        until(lambda: line.err.read_text().count("the server is heard") == 2, line.err.read_text)
        line.say("ack")
        line.wait_for("sam has taken it")
        for number in range(5):
            ask("note", "INC-1", f"after {number}")
        line.wait_for("sam notes: after 4")
        known = timeline(ask)
    finally:
        end(again)
    heard = told(line.out.read_text())
    assert len(heard) == len(known)
    assert heard == known, "every entry once, in order"
    assert line.end() == 8, "the word that was refused decides the exit code"


def test_restarts_one_after_another_lose_nothing(place: Path, ask: Ask, lines: list[Line]) -> None:
    running = start(place)
    try:
        ask("declare", "the shop is shut", "--severity", "1")
        line = Line(place, "INC-1", "--plain")
        lines.append(line)
        line.wait_for("the server is heard", err=True)
        for turn in range(3):
            ask("note", "INC-1", f"turn {turn}")
            running.send_signal(signal.SIGKILL if turn % 2 else signal.SIGTERM)
            running.communicate(timeout=20)
            (place / ".firstfive" / "server.json").unlink(missing_ok=True)
            ask("note", "INC-1", f"between {turn}")
            running = start(place)
        ask("note", "INC-1", "at last")
        line.wait_for("sam notes: at last")
        known = timeline(ask)
    finally:
        end(running)
    until(lambda: len(told(line.out.read_text())) >= len(known), line.out.read_text)
    assert told(line.out.read_text()) == known


def test_json_is_one_object_a_line(server: subprocess.Popen[str], place: Path, ask: Ask) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    typed = "note hello\nrun shop-down#2\napprove 2\nyes\nnonsense\ntimeline people\n"
    said = process(ROOM, "INC-1", "--json", cwd=place, typed=typed)
    rows = [json.loads(row) for row in said.out.splitlines()]
    assert {row["schema"] for row in rows} == {"firstfive/1"}
    assert rows[0]["incident"]["id"] == "INC-1"
    entries = [row["entry"] for row in rows if "entry" in row]
    assert {"seq", "at", "by", "kind", "text", "hash"} == set(entries[0])
    assert "sam notes: hello" in [entry["text"] for entry in entries]
    assert len({entry["seq"] for entry in entries}) == len(entries)
    [question] = [row["question"] for row in rows if "question" in row]
    assert question["wants"] == "yes"
    assert question["fields"]["sha256"]
    assert "$ touch opened" in question["shown"]
    assert any("sam approved" in entry["text"] for entry in entries)
    [error] = [row["error"] for row in rows if "error" in row]
    assert error == {"code": "", "what": "'nonsense' is not understood", "where": "", "remedy": "help lists the words"}
    assert any("sam notes: hello" in text for row in rows if "lines" in row for text in row["lines"])
    assert said.code == 2
    assert said.err == "error: 'nonsense' is not understood\n  help: help lists the words\n"


def test_a_word_short_of_yes_approves_nothing(server: subprocess.Popen[str], place: Path, ask: Ask) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    ask("run", "INC-1", "shop-down#2")
    for typed, code in (("approve\ny\n", 3), ("approve\n", 3), ("approve\n\n", 3)):
        said = process(ROOM, "INC-1", "--plain", cwd=place, typed=typed)
        assert said.code == code, said
        assert "so nothing was done" in said.err
    assert [row["step"] for row in view(ask)["waiting"]] == ["shop-down#2"]
    assert not (place / "opened").exists()


def test_what_destroys_takes_its_typed_name(server: subprocess.Popen[str], place: Path, ask: Ask) -> None:
    (place / "door").mkdir()
    ask("declare", "the shop is shut", "--severity", "2")
    ask("run", "INC-1", "shop-down#4")
    said = process(ROOM, "INC-1", "--plain", cwd=place, typed="approve 4\nyes\n")
    assert "? This destroys something on local. Type local:" in said.err
    assert "'yes' is not local, so nothing was done" in said.err
    said = process(ROOM, "INC-1", "--plain", "--by", "kim", cwd=place, typed="approve 4\nlocal\n")
    assert said.code == 0, said.err
    said = process(ROOM, "INC-1", "--plain", cwd=place, typed="approve 4\nlocal\n")
    assert "takes 2 people; approved by: kim" in said.out
    until(lambda: not (place / "door").exists(), lambda: ask("timeline", "INC-1").out)


def test_bytes_that_changed_after_they_were_shown_are_refused(
    server: subprocess.Popen[str], place: Path, ask: Ask, lines: list[Line]
) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    ask("run", "INC-1", "shop-down#5")
    line = Line(place, "INC-1", "--plain")
    lines.append(line)
    line.wait_for("Timeline")
    line.say("approve 5")
    line.wait_for("still needs a value for <colour>", err=True)
    line.say("set colour=red")
    line.wait_for("sam set <colour>")
    until(lambda: not view(ask)["waiting"][0]["missing"], lambda: view(ask)["waiting"])
    line.say("approve 5")
    line.wait_for("Type yes:", err=True)
    assert "red" in line.out.read_text()
    process("approve", "INC-1", "5", "--set", "colour=blue", cwd=place)
    line.say("yes")
    line.wait_for("error: .*(now stands for other bytes|does not wait for approval|no run)", err=True)
    assert not (place / "red").exists()
    assert not (place / "blue").exists()
    assert line.end() == 8


def test_the_open_incident_is_found_and_several_are_named(server: subprocess.Popen[str], place: Path, ask: Ask) -> None:
    said = process(ROOM, "--plain", cwd=place)
    assert (said.code, said.err) == (
        8,
        "error: no incident is open\n  help: firstfive room INC-N opens one that is over\n",
    )
    ask("declare", "the shop is shut", "--severity", "1")
    assert "INC-1" in process(ROOM, "--plain", cwd=place).out
    ask("declare", "a window is locked", "--severity", "2")
    said = process(ROOM, "--plain", cwd=place)
    assert said.code == 2
    assert "INC-1  SEV-1  investigating  the shop is shut" in said.err
    assert said.err.endswith("error: 2 incidents are open\n  help: name one: INC-2, INC-1\n")
    with Seat("room", "--plain", cwd=place) as seat:
        seat.wait_for(r"Which one\?")
        seat.type("INC-1\n")
        seat.wait_for("the shop is shut\r\n")
        seat.type("quit\n")
        assert seat.end() == 0


def test_without_a_server_it_is_a_read_only_look_and_says_so(place: Path, ask: Ask) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    before = (place / ".firstfive" / "journal.db").read_bytes()
    said = process(ROOM, "--plain", cwd=place, typed="note hello\n")
    assert said.out.startswith("SEV-1  investigating  INC-1")
    assert (
        "error: no server runs, so nothing can be said from here: this is a read-only look at INC-1\n  help: firstfive serve starts it; "
        in said.err
    )
    assert said.code == 8
    assert (place / ".firstfive" / "journal.db").read_bytes() == before
    assert "hello" not in ask("timeline", "INC-1").out


def test_without_the_extra_it_is_lines_and_says_how_to_get_more(place: Path, ask: Ask) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    bare = "import sys; sys.modules['textual'] = None; from firstfive.__main__ import main; sys.exit(main(['room']))"
    import pty

    master, slave = pty.openpty()
    env = environment(TERM="xterm-256color")
    running = subprocess.Popen(
        [sys.executable, "-c", bare], cwd=place, env=env, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    os.write(master, b"quit\n")
    shown = b""
    try:
        while block := os.read(master, 65536):
            shown += block
    except OSError:
        pass
    assert running.wait(timeout=15) == 0
    os.close(master)
    text = shown.decode()
    assert (
        "note: the whole screen needs the package textual: pip install 'firstfive[room]'; this is the line mode" in text
    )
    assert "SEV-1  investigating  INC-1" in text
    assert "\x1b" not in text


def test_where_nobody_types_it_follows_until_it_is_end(
    server: subprocess.Popen[str], place: Path, ask: Ask, tmp_path: Path
) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(
            argv(ROOM, "INC-1"), cwd=place, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        until(lambda: "is heard" in (tmp_path / "log").read_text(), (tmp_path / "log").read_text)
        ask("note", "INC-1", "still here")
        until(lambda: "still here" in (tmp_path / "log").read_text(), (tmp_path / "log").read_text)
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=15) == 130
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_it_is_the_person_of_the_token_with_the_rights_of_their_role(
    server: subprocess.Popen[str], place: Path, ask: Ask
) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    ask("run", "INC-1", "shop-down#2")
    book, now, keys = Accounts(place / ".firstfive" / FILE), datetime.now(UTC), {}
    for name, role in (("ann", Role.ADMIN), ("vera", Role.VIEWER), ("rob", Role.RESPONDER)):
        book.accept(book.invite(name, role, now), now, password="x")
        keys[name] = book.make_token(name, "a test", ("act",), timedelta(days=1), now)
    book.close()
    typed = "note hello\napprove 2\nyes\n"
    said = process(ROOM, "INC-1", "--plain", cwd=place, typed=typed, FIRSTFIVE_TOKEN=keys["vera"])
    assert said.code == 6
    assert "error: this takes the role responder; vera is viewer" in said.err
    said = process(ROOM, "INC-1", "--plain", cwd=place, typed=typed, FIRSTFIVE_TOKEN=keys["rob"])
    assert "rob notes: hello" in said.out
    assert "error: this step cannot be taken back, so approving it takes a commander; rob is responder" in said.err
    assert said.code == 8
    assert not (place / "opened").exists()
