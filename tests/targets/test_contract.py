"""What every target promises, checked over each kind with real processes (and a real sshd)."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.ports import OutcomeLost, Output, Target, Trace
from firstfive.targets.replies import KEEP

from .conftest import SHORT, Hands, a_run


def test_a_look_returns_what_was_written_and_the_exit_code(hands: Hands) -> None:
    output = hands.do(lambda t: t.look("echo out; echo err >&2; pwd; exit 3", timeout=SHORT))
    assert (output.exit_code, output.stdout, output.stderr) == (3, f"out\n{hands.folder}\n", "err\n")
    assert "err" in output.text


def test_a_failure_in_the_middle_of_a_pipe_is_a_failure(hands: Hands) -> None:
    assert hands.do(lambda t: t.look("false | cat", timeout=SHORT)).exit_code == 1
    assert hands.do(lambda t: t.run(a_run("false | cat"))).exit_code == 1


def test_stdin_is_closed_and_there_is_no_terminal(hands: Hands) -> None:
    script = "cat; test -t 0 && echo tty; test -t 1 && echo tty; echo end"
    assert hands.do(lambda t: t.look(script, timeout=SHORT)).stdout == "end\n"
    assert hands.do(lambda t: t.run(a_run(script))).stdout == "end\n"


def test_a_step_sees_nothing_of_our_own_environment(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_OURS", "hunter2")
    script = 'echo "[$A_SECRET_OF_OURS][$GIVEN]"'
    output = hands.do(lambda t: t.look(script, timeout=SHORT, environment={"GIVEN": "x y"}))
    assert output.stdout == "[][x y]\n"
    assert hands.do(lambda t: t.run(a_run(script, environment=(("GIVEN", "x y"),)))).text == "[][x y]\n"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("sleep 60", "a plain child"),
        ("sleep 60 & sleep 60 & wait", "children in the background"),
        ("trap '' TERM; sleep 60", "one that ignores TERM"),
        ("setsid -w sleep 60", "one in a session of its own that keeps our pipe open"),
    ],
)
def test_the_timeout_ends_a_look_and_returns_soon(hands: Hands, script: str, why: str) -> None:
    began = time.monotonic()
    output = hands.do(lambda t: t.look(script, timeout=timedelta(seconds=0.5)))
    assert (output.timed_out, output.exit_code) == (True, 124), why
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo begun; sleep 61", "a plain child"),
        ("echo begun; trap '' TERM; sleep 61; sleep 61", "one that ignores TERM"),
        ("(trap '' TERM; sleep 61) & echo begun; wait", "a child that ignores TERM while its parent ends"),
    ],
)
def test_the_timeout_of_a_run_ends_its_whole_group(hands: Hands, script: str, why: str) -> None:
    output = hands.do(lambda t: t.run(a_run(script + " # $MARKER", timeout=timedelta(seconds=1))))
    assert (output.timed_out, output.exit_code, output.text) == (True, 124, "begun\n"), why
    _nothing_left(hands.folder, why)


SETSID = [
    ("setsid -w sleep 61", "one that the step waits for"),
    ("setsid sleep 61 >/dev/null 2>&1 & sleep 61", "one in the background that keeps nothing of ours open"),
    ("setsid sh -c \"trap '' TERM; sleep 61; sleep 61\" & sleep 61", "one that ignores TERM"),
    ("setsid setsid sh -c 'sleep 61 & exec sleep 61' & sleep 61", "one that leaves twice and has a child of its own"),
]


@pytest.mark.parametrize(("script", "why"), SETSID, ids=[row[1] for row in SETSID])
def test_a_child_that_left_the_session_is_ended_with_a_step_that_took_too_long(
    hands: Hands, script: str, why: str
) -> None:
    look = hands.do(lambda t: t.look(script, timeout=timedelta(seconds=0.7)))
    assert (look.timed_out, look.exit_code) == (True, 124), why
    _nothing_left(hands.folder, why)
    run = hands.do(lambda t: t.run(a_run(f"echo begun; {script}", timeout=timedelta(seconds=1))))
    assert (run.timed_out, run.exit_code, run.text) == (True, 124, "begun\n"), why
    _nothing_left(hands.folder, why)


def _nothing_left(folder: Path, why: str) -> None:
    for _ in range(50):
        if not _left_of(folder):
            return
        time.sleep(0.1)
    raise AssertionError(f"{why}: {_left_of(folder)}")


def test_a_run_that_starts_a_lasting_child_of_its_own_does_not_wait_for_it(hands: Hands) -> None:
    began = time.monotonic()
    output = hands.do(lambda t: t.run(a_run("setsid sleep 40 & echo started")))
    assert (output.text, output.exit_code) == ("started\n", 0)
    assert time.monotonic() - began < 20


def test_nothing_of_a_run_is_left_once_it_is_over(hands: Hands) -> None:
    async def thirty(target: Target) -> None:
        for number in range(30):
            assert (await target.run(a_run("true", number=number))).exit_code == 0

    hands.do(thirty)
    for _ in range(50):
        if not _left_of(hands.folder):
            break
        time.sleep(0.1)
    assert _left_of(hands.folder) == []


def test_what_a_step_is_given_does_not_reach_what_looks_after_it(hands: Hands) -> None:
    names = (
        "run",
        "p",
        "rc",
        "dog",
        "saver",
        "idle",
        "hard",
        "seconds",
        "grace",
        "cmd",
        "stat",
        "mark",
        "ours",
        "runs",
        "keep",
    )
    given = tuple((name, "0") for name in names)
    output = hands.do(lambda t: t.run(a_run('echo "$seconds$cmd$run$mark"; sleep 0.2; exit 3', environment=given)))
    assert (output.text, output.exit_code, output.timed_out) == ("0000\n", 3, False)


def _left_of(folder: Path) -> list[str]:
    """Processes that still work in that folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd") == str(folder):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_much_output_is_kept_at_both_ends_and_counted(hands: Hands) -> None:
    script = "echo first; head -c 200000000 /dev/zero | tr '\\0' x; echo; echo last"
    output = hands.do(lambda t: t.look(script, timeout=timedelta(seconds=60)))
    _both_ends(output, 200_000_000)


