"""A real `firstfive serve` as a process: started, waited for until it answers, ended. For every test that needs one."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from cli.door import environment

PROGRAM = ("-m", "firstfive")
PATIENCE = 60.0
Stream = int | IO[Any]


def spawn(
    folder: Path,
    *words: str,
    program: Sequence[str] = PROGRAM,
    prefix: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    out: Stream = subprocess.DEVNULL,
    err: Stream = subprocess.DEVNULL,
) -> subprocess.Popen[str]:
    """Start it, standing in `folder`. `settings` is its whole environment, that of a command when left out."""
    return subprocess.Popen(
        [*prefix, sys.executable, *program, "serve", *words],
        cwd=folder,
        env=settings if settings is not None else environment(),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        text=True,
    )


def told(running: subprocess.Popen[str], state: Path) -> dict[str, Any] | None:
    """Where this very process answers, and its key; None until it does. `state` is the folder that it keeps its state in."""
    with contextlib.suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads((state / "server.json").read_text())
        return found if found["pid"] == running.pid else None
    return None


def wait(running: subprocess.Popen[str], state: Path, *, log: Path | None = None) -> dict[str, Any]:
    """The same once it answers. Fails with what it said when it ends before, or does not come up."""
    until = time.monotonic() + PATIENCE
    while (found := told(running, state)) is None:
        assert running.poll() is None, log.read_text() if log is not None else running.communicate()
        assert time.monotonic() < until, "it does not come up"
        time.sleep(0.02)
    return found


def start(folder: Path, *words: str, log: Path | None = None, **more: Any) -> subprocess.Popen[str]:
    """Start it on the vault `folder`, and wait for it; what it says is kept in `log`, or in its pipes."""
    if log is None:
        more = {"out": subprocess.PIPE, "err": subprocess.PIPE, **more}
        running = spawn(folder, *words, **more)
    else:
        with log.open("ab") as kept:
            running = spawn(folder, *words, **{"err": kept, **more})
    try:
        wait(running, folder / ".firstfive", log=log)
    except BaseException:
        end(running)
        raise
    return running


def end(running: subprocess.Popen[str]) -> None:
    """Ask it to end, and wait until it has."""
    if running.poll() is None:
        running.terminate()
    try:
        running.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        raise
