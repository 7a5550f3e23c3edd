"""Builds the whole program from Settings; the only place where its parts meet.

Called by `cli` and `web`. Holds no rule: which probe watches which symptom is read off the page, the rest is wiring.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from firstfive.documents.summary import summary
from firstfive.engine.advance import Rules
from firstfive.engine.clock import SystemClock
from firstfive.engine.loop import Engine
from firstfive.engine.obey import Tools
from firstfive.engine.redact import Redactor
from firstfive.engine.watch import Watch
from firstfive.errors import FirstfiveError, JournalError, PageError, VaultError
from firstfive.handbook.compile import Options, compile_vault
from firstfive.handbook.model import Handbook, HttpSymptom, LogSymptom, StatusSymptom
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident
from firstfive.ports import Clock, Journal, Notifier, Probe, Target
from firstfive.probes.http import Http
from firstfive.probes.listing import Listing
from firstfive.probes.log_file import LogFile
from firstfive.probes.release_link import ReleaseLink
from firstfive.settings import Settings, TargetSettings, env_file
from firstfive.shell.bind import is_secret
from firstfive.shell.risk import judge, load_table
from firstfive.stores import open_journal
from firstfive.stores.vault import FolderVault
from firstfive.targets.local import Local

RELOAD_EVERY = 5.0


def read_handbook(settings: Settings) -> Handbook:
    """Compile the vault that settings name. Raises VaultError or PageError; a page that cannot be read is named with the reason."""
    vault = _vault(settings, "postmortems")
    try:
        return _compiled(settings, vault.pages())
    except PageError as problem:
        unread = vault.unreadable()
        if not unread or (settings.page and settings.page not in unread):
            raise
        name = settings.page if settings.page in unread else next(iter(unread))
        raise PageError(
            f"the page cannot be read: {unread[name]}",
            where=str(settings.vault / name),
            remedy='an incident page is text of a few hundred lines; name the right one with page = "..." in firstfive.toml',
        ) from problem


_LINK = re.compile(rb"\[\[([^\]|#^\n]{1,200})")


def _linked(pages: Mapping[str, bytes], page: str) -> Mapping[str, bytes]:
    """A page with those that it links to or includes, and theirs."""
    by_name = {Path(name).stem.lower(): name for name in pages} | {
        name.lower().removesuffix(".md"): name for name in pages
    }
    wanted, found = [page], dict[str, bytes]()
    while wanted:
        name = wanted.pop()
        if name in found or name not in pages:
            continue
        found[name] = pages[name]
        named = (match.decode("utf-8", "replace").strip().lower() for match in _LINK.findall(pages[name]))
        wanted += [by_name[link] for link in named if link in by_name]
    return {name: found[name] for name in sorted(found)}


def _compiled(settings: Settings, pages: Mapping[str, bytes]) -> Handbook:
    if settings.page and settings.page not in pages:
        raise PageError(
            f"the vault has no page {settings.page}", where=str(settings.vault), remedy="set page in firstfive.toml"
        )
    read = _linked(pages, settings.page) if settings.alone else pages
    return compile_vault(read, main=settings.page or None, options=_options(settings))


def _options(settings: Settings) -> Options:
    return Options(risk=load_table(settings.risk or None), lexicon=settings.lexicon)


def _vault(settings: Settings, folder: str) -> FolderVault:
    return FolderVault(settings.vault, settings.postmortem_folder or folder or "postmortems")


@dataclass(slots=True, kw_only=True)
class Program:
    """Everything that runs: `run` until told to stop, then `close`."""

    settings: Settings
    engine: Engine
    journal: Journal
    watch: Watch
    log: Callable[[str], None]
    shelf: dict[str, Handbook]
    ledgers: list[ReleaseLink]
    problem: str = ""
    stamp: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Watch, obey and follow the page until `stop` is set."""
        await asyncio.gather(self.engine.run(stop), self._watching(stop))

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
            if not stop.is_set() and await self.reload():
                return

    async def reload(self) -> bool:
        """Read the vault again; True when a changed page was taken over. Open incidents keep the page they were declared under."""
        try:
            stamp = await asyncio.to_thread(_vault(self.settings, "").stamp)
            if stamp == self.stamp:
                return False
            fresh = await asyncio.to_thread(read_handbook, self.settings)
            self.stamp = stamp
        except FirstfiveError as broken:
            if str(broken) != self.problem:
                self.problem = str(broken)
                self.log(f"the page does not compile now, the last good one stays in force: {broken}")
            return False
        self.problem = ""
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
        await self.journal.write(lambda tx: tx.keep_handbook(handbook.digest, sources, now))
        self.engine.handbook = handbook
        ledger = await self.journal.read(lambda tx: tx.deploys(50))
        running = {d.subject: d.version for d in reversed(ledger)}
        probes, unwatched = probes_for(self.settings, handbook, self.engine.tools.targets, running)
        for reason in unwatched:
            self.log(f"not watched: {reason}")
        self.watch = replace(self.watch, probes=probes)
        self.ledgers[:] = [probe for probe in probes if isinstance(probe, ReleaseLink)]
        self.engine.watched = tuple(s for probe in probes for s in probe.symptoms)

    async def close(self) -> None:
        """Let go of the journal."""
        await self.journal.close()


