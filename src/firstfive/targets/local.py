"""This machine as a target: one bash a step, stdin closed, no terminal, the whole group ended at the timeout.

Built by `app` from settings; called by the engine. A run that changes something leaves a folder `runs/<id>` behind: making that
folder is the gate that lets a run id execute at most once, whatever dies, and what lies in it tells how it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic

from firstfive.errors import Exit, FirstfiveError
from firstfive.incident.records import Run
from firstfive.ports import OutcomeLost, Output, Trace

KEEP = 512 * 1024
TIMED_OUT = 124

# Gate, then everything the run needs, then the run in a session of its own, so that it outlives whoever started it.
_WRAPPER = r"""
set -u
run=$1 seconds=$2 script=$3
mkdir -- "$run" 2>/dev/null || exit 0
printf '%s' "$script" >"$run/script"
setsid sh -c '
  echo $$ >"$0/pid.part" && mv "$0/pid.part" "$0/pid"
  timeout -k 5 "$1" bash -o pipefail -c "$2" >"$0/out" 2>&1 </dev/null
  echo $? >"$0/rc.part" && mv "$0/rc.part" "$0/rc"
' "$run" "$seconds" "$script" </dev/null >/dev/null 2>&1 &
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Runs on this machine, in `workdir`, with `environment` added to a small inherited one. `runs` is the run journal."""

    name: str
    workdir: Path
    runs: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    async def look(self, script: str, *, timeout: timedelta, environment: Mapping[str, str] | None = None) -> Output:
        """Run something that only looks and capture it. Raises FirstfiveError when bash cannot be started."""
        return await _capture(
            ["bash", "-o", "pipefail", "-c", script], self.workdir, {**self.environment, **(environment or {})}, timeout
        )

    async def run(self, run: Run) -> Output:
        """Execute a run once, or attach to it when it already began. Raises OutcomeLost when it began and left no outcome."""
        folder = self._folder(run.id)
        began = monotonic()
        self.runs.mkdir(parents=True, exist_ok=True, mode=0o700)
        started = await _capture(
            [
                "sh",
                "-c",
                _WRAPPER,
                "firstfive-run",
                str(folder),
                str(max(1, int(run.timeout.total_seconds()))),
                run.script,
            ],
            self.workdir,
            {**self.environment, **dict(run.environment)},
            timedelta(seconds=20),
        )
        if started.exit_code != 0 or not folder.is_dir():
            raise FirstfiveError(
                f"the run folder could not be made on {self.name}: {started.text.strip() or folder}",
                remedy=f"check that {self.runs} can be written; nothing was run",
                exit_code=Exit.TARGET_UNREACHABLE,
            )
        deadline = monotonic() + run.timeout.total_seconds() + 10
        while monotonic() < deadline:
            if (folder / "rc").exists():
                return self._read(folder, timedelta(seconds=monotonic() - began))
            if await self.trace(run.id) is Trace.LOST:
                break
            await asyncio.sleep(0.03)
        raise OutcomeLost(f"{run.id} began on {self.name} and left no exit code; its folder is {folder}")

    async def trace(self, run_id: str) -> Trace:
        """What the run journal remembers. A run without a process gets three seconds to show one before it counts as lost."""
        folder = self._folder(run_id)
        for _ in range(60):
            if (folder / "rc").exists():
                return Trace.FINISHED
            if not folder.is_dir():
                return Trace.ABSENT
            if _alive(folder / "pid"):
                return Trace.RUNNING
            await asyncio.sleep(0.05)
        return Trace.FINISHED if (folder / "rc").exists() else Trace.LOST

    def _folder(self, run_id: str) -> Path:
        if "/" in run_id or run_id.startswith("."):
            raise FirstfiveError(f"{run_id!r} is no run id")
        return self.runs / run_id

    def _read(self, folder: Path, took: timedelta) -> Output:
        code = int((folder / "rc").read_text().strip() or "1")
        size = (folder / "out").stat().st_size
        with (folder / "out").open("rb") as out:
            head = out.read(KEEP)
            dropped = max(0, size - 2 * KEEP)
            if size > KEEP:
                out.seek(max(KEEP, size - KEEP))
                head += out.read(KEEP)
        text = head.decode("utf-8", "replace")
        return Output(
            exit_code=code, text=text, stdout=text, dropped=dropped, took=took, timed_out=code in (TIMED_OUT, 137)
        )


def _alive(pid_file: Path) -> bool:
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return False
    return True


@dataclass(slots=True)
class _Kept:
    """A stream read to its end in blocks: head and tail are kept, what lies between is counted."""

    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    dropped: int = 0

    def take(self, block: bytes) -> None:
        room = KEEP - len(self.head)
        if room > 0:
            self.head += block[:room]
            block = block[room:]
        self.tail += block
        if len(self.tail) > 2 * KEEP:
            self.dropped += len(self.tail) - KEEP
            del self.tail[:-KEEP]

    def text(self) -> str:
        return (bytes(self.head) + bytes(self.tail)).decode("utf-8", "replace")


async def _capture(argv: list[str], workdir: Path, environment: Mapping[str, str], timeout: timedelta) -> Output:
    """Start argv in its own process group with stdin closed, read both streams, end the group at the timeout."""
    loop = asyncio.get_running_loop()
    began = monotonic()
    pid, out_read, err_read = _spawned(argv, workdir, environment)
    out, err = _Kept(), _Kept()
    ended = asyncio.gather(_drained(loop, out_read, out), _drained(loop, err_read, err), _exited(loop, pid))
    timed_out = False
    try:
        await asyncio.wait_for(asyncio.shield(ended), timeout.total_seconds())
    except TimeoutError:
        timed_out = True
    finally:
        if not ended.done():
            _end_group(pid)
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(ended, 1.0)
        code = await _reaped(pid)
    took = timedelta(seconds=monotonic() - began)
    stdout, stderr = out.text(), err.text()
    return Output(
        exit_code=TIMED_OUT if timed_out else code,
        text=stdout + stderr,
        stdout=stdout,
        stderr=stderr,
        dropped=out.dropped + err.dropped,
        took=took,
        timed_out=timed_out,
    )


def _spawned(argv: list[str], workdir: Path, environment: Mapping[str, str]) -> tuple[int, int, int]:
    """(pid, read end of stdout, read end of stderr) of a process in a session of its own with stdin closed."""
    out_read, out_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    err_read, err_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    os.set_blocking(out_write, True)
    os.set_blocking(err_write, True)
    try:
        pid = os.posix_spawn(
            "/usr/bin/env",
            ["env", "-C", str(workdir), *argv],
            dict(environment),
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, out_write, 1),
                (os.POSIX_SPAWN_DUP2, err_write, 2),
            ],
        )
    except OSError as problem:
        os.close(out_read)
        os.close(err_read)
        raise FirstfiveError(
            f"a shell could not be started: {problem.strerror}",
            remedy="look at the limits of processes and memory on this machine; nothing was run",
            exit_code=Exit.TARGET_UNREACHABLE,
        ) from problem
    finally:
        os.close(out_write)
        os.close(err_write)
    return pid, out_read, err_read


async def _drained(loop: asyncio.AbstractEventLoop, fd: int, kept: _Kept) -> None:
    done = loop.create_future()

    def ready() -> None:
        try:
            block = os.read(fd, 65536)
        except BlockingIOError:
            return
        if block:
            kept.take(block)
        elif not done.done():
            done.set_result(None)

    loop.add_reader(fd, ready)
    try:
        await done
    finally:
        loop.remove_reader(fd)
        os.close(fd)


async def _exited(loop: asyncio.AbstractEventLoop, pid: int) -> None:
    watcher = os.pidfd_open(pid)
    done = loop.create_future()

    def ready() -> None:
        if not done.done():
            done.set_result(None)

    loop.add_reader(watcher, ready)
    try:
        await done
    finally:
        loop.remove_reader(watcher)
        os.close(watcher)


def _end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


async def _reaped(pid: int) -> int:
    for _ in range(200):
        done, status = os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - does not wait
        if done:
            return os.waitstatus_to_exitcode(status) if not os.WIFSIGNALED(status) else 128 + os.WTERMSIG(status)
        await asyncio.sleep(0.01)
    return TIMED_OUT
