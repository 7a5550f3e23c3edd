"""A whole Firstfive in one process for stories: a turned clock, real rules, a real journal on disk, and edges that are played.

A story breaks something, lets time pass, plays the people, and looks at what was done. `crash_after` ends the program, as kill -9
would, right after the commit of that many events; the world then starts it again on the same journal and goes on.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from firstfive.documents.summary import summary
from firstfive.engine.advance import Rules
from firstfive.engine.loop import Engine
from firstfive.engine.redact import Redactor
from firstfive.engine.tools import Tools
from firstfive.errors import Exit, FirstfiveError
from firstfive.handbook.compile import Options, compile_vault
from firstfive.handbook.model import Handbook, HttpSymptom, LogSymptom, StatusSymptom
from firstfive.incident import events as ev
from firstfive.incident.policy import Policy
from firstfive.incident.records import Run
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.incident.timeline import Incident
from firstfive.ports import Delivered, Heard, Message, OutcomeLost, OutOfTouch, Output, Receipt, Trace, Transaction
from firstfive.shell.risk import load_table
from firstfive.stores import open_journal
from stories.dying import Ear

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo" / "vault"
RISK = {"cmd": {"keeper": {"sub": {"ps": "read", "logs": "read", "inspect": "read", "restart": "changing"}}}}


class Crash(BaseException):
    """The program is gone, in the middle of whatever it did."""


@dataclass(slots=True)
class TurnedClock:
    """A clock that moves when it is told to."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass(slots=True)
