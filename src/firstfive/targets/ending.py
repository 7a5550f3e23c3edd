"""Ends what a step on this machine leaves behind when its time is over: its group, and children that left its session.

Called by `local`. Signals nothing that does not belong to the step: its own group, or a process that carries its mark.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from time import sleep

from firstfive.targets.run_wrapper import MARKED

ROUNDS = 30


def end_group(pid: int) -> None:
    """End the process group that a step began with."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def end_marked(mark: str, *, since: int) -> None:
    """End what left the session and still carries the mark; what was just born while we looked is met by the next round.

    A process that is just becoming another program has no environment for a moment, so those born `since` the step began are waited for.
    """
    others: set[int] = set()  # belong to somebody else, and are not looked at again
    for _ in range(ROUNDS if mark else 0):
        seen = {pid: _environment(pid) for pid in _processes() if pid not in others}
        found = [pid for pid, held in seen.items() if f"{MARKED}={mark}".encode() in held]
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        becoming = {pid for pid, held in seen.items() if not held and born(pid) >= since and _runs(pid)}
        if not found and not becoming:
            return
        others |= seen.keys() - becoming - set(found)
        if becoming:
            sleep(0.001)


def born(pid: int) -> int:
    """When a process was born, in the kernel's ticks since it started; 0 for one that is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
    return 0


def _runs(pid: int) -> bool:
    """Whether it is a program that runs: no thread of the kernel, and not over."""
    with contextlib.suppress(OSError):
        return bool(os.readlink(f"/proc/{pid}/exe"))
    return False


def _processes() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return []


def _environment(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes()
    return b""
