"""Another host as a target, over one kept ssh connection, with a run journal over there.

Built by `app` from settings; called by the engine. What a run does goes on when this program or the connection dies; the same run
id attaches to it again. It never runs a run id twice, and never guesses how one ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic

from firstfive.errors import Exit, FirstfiveError
from firstfive.incident.records import Run
from firstfive.ports import Heard, OutcomeLost, OutOfTouch, Output, Trace
from firstfive.targets.replies import Kept, Marked, Reply, listed, reply
from firstfive.targets.run_wrapper import (
    GRACE,
    KEEP,
    TIMED_OUT,
    Place,
    list_program,
    look_program,
    new_mark,
    part_program,
    run_program,
    tidy_program,
    trace_program,
)
from firstfive.targets.ssh_connection import Connection, ConnectionGone, Shell

SPARE = timedelta(seconds=5)  # beyond a step's own limits, for the way there and back
ASKING = timedelta(seconds=15)
LATEST = timedelta(seconds=60)  # beyond a run's own limits: then even a host that can be reached has not told its end
LIVE_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssh:
    """Runs on `host` in `workdir` (a path there), with `environment` added to what sshd gives and to the `KEY=VALUE` lines of
    `env_file` (a path there).

    `runs` is the run journal over there, an absolute path; empty: the user's state folder, in a part named `journal`, which should
    differ between installations. After a break, the host is sought for `patience` before a run counts as out of touch.
    """

    name: str
    host: str
    workdir: str
    environment: Mapping[str, str] = field(default_factory=dict)
    env_file: str = ""
    config_file: Path | None = None
    known_hosts: Path | None = None
    runs: str = ""
    journal: str = "runs"
    patience: timedelta = timedelta(seconds=15)
    connection: Connection = field(init=False)
    _tidied: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        made = Connection(host=self.host, config_file=self.config_file, known_hosts=self.known_hosts)
        object.__setattr__(self, "connection", made)

    async def warm(self) -> None:
        """Open the connection in advance, with a shell that waits. Raises FirstfiveError when it cannot be opened."""
        try:
            async with self.connection.shell() as shell:
                shell.free = True
        except ConnectionGone as gone:
            raise self._unreachable(gone) from gone

    async def forward(self, path: str) -> Path:
        """A unix socket here that leads to `path` on the host, for example Docker's. Raises FirstfiveError."""
        try:
            return await self.connection.forward(path)
        except ConnectionGone as gone:
            raise self._unreachable(gone) from gone

    async def close(self) -> None:
        """Close the connection; runs go on."""
        await self.connection.close()

    async def look(
        self,
        script: str,
        *,
        timeout: timedelta,
        environment: Mapping[str, str] | None = None,
        heard: Heard | None = None,
    ) -> Output:
        """Run something that only looks. A broken connection is opened again once. Raises FirstfiveError when it cannot be had."""
        given = {**self.environment, **(environment or {})}
        tries, broken_since = 0, None
        while True:
            tries += 1
            try:
                return await self._look(script, timeout, given, heard)
            except ConnectionGone as gone:
                broken_since = broken_since or monotonic()
                if tries == 3 or monotonic() - broken_since > SPARE.total_seconds():
                    raise self._unreachable(gone) from gone

    async def run(self, run: Run, heard: Heard | None = None) -> Output:
        """Execute a run once, or attach to it. Raises OutOfTouch when it may have begun and the host was not reached over `patience`,
        OutcomeLost when its end cannot be learned.
        """
        began = monotonic()
        until = began + (run.timeout + GRACE + LATEST).total_seconds()
        live = asyncio.create_task(self._live(run.id, heard)) if heard is not None else None
        sent, silent_since, why = False, None, f"no answer within {self.patience.total_seconds():.0f} s"
        try:
            while True:
                try:
                    return await self._attempt(run, began, until, silent_since)
                except _BeforeSending as gone:
                    if gone.refused is not None:
                        if not sent:
                            raise gone.refused from gone
                        await asyncio.sleep(1.0)  # it was let in before, and what it began there goes on
                    why = str(gone) or why
                    if not sent and monotonic() - began > ASKING.total_seconds():
                        raise self._unreachable(why) from gone
                    silent_since = None if self.connection.is_open else silent_since or monotonic()
                except ConnectionGone:
                    sent, silent_since = True, monotonic()
                    self.connection.broken()
                silent = monotonic() - silent_since if silent_since is not None else 0.0
                if sent and (monotonic() > until or silent > self.patience.total_seconds()):
                    raise OutOfTouch(
                        f"{run.id} may have begun on {self.name}, and {self.host} has not been reached since; "
                        f"when it answers again, the run journal there tells ({why})"
                    )
        finally:
            if live is not None:
                live.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await live

    async def trace(self, run_id: str) -> Trace:
        """What the run journal over there remembers. Raises FirstfiveError when the host cannot be asked."""
        told = await self._asked(
            trace_program(mark=(mark := new_mark()), place=self._place(run_id), run_id=run_id), mark
        )
        return Trace(told.word)

    async def remembered(self, incident: str) -> Mapping[str, str]:
        """Every run of an incident that the run journal over there knows. Raises FirstfiveError when the host cannot be asked."""
        program = list_program(mark=(mark := new_mark()), place=self._place(incident), incident=incident)
        return listed((await self._asked(program, mark)).body)

    async def _asked(self, program: bytes, mark: str) -> Reply:
        """A question that may be repeated."""
        problem = ""
        for _ in range(3):
            try:
                async with self.connection.shell() as shell, asyncio.timeout(ASKING.total_seconds()):
                    told = await _told(shell, program, mark)
                    shell.free = True
                    return told
            except ConnectionGone as gone:
                problem = str(gone)
            except TimeoutError:
                problem = "no answer to a question"
                self.connection.broken()
        raise self._unreachable(problem)

    async def _attempt(self, run: Run, began: float, until: float, silent_since: float | None) -> Output:
        mark = new_mark()
        program = run_program(
            mark=mark,
            place=self._place(run.id),
            run_id=run.id,
            script=run.script,
            sum_of_script=run.sha256,
            workdir=self.workdir,
            environment={**self.environment, **dict(run.environment)},
            timeout=run.timeout,
            env_file=self.env_file,
        )
        async with contextlib.AsyncExitStack() as stack:
            try:
                reach_by = None if silent_since is None else silent_since + self.patience.total_seconds() + 0.1
                async with asyncio.timeout_at(reach_by):
                    shell = await stack.enter_async_context(self.connection.shell())
            except (ConnectionGone, TimeoutError) as gone:
                raise _BeforeSending(str(gone)) from gone
            except FirstfiveError as refused:
                raise _BeforeSending(refused.what, refused) from refused
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + max(1.0, until - monotonic())):
                    told = await _told(shell, program, mark)
            except TimeoutError as late:
                raise ConnectionGone("no outcome within the time") from late
            if told.word == "done":
                tidy = not self._tidied
                with contextlib.suppress(ConnectionGone):
                    shell.send(b"collected\n")
                    if tidy:
                        shell.send(tidy_program(place=self._place(run.id)))
                        shell.finish()
                    shell.free = not tidy
                self._tidied[:] = [True]
        return await self._output(run, told, timedelta(seconds=monotonic() - began))

    async def _output(self, run: Run, told: Reply, took: timedelta) -> Output:
        if told.word == "refused":
            raise FirstfiveError(
                f"{run.id} was not begun on {self.name}: {told.rest}",
                where=self.host,
                remedy="mend that on the host and try again; nothing was run",
                exit_code=Exit.TARGET_UNREACHABLE,
            )
        if told.word != "done":
            raise OutcomeLost(f"{run.id} began on {self.name} and left no exit code in its run journal")
        body, dropped = told.body, 0
        if len(body) >= KEEP:
            try:
                body, dropped = await self._both_ends(run.id, body)
            except FirstfiveError as away:  # it ran; its end is read once the host answers
                raise ConnectionGone(away.what) from away
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

    async def _both_ends(self, run_id: str, head: bytes) -> tuple[bytes, int]:
        mark = new_mark()
        place = self._place(run_id)
        told = await self._asked(part_program(mark=mark, place=place, run_id=run_id, start=None), mark)
        size = int(told.rest)
        tail = told.body[max(0, len(head) + len(told.body) - size) :]
        return head + tail, size - len(head) - len(tail)

    async def _live(self, run_id: str, heard: Heard | None) -> None:
        """Hand out what the run wrote so far, again and again. A live view only: a break is passed over."""
        at = 0
        while heard is not None:
            await asyncio.sleep(LIVE_SECONDS)
            mark = new_mark()
            program = part_program(mark=mark, place=self._place(run_id), run_id=run_id, start=at)
            with contextlib.suppress(FirstfiveError):
                told = await self._asked(program, mark)
                at += len(told.body)
                if told.body:
                    heard(told.body.decode("utf-8", "replace"))

    async def _look(self, script: str, timeout: timedelta, given: Mapping[str, str], heard: Heard | None) -> Output:
        mark = new_mark()
        program = look_program(
            mark=mark,
            script=script,
            workdir=self.workdir,
            environment=given,
            timeout=timeout,
            env_file=self.env_file,
        )
        out, err = Marked(mark, Kept(heard)), Marked(mark, Kept(heard))
        ended = asyncio.Event()

        def came(block: bytes, is_error: bool) -> None:
            (err if is_error else out).feed(block)
            if out.refused or (out.exit_code is not None and err.exit_code is not None):
                ended.set()

        async with self.connection.shell() as shell:
            began = monotonic()
            shell.heard = came
            shell.send(program)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout((timeout + SPARE).total_seconds()):
                    await _either(ended, shell.ended)
            took = monotonic() - began
            shell.free = ended.is_set()
        if out.refused:
            raise FirstfiveError(
                f"{self.name} could not look: {out.refused}", where=self.host, remedy="mend workdir of that target"
            )
        late = took >= timeout.total_seconds()
        if out.exit_code is None and not late:
            raise ConnectionGone("the connection broke while looking")
        if out.exit_code is None and not out.begun:
            self.connection.broken()
            raise ConnectionGone("no answer while looking")
        return _seen(out, err, took, late=late)

    def _place(self, run_id: str) -> Place:
        if "/" in run_id or run_id.startswith(".") or not run_id:
            raise FirstfiveError(f"{run_id!r} is no run id")
        return Place(runs=self.runs, journal=self.journal)

    def _unreachable(self, why: object) -> FirstfiveError:
        return FirstfiveError(
            f"{self.name} could not be reached: {str(why) or 'it did not answer'}",
            where=self.host,
            remedy=f"try {self.connection.by_hand} from this machine; nothing was run",
            exit_code=Exit.TARGET_UNREACHABLE,
        )