class Host:
    """A target that is played: `answers` maps a pattern of the script to what it prints. It remembers runs, as a real one does."""

    name: str = "local"
    answers: list[tuple[str, str, int]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    runs: dict[str, Output] = field(default_factory=dict)
    forgetful: bool = False
    when_run: Callable[[Run], None] = lambda run: None
    die_in_run: bool = False
    cut: str = ""  # "before" or "after" the command reached it: from then on it cannot be asked
    refuses: str = ""
    unseen: str = ""  # why it cannot be looked at

    def _answer(self, script: str) -> Output:
        for pattern, text, code in self.answers:
            if re.search(pattern, script):
                return Output(exit_code=code, text=text, stdout=text, dropped=0, took=timedelta(milliseconds=5))
        return Output(exit_code=0, text="", stdout="", dropped=0, took=timedelta(milliseconds=5))

    async def look(
        self,
        script: str,
        *,
        timeout: timedelta,
        environment: Mapping[str, str] | None = None,
        heard: Heard | None = None,
    ) -> Output:
        self.looks.append(script)
        if self.unseen:
            raise FirstfiveError(self.unseen, remedy="ask who runs the host", exit_code=Exit.TARGET_UNREACHABLE)
        return self._answer(script)

    async def run(self, run: Run, heard: Heard | None = None) -> Output:
        if run.id in self.runs:
            if self.forgetful:
                raise OutcomeLost("the target was set up anew")
            return self.runs[run.id]
        if self.refuses:
            raise FirstfiveError(
                self.refuses, remedy="mend that and try again; nothing was run", exit_code=Exit.TARGET_UNREACHABLE
            )
        if self.cut == "before":
            raise OutOfTouch("it may have begun; the host is away")
        self.changes.append(run.script)
        self.runs[run.id] = self._answer(run.script)
        if self.cut:
            raise OutOfTouch("it may have begun; the host is away")
        self.when_run(run)
        if self.die_in_run:
            self.die_in_run = False
            raise Crash
        return self.runs[run.id]

    async def trace(self, run_id: str) -> Trace:
        if self.cut:
            raise FirstfiveError("local could not be reached", exit_code=Exit.TARGET_UNREACHABLE)
        if run_id not in self.runs:
            return Trace.ABSENT
        return Trace.LOST if self.forgetful else Trace.FINISHED


@dataclass(slots=True)
class Channel:
    """A notifier that keeps what it was given."""

    name: str = "channel"
    sent: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> Receipt:
        self.sent.append(message)
        return Delivered()


@dataclass(slots=True)
class Shelf:
    """A vault that keeps what was written."""

    written: dict[str, str] = field(default_factory=dict)

    def pages(self) -> Mapping[str, bytes]:
        return {}

    def write_new(self, path: str, text: str) -> str:
        self.written.setdefault(path, text)
        assert self.written[path] == text, "the post-mortem of one incident is always the same text"
        return path


class Dying:
    """The real journal; the program ends right after the commit of the world's `crash_after`-th event."""

    def __init__(self, journal: Any, world: World) -> None:
        self._journal, self._world = journal, world

    async def write(self, work: Callable[[Transaction], Any]) -> Any:
        appended = 0

        def counted(tx: Transaction) -> Any:
            nonlocal appended
            appended = 0
            return work(Ear(tx, heard))

        def heard(count: int) -> None:
            nonlocal appended
            appended += count

        result = await self._journal.write(counted)
        world = self._world
        if world.crash_after and appended:
            world.crash_after = max(0, world.crash_after - appended)
            if world.crash_after == 0:
                raise Crash
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class World:
    """One vault, one host, one channel, one engine that may die and come back."""

    def __init__(
        self, folder: Path, *, page: bytes | None = None, policy: Policy | None = None, crash_after: int = 0
    ) -> None:
        self.folder = folder
        pages = {"Incident Response.md": page or (DEMO / "Incident Response.md").read_bytes()}
        self.handbook: Handbook = compile_vault(pages, main=None, options=Options(risk=load_table(RISK)))
        self.policy = policy or Policy(resolve_after=timedelta(minutes=5))
        self.clock, self.host, self.channel, self.shelf = TurnedClock(), Host(), Channel(), Shelf()
        self.crash_after, self.crashes = crash_after, 0
        self.kinds_seen: list[str] = []
        self._loop = asyncio.new_event_loop()
        self.engine = self._start()

    # ------------------------------------------------------------------------------------------------ life and death

    def _start(self) -> Engine:
        self._journal = open_journal(f"sqlite:///{self.folder / 'journal.db'}")
        tools = Tools(
            targets={"local": self.host},
            notifiers=(self.channel,),
            vault=self.shelf,
            redactor=Redactor(),
            log=lambda _: None,
        )
        rules = Rules(
            policy=self.policy,
            handbook_of=lambda digest: self.handbook,
            summarise=lambda i, h, p: json.dumps(summary(i, h, p)).encode(),
        )

        async def ensure(digest: str) -> None:
            assert digest == self.handbook.digest

        async def nothing_new() -> None:
            return

        engine = Engine(
            journal=Dying(self._journal, self),
            clock=self.clock,
            handbook=self.handbook,
            rules=rules,
            tools=tools,
            ensure=ensure,
            look_for_deploys=nothing_new,
            watched=tuple(
                s.id
                for r in self.handbook.runbooks
                for s in r.symptoms
                if isinstance(s, HttpSymptom | StatusSymptom | LogSymptom)
            ),
        )
        return engine

    def crash(self) -> None:
        """kill -9, and start again on the same journal."""
        self.crashes += 1
        self._loop.run_until_complete(self._journal.close())
        self.engine = self._start()

    def close(self) -> None:
        self._loop.run_until_complete(self._journal.close())
        self._loop.close()

    def do(self, make: Callable[[], Any]) -> Any:
        """Run one call; when the program dies in it, start it again and ask once more, as a person would."""
        for _ in range(3):
            try:
                return self._loop.run_until_complete(make())
            except Crash:
                self.crash()
        raise AssertionError("it dies again and again")

    # ----------------------------------------------------------------------------------------------------- the story

    def symptom(self, kind: type, runbook: str = "") -> Any:
        """The page's first symptom of a kind."""
        return next(
            s for r in self.handbook.runbooks if runbook in r.title.lower() for s in r.symptoms if isinstance(s, kind)
        )

    def signal(self, symptom: Any, *, firing: bool = True, text: str = "", host: str = "") -> None:
        kinds = {HttpSymptom: SignalKind.HTTP, StatusSymptom: SignalKind.STATUS, LogSymptom: SignalKind.LOG}
        seen = Signal(
            kind=kinds[type(symptom)],
            source="probe",
            subject=getattr(symptom, "url", getattr(symptom, "subject", "log")),
            firing=firing,
            text=text or ("trouble" if firing else "well"),
            at=self.clock.now(),
            symptom=symptom.id,
            host=host,
        )
        self.do(lambda: self.engine.observe(seen))
        self.work()

    def deploy(self, version: str, previous: str = "1.4.1", *, minutes_ago: float = 0, first: bool = False) -> None:
        at = self.clock.now() - timedelta(minutes=minutes_ago)
        seen = Deploy(
            subject="web", version=version, previous=previous, at=at, source="the link was moved", first=first
        )
        self.do(lambda: self.engine.observe(seen))
        self.work()

    def pass_(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Time passes, deadline by deadline."""
        until = self.clock.at + timedelta(minutes=minutes, seconds=seconds)
        self.work()
        while True:
            due = self.do(lambda: self.engine.journal.read(lambda tx: tx.next_due(KINDS)))
            if due is None or due > until:
                break
            self.clock.at = max(self.clock.at, due)
            self.work()
        self.clock.at = max(self.clock.at, until)
        self.work()

    def work(self) -> None:
        """Do all that is due now."""
        for _ in range(200):
            if not self.do(self._turned):
                return
        raise AssertionError("there is always more to do")

    async def _turned(self) -> int:
        claimed = await self.engine.turn()
        while self.engine._doing:
            done, _ = await asyncio.wait(self.engine._doing)
            for task in done:
                if not task.cancelled() and isinstance(task.exception(), Crash):
                    raise Crash
        assert not self.engine.complaints, self.engine.complaints
        return claimed

    def say(self, event: ev.Event, by: str = "sam") -> Incident:
        said: Incident = self.do(lambda: self.engine.say(self.incident.id, by, event))
        self.work()
        return said

    def approve(self, step: str = "") -> None:
        """Approve the run that waits without doubts, or that of a step; nothing when a crash came between and it is approved already."""
        waiting = [a for a in self.incident.waiting() if (a.run.step == step if step else not a.doubts)]
        if waiting:
            run, asked = waiting[0].run, waiting[0]
            yes = ev.Approved(run=run.id, sha256=run.sha256, confirm=asked.confirm, affirmed=bool(asked.first))
            for by in ("sam", "kim")[: asked.people]:
                self.say(yes, by)

    @property
    def incident(self) -> Incident:
        ids = self.do(lambda: self.engine.journal.read(lambda tx: tx.incidents(only_open=False)))
        found: Incident = self.do(lambda: self.engine.incident(ids[0]))
        return found

    def kinds(self) -> list[str]:
        """The timeline as the names of its events."""
        return [type(e.event).__name__ for e in self.incident.entries]

    def told(self, kind: str) -> list[str]:
        """Notices of a kind, as recorded."""
        return [n.text for n, _ in self.incident.notices if n.kind == kind]


KINDS = ("check", "mends", "step", "notice", "remind", "deliver", "page", "postmortem", "wake")
