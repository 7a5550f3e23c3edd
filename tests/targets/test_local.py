"""This machine as a target, where it differs from the contract in test_contract.py."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from firstfive.ports import Trace

from .conftest import a_run, here


def test_a_run_outlives_whoever_started_it_and_is_taken_up_again(tmp_path: Path) -> None:
    script = (
        "import asyncio,sys;from pathlib import Path;from datetime import timedelta;"
        "from firstfive.targets.local import Local;from firstfive.incident.records import Run;"
        "p=Path(sys.argv[1]);import os;"
        "t=Local(name='local',workdir=p,runs=p/'runs',environment={'PATH':os.environ['PATH']});"
        "r=Run(id='INC-1.step.1',step='r#1',target='local',script='echo ran >> log; sleep 1; echo done',environment=(),"
        "sha256='0'*64,changing=True,timeout=timedelta(seconds=5));asyncio.run(t.run(r))"
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
        target = here(tmp_path)
        trace = await target.trace("INC-1.step.1")
        return trace, (await target.run(a_run("echo ran >> log; sleep 1; echo done"))).text

    assert asyncio.run(resumed()) == (Trace.RUNNING, "done\n")
    assert log.read_text() == "ran\n"


def test_a_run_that_nobody_waits_for_any_more_goes_on_and_is_taken_up_again(tmp_path: Path) -> None:
    async def left_and_resumed() -> tuple[Trace, str]:
        target = here(tmp_path)
        run = a_run("echo ran >> log; sleep 1; echo done")
        waiting = asyncio.create_task(target.run(run))
        while not (tmp_path / "log").exists():
            await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return await target.trace(run.id), (await target.run(run)).text

    assert asyncio.run(left_and_resumed()) == (Trace.RUNNING, "done\n")
    assert (tmp_path / "log").read_text() == "ran\n"
