"""A program that the tests kill: for each line of its stdin it forks a child that runs one run, and tells its pid.

Started by tests as `python client.py CONFIG FOLDER`, with an ssh configuration or `here`; a line is the run's number and its script.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import asyncssh  # noqa: F401 - imported once, before the children are made

from firstfive.incident.records import Run
from firstfive.targets.local import Local
from firstfive.targets.ssh import Ssh


def main() -> None:
    config, folder = sys.argv[1], Path(sys.argv[2])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        number, script = line.rstrip("\n").split(" ", 1)
        child = os.fork()
        if child == 0:
            run = Run(
                id=f"INC-1.step.{number}",
                step="r#1",
                target="prod",
                script=script,
                environment=(),
                sha256="0" * 64,
                changing=True,
                timeout=timedelta(seconds=20),
            )
            asyncio.run(target_of(config, folder).run(run))
            os._exit(0)
        print(child, flush=True)


def target_of(config: str, folder: Path) -> Local | Ssh:
    runs = folder / "runs"
    if config == "here":
        return Local(name="prod", workdir=folder, runs=runs, environment={"PATH": os.environ["PATH"]})
    return Ssh(name="prod", host="prod", workdir=str(folder), config_file=Path(config), runs=str(runs))


main()
