"""The client, the connection or the ssh server is killed with -9 at a random instant of each run: nothing runs twice, nothing is lost,
every outcome is recovered.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from firstfive.incident.records import Run
from firstfive.ports import OutcomeLost, Trace
from firstfive.targets.local import Local
from firstfive.targets.ssh import Ssh
from sshd.server import Bench

from .conftest import SHORT, a_run, here, over_ssh

CLIENT = Path(__file__).parent.parent / "sshd" / "client.py"
SCRIPT = "echo $$ >>ran.{n}; sleep 0.0{s}; echo done {n}; exit {code}"


def _nothing_more() -> None:
    """Only the client is killed."""


def _sweep(
    count: int,
    folder: Path,
    seed: int,
    *,
    config: str,
    also: tuple[Callable[[], None], ...],
    make: Callable[[], Local | Ssh],
) -> None:
    """Kill the client of each run at a random instant, and before it one of `also`; then take every run up again."""
    dice = random.Random(seed)
    runs = [
        a_run(SCRIPT.format(n=n, s=dice.randrange(1, 6), code=n % 7), number=n, timeout=SHORT) for n in range(count)
    ]
    client = subprocess.Popen(
        [sys.executable, str(CLIENT), config, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        for run in runs:
            _killed(client, run, dice, dice.choice(also))
    finally:
        client.kill()
        client.communicate()
    lost = asyncio.run(_taken_up(make, runs))
    times = [(folder / f"ran.{n}").read_text().count("\n") for n in range(count)]
    assert times == [1] * count
    assert lost == []


def _killed(client: subprocess.Popen[str], run: Run, dice: random.Random, harm: Callable[[], None]) -> None:
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(f"{run.id.rpartition('.')[2]} {run.script}\n")
    client.stdin.flush()
    child = int(client.stdout.readline())
    time.sleep(dice.uniform(0.0, 0.5))
    harm()
    time.sleep(dice.uniform(0.0, 0.02))
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        return


async def _taken_up(make: Callable[[], Local | Ssh], runs: list[Run]) -> list[str]:
    lost, target = [], make()
    for number, run in enumerate(runs):
        try:
            output = await target.run(run)
        except OutcomeLost:
            lost.append(run.id)
            continue
        assert (output.exit_code, output.text) == (number % 7, f"done {number}\n")
        assert await target.trace(run.id) is Trace.FINISHED
    if isinstance(target, Ssh):
        await target.close()
    return lost


def _over_ssh(count: int, host: Bench, folder: Path, seed: int) -> None:
    def cut() -> None:
        host.server.cut()

    def server_gone() -> None:
        host.server.stop()
        host.server.start()

    _sweep(
        count,
        folder,
        seed,
        config=str(host.config),
        also=(_nothing_more, cut, server_gone),
        make=lambda: over_ssh(host, folder),
    )


def _locally(count: int, folder: Path, seed: int) -> None:
    _sweep(count, folder, seed, config="here", also=(_nothing_more,), make=lambda: here(folder))


def test_fifty_runs_over_ssh_run_once_each_and_tell_their_outcome(fragile: Bench, tmp_path: Path) -> None:
    _over_ssh(50, fragile, tmp_path, seed=1)


def test_fifty_runs_on_this_machine_run_once_each_and_tell_their_outcome(tmp_path: Path) -> None:
    _locally(50, tmp_path, seed=3)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_five_hundred_runs_over_ssh(fragile: Bench, tmp_path: Path) -> None:
    _over_ssh(500, fragile, tmp_path, seed=2)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_five_hundred_runs_on_this_machine(tmp_path: Path) -> None:
    _locally(500, tmp_path, seed=4)