def test_much_output_of_a_run_too(hands: Hands) -> None:
    script = "echo first; head -c 200000000 /dev/zero | tr '\\0' x; echo; echo last"
    try:
        _both_ends(hands.do(lambda t: t.run(a_run(script, timeout=timedelta(seconds=60)))), 200_000_000)
        assert _on_disk(hands) < 3 * KEEP, "both ends are kept, not what lies between"
    finally:
        shutil.rmtree(hands.folder / "runs")


def test_what_a_run_writes_is_thinned_out_while_it_writes(hands: Hands) -> None:
    script = (
        "echo first; head -c 30000000 /dev/zero | tr '\\0' x; while [ ! -e go ]; do sleep 0.1; done; echo; echo last"
    )

    async def watched(target: Target) -> Output:
        running = asyncio.create_task(target.run(a_run(script, timeout=timedelta(seconds=120))))
        out = hands.folder / "runs" / "INC-1.step.1" / "out"
        for _ in range(1000):
            if out.exists() and out.stat().st_size > 30_000_000 and _on_disk(hands) < 3 * KEEP:
                break
            await asyncio.sleep(0.1)
        assert _on_disk(hands) < 3 * KEEP
        (hands.folder / "go").touch()
        return await running

    _both_ends(hands.do(watched), 30_000_000)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_step_that_fills_the_disk_of_its_run_journal_leaves_room_once_it_is_over(hands: Hands) -> None:
    runs = hands.folder / "runs"
    runs.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(runs)], check=True)
    try:
        assert hands.do(lambda t: t.run(a_run("seq 1 2500000"))).text.startswith("1\n2\n")
        (runs / "journal").write_bytes(b"x" * 1_000_000)
        assert hands.do(lambda t: t.run(a_run("echo next", number=2))).text == "next\n"
    finally:
        subprocess.run(["umount", "-l", str(runs)], check=True)


@pytest.mark.parametrize(("script", "killed"), [("sleep 61", False), ("trap '' TERM; while :; do sleep 1; done", True)])
def test_a_run_that_took_too_long_tells_whether_it_ended_when_asked_to(hands: Hands, script: str, killed: bool) -> None:
    output = hands.do(lambda t: t.run(a_run(script, timeout=timedelta(seconds=1))))
    assert (output.timed_out, output.exit_code, output.killed) == (True, 124, killed)
    assert hands.do(lambda t: t.run(a_run(script, timeout=timedelta(seconds=1)))) == output, (
        "also when it is read again"
    )


