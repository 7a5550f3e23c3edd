"""What a step costs: here beside a bare spawn, over ssh beside ssh's own kept connection, at a time limit, and with much output.

Run it as `python bench/steps.py`, with `--others FOLDER` when ansible and pyinfra are installed in that folder. It starts an sshd of
its own on the loopback interface. Ways that are compared take turns in one run, and the medians are told with their ratio.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from statistics import median

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from firstfive.incident.records import Run
from firstfive.targets.local import Local
from firstfive.targets.ssh import Ssh
from sshd.server import Bench, bench

SHORT = timedelta(seconds=20)
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
Way = Callable[[int], Awaitable[object]]


def told(what: str, ours: float, theirs: float, goal: str) -> None:
    print(f"{what:58} {ours * 1e3:9.2f} ms {theirs * 1e3:9.2f} ms   {ours / theirs:6.3f}x   goal {goal}", flush=True)


async def turns(rounds: int, *ways: Way) -> list[float]:
    """The median seconds of each way; one of each in every round, in every order as often, since each pays for what ran before it."""
    took: list[list[float]] = [[] for _ in ways]
    orders = list(permutations(range(len(ways))))
    for number in range(rounds):
        for place in orders[number % len(orders)]:
            began = time.perf_counter()
            await ways[place](number)
            took[place].append(time.perf_counter() - began)
    return [median(times[len(times) // 10 :]) for times in took]


def a_run(script: str, number: int) -> Run:
    return Run(
        id=f"INC-1.step.{number}",
        step="r#1",
        target="x",
        script=script,
        environment=(),
        sha256="0",
        changing=True,
        timeout=SHORT,
    )


async def bare(_number: int) -> None:
    pid = os.posix_spawn("/bin/bash", ["bash", "-c", "true"], ENVIRONMENT)
    os.waitpid(pid, 0)


async def here(folder: Path) -> None:
    """A captured step beside a spawn that captures nothing."""
    local = Local(name="local", workdir=folder, runs=folder / "local-runs", environment=ENVIRONMENT)

    async def look(_number: int) -> None:
        await local.look("true", timeout=SHORT)

    async def run(number: int) -> None:
        await local.run(a_run("true", number))

    ours, theirs, behind_gate = await turns(250, look, bare, run)
    told("captured local step / bare posix_spawn", ours, theirs, "<= 1.15x")
    told("local step with run journal / bare posix_spawn", behind_gate, theirs, "-")
    over = []
    for _ in range(100):
        began = time.perf_counter()
        output = await local.look(
            "sleep 9 & (trap '' TERM; sleep 9) & sleep 9 & wait", timeout=timedelta(milliseconds=100)
        )
        over.append(time.perf_counter() - began - 0.1)
        assert output.timed_out
    over.sort()
    print(f"kill overshoot: p50 {over[50] * 1e3:.1f} ms, p99 {over[98] * 1e3:.1f} ms   goal p99 <= 10 ms", flush=True)


async def much(folder: Path) -> None:
    """1 GB of output beside `cat | cat`."""
    local = Local(name="local", workdir=folder, runs=folder / "local-runs", environment=ENVIRONMENT)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def ours(_number: int) -> None:
        output = await local.look("head -c 1073741824 /dev/zero", timeout=timedelta(seconds=60))
        assert output.dropped + len(output.stdout) == 1 << 30

    async def cats(_number: int) -> None:
        subprocess.run("head -c 1073741824 /dev/zero | cat | cat >/dev/null", shell=True, check=True)

    mine, theirs = await turns(5, ours, cats)
    told("1 GB of output / head | cat | cat", mine, theirs, "<= 1.6x")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"peak memory grew by {grown / 1024:.1f} MiB   goal <= 16 MiB", flush=True)


async def there(folder: Path, host: Bench, others: Path | None) -> None:
    """A step with its run journal over ssh, beside ssh with ControlMaster and the usual tools."""
    target = Ssh(name="prod", host="prod", workdir=str(folder), config_file=host.config, runs=str(folder / "ssh-runs"))
    control = ["ssh", "-F", str(host.config), "-o", f"ControlPath={folder}/control"]
    subprocess.run([*control, "-o", "ControlMaster=yes", "-f", "-N", "prod"], check=True)
    await target.warm()

    async def run(number: int) -> None:
        output = await target.run(a_run("true", number))
        assert output.exit_code == 0

    async def look(_number: int) -> None:
        await target.look("true", timeout=SHORT)

    async def kept_ssh(_number: int) -> None:
        subprocess.run([*control, "prod", "bash -c true"], check=True, stdin=subprocess.DEVNULL, capture_output=True)

    try:
        ours, looked, theirs = await turns(60, run, look, kept_ssh)
        told("ssh step with run journal / ssh ControlMaster", ours, theirs, "<= 0.8x")
        told("ssh look / ssh ControlMaster", looked, theirs, "-")
        for name, argv in _usual_tools(host, others).items():

            async def tool(_number: int, argv: list[str] = argv) -> None:
                subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, capture_output=True, cwd=folder)

            (slow,) = await turns(3, tool)
            told(f"ssh step with run journal / {name}", ours, slow, "<= 0.01x")
    finally:
        subprocess.run([*control, "-O", "exit", "prod"], check=False, capture_output=True)
        await target.close()


def _usual_tools(host: Bench, others: Path | None) -> dict[str, list[str]]:
    if others is None:
        return {}
    ssh = f"-F {host.config}"
    ansible = ["ansible", "-i", "prod,", "all", "-m", "shell", "-a", "true", "--ssh-common-args", ssh]
    port, key, known = str(host.server.port), str(host.key), str(host.known)
    data = ["--data", f"ssh_port={port}", "--data", f"ssh_key={key}", "--data", f"ssh_known_hosts_file={known}"]
    pyinfra = ["pyinfra", "-y", "127.0.0.1", *data, "exec", "--", "true"]
    found = {"ansible -m shell": ansible, "pyinfra exec": pyinfra}
    return {
        name: [str(others / "bin" / argv[0]), *argv[1:]]
        for name, argv in found.items()
        if (others / "bin" / argv[0]).exists()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", type=Path, default=None, help="a virtual environment with ansible and pyinfra")
    others: Path | None = parser.parse_args().others
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        host = bench(folder / "sshd", extra="SetEnv SHLVL=5\n")  # bash reads no start-up file, so ssh is not held back
        print(f"{'':58} {'ours':>12} {'theirs':>12}")
        try:
            uvloop.run(here(folder))  # the loop of the server
            uvloop.run(much(folder))
            uvloop.run(there(folder, host, others))
        finally:
            host.server.stop()


if __name__ == "__main__":
    main()
