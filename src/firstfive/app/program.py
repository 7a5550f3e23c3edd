"""The whole program, joined: page, journal, engine, eyes and hands.

Part of `app`. Follows the page while it runs: a changed page is taken over once it compiles.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from firstfive.app import several
from firstfive.app.answers.listeners import listeners
from firstfive.app.daily import rounds_of
from firstfive.app.ears import message_of, understood
from firstfive.app.eyes import probes_for, sockets_of, trackers_of, turning_of
from firstfive.app.hands import env_stamp, pack_rules, secrets, target_of
from firstfive.app.mouth import notifiers_of, rota_of, routes_of, secrets_of
from firstfive.app.pages import ensured, last_good, pages_in_force, pinned, read_handbook, thinned, vault_of
from firstfive.app.status import publisher_of
from firstfive.documents.summary import summary
from firstfive.engine.advance import Rules
from firstfive.engine.loop import Engine
from firstfive.engine.outsiders.inbox import Inbox
from firstfive.engine.redact import Redactor
from firstfive.engine.steps import restored
from firstfive.engine.telling.links import Links
from firstfive.engine.tools import Tools
from firstfive.engine.watch import Watch, who
from firstfive.errors import FirstfiveError, JournalError, PageError, VaultError
from firstfive.handbook.model import Handbook
from firstfive.incident.policy import Policy
from firstfive.incident.signals import Observation
from firstfive.incident.timeline import Incident
from firstfive.notifiers.posting import request
from firstfive.ports import Clock, Journal, Notifier
from firstfive.probes.docker import Ledger
from firstfive.probes.release_link import ReleaseLink
from firstfive.settings import Settings
from firstfive.settings.holidays_of import working_days
from firstfive.stores import nodes_of, open_journal, shown
from firstfive.stores.files.key import LINKS
from firstfive.stores.restored import recall, remember
from firstfive.targets.ssh import Ssh

if TYPE_CHECKING:
    from firstfive.stores.postgres.nodes import Nodes

RELOAD_EVERY = 5.0
RESTAFFED_EVERY = timedelta(hours=1)
ALIVE_EVERY = timedelta(minutes=1)
ALIVE_FIRST = timedelta(seconds=1)
DRILL = "drill.json"  # there while a drill's fault is in place


@dataclass(slots=True, kw_only=True)
class Program:
    """Everything that runs: `run` until told to stop, then `close`."""

    settings: Settings
    engine: Engine
    journal: Journal
    watch: Watch
    log: Callable[[str], None]
    shelf: dict[str, Handbook]
    inbox: Inbox
    ledgers: list[ReleaseLink | Ledger]
    staffed_at: datetime
    nodes: Nodes | None = None
    read_only: bool = False
    serving: bool = False
    problem: str = ""
    gone: str = ""
    stamp: int = 0
    edited: tuple[tuple[str, int, int], ...] = ()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch, obey and follow the page until `stop` is set. Raises SettingsError beside a node that cannot take over from this one."""
        self.serving = True
        await asyncio.to_thread(several.refuse_apart, self.settings, self.nodes)
        looks = tuple(who(probe) for probe in self.watch.probes)
        await several.take_share(self.nodes, self.engine.handbook, looks, self.log, self.journal)
        for variable in self.settings.intake.missing:
            self.log(f"intake: {variable} is not set, so the door that it opens stays shut")
        for beat in self.settings.heartbeats:
            await self.engine.outside.expect(beat.name, beat.every, beat.grace)
        publisher = publisher_of(self.settings, self.journal, self.engine.clock, self.log)
        chats = listeners(self.settings, self.engine)
        public = (publisher.run(stop),) if publisher is not None else ()
        await asyncio.gather(
            self.engine.run(stop),
            self._watching(stop),
            several.while_held(self.nodes, "requests of senders", self.inbox.run, stop),
            self._alive(stop),
            several.while_held(self.nodes, "daily round", rounds_of(self.settings, self.engine).run, stop),
            *public,
            *(several.while_held(self.nodes, "answers of chats", one.run, stop) for one in chats),
        )
        if self.gone:
            raise JournalError(f"{self.gone}; this node begins anew", remedy="start it again if nothing does")

    async def _alive(self, stop: asyncio.Event) -> None:
        """Ask for the heartbeat's address while the engine turns and its journal takes writes; our silence is then noticed there.

        The first time is as soon as it turns, so that a restart is not a silence.
        """
        address = self.settings.notify.heartbeat
        while address and not stop.is_set():
            turned, now = self.engine.turned_at, self.engine.clock.now()
            pause = ALIVE_EVERY if turned is not None else ALIVE_FIRST
            if turned is not None and now - turned < ALIVE_EVERY:
                answer = await request("GET", address, headers={})
                if not answer.good:
                    self.log(f"the heartbeat does not arrive: {answer.problem or f'it answers {answer.status}'}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause.total_seconds())

    async def _watching(self, stop: asyncio.Event) -> None:
        """Probes for the present page; when the page changes and still compiles, probes for the new one."""
        while not stop.is_set():
            turned = asyncio.Event()
            watching = asyncio.create_task(self.watch.run(turned))
            try:
                await self._until_changed(stop)
            finally:
                turned.set()
                await watching

    async def _until_changed(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RELOAD_EVERY)
            await self._look_ahead()
            await self._look_back()
            if self.gone:
                stop.set()
            await self._restaff()
            if not stop.is_set() and await self.reload():
                return

    async def _look_ahead(self) -> None:
        """Whether newer nodes are ahead of this one, by what they wrote on open incidents; looked at beside another version only."""
        try:
            if several.mixed(self.nodes):
                await self.engine.open_incidents()
            newer = await self.engine.behind()
        except FirstfiveError:
            return  # the journal is away, which the loop says
        await several.fall_behind(self.nodes, newer, self.log)

    async def _look_back(self) -> None:
        """Tell incidents when the journal was put back beneath us, and keep what we saw of it."""
        try:
            if await remember(self.journal, self.settings.state, shown(self.settings.database)) is not None:
                for name in await restored.pause(self.engine):
                    self.log(f"{name}: changes are paused, since the journal was restored")
        except FirstfiveError:
            self.gone = str(getattr(self.journal, "ended", ""))  # else the journal is away, which the loop says

    async def _restaff(self) -> None:
        """Who is on call is read anew every hour, since calendars change."""
        now, rules = self.engine.clock.now(), self.engine.rules
        if now - self.staffed_at >= RESTAFFED_EVERY:
            self.staffed_at = now
            rules.policy = await asyncio.to_thread(_staffed, rules.policy, self.settings, now, self.log)

    async def reload(self) -> bool:
        """Read the vault again; True when a changed page was taken over. Open incidents keep the page they were declared under."""
        edited = env_stamp(self.settings)
        if edited != self.edited:
            self.edited = edited
            self.engine.tools.redactor.learn(secrets(self.settings))
            await self.take(self.engine.handbook)
            self.log("an env file was edited; the looks that use it begin anew")
            return True
        try:
            stamp = await asyncio.to_thread(vault_of(self.settings, "").stamp)
            if stamp == self.stamp:
                return False
            fresh = await asyncio.to_thread(read_handbook, self.settings)
            self.stamp = stamp
        except FirstfiveError as broken:
            self.engine.vitals.page_compiles = False
            if str(broken) != self.problem:
                self.problem = str(broken)
                self.log(f"the page does not compile now, the last good one stays in force: {broken}")
            return False
        self.problem = ""
        self.engine.vitals.page_compiles = True
        if fresh.digest == self.engine.handbook.digest:
            return False
        await self.take(fresh)
        self.log("the page changed and was compiled anew")
        return True

    async def take(self, handbook: Handbook) -> None:
        """Make this the handbook for new incidents."""
        self.shelf[handbook.digest] = handbook
        sources = json.dumps({source.path: source.text for source in handbook.sources}).encode()
        now = self.engine.clock.now()
        if not self.read_only:
            await self.journal.write(lambda tx: tx.keep_handbook(handbook.digest, sources, now))
        self.engine.handbook = handbook
        thinned(self.shelf, {handbook.digest, *pages_in_force(self.engine.rules.known.values())})
        self.engine.vitals.page_compiles = not self.problem
        ledger = await self.journal.read(lambda tx: tx.deploys(1000))
        newest = {deploy.subject: deploy for deploy in reversed(ledger)}
        probes, unwatched = probes_for(self.settings, handbook, self.engine.tools.targets, newest, self.journal)
        for reason in unwatched:
            self.log(f"not watched: {reason}")
        self.watch = replace(
            self.watch, probes=probes, turning=turning_of(self.settings, handbook, self.engine.tools.targets)
        )
        self.ledgers[:] = [probe for probe in probes if isinstance(probe, ReleaseLink | Ledger)]
        if self.serving:
            looks = tuple(who(probe) for probe in probes)
            await several.take_share(self.nodes, handbook, looks, self.log, self.journal)
        self.engine.watched = tuple(dict.fromkeys(s for probe in probes for s in probe.symptoms))

    def understood(self, sender: str, message: bytes) -> tuple[tuple[Observation, ...], str]:
        """A sender's message as it would be read now. Raises Refused for a sender that nobody knows."""
        return message_of(sender, message, self.engine.clock.now())

    async def close(self) -> None:
        """Let go of the hosts and of the journal."""
        for target in self.engine.tools.targets.values():
            if isinstance(target, Ssh):
                await target.close()
        with contextlib.suppress(FirstfiveError):
            await remember(self.journal, self.settings.state, shown(self.settings.database))
        await self.journal.close()


async def open_program(
    settings: Settings,
    *,
    notifiers: tuple[Notifier, ...],
    log: Callable[[str], None],
    clock: Clock | None = None,
    read_only: bool = False,
) -> Program:
    """Compile the page, open the journal, join the parts. Raises FirstfiveError with nothing left open.

    With `read_only` the program only answers: its journal must be there, and nothing is written to it.
    """
    broken: FirstfiveError | None = None
    handbook: Handbook | None = None
    try:
        handbook = await asyncio.to_thread(read_handbook, settings)
    except (PageError, VaultError) as problem:
        if not settings.state.is_dir():
            raise
        broken = problem
    if not read_only:
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    journal = await asyncio.to_thread(partial(open_journal, settings.database, read_only=read_only))
    try:
        if handbook is None:
            handbook = await last_good(settings, journal, broken)
            log(f"the page does not compile now, the last good one is in force: {broken}")
        nodes = nodes_of(journal)
        told = clock or several.clock_for(nodes)
        if not read_only and (why := await recall(journal, settings.state, shown(settings.database), told.now())):
            log(f"{why}; changes of open incidents wait for a person")
        made = await _joined(settings, handbook, journal, notifiers, log, told)
        made.read_only = read_only
        await made.take(handbook)
        if not read_only:
            made.engine.links = Links(key=await asyncio.to_thread(several.key_of, settings, nodes, LINKS))
            await restored.pause(made.engine)
        await made.engine.open_incidents()
    except BaseException:
        await journal.close()
        raise
    return made


def _tools_of(
    settings: Settings,
    handbook: Handbook,
    given: tuple[Notifier, ...],
    log: Callable[[str], None],
    clock: Clock,
    runs: str,
) -> Tools:
    """The edges that orders are obeyed with. The notifiers `given` are used where settings name none that can tell."""
    ours, remarks = notifiers_of(settings, clock.now)
    for remark in remarks:
        log(remark)
    notifiers = ours or given
    folder = handbook.postmortem.folder if handbook.postmortem else ""
    redactor = Redactor((*secrets(settings), *secrets_of(settings)))
    return Tools(
        targets={
            name: target_of(name, held, settings, redactor.learn, runs=runs) for name, held in settings.targets.items()
        },
        notifiers=notifiers,
        routes=routes_of(settings, notifiers),
        vault=replace(vault_of(settings, folder), commits=settings.postmortem_commit, told=log),
        redactor=redactor,
        log=log,
        trackers=trackers_of(settings),
        packs=pack_rules(settings),
    )


async def _joined(
    settings: Settings,
    handbook: Handbook,
    journal: Journal,
    notifiers: tuple[Notifier, ...],
    log: Callable[[str], None],
    clock: Clock,
) -> Program:
    shelf = {handbook.digest: handbook}
    policy = _staffed(policy_from(settings), settings, clock.now(), log)
    runs = await asyncio.to_thread(several.runs_of, nodes_of(journal))
    tools = _tools_of(settings, handbook, notifiers, log, clock, runs)
    rules = Rules(policy=policy, handbook_of=lambda digest: pinned(shelf, digest), summarise=_summarised)
    ledgers: list[ReleaseLink | Ledger] = []

    async def look() -> None:
        for ledger in ledgers:
            await program.watch.once(ledger)

    def needed() -> set[str]:
        return {engine.handbook.digest, *pages_in_force(rules.known.values())}

    engine = Engine(
        journal=journal,
        clock=clock,
        handbook=handbook,
        rules=rules,
        tools=tools,
        look_for_deploys=look,
        ensure=ensured(settings, journal, shelf, needed),
        drilling=(settings.state / DRILL).exists,
    )
    observe, every = engine.observe, settings.probe_interval
    watch = Watch(probes=(), clock=clock, observe=observe, redactor=tools.redactor, log=log, interval=every)
    watch.mine = several.holder(nodes_of(journal))
    program = Program(
        settings=settings,
        engine=engine,
        journal=journal,
        watch=watch,
        log=log,
        shelf=shelf,
        inbox=Inbox(engine=engine, read=understood, since=clock.now()),
        ledgers=ledgers,
        staffed_at=clock.now(),
        edited=env_stamp(settings),
        nodes=nodes_of(journal),
    )
    return program


def policy_from(settings: Settings) -> Policy:
    """The team's numbers out of its settings."""
    return Policy(
        target=settings.default_target,
        resolve_after=settings.resolve_after,
        update_every=settings.update_every,
        escalate_after=settings.escalate_after,
        channel=settings.channel,
        postmortem_folder=settings.postmortem_folder,
        one_fault=settings.one_fault,
        severity_words=settings.severity,
        ledger=bool(sockets_of(settings)),
        labs=frozenset(name for name, target in settings.targets.items() if target.lab),
        offers=settings.packs.offer,
    )


def _staffed(policy: Policy, settings: Settings, now: datetime, log: Callable[[str], None]) -> Policy:
    """The policy with who is on call around now, and which days are worked."""
    rota, remarks = rota_of(settings, now)
    for remark in remarks:
        log(remark)
    return replace(policy, rota=rota, working_days=working_days(settings.holidays, (now.year, now.year + 1)))


def _summarised(incident: Incident, handbook: Handbook, policy: Policy) -> bytes:
    return json.dumps(summary(incident, handbook, policy)).encode()
