"""This machine as a target: one bash a step, stdin closed, no terminal, the whole group ended at the timeout.

Built by `app` from settings; called by the engine. A run that changes something leaves a folder `runs/<id>` behind: making that
folder is the gate that lets a run id execute at most once, whatever dies, and what lies in it tells how it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from time import monotonic

from firstfive.errors import Exit, FirstfiveError
from firstfive.incident.records import Run
from firstfive.ports import Heard, OutcomeLost, Output, Trace
from firstfive.targets.ending import born, end_group, end_marked
from firstfive.targets.replies import Kept, Reply, listed, reply
from firstfive.targets.run_wrapper import (
    GRACE,
    KEEP,
    MARKED,
    TIMED_OUT,
    Place,
    list_program,
    new_mark,
    run_program,
    tidy_program,
    trace_program,
)

LIVE_SECONDS = 0.1
READ_AFTER = 0.01
BLOCK = 65536
ASKING = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Runs on this machine, in `workdir`, with `environment` added to a small inherited one. `runs` is the run journal.

    `anew` reads the environment again before each run: during an incident people edit the file that it comes from.
    """

    name: str
    workdir: Path
    runs: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    anew: Callable[[], Mapping[str, str]] | None = field(default=None, compare=False)
    _tidied: list[bool] = field(default_factory=list, repr=False, compare=False)

    async def look(
        self,
        script: str,
        *,
        timeout: timedelta,
        environment: Mapping[str, str] | None = None,
        heard: Heard | None = None,
    ) -> Output:
        """Run something that only looks and capture it. Raises FirstfiveError when bash cannot be started."""
        began = monotonic()
        out, err = Kept(heard), Kept(heard)
        argv = ["bash", "--noprofile", "--norc", "-o", "pipefail", "-c", script]
        given = {**self._present(), **(environment or {}), MARKED: new_mark()}
        code = await _capture(argv, self.workdir, given, timeout, out, err)
        stdout, stderr = out.text(), err.text()
        return Output(
            exit_code=TIMED_OUT if code is None else code,
            text=stdout + stderr,
            stdout=stdout,
            stderr=stderr,
            dropped=out.dropped + err.dropped,
            took=timedelta(seconds=monotonic() - began),
            timed_out=code is None,
        )

    async def run(self, run: Run, heard: Heard | None = None) -> Output:
        """Execute a run once, or attach to it when it already began. Raises OutcomeLost when it began and left no outcome."""
        folder = self._folder(run.id)
        began = monotonic()
        live = asyncio.create_task(_live(folder / "out", heard)) if heard is not None else None
        environment = {**self._present(), **dict(run.environment)}
        program = run_program(
            mark=(mark := new_mark()),
            place=self._place(),
            run_id=run.id,
            script=run.script,
            sum_of_script=run.sha256,
            workdir=str(self.workdir),
            environment=environment,
            timeout=run.timeout,
        )
        try:
            told = await self._asked(mark, program, _bare(environment), run.timeout + GRACE + ASKING, lasting=True)
        finally:
            if live is not None:
                live.cancel()
        if told is None or told.word == "lost":
            raise OutcomeLost(f"{run.id} began on {self.name} and left no exit code; its folder is {folder}")
        if told.word == "refused":
            raise FirstfiveError(
                f"{run.id} was not begun on {self.name}: {told.rest}",
                where=str(folder),
                remedy="mend that and try again; nothing was run",
                exit_code=Exit.TARGET_UNREACHABLE,
            )
        output = _read(folder, told, timedelta(seconds=monotonic() - began))
        with contextlib.suppress(OSError):
            (folder / "collected").touch()
        await self._tidy()
        return output

    async def trace(self, run_id: str) -> Trace:
        """What the run journal remembers. A run without a process gets three seconds to show one before it counts as lost."""
        self._folder(run_id)
        mark = new_mark()
        program = trace_program(mark=mark, place=self._place(), run_id=run_id)
        told = await self._asked(mark, program, self.environment, ASKING)
        if told is None:
            raise FirstfiveError(
                f"{self.name} did not answer about {run_id}",
                where=str(self.runs),
                remedy="look at the load of this machine and at that folder; nothing was run",
                exit_code=Exit.TARGET_UNREACHABLE,
            )
        return Trace(told.word)

    async def remembered(self, incident: str) -> Mapping[str, str]:
        """Every run of an incident that the run journal knows. Raises FirstfiveError when this machine does not answer."""
        program = list_program(mark=(mark := new_mark()), place=self._place(), incident=incident)
        told = await self._asked(mark, program, self.environment, ASKING)
        if told is None:
            raise FirstfiveError(f"{self.name} did not answer about the runs of {incident}", where=str(self.runs))
        return listed(told.body)

    async def _asked(
        self, mark: str, program: bytes, environment: Mapping[str, str], patience: timedelta, *, lasting: bool = False
    ) -> Reply | None:
        """Feed a program to sh and read its reply; None when it told nothing."""
        out = Kept()
        await _capture(["sh"], Path("/"), environment, patience, out, Kept(), program, lasting=lasting)
        return reply(out.head + out.tail, mark)

    async def _tidy(self) -> None:
        if not self._tidied:
            self._tidied.append(True)
            program = tidy_program(place=self._place())
            with contextlib.suppress(FirstfiveError):  # what ran stays told, whether or not we can tidy up
                await _capture(["sh"], Path("/"), self.environment, ASKING, Kept(), Kept(), program)

    def _present(self) -> Mapping[str, str]:
        return self.anew() if self.anew is not None else self.environment

    def _place(self) -> Place:
        return Place(runs=str(self.runs.absolute()))

    def _folder(self, run_id: str) -> Path:
        if "/" in run_id or run_id.startswith(".") or not run_id:
            raise FirstfiveError(f"{run_id!r} is no run id")
        return self.runs / run_id


