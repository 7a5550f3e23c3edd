"""A program that the tests kill: for each line of its stdin it forks a child that runs one run over ssh, and tells its pid.

Started by tests as `python client.py CONFIG FOLDER`; a line is the run's number and its script.
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
from firstfive.targets.ssh import Ssh


def main() -> None:
    config, folder = Path(sys.argv[1]), Path(sys.argv[2])
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
            target = Ssh(name="prod", host="prod", workdir=str(folder), config_file=config, runs=str(folder / "runs"))
            asyncio.run(target.run(run))
            os._exit(0)
        print(child, flush=True)


main()
