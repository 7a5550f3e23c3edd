"""The engine: signals in, timelines grown, orders obeyed, and sleep till the next due time.

Built by `app`; `web` and `cli` talk to it. It holds no rule of its own: `incident.decide` says what is due, `obey` does it.
Everything it knows survives it, because it keeps nothing that is not in the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from firstfive.documents.metrics import OwnState
from firstfive.engine import obey
from firstfive.engine import sort as sorting
from firstfive.engine.advance import KINDS, Rules, advance
from firstfive.engine.outsiders.desk import Outside
from firstfive.engine.outsiders.vitals import Vitals, own_state
from firstfive.engine.requests import clean, person, sound, timely
from firstfive.engine.steps import packing
from firstfive.engine.steps.aloud import Aloud
from firstfive.engine.telling import outbox, papers
from firstfive.engine.telling.links import Links
from firstfive.engine.tools import Tools
from firstfive.errors import Exit, FirstfiveError, Newer, NotLoaded, Refused
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident import triage
from firstfive.incident.owed.duty import silent
from firstfive.incident.policy import Policy
from firstfive.incident.signals import Deploy, Observation, Signal, SignalKind
from firstfive.incident.timeline import Incident, accept, repeats
from firstfive.ports import Clock, Fenced, Journal, Outcome, Reached, Transaction, Work

T = TypeVar("T")

AT_ONCE = 16
TELLING_AT_ONCE = 32
LONGEST_SLEEP, CROWDED, NOT_YET, IN_TROUBLE = 5.0, 0.2, 0.01, 1.0
PROVED_EVERY = timedelta(seconds=15)
WORK = tuple(kind for kind in KINDS if kind != outbox.KIND)
PUT_OFF_TRIES = 900
DEPLOY_HORIZON = timedelta(hours=24)


@dataclass(slots=True, kw_only=True)
class Engine:
    """Runs one handbook against one journal. `tools` are the edges that orders are obeyed with.

    `ensure` loads the handbook of a digest that an incident is pinned to, when it is not the present one. `look_for_deploys` brings
    the ledger up to date before somebody concludes from it. `drilling` says whether a drill is on: what labs show then is a drill's.
    """

    journal: Journal
    clock: Clock
    handbook: Handbook
    rules: Rules
    tools: Tools
    ensure: Callable[[str], Awaitable[None]]
    look_for_deploys: Callable[[], Awaitable[None]]
    drilling: Callable[[], bool] = lambda: False
    watched: tuple[str, ...] = ()
    turned_at: datetime | None = None
    complaints: list[str] = field(default_factory=list)
    aloud: Aloud = field(init=False)
    links: Links = field(default_factory=Links)
    vitals: Vitals = field(default_factory=Vitals)
    lanes: Counter[str] = field(default_factory=Counter)
    began: datetime = field(init=False)
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _doing: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.aloud = Aloud(redactor=self.tools.redactor)
        self.began = self.clock.now()

    @property
    def policy(self) -> Policy:
        """The team's numbers."""
        return self.rules.policy

    @property
    def outside(self) -> Outside:
        """The desk for silences, heartbeats and what senders said."""
        return Outside(engine=self)

    # ------------------------------------------------------------------------------------------------------ reading

    async def incident(self, incident_id: str) -> Incident:
        """The incident as it stands; raises Refused when there is none of that id."""
        state = await self.journal.read(lambda tx: self.rules.load(tx, incident_id))
        if state.declared is not None:
            await self.ensure(state.declared.handbook)
        self.rules.learn(state)
        return state

    async def attached(self, incident_id: str, run: str) -> str | None:
        """What a run said where it is more than its entry holds."""
        return await self.journal.read(lambda tx: tx.attached(incident_id, run))

    async def open_incidents(self) -> tuple[Incident, ...]:
        """Every incident that is not finished, newest first; without those that only a newer version can read."""
        states = await self.journal.read(self.rules.live)
        for state in states:
            if state.declared is not None:
                await self.ensure(state.declared.handbook)
            self.rules.learn(state)
        return states

    async def those(self, ids: Sequence[str]) -> tuple[Incident, ...]:
        """These incidents, without those that only a newer version can read."""
        found = []
        for one in ids:
            with contextlib.suppress(Newer):
                found.append(await self.incident(one))
        return tuple(found)

    async def behind(self) -> tuple[str, ...]:
        """Open incidents on which a newer version wrote what this one cannot read."""
        if self.rules.newer:
            self.rules.newer &= set(await self.journal.read(lambda tx: tx.incidents(only_open=True)))
        return tuple(sorted(self.rules.newer))

    async def recent_ids(self, limit: int = 50) -> tuple[str, ...]:
        """The newest incidents, finished or not."""
        return await self.journal.read(lambda tx: tx.incidents(only_open=False, limit=limit))

    def handbook_for(self, incident: Incident) -> Handbook:
        """The handbook that an incident is pinned to."""
        return self.rules.handbook_for(incident)

    async def reached(self, person: str, way: str) -> None:
        """A person answered through this way, so it is proved."""
        proved = Reached(person=person, way=way, answered_at=self.clock.now())
        await self.journal.write(lambda tx: tx.reached(proved))

    async def own_state(self) -> OwnState:
        """How the program itself does, for whoever watches it."""
        return await own_state(self)

    def follow(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call `heard` with an incident's id after each commit that touched it, until the returned function is called."""
        return self.journal.follow(heard)

    # ------------------------------------------------------------------------------------------------------- people

    async def say(self, incident_id: str, by: str, event: ev.Event) -> Incident:
        """Write a person's event, if the rules accept it now; raises Refused with the reason."""
        by, now = person(by), self.clock.now()
        event = timely(clean(self.tools.redactor, event), now)

        def write(tx: Transaction) -> Incident:
            state = self.rules.load(tx, incident_id)
            if repeats(state, event, by, now):
                return state
            book = self.rules.handbook_for(state)
            accepted = accept(state, sound(book, event), now, by=by, silent=silent(book, state))
            return advance(tx, self.rules, incident_id, (accepted,), by=by, now=now)

        return await self._write(write)

    async def offer(self, incident_id: str, by: str, pack: str, fields: Mapping[str, Any]) -> Incident:
        """Ask for a change out of a pack; it waits for approval. Raises Refused with the reason why not."""
        return await packing.offer(self, incident_id, by, pack, fields)

    async def look_back(self, incident_id: str) -> Incident:
        """Read the post-mortem in the vault again, and note what changed in it; the incident as it then stands."""
        return await papers.look_back(self, incident_id)

    async def declare(self, by: str, title: str, level: int | None = None, why: str = "") -> Incident:
        """A person declares. Without a level the worst of the matrix is taken, and the timeline says so."""
        levels = [s.level for s in self.handbook.severities] or [1]
        if level is not None and level not in levels:
            known = f"it has {', '.join(str(n) for n in sorted(levels))}"
            raise Refused(f"the page's matrix has no severity {level}", remedy=known, exit_code=Exit.USAGE)
        by, title = person(by), self.tools.redactor.line(title)
        if not title:
            raise Refused("an incident needs a title", remedy="say in one line what is wrong")
        now = self.clock.now()
        graded = "given by the person who declared" if level else "not graded by a person yet, so the worst is assumed"
        reason = why or graded
        declared = self._declared(title, level or min(levels), self.tools.redactor.line(reason), now)
        return await self._write(lambda tx: self._open(tx, declared, (), by=by, now=now))

    async def report(self, by: str, text: str, incident_id: str | None = None) -> Incident:
        """A person reports trouble: it joins the incident named, else the newest open one, else it declares one."""
        by = person(by)
        said = self.tools.redactor.line(text, width=2000)
        if not said:
            raise Refused("the report has no text", remedy="say in one line what does not work")

        return await self._write(lambda tx: self.reported(tx, by, said, incident_id)[0])

    def reported(self, tx: Transaction, by: str, said: str, incident_id: str | None = None) -> tuple[Incident, bool]:
        """A report inside the caller's transaction: the incident, and whether it was there before."""
        now = self.clock.now()
        standing = (self.rules.load(tx, incident_id),) if incident_id else self.rules.live(tx)
        live = [i for i in standing if i.resolved_at is None or incident_id]
        seen = ev.ReportReceived(text=said, reporter=by)
        if live:
            tx.report(now, by, said, live[0].id)
            return advance(tx, self.rules, live[0].id, (seen,), by=by, now=now), True
        signal = Signal(kind=SignalKind.REPORT, source="person", subject="report", firing=True, text=said, at=now)
        level, why = triage.grade(self.handbook, signal, None, None)
        declared = self._declared(triage.title_of(signal, None), level, why, now)
        opened = self._open(tx, declared, (seen,), by=by, now=now)
        tx.report(now, by, said, opened.id)
        return opened, False

    # ------------------------------------------------------------------------------------------------------ signals

    async def observe(self, seen: Signal | Deploy) -> str:
        """Take in what a probe saw; returns the reason of what was made of it. Repeats of a known state change nothing."""
        if isinstance(seen, Signal) and seen.firing:
            await self.look_for_deploys()
        outcome = await self._write(lambda tx: self.sort(tx, seen))
        if outcome.incident and outcome.verdict in ("declared", "joined"):
            await self.incident(outcome.incident)  # so that the next one need not read it
        return outcome.why

    def cleaned(self, seen: Observation) -> Observation:
        """What a sender said, with secrets and control characters out of every word that is stored or shown."""
        return self.tools.redactor.observation(seen)

    async def preview(self, seen: Sequence[Observation]) -> tuple[Outcome, ...]:
        """What would be made of these now; nothing is kept."""
        try:
            await self.commit(lambda tx: sorting.previewed(self, tx, tuple(self.cleaned(one) for one in seen)))
        except sorting.Previewed as told:
            return told.outcomes
        return ()

    def sort(self, tx: Transaction, seen: Signal | Deploy) -> Outcome:
        """What is made of one observation, inside the caller's transaction; see `sort.sorted_in`."""
        return sorting.sorted_in(self, tx, seen)

    def opened(self, tx: Transaction, title: str, level: int, why: str, signal: Signal, *, now: datetime) -> Incident:
        """Declare by the rules, on this signal."""
        declared = replace(self._declared(title, level, why, signal.at), drill=self.rehearsed(signal))
        return self._open(tx, declared, (ev.SignalSeen(signal=signal),), by=ev.SELF, now=now)

    def rehearsed(self, signal: Signal) -> bool:
        """Whether this signal belongs to a drill: one is on, and it is about a lab."""
        return (signal.host or self.policy.target) in self.policy.labs and self.drilling()

    # --------------------------------------------------------------------------------------------------------- loop

    async def run(self, stop: asyncio.Event) -> None:
        """Obey what is due until `stop` is set, then let what is being done come to its next safe point."""
        cancel = self.follow(lambda _: self._awake.set())
        stopper = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                self._awake.clear()
                if (wait := await self._until_due()) <= 0:
                    before = self.turned_at
                    if await self.turn():
                        continue
                    crowded = CROWDED if len(self._doing) >= AT_ONCE else NOT_YET
                    wait = IN_TROUBLE if self.turned_at is before else crowded
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), min(max(wait, NOT_YET), LONGEST_SLEEP))
        finally:
            cancel()
            stopper.cancel()
            if self._doing:
                await asyncio.wait(self._doing, timeout=2.0)
            for task in self._doing:
                task.cancel()

    async def turn(self) -> int:
        """Claim what is due now and start doing it; returns how many rows were claimed."""
        began = asyncio.get_running_loop().time()
        try:
            rows = await self.journal.write(self._claimed)
        except FirstfiveError as problem:
            self.complain(problem)
            return 0
        self.turned_at = self.clock.now()
        self.vitals.cycle = asyncio.get_running_loop().time() - began
        for row in rows:
            task = asyncio.create_task(self._do(row), name=row.kind)
            self._doing.add(task)
            task.add_done_callback(self._done)
        return len(rows)

    def _claimed(self, tx: Transaction) -> tuple[Work, ...]:
        """What is due and finds room. Messages have room of their own: a slow chat keeps no step waiting, nor the other way round."""
        now, telling = self.clock.now(), sum(task.get_name() == outbox.KIND for task in self._doing)
        left = self.rules.newer
        work = tx.claim(kinds=WORK, now=now, limit=AT_ONCE - (len(self._doing) - telling), without=left)
        return (*work, *tx.claim(kinds=(outbox.KIND,), now=now, limit=TELLING_AT_ONCE - telling, without=left))

    async def settle(self) -> None:
        """Wait until nothing that was claimed is still being done."""
        while self._doing:
            await asyncio.wait(self._doing)

    async def _do(self, row: Work) -> None:
        try:
            await obey.obey(self, row)
        except Fenced:
            return
        except Newer as problem:  # a newer node does it, and need not wait for us
            self.complain(problem)
            await self._put_off(row, self.clock.now(), "it waits for a newer version", tried=False)
        except Exception as problem:
            self.complain(problem)
            later = self.clock.now() + timedelta(seconds=min(300, 2 ** min(row.tries, 8)))
            why = self.tools.redactor.line(f"{type(problem).__name__}: {problem}")
            await self._put_off(row, later, why)

    async def _put_off(self, row: Work, later: datetime, why: str, *, tried: bool = True) -> None:
        """Hand a row back for later; while the journal cannot be written, keep trying, so that nothing waits for its lease to end."""
        for _ in range(PUT_OFF_TRIES):
            try:
                await self.journal.write(lambda tx: tx.put_off(row, later, why, tried=tried))
            except Fenced:
                return
            except FirstfiveError:
                await self.clock.sleep(1.0)
            else:
                return

    def _done(self, task: asyncio.Task[None]) -> None:
        self._doing.discard(task)
        self._awake.set()

    async def _until_due(self) -> float:
        """Seconds until something can be claimed. Only looks: whoever claims waits for the lock of those who write, and every node hears
        of every commit. Now and then it claims all the same, which proves that the journal takes writes.
        """
        if self.turned_at is None or self.clock.now() - self.turned_at >= PROVED_EVERY:
            return 0.0
        try:
            due = await self.journal.read(lambda tx: tx.next_due(tuple(KINDS), self.rules.newer))
        except FirstfiveError as problem:
            self.complain(problem)
            return LONGEST_SLEEP
        return LONGEST_SLEEP if due is None else (due - self.clock.now()).total_seconds()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._awake.set()

    # ------------------------------------------------------------------------------------------------------ writing

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """One transaction on behalf of `obey`; the fold is remembered only once it is durable."""
        return await self._write(work)

    async def commit(self, work: Callable[[Transaction], T]) -> T:
        """One transaction in which the rules decide. A page that another node's incident is pinned to is loaded, and it is done over."""
        loaded: set[str] = set()
        while True:
            try:
                return await self.journal.write(work)
            except NotLoaded as missing:
                if missing.digest in loaded:
                    raise
                loaded.add(missing.digest)
                await self.ensure(missing.digest)

    async def _write(self, work: Callable[[Transaction], T]) -> T:
        result = await self.commit(work)
        if isinstance(result, Incident):
            self.rules.learn(result)
            self.vitals.heard(result.id, result.entries, self.began)
        return result

    def _declared(self, title: str, level: int, why: str, started_at: datetime) -> ev.Declared:
        return ev.Declared(
            title=title,
            level=level,
            why=why,
            handbook=self.handbook.digest,
            started_at=started_at,
            watched=self.watched,
        )

    def _open(
        self, tx: Transaction, declared: ev.Declared, more: tuple[ev.Event, ...], *, by: str, now: datetime
    ) -> Incident:
        incident_id = tx.open_incident(now)
        ledger = tx.deploys(200)
        newest = next((d for d in ledger if not d.first and timedelta(0) <= now - d.at <= DEPLOY_HORIZON), None)
        known: tuple[ev.Event, ...] = ()
        if newest is not None:
            known = sorting.back_again(newest, ledger) or sorting.deploy_events(newest, now)
        return advance(tx, self.rules, incident_id, (declared, *more), known=known, by=by, now=now)

    def complain(self, problem: BaseException) -> None:
        """Log a fault, and keep the newest twenty for `doctor`."""
        self.complaints.append(self.tools.redactor.line(str(problem)))
        del self.complaints[:-20]
        self.tools.log(f"engine: {self.complaints[-1]}")