@pytest.mark.parametrize("size", [KEEP - 1, KEEP, KEEP + 1, 2 * KEEP, 2 * KEEP + 1])
def test_output_about_as_long_as_what_is_kept_is_whole(hands: Hands, size: int) -> None:
    output = hands.do(lambda t: t.run(a_run(f"head -c {size} /dev/zero | tr '\\0' x")))
    assert (len(output.text), output.dropped) == (min(size, 2 * KEEP), max(0, size - 2 * KEEP))


def _on_disk(hands: Hands) -> int:
    """Bytes that the output of the first run takes up."""
    return (hands.folder / "runs" / "INC-1.step.1" / "out").stat().st_blocks * 512


def _both_ends(output: Output, size: int) -> None:
    assert output.stdout.startswith("first\n")
    assert output.stdout.endswith("last\n")
    assert len(output.stdout) <= 2 * KEEP
    assert output.dropped + len(output.stdout) == size + len("first\n\nlast\n")


def test_output_is_heard_while_it_comes(hands: Hands) -> None:
    heard: list[str] = []
    done = hands.folder / "go"

    def listen(text: str) -> None:
        heard.append(text)
        done.touch()

    script = "echo early; for i in $(seq 1 150); do [ -e go ] && exit 7; sleep 0.1; done"
    assert hands.do(lambda t: t.look(script, timeout=SHORT, heard=listen)).exit_code == 7
    assert "".join(heard) == "early\n"
    heard.clear()
    done.unlink()
    assert hands.do(lambda t: t.run(a_run(script), heard=listen)).exit_code == 7
    assert "".join(heard) == "early\n"


def test_a_run_id_executes_once_and_answers_again(hands: Hands) -> None:
    run = a_run("echo ran >> log; echo done; exit 3")
    first = hands.do(lambda t: t.run(run))
    second = hands.do(lambda t: t.run(run))
    assert (first.text, first.exit_code) == (second.text, second.exit_code) == ("done\n", 3)
    assert (hands.folder / "log").read_text() == "ran\n"


def test_many_callers_of_one_run_id_begin_it_once(hands: Hands) -> None:
    run = a_run("echo ran >> log; sleep 0.3; echo done")
    outputs = hands.do(lambda t: asyncio.gather(*(t.run(run) for _ in range(12))))
    assert [output.text for output in outputs] == ["done\n"] * 12
    assert (hands.folder / "log").read_text() == "ran\n"


def test_fifteen_steps_at_once_all_end(hands: Hands) -> None:
    outputs = hands.do(lambda t: asyncio.gather(*(t.run(a_run(f"sleep 0.2; echo {n}", number=n)) for n in range(15))))
    assert [output.text for output in outputs] == [f"{n}\n" for n in range(15)]


def test_a_run_id_of_another_command_is_refused(hands: Hands) -> None:
    hands.do(lambda t: t.run(a_run("echo one")))
    with pytest.raises(FirstfiveError, match="another command"):
        hands.do(lambda t: t.run(a_run("echo two", sha256="1" * 64)))


def test_a_value_arrives_as_it_is(hands: Hands) -> None:
    nasty = "a b'\"$(touch pwned)`touch pwned`;touch pwned\n* \\ é"
    output = hands.do(lambda t: t.run(a_run('printf %s "$FF_X"', environment=(("FF_X", nasty),))))
    assert output.text == nasty
    assert not (hands.folder / "pwned").exists()


def test_a_value_is_in_no_process_list(hands: Hands) -> None:
    secret = "s3cr3t-of-the-step"
    script = "for p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$p 2>/dev/null; echo; done; echo looked"
    environment = (("FF_TOKEN", secret),)
    ran = hands.do(lambda t: t.run(a_run(script, environment=environment)))
    looked = hands.do(lambda t: t.look(script, timeout=SHORT, environment=dict(environment)))
    for output in (ran, looked):
        assert "\nlooked\n" in output.text
        assert "bash --noprofile" in output.text
        assert secret not in output.text


