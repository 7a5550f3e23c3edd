"""This machine as a target, with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.records import Run
from firstfive.ports import OutcomeLost, Trace
from firstfive.targets.local import KEEP, Local

SHORT = timedelta(seconds=5)


def target(folder: Path) -> Local:
    return Local(
        name="local", workdir=folder, runs=folder / "runs", environment={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    )


def a_run(
    script: str, *, number: int = 1, timeout: timedelta = SHORT, environment: tuple[tuple[str, str], ...] = ()
) -> Run:
    return Run(
        id=f"INC-1.step.{number}",
        step="r#1",
        target="local",
        script=script,
        environment=environment,
        sha256="0" * 64,
        changing=True,
        timeout=timeout,
    )


def test_a_look_returns_what_was_written_and_the_exit_code(tmp_path: Path) -> None:
    output = asyncio.run(target(tmp_path).look("echo out; echo err >&2; pwd; exit 3", timeout=SHORT))
    assert (output.exit_code, output.stdout) == (3, f"out\n{tmp_path}\n")
    assert "err" in output.text


def test_a_failure_in_the_middle_of_a_pipe_is_a_failure(tmp_path: Path) -> None:
    assert asyncio.run(target(tmp_path).look("false | cat", timeout=SHORT)).exit_code == 1


def test_stdin_is_closed_and_there_is_no_terminal(tmp_path: Path) -> None:
    output = asyncio.run(target(tmp_path).look("cat; test -t 0 && echo tty; echo end", timeout=SHORT))
    assert output.stdout == "end\n"


def test_a_step_sees_only_the_environment_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_OURS", "hunter2")
    output = asyncio.run(
        target(tmp_path).look('echo "[$A_SECRET_OF_OURS][$GIVEN]"', timeout=SHORT, environment={"GIVEN": "x y"})
    )
    assert output.stdout == "[][x y]\n"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("sleep 60", "a plain child"),
        ("sleep 60 & sleep 60 & wait", "children in the background"),
        ("trap '' TERM; sleep 60", "one that ignores TERM"),
        ("setsid sleep 60", "one in a session of its own that keeps our pipe open"),
    ],
)
def test_the_timeout_ends_it_and_returns_soon(tmp_path: Path, script: str, why: str) -> None:
    began = time.monotonic()
    output = asyncio.run(target(tmp_path).look(script, timeout=timedelta(seconds=0.3)))
    assert output.timed_out, why
    assert output.exit_code == 124
    assert time.monotonic() - began < 2.5


def test_much_output_is_kept_at_both_ends_and_counted(tmp_path: Path) -> None:
    script = "echo first; head -c 8000000 /dev/zero | tr '\\0' x; echo; echo last"
    output = asyncio.run(target(tmp_path).look(script, timeout=timedelta(seconds=20)))
    assert output.stdout.startswith("first\n")
    assert output.stdout.endswith("last\n")
    assert len(output.stdout) <= 3 * KEEP
    assert output.dropped + len(output.stdout) == 8_000_000 + len("first\n\nlast\n")


def test_a_run_id_executes_once_and_answers_again(tmp_path: Path) -> None:
    async def twice() -> tuple[str, str]:
        here = target(tmp_path)
        first = await here.run(a_run("echo ran >> log; echo done"))
        second = await here.run(a_run("echo ran >> log; echo done"))
        return first.text, second.text

    assert asyncio.run(twice()) == ("done\n", "done\n")
    assert (tmp_path / "log").read_text() == "ran\n"


def test_a_value_arrives_as_it_is(tmp_path: Path) -> None:
    nasty = "a b'\"$(touch pwned)`touch pwned`;touch pwned\n*"
    output = asyncio.run(target(tmp_path).run(a_run('printf %s "$FF_X"', environment=(("FF_X", nasty),))))
    assert output.text == nasty
    assert not (tmp_path / "pwned").exists()


def test_a_run_outlives_whoever_started_it_and_is_taken_up_again(tmp_path: Path) -> None:
    script = (
        "import asyncio,sys;from pathlib import Path;from datetime import timedelta;"
        "from firstfive.targets.local import Local;from firstfive.incident.records import Run;"
        "p=Path(sys.argv[1]);import os;"
        "t=Local(name='local',workdir=p,runs=p/'runs',environment={'PATH':os.environ['PATH']});"
        "r=Run(id='INC-1.step.1',step='r#1',target='local',script='echo ran >> log; sleep 1; echo done',environment=(),"
        "sha256='',changing=True,timeout=timedelta(seconds=5));asyncio.run(t.run(r))"
    )
    child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", script, str(tmp_path)])
    log = tmp_path / "log"
    for _ in range(500):
        if log.exists():
            break
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    async def resumed() -> tuple[Trace, str]:
        here = target(tmp_path)
        trace = await here.trace("INC-1.step.1")
        return trace, (await here.run(a_run("echo ran >> log; sleep 1; echo done"))).text

    assert asyncio.run(resumed()) == (Trace.RUNNING, "done\n")
    assert log.read_text() == "ran\n"


def test_a_run_that_left_no_outcome_is_lost_not_run_again(tmp_path: Path) -> None:
    (tmp_path / "runs" / "INC-1.step.1").mkdir(parents=True)

    async def both() -> Trace:
        here = target(tmp_path)
        with pytest.raises(OutcomeLost):
            await here.run(a_run("echo ran >> log"))
        return await here.trace("INC-1.step.1")

    assert asyncio.run(both()) is Trace.LOST
    assert not (tmp_path / "log").exists()


def test_an_unknown_run_is_absent(tmp_path: Path) -> None:
    assert asyncio.run(target(tmp_path).trace("INC-9.step.1")) is Trace.ABSENT


def test_a_run_id_cannot_leave_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FirstfiveError):
        asyncio.run(target(tmp_path).trace("../../etc"))


def test_a_run_that_takes_too_long_is_ended_and_says_so(tmp_path: Path) -> None:
    output = asyncio.run(target(tmp_path).run(a_run("echo begun; sleep 60", timeout=timedelta(seconds=1))))
    assert (output.timed_out, output.exit_code, output.text) == (True, 124, "begun\n")
