"""The way in and the way out: help, what is loaded, completion, Ctrl-C, pipes that close, disks that are full."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from cli.door import PROTOCOLS, ROOT, Ask, argv, environment, process
from firstfive import __version__
from firstfive.cli.commands import COMMANDS, rendered_help
from firstfive.errors import Exit

HELP = (ROOT / "src" / "firstfive" / "cli" / "help.txt").read_text()


def loaded(*words: str, cwd: Path) -> tuple[str, set[str]]:
    """What a command printed, and every module that was loaded when it was done."""
    program = (
        f"import sys; from firstfive.__main__ import main; main({list(words)!r}); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, set(done.stderr.split())


def test_the_kept_help_is_the_rendered_help() -> None:
    assert rendered_help() == HELP, "make help-text"


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_help_is_that_text(ask: Ask, words: tuple[str, ...]) -> None:
    said = ask(*words)
    assert (said.code, said.out, said.err) == (0, HELP, "")


def test_help_names_every_exit_code() -> None:
    for code in Exit:
        assert f" {int(code)} " in HELP, code.name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(ask: Ask, name: str) -> None:
    said = ask(name, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: firstfive {name} [OPTIONS]")
    if "COMMAND [ARGS]..." in said.out:
        below = re.findall(r"^  ([a-z][a-z-]*)  ", said.out.partition("Commands:")[2], re.MULTILINE)
        assert below
        assert all("--json" in ask(name, word, "--help").out for word in below)
        return
    assert ("--json" in said.out) == (name not in PROTOCOLS)


def test_version(ask: Ask) -> None:
    assert ask("--version").out == f"firstfive {__version__}\n"


def test_help_loads_next_to_nothing(tmp_path: Path) -> None:
    out, modules = loaded("--help", cwd=tmp_path)
    assert out == HELP
    assert len(modules) < 60, sorted(modules)
    assert not modules & {"sqlalchemy", "click", "asyncio", "msgspec", "dataclasses"}


@pytest.mark.parametrize("words", [("status",), ("status", "--json")])
def test_a_quick_look_loads_no_library(ask: Ask, vault: Path, words: tuple[str, ...]) -> None:
    ask("declare", "the shop is shut")
    out, modules = loaded(*words, cwd=vault)
    assert "INC-1" in out
    assert not modules & {"sqlalchemy", "click", "msgspec", "dataclasses", "tomllib", "asyncio"}


UNKNOWN = [
    (("frobnicate",), "Error: No such command 'frobnicate'."),
    (("ack",), "Error: Missing argument 'INC-N'."),
    (("ack", "INC-1", "--loudly"), "Error: No such option '--loudly'."),
    (("ack", "INC-1", "INC-2"), "Error: Got unexpected extra argument (INC-2)"),
    (("severity", "INC-1", "high", "why"), "Error: Invalid value for 'LEVEL': 'high' is not a valid integer."),
    (("settle", "INC-1", "run"), "Error: say what you found out: --ran or --did-not-run"),
    (("completion", "tcsh"), "Error: Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of 'bash', 'zsh', 'fish'."),
]


@pytest.mark.parametrize(("words", "message"), UNKNOWN, ids=[" ".join(words) for words, _ in UNKNOWN])
def test_a_wrong_call_is_a_usage_error_with_the_way_to_help(ask: Ask, words: tuple[str, ...], message: str) -> None:
    said = ask(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Usage: firstfive ")
    assert "--help' for help." in said.err
    assert said.err.splitlines()[-1] == message


def test_a_wrong_call_is_json_too(ask: Ask) -> None:
    said = ask("ack", "--json")
    assert said.code == 2
    assert said.json == {
        "schema": "firstfive/1",
        "error": {"code": "", "what": "Missing argument 'INC-N'.", "where": "", "remedy": "firstfive ack --help"},
    }


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(ask: Ask, shell: str) -> None:
    said = ask("completion", shell)
    assert (said.code, said.err) == (0, "")
    assert "_FIRSTFIVE_COMPLETE" in said.out
    assert ask("completion", shell, "--json").json == {
        "schema": "firstfive/1",
        "shell": shell,
        "script": said.out.removesuffix("\n"),
    }


def completed(words: str, tmp_path: Path) -> list[str]:
    """What bash offers for the last word of `words`, through the script as a person would load it."""
    bin_ = tmp_path / "bin"
    bin_.mkdir(exist_ok=True)
    (bin_ / "firstfive").write_text(f'#!/bin/sh\nexec {sys.executable} -m firstfive "$@"\n')
    (bin_ / "firstfive").chmod(0o755)
    script = (
        'eval "$(firstfive completion bash)"\n'
        f'COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE="{words}"; COMP_POINT=${{#COMP_LINE}}\n'
        '_firstfive_completion firstfive; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=environment(PATH=f"{bin_}:/usr/bin:/bin"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    assert completed("firstfive dec", tmp_path) == ["declare", "decline"]
    assert completed("firstfive hyp", tmp_path) == ["hypothesis"]
    assert "--severity" in completed("firstfive declare --", tmp_path)


def unread(pipe: int) -> int:
    """How many bytes wait in a pipe: none once the reader has come to its read."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def interrupted(words: list[str], cwd: Path) -> tuple[int, str, str]:
    """Start a command that waits for standard input, press Ctrl-C, and take what it says."""
    running = subprocess.Popen(
        argv(*words),
        cwd=cwd,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdin is not None
    running.stdin.write("n")
    running.stdin.flush()
    until = time.monotonic() + 30
    while unread(running.stdin.fileno()):
        assert running.poll() is None
        assert time.monotonic() < until, "it never reads"
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    return running.returncode, out, err


@pytest.mark.process
def test_ctrl_c_while_reading_says_stopped(tmp_path: Path) -> None:
    code, out, err = interrupted(["risk", "-"], tmp_path)
    assert (code, out, err.strip()) == (130, "", "stopped")


@pytest.mark.process
def test_ctrl_c_at_the_question_approves_nothing(ask: Ask, vault: Path) -> None:
    ask("declare", "the shop is shut")
    ask("run", "INC-1", "payments-down#4")
    code, out, err = interrupted(["approve", "INC-1"], vault)
    assert (code, out) == (130, "")
    assert err.endswith("Run exactly this? [y/N]: \nstopped\n") or err.rstrip().endswith("stopped")
    assert "Traceback" not in err
    assert len(ask("status", "INC-1", "--json").json["waiting"]) == 1


@pytest.mark.process
@pytest.mark.parametrize("words", [["check"], ["declare", "x"], ["verify"]], ids=" ".join)
@pytest.mark.parametrize("after", [0.05, 0.2, 0.5])
def test_ctrl_c_at_any_moment_shows_no_traceback_of_ours(vault: Path, words: list[str], after: float) -> None:
    waiting = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
    program = (
        f"{waiting}from firstfive.__main__ import main\nimport sys\nprint('in', flush=True)\n"
        f"signal.pthread_sigmask(signal.SIG_UNBLOCK, {{signal.SIGINT}})\nsys.exit(main({words!r}))"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=vault,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "in\n"
    time.sleep(after)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    # The interpreter itself may complain of an import cut short ("Exception ignored in ..."); no frame of ours is in it.
    assert "src/firstfive/" not in err, err
    # -SIGINT: the command was done, and the interpreter was on its way out
    assert running.returncode in (130, 0, 1, -signal.SIGINT), err


@pytest.mark.process
@pytest.mark.parametrize("words", [("check",), ("--help",), ("status",), ("risk", "-c", "ls", "--json")])
def test_a_reader_that_leaves_is_no_accident(vault: Path, words: tuple[str, ...]) -> None:
    running = subprocess.Popen(
        argv(*words), cwd=vault, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    err = running.stderr.read().decode()
    running.stderr.close()
    assert (running.wait(20), err) == (1, "")


@pytest.mark.process
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [("check",), ("--help",), ("status",), ("risk", "-c", "ls", "--json")])
def test_an_answer_that_cannot_be_printed_is_one_sentence(vault: Path, words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            argv(*words), cwd=vault, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "No space left on device" in done.stderr
    assert "  help: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_json_errors_go_out_and_the_words_beside_them(vault: Path) -> None:
    said = process("explain", "9.9", "--json", cwd=vault)
    assert said.code == 2
    assert json.loads(said.out)["error"]["what"] == "the page has no runbook 9.9"
    assert said.err.startswith("error: the page has no runbook 9.9\n")