def test_a_run_without_an_outcome_whose_process_is_gone_is_lost(hands: Hands) -> None:
    folder = hands.folder / "runs" / "INC-1.step.1"
    folder.mkdir(parents=True)
    (folder / "rc").write_text("-\n")
    (folder / "pid").write_text(f"999999999 1 {'0' * 64}\n")
    with pytest.raises(OutcomeLost):
        hands.do(lambda t: t.run(a_run("echo ran >> log")))
    assert hands.do(lambda t: t.trace("INC-1.step.1")) is Trace.LOST
    assert not (hands.folder / "log").exists()


def test_a_run_whose_keeper_on_the_target_is_killed_is_lost_and_never_begun_again(hands: Hands) -> None:
    run = a_run("echo ran >> log; kill -KILL $PPID; sleep 0.2")
    for _ in range(2):
        with pytest.raises(OutcomeLost, match="left no exit code"):
            hands.do(lambda t: t.run(run))
    assert hands.do(lambda t: t.trace(run.id)) is Trace.LOST
    assert (hands.folder / "log").read_text() == "ran\n"


def test_a_process_that_only_has_the_same_number_is_not_our_run(hands: Hands) -> None:
    folder = hands.folder / "runs" / "INC-1.step.1"
    folder.mkdir(parents=True)
    (folder / "rc").write_text("-\n")
    (folder / "pid").write_text(f"{os.getpid()} 1 {'0' * 64}\n")
    assert hands.do(lambda t: t.trace("INC-1.step.1")) is Trace.LOST


def test_a_folder_whose_run_never_began_may_begin(hands: Hands) -> None:
    (hands.folder / "runs" / "INC-1.step.1").mkdir(parents=True)
    assert hands.do(lambda t: t.trace("INC-1.step.1")) is Trace.ABSENT
    assert hands.do(lambda t: t.run(a_run("echo ran"))).text == "ran\n"


def test_trace_tells_absent_running_and_finished(hands: Hands) -> None:
    async def three(target: object) -> list[Trace]:
        run = a_run("touch begun; while [ ! -e go ]; do sleep 0.05; done")
        told = [await target.trace(run.id)]  # type: ignore[attr-defined]
        task = asyncio.create_task(target.run(run))  # type: ignore[attr-defined]
        while not (hands.folder / "begun").exists():
            await asyncio.sleep(0.02)
        told.append(await target.trace(run.id))  # type: ignore[attr-defined]
        (hands.folder / "go").touch()
        await task
        return [*told, await target.trace(run.id)]  # type: ignore[attr-defined]

    assert hands.do(three) == [Trace.ABSENT, Trace.RUNNING, Trace.FINISHED]


@pytest.mark.parametrize("run_id", ["../../etc", ".hidden", "a/b", ""])
def test_a_run_id_cannot_leave_its_folder(hands: Hands, run_id: str) -> None:
    with pytest.raises(FirstfiveError):
        hands.do(lambda t: t.trace(run_id))


def test_a_missing_workdir_is_said_before_anything_runs(hands: Hands) -> None:
    hands.folder.rename(hands.folder.with_name("moved"))
    try:
        with pytest.raises(FirstfiveError):
            hands.do(lambda t: t.look("echo x", timeout=SHORT))
        with pytest.raises(FirstfiveError):
            hands.do(lambda t: t.run(a_run("echo x")))
    finally:
        shutil.rmtree(hands.folder, ignore_errors=True)
        hands.folder.with_name("moved").rename(hands.folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_refuses_before_it_begins_or_tells_the_outcome(hands: Hands) -> None:
    runs = hands.folder / "runs"
    runs.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(runs)], check=True)
    try:
        output = hands.do(lambda t: t.run(a_run("echo ran >> log; head -c 1000000 /dev/zero; exit 9", number=1)))
        assert (output.exit_code, (hands.folder / "log").read_text()) == (9, "ran\n")
        with pytest.raises(FirstfiveError, match="disk may be full"):
            hands.do(lambda t: t.run(a_run("echo ran >> log", number=2)))
        assert (hands.folder / "log").read_text() == "ran\n"
        assert hands.do(lambda t: t.trace("INC-1.step.2")) is Trace.ABSENT
        (runs / "INC-1.step.1" / "out").unlink()
        assert hands.do(lambda t: t.run(a_run("echo ran >> log; exit 4", number=2))).exit_code == 4
    finally:
        subprocess.run(["umount", "-l", str(runs)], check=True)