def _read(folder: Path, told: Reply, took: timedelta) -> Output:
    body, dropped = told.body, 0
    if len(body) >= KEEP:
        with (folder / "out").open("rb") as out:
            size = out.seek(0, os.SEEK_END)
            out.seek(max(KEEP, size - KEEP))
            body += out.read(KEEP)
        dropped = size - len(body)
    text = body.decode("utf-8", "replace")
    return Output(
        exit_code=told.exit_code,
        text=text,
        stdout=text,
        dropped=dropped,
        took=took if told.seconds is None else timedelta(seconds=told.seconds),
        timed_out=told.timed_out,
        killed=told.killed,
    )


async def _live(path: Path, heard: Heard | None) -> None:
    """Hand out what was written so far, again and again; a live view only."""
    at = 0
    while heard is not None:
        await asyncio.sleep(LIVE_SECONDS)
        with contextlib.suppress(OSError), path.open("rb") as out:
            out.seek(at)
            block = out.read(KEEP)
            at += len(block)
            if block:
                heard(block.decode("utf-8", "replace"))


async def _capture(
    argv: list[str],
    workdir: Path,
    environment: Mapping[str, str],
    timeout: timedelta,
    out: Kept,
    err: Kept,
    stdin: bytes = b"",
    *,
    lasting: bool = False,
) -> int | None:
    """Start argv in a session of its own, read both streams, end its group at the timeout. Its exit code, None when it was ended.

    One that is `lasting` is left alone instead, at the timeout and when nobody waits any more: it looks after a run.
    """
    pid, out_read, err_read = _spawned(argv, workdir, environment, stdin)
    watch = os.pidfd_open(pid)
    streams = {out_read: out, err_read: err}
    open_ends = {out_read, err_read, watch}
    ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()  # True when the time limit came first
    timers = _watched(open_ends, watch, streams, ended, timeout)
    try:
        timed_out = await ended
    finally:
        timers.pop().cancel()
        for end in open_ends:
            ended.get_loop().remove_reader(end)
        if open_ends and not lasting:
            end_group(pid)
            end_marked(environment.get(MARKED, ""), since=born(pid))
        for end in open_ends - {watch}:
            _rest(end, streams[end])
        for end in (out_read, err_read, watch):
            os.close(end)
        code = None if lasting and watch in open_ends else await _reaped(pid)
    return None if timed_out else code