async def open_program(
    settings: Settings, *, notifiers: tuple[Notifier, ...], log: Callable[[str], None], clock: Clock | None = None
) -> Program:
    """Compile the page, open the journal, join the parts. Raises FirstfiveError with nothing left open."""
    broken: FirstfiveError | None = None
    handbook: Handbook | None = None
    try:
        handbook = await asyncio.to_thread(read_handbook, settings)
    except (PageError, VaultError) as problem:
        if not settings.state.is_dir():
            raise
        broken = problem
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    journal = await asyncio.to_thread(open_journal, settings.database)
    try:
        if handbook is None:
            handbook = await _last_good(settings, journal, broken)
            log(f"the page does not compile now, the last good one is in force: {broken}")
        return await _joined(settings, handbook, journal, notifiers, log, clock or SystemClock())
    except BaseException:
        await journal.close()
        raise


async def _last_good(settings: Settings, journal: Journal, broken: FirstfiveError | None) -> Handbook:
    """The page that was in force last: a half-saved note must not stop the response to an incident. Raises `broken` without one."""
    kept = await journal.read(lambda tx: tx.newest_handbook())
    if kept is None:
        raise broken or JournalError("the journal holds no page")
    return await asyncio.to_thread(_again, settings, *kept)


def _again(settings: Settings, digest: str, sources: bytes) -> Handbook:
    """A handbook out of the sources that the journal kept, under the digest that incidents are pinned to."""
    pages = {path: text.encode() for path, text in json.loads(sources).items()}
    return replace(compile_vault(pages, main=settings.page or None, options=_options(settings)), digest=digest)


async def _joined(
    settings: Settings,
    handbook: Handbook,
    journal: Journal,
    notifiers: tuple[Notifier, ...],
    log: Callable[[str], None],
    clock: Clock,
) -> Program:
    shelf = {handbook.digest: handbook}
    policy = policy_from(settings)
    redactor = Redactor(_secrets(settings))
    targets = {name: _target(name, target, settings) for name, target in settings.targets.items()}
    folder = handbook.postmortem.folder if handbook.postmortem else ""
    tools = Tools(targets=targets, notifiers=notifiers, vault=_vault(settings, folder), redactor=redactor, log=log)
    rules = Rules(policy=policy, handbook_of=lambda digest: _pinned(shelf, digest), summarise=_summarised)
    ledgers: list[ReleaseLink] = []
    engine = Engine(
        journal=journal,
        clock=clock,
        handbook=handbook,
        rules=rules,
        tools=tools,
        look_for_deploys=lambda: look(),  # noqa: PLW0108 - it is defined below, once the program is there
        ensure=_ensured(settings, journal, shelf),
    )
    watch = Watch(
        probes=(), clock=clock, observe=engine.observe, redactor=redactor, log=log, interval=settings.probe_interval
    )
    program = Program(
        settings=settings, engine=engine, journal=journal, watch=watch, log=log, shelf=shelf, ledgers=ledgers
    )

    async def look() -> None:
        for ledger in ledgers:
            await program.watch.once(ledger)

    await program.take(handbook)
    await engine.open_incidents()
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
    )


