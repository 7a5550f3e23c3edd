"""The lab's share of the processor: that of its containers, not of one process; and the end of everything that has a share.

Called by `lab`. An Engine puts its containers into one control group, which beside others weighs as much as a single process: on a machine
that has other work the whole shop would starve, and a drill would show the machine and not the fault.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from place import RUN

GROUP = f"firstfive-lab-{hashlib.sha256(str(RUN).encode()).hexdigest()[:8]}"
GROUPS = Path("/sys/fs/cgroup")
ENGINE = f"--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent /{GROUP}"
WITHIN = 10  # seconds until what was killed is gone
TIMES = 20  # what one process weighs, so often


def take() -> None:
    """Before the first container; where a machine has no such groups, nothing is taken."""
    for folder, file, one in ((GROUPS / "cpu" / GROUP, "cpu.shares", 1024), (GROUPS / GROUP, "cpu.weight", 100)):
        if (folder.parent / "cgroup.procs").is_file():
            with contextlib.suppress(OSError):
                folder.mkdir(exist_ok=True)
                (folder / file).write_text(str(TIMES * one))


def end_all(below: str) -> None:
    """End what still runs in the groups, and whatever was started with a path below that folder, as the minders of containers are."""
    until = time.monotonic() + WITHIN
    while (found := [*_held(), *_minders(below)]) and time.monotonic() < until:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def _held() -> Iterator[int]:
    for top in (GROUPS / GROUP, *GROUPS.glob(f"*/{GROUP}")):
        for folder in (*_below(top), top):
            with contextlib.suppress(OSError):
                yield from map(int, (folder / "cgroup.procs").read_text().split())


def _minders(below: str) -> Iterator[int]:
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = line.read_bytes().split(b"\0")
            if Path(words[0].decode(errors="replace")).name.startswith("containerd") and any(
                word.startswith(below.encode()) for word in words
            ):
                yield int(line.parent.name)


def give_back() -> None:
    """The groups gone, which an Engine leaves."""
    for top in (GROUPS / GROUP, *GROUPS.glob(f"*/{GROUP}")):
        for folder in (*_below(top), top):
            with contextlib.suppress(OSError):
                folder.rmdir()


def _below(folder: Path) -> Iterator[Path]:
    for inner in folder.glob("*/"):
        yield from _below(inner)
        yield inner
