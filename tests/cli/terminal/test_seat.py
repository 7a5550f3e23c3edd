"""The whole screen as a process at a terminal: inside tmux by keys, without colour, and given back whatever ends it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.door import Ask, argv, environment
from cli.terminal.staged import Seat, place, server, until

__all__ = ["place", "server"]

pytestmark = pytest.mark.process

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Tmux:
    """A tmux of our own with one window in which a command runs."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.socket = str(folder.parent / "tmux")
        exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment().items())
        # readline, which pytest loads, leaves LINES and COLUMNS behind: whoever has them believes no other size
        command = (
            f"cd {folder} && env -u LINES -u COLUMNS {exports} {shlex.join(argv(*words))}; echo ended with $?; sleep 60"
        )
        self.call("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command)

    def call(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=True, timeout=20
        )
        return done.stdout

    def shown(self) -> str:
        return " ".join(self.call("capture-pane", "-p").replace("│", " ").split())

    def see(self, words: str) -> None:
        until(lambda: words in self.shown(), self.shown)

    def keys(self, *keys: str) -> None:
        self.call("send-keys", *keys)

    def write(self, text: str) -> None:
        self.call("send-keys", "-l", text)
        self.call("send-keys", "Enter")


@pytest.fixture
def tmux(place: Path) -> Iterator[list[Tmux]]:
    if shutil.which("tmux") is None:
        if os.environ.get("CI"):
            pytest.fail("tmux is not installed; tests/prepare installs it")
        pytest.skip("tmux is not installed")
    made: list[Tmux] = []
    yield made
    for one in made:
        one.call("kill-server")


def test_the_main_job_by_keys_inside_tmux(
    server: subprocess.Popen[str], place: Path, ask: Ask, tmux: list[Tmux]
) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    window = Tmux(place, "room", "INC-1")
    tmux.append(window)
    window.see("Next: Acknowledge: say that you have taken it.")
    window.keys("a")
    window.see("with sam")
    window.keys("h")
    window.see("I think it is:")
    window.write("nobody opened it")
    window.see("Hypothesis: nobody opened it")
    window.keys("b")
    window.see("Which step? Such as 3.1 1:")
    until(lambda: (window.keys("PageDown"), "touch a24" in window.shown())[1], window.shown)
    window.write("3.1 2")
    window.see("Run exactly this on local? Type yes:")
    assert "$ touch opened" in window.shown()
    assert not (place / "opened").exists()
    window.write("yes")
    until((place / "opened").exists, window.shown)
    window.see("finished as expected")
    window.call("resize-window", "-x", "40", "-y", "20")
    window.see("a ack r run u update n note q quit ? more")
    window.call("resize-window", "-x", "80", "-y", "24")
    window.see("h hypothesis z undo")
    window.keys("e")
    window.see("Root cause in one sentence")
    window.write("nobody opened it")
    window.see("Why it is over")
    window.write("")
    window.see("Declare it over? Type yes:")
    window.write("yes")
    window.see("resolved")
    window.keys("q")
    window.see("ended with 0")
    seen = ask("status", "INC-1", "--json").json
    assert (seen["status"], seen["root_cause"], seen["acknowledged_by"]) == ("resolved", "nobody opened it", "sam")


@pytest.mark.parametrize(
    ("how", "code"),
    [("q", 0), ("ctrl-c", 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["q", "ctrl-c", "SIGTERM", "SIGHUP"],
)
def test_the_terminal_is_given_back_whatever_ends_it(place: Path, ask: Ask, how: str | int, code: int) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    with Seat("room", "INC-1", cwd=place) as seat:
        seat.wait_for("NO SERVER RUNS")
        if isinstance(how, int):
            seat.running.send_signal(how)
        else:
            seat.type("q" if how == "q" else "\x03")
        assert seat.end() == code
        assert seat.given_back()
        assert "Traceback" not in seat.shown


def test_no_colour_where_none_is_wanted(place: Path, ask: Ask) -> None:
    ask("declare", "the shop is shut", "--severity", "1")

    def colours(**more: str) -> set[str]:
        with Seat("room", "INC-1", cwd=place, **more) as seat:
            seat.wait_for("NO SERVER RUNS")
            seat.type("q")
            assert seat.end() == 0
            codes = {code for found in COLOUR.findall(seat.shown) for code in found[2:-1].split(";")}
            return {code for code in codes if re.fullmatch(r"3[0-7]|38|9[0-7]|4[0-7]|48|10[0-7]", code)}

    assert "31" in colours(), "red is the terminal's own"
    assert not colours() & {"38", "48"}, "no colour that a light terminal would not expect"
    assert colours(NO_COLOR="1") == set()


class Odd:
    """A server of another making: its first answer is sound, later ones lack everything."""

    def __init__(self, seen: dict[str, Any]) -> None:
        left = [json.dumps(seen).encode()]

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                live = self.path.endswith("/live")
                body = b"event: entry\ndata: " + json.dumps(seen["timeline"][-1]).encode() + b"\n\n" if live else b""
                body = body or (left.pop() if left else b"{}")
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.running = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.running.start()

    def close(self) -> None:
        self.server.shutdown()
        self.running.join()
        self.server.server_close()


def test_a_fault_of_the_screen_is_one_sentence_and_the_terminal_is_given_back(place: Path, ask: Ask) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    odd = Odd(ask("status", "INC-1", "--json").json)
    told = {"host": "127.0.0.1", "port": odd.server.server_address[1], "key": "a-secret-key", "pid": os.getpid()}
    (place / ".firstfive" / "server.json").write_text(json.dumps(told))
    try:
        with Seat("room", "INC-1", cwd=place) as seat:
            assert seat.end() == 1
            assert seat.given_back()
            last = seat.shown[seat.shown.rfind("\x1b[?1049l") :]
            assert "error: the screen broke: KeyError: 'seq'" in last
            assert "firstfive room INC-1 --plain works without it" in last
            assert "Traceback" not in seat.shown
            assert "a-secret-key" not in seat.shown
    finally:
        odd.close()