def _pinned(shelf: Mapping[str, Handbook], digest: str) -> Handbook:
    if digest not in shelf:
        raise JournalError(f"the page that an incident was declared under ({digest[:12]}) is not loaded")
    return shelf[digest]


def _ensured(settings: Settings, journal: Journal, shelf: dict[str, Handbook]) -> Callable[[str], Awaitable[None]]:
    """A function that makes sure a pinned handbook is on the shelf, compiling the kept sources again when it is not."""

    async def ensure(digest: str) -> None:
        if digest in shelf:
            return
        kept = await journal.read(lambda tx: tx.handbook(digest))
        if kept is None:
            raise JournalError(f"the journal does not hold the page {digest[:12]} that an incident was declared under")
        shelf[digest] = await asyncio.to_thread(_again, settings, digest, kept)

    return ensure


def _summarised(incident: Incident, handbook: Handbook, policy: Policy) -> bytes:
    return json.dumps(summary(incident, handbook, policy)).encode()


def _secrets(settings: Settings) -> Iterable[str]:
    for target in settings.targets.values():
        known = {**env_file(target.env_file), **target.environment}
        yield from (value for name, value in known.items() if is_secret(name))


def _target(name: str, target: TargetSettings, settings: Settings) -> Target:
    environment = {**settings.inherited, **env_file(target.env_file), **target.environment}
    extra = ":".join(str(p) for p in target.path)
    if extra:
        environment["PATH"] = f"{extra}:{environment.get('PATH', '/usr/bin:/bin')}"
    environment.update(PAGER="cat", GIT_PAGER="cat", SYSTEMD_PAGER="cat", TERM="dumb")
    return Local(name=name, workdir=target.workdir, runs=settings.state / "runs", environment=environment)


def probes_for(
    settings: Settings, handbook: Handbook, targets: Mapping[str, Target], running: Mapping[str, str]
) -> tuple[tuple[Probe, ...], tuple[str, ...]]:
    """A probe for every symptom of the page that can be watched from here, and why for each that cannot."""
    unwatched: list[str] = []
    probes: list[Probe] = []
    listings: dict[str, dict[str, tuple[str, str]]] = {}
    logs: dict[str, dict[str, tuple[str, ...]]] = {}
    table = load_table(settings.risk or None)
    for runbook in handbook.runbooks:
        for symptom in runbook.symptoms:
            match symptom:
                case HttpSymptom(url=url) if url.startswith(("http://", "https://")):
                    probes.append(Http(name="http", symptom=symptom.id, url=url, fails_when=symptom.fails_when))
                case StatusSymptom(via=via) if judge(via, table=table).auto:
                    listings.setdefault(via, {})[symptom.id] = (symptom.subject, symptom.status)
                case LogSymptom() if settings.logs:
                    for name in _sources(symptom.source, settings.logs):
                        logs.setdefault(name, {})[symptom.id] = symptom.tokens
                case HttpSymptom(url=url):
                    unwatched.append(f"{symptom.place}: {url} names no address that can be asked")
                case StatusSymptom(via=via):
                    unwatched.append(f"{symptom.place}: `{via}` is not known to be read-only")
                case LogSymptom():
                    unwatched.append(f"{symptom.place}: settings name no log file ([logs])")
                case _:
                    unwatched.append(f"{symptom.place}: only a person or an outside sender can tell")
    target = targets[settings.default_target]
    for via, wanted in listings.items():
        probes.append(Listing(name=via, target=target, command=via, wanted=wanted))
    for name, tokens in logs.items():
        probes.append(LogFile(name=name, path=settings.logs[name], wanted=tokens, quiet=settings.log_quiet))
    for name, link in settings.deploys.items():
        probes.append(ReleaseLink(name=name, link=link, known=running.get(name, "")))
    return tuple(probes), tuple(unwatched)


def _sources(source: str, logs: Mapping[str, Path]) -> list[str]:
    named = [name for name in logs if source and (source.lower() in name.lower() or name.lower() in source.lower())]
    return named or list(logs)