def _watched(
    open_ends: set[int], watch: int, streams: Mapping[int, Kept], ended: asyncio.Future[bool], timeout: timedelta
) -> list[asyncio.TimerHandle]:
    """Read the streams as they come and settle `ended` once all of them and the process are over, or the time is. Its one timer."""
    loop = ended.get_loop()
    deadline = loop.time() + timeout.total_seconds()

    def over(end: int) -> None:
        loop.remove_reader(end)
        open_ends.discard(end)
        if not open_ends and not ended.done():
            ended.set_result(False)

    def ready(end: int, kept: Kept) -> None:
        with contextlib.suppress(BlockingIOError):
            block = os.read(end, BLOCK)
            if block:
                kept.take(block)
            else:
                over(end)

    def late() -> None:
        if not ended.done():
            ended.set_result(True)

    def read() -> None:
        timers.pop().cancel()
        timers.append(loop.call_at(deadline, late))
        for end in open_ends & streams.keys():
            loop.add_reader(end, ready, end, streams[end])

    def exited() -> None:
        over(watch)
        for end, kept in streams.items():
            if end in open_ends and _rest(end, kept):
                over(end)
        if open_ends:
            read()  # what is still open is held by a child that it left behind

    # Most steps are over at once: they are woken for once, and what they wrote lies in the pipes by then. Who writes more than a pipe
    # holds before READ_AFTER waits for that long, once. One timer serves both, since a timer costs as much as a read.
    timers = [loop.call_later(min(READ_AFTER, timeout.total_seconds()), read)]
    loop.add_reader(watch, exited)
    return timers


def _rest(end: int, kept: Kept) -> bool:
    """Take what still lies in a pipe, without waiting for more. Whether that was its end."""
    for _ in range(64):
        try:
            block = os.read(end, BLOCK)
        except BlockingIOError:
            return False
        if not block:
            return True
        kept.take(block)
    return False


def _spawned(
    argv: list[str], workdir: Path, environment: Mapping[str, str], stdin: bytes = b""
) -> tuple[int, int, int]:
    """(pid, read end of stdout, read end of stderr) of a process in a session of its own; stdin holds the bytes given."""
    out_read, out_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    err_read, err_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    os.set_blocking(out_write, True)
    os.set_blocking(err_write, True)
    source = os.memfd_create("program") if stdin else _nothing()
    try:
        if stdin:
            os.write(source, stdin)
            os.lseek(source, 0, os.SEEK_SET)
        pid = _started(argv, workdir, environment, (source, out_write, err_write))
    except OSError as problem:
        os.close(out_read)
        os.close(err_read)
        raise FirstfiveError(
            f"a shell could not be started in {workdir}: {problem.strerror}",
            remedy="look at that folder and at the limits of processes and memory on this machine; nothing was run",
            exit_code=Exit.TARGET_UNREACHABLE,
        ) from problem
    finally:
        if stdin:
            os.close(source)
        os.close(out_write)
        os.close(err_write)
    return pid, out_read, err_read


@lru_cache(maxsize=1)
def _nothing() -> int:
    """An empty stdin, opened once."""
    return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)


def _started(argv: list[str], workdir: Path, environment: Mapping[str, str], streams: tuple[int, int, int]) -> int:
    source, out, err = streams
    child = subprocess.Popen(
        argv,
        executable=_found(argv[0], environment.get("PATH", os.defpath)),
        stdin=source,
        stdout=out,
        stderr=err,
        cwd=workdir,
        env=dict(environment),
        start_new_session=True,
        close_fds=False,  # every descriptor of ours is closed on exec already
    )
    child.returncode = 0  # it is awaited by its pid
    return child.pid


def _bare(environment: Mapping[str, str]) -> Mapping[str, str]:
    """What the shell that looks after a run needs of it, so that nothing in it is taken for a variable of its own."""
    return {"PATH": environment.get("PATH", os.defpath)}


@lru_cache(maxsize=64)
def _found(program: str, path: str) -> str:
    """Where a program lies by the step's own PATH; its bare name where it is not found, so that starting it says why."""
    return shutil.which(program, path=path) or program


async def _reaped(pid: int) -> int:
    for _ in range(2000):
        done, status = os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - does not wait
        if done:
            return os.waitstatus_to_exitcode(status) if not os.WIFSIGNALED(status) else 128 + os.WTERMSIG(status)
        await asyncio.sleep(0.001)
    return TIMED_OUT