class _BeforeSending(Exception):
    """Nothing had been sent yet; `refused` where trying again cannot help."""

    def __init__(self, why: str, refused: FirstfiveError | None = None) -> None:
        super().__init__(why)
        self.refused = refused


def _seen(out: Marked, err: Marked, took: float, *, late: bool) -> Output:
    """What a look left behind; 137 at the time limit is our own hard signal."""
    out.close()
    err.close()
    timed_out = late and out.exit_code in (None, 137)
    code = TIMED_OUT if timed_out or out.exit_code is None else out.exit_code
    stdout, stderr = out.kept.text(), err.kept.text()
    return Output(
        exit_code=code,
        text=stdout + stderr,
        stdout=stdout,
        stderr=stderr,
        dropped=out.kept.dropped + err.kept.dropped,
        took=timedelta(seconds=took),
        timed_out=timed_out,
    )


async def _told(shell: Shell, program: bytes, mark: str) -> Reply:
    """The one reply of a program. Raises ConnectionGone when the shell ended without it."""
    heap = bytearray()
    whole = asyncio.Event()
    found: list[Reply] = []

    def came(block: bytes, is_error: bool) -> None:
        if is_error or found:
            return
        heap.extend(block)
        told = reply(heap, mark)
        if told is not None:
            found.append(told)
            whole.set()

    shell.heard = came
    shell.send(program)
    await _either(whole, shell.ended)
    if not found:
        raise ConnectionGone("the connection broke before the answer")
    return found[0]


async def _either(one: asyncio.Event, other: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(one.wait()), asyncio.ensure_future(other.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
