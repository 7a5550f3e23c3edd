"""Which probe watches which symptom: the plan of the page and the tables of the settings, built.

Part of `app`. Holds no rule: what a symptom means is the page's and the family table's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from firstfive.app.hands import pack_rules
from firstfive.app.looks import Around, build, log_file
from firstfive.documents.plain import line
from firstfive.errors import SettingsError
from firstfive.handbook.model import Handbook, StatusSymptom
from firstfive.handbook.watching import Known, Plan, Watcher, watchers
from firstfive.handbook.watching.logs import Text
from firstfive.incident.signals import Deploy
from firstfive.ports import Journal, Probe, Target, Tracker
from firstfive.probes.docker import Containers, ContainerTail, EngineApi, Ledger, Turning
from firstfive.probes.listing import Listing
from firstfive.probes.logs.follow import FileTail
from firstfive.probes.logs.symptom import Lines, LogSymptoms, Sought, Wanted
from firstfive.probes.release_link import ReleaseLink
from firstfive.probes.trackers import Bugsink, Sentry
from firstfive.probes.upkeep.kept_files import KeptFiles
from firstfive.settings import Settings, env_file
from firstfive.shell.bind import is_secret
from firstfive.shell.parse import parse_many
from firstfive.shell.risk import judge, load_table
from firstfive.targets.ssh import Ssh

DOCKER = Path("/var/run/docker.sock")


def sockets_of(settings: Settings) -> dict[str, Path]:
    """Where the Docker Engines listen that can be asked, by target; empty where settings name none and none is in its usual place here.

    Of another host only one that its own table names: whoever reaches that socket is root there.
    """
    found: dict[str, Path] = {}
    for name, target in settings.targets.items():
        here = target.kind == "local"
        named = target.docker or (settings.docker if here else "")
        if named:
            found[name] = Path(named)
        elif here and DOCKER.is_socket() and name == settings.default_target:
            found[name] = DOCKER
    return found


def engines_of(settings: Settings, targets: Mapping[str, Target]) -> dict[str, EngineApi]:
    """The Engines at those sockets; of another host through its kept ssh connection."""
    found: dict[str, EngineApi] = {}
    for name, socket in sockets_of(settings).items():
        target = targets[name]
        if isinstance(target, Ssh):
            found[name] = EngineApi(socket=socket, host=target.host, forward=target.forward)
        else:
            found[name] = EngineApi(socket=socket)
    return found


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that the default target's steps see, and those that settings may name."""
    target = settings.targets[settings.default_target]
    kept = env_file(target.env_file) if target.kind == "local" else {}
    return {**settings.variables, **kept, **target.environment}


def known_of(settings: Settings) -> Known:
    """What the plan may build on."""
    environment = environment_of(settings)
    places = {name: _place(value) for name, value in environment.items() if is_secret(name)}
    return Known(
        docker=settings.default_target in sockets_of(settings),
        logs=tuple(settings.logs),
        environment={name: value for name, value in environment.items() if not is_secret(name)}
        | {name: place for name, place in places.items() if place},
        secrets=frozenset(name for name in environment if is_secret(name)),
        set_by_hand=frozenset(str(probe.options.get("symptom", "")) for probe in settings.probes) - {""},
        trackers=bool(settings.trackers),
    )


_URL = re.compile(r"([a-z][a-z0-9+.-]*)://(?:[^/?#@]*@)?([\w.-]+)(:\d+)?(?=[/?#,]|$)", re.IGNORECASE)


def _place(value: str) -> str:
    """Scheme, host and port of an address that may hold a login, without anything else of it; empty for what is no address."""
    found = _URL.match(value)
    return f"{found[1]}://{found[2]}{found[3] or ''}" if found else ""


def plan_of(settings: Settings, handbook: Handbook) -> Plan:
    """What is to watch which symptom, and why some are not watched."""
    return watchers(handbook, known_of(settings))


def turning_of(settings: Settings, handbook: Handbook, targets: Mapping[str, Target]) -> Turning | None:
    """Who can say that a container is just being exchanged; None without an Engine."""
    engine = engines_of(settings, targets).get(settings.default_target)
    if engine is None:
        return None
    behind: dict[str, tuple[str, ...]] = {}
    for runbook in handbook.runbooks:
        names = tuple(
            s.subject for s in runbook.symptoms if isinstance(s, StatusSymptom) and s.via.startswith("docker")
        )
        behind |= {symptom.id: names for symptom in runbook.symptoms if names}
    return Turning(engine=engine, behind=behind, grace=settings.deploy_grace)


def probes_for(
    settings: Settings,
    handbook: Handbook,
    targets: Mapping[str, Target],
    ledger: Mapping[str, Deploy],
    journal: Journal | None = None,
) -> tuple[tuple[Probe, ...], tuple[str, ...]]:
    """A probe for every symptom of the page that can be watched from here, and why for each that cannot."""
    engines = engines_of(settings, targets)
    around = Around(
        settings=settings,
        target=targets[settings.default_target],
        engine=engines.get(settings.default_target),
        environment=environment_of(settings),
        newest=lambda subject: _newest(journal, subject),
        targets=targets,
    )
    plan = plan_of(settings, handbook)
    unwatched = [f"{one.place or one.symptom}: “{line(one.text, 80)}”: {one.why}" for one in plan.unwatched]
    probes: list[Probe] = [*_grouped(plan, settings, around, unwatched)]
    for watcher in plan.watchers:
        if watcher.kind in _GROUPED:
            continue
        try:
            probes.append(build(watcher.kind, watcher.kind, watcher.symptom, watcher.options, around))
        except SettingsError as problem:
            unwatched.append(f"{watcher.symptom}: {problem.what}")
    # Read in one run of the parser: a team with many hosts asks each of them the same few questions.
    parse_many([str(table.options.get("command", "")) for table in settings.probes if table.kind == "query"])
    for table in settings.probes:
        symptom = str(table.options.get("symptom", ""))
        probes.append(build(table.kind, table.name, symptom, table.options, around))
    probes += ledgers_of(settings, engines, ledger)
    kept = pack_rules(settings).kept
    if kept is not None and journal is not None:
        probes.append(KeptFiles(name="files", target=around.target, kept=kept, well=lambda: _calm(journal)))
    return tuple(probes), tuple(unwatched)


_GROUPED = ("container", "listing", "logs", "tracker")


def _grouped(plan: Plan, settings: Settings, around: Around, unwatched: list[str]) -> list[Probe]:
    """Probes that look once for several symptoms: one listing a command, one Engine, one reader a log."""
    found: list[Probe] = []
    contained: dict[str, tuple[str, str]] = {}
    listings: dict[str, dict[str, tuple[str, str]]] = {}
    logs: dict[tuple[str, str], list[Wanted]] = {}
    table = load_table(settings.risk or None)
    for watcher in plan.watchers:
        options = watcher.options
        match watcher.kind:
            case "container":
                contained[watcher.symptom] = (str(options["container"]), str(options["shows"]))
            case "listing" if judge(str(options["via"]), table=table).auto:
                row = (str(options["container"]), str(options["shows"]))
                listings.setdefault(str(options["via"]), {})[watcher.symptom] = row
            case "listing":
                unwatched.append(f"{watcher.symptom}: `{options['via']}` is not known to be read-only")
            case "logs":
                logs.setdefault((str(options["from"]), str(options["source"])), []).append(_wanted(watcher))
            case _:
                pass
    if contained and around.engine is not None:
        found.append(Containers(name="docker", engine=around.engine, wanted=contained))
    found += [Listing(name=via, target=around.target, command=via, wanted=rows) for via, rows in listings.items()]
    for (kind, source), wanted in logs.items():
        lines: Lines
        if kind == "container" and around.engine is not None:
            lines = ContainerTail(engine=around.engine, container=source)
        else:
            lines = FileTail(path=log_file(source, settings))
        found.append(
            LogSymptoms(
                name=source,
                lines=lines,
                wanted=wanted,
                quiet=settings.log_quiet,
                cache=settings.cache / "patterns",
            )
        )
    return found


def _wanted(watcher: Watcher) -> Wanted:
    texts = watcher.options["sought"]
    assert isinstance(texts, tuple)
    per_minute = watcher.options.get("per_minute", 0)
    return Wanted(
        symptom=watcher.symptom,
        sought=tuple(
            Sought(text=text.text, regex=text.regex, family=text.family, turn=text.turn)
            for text in texts
            if isinstance(text, Text)
        ),
        per_minute=per_minute if isinstance(per_minute, int) else 0,
        cycling=watcher.options.get("cycling") is True,
    )


async def _calm(journal: Journal) -> bool:
    """Whether nothing fires that an incident is about."""
    alerts = await journal.read(lambda tx: tx.alerts())
    return not any(alert.signal.firing and alert.incident for alert in alerts)


async def _newest(journal: Journal | None, subject: str) -> Deploy | None:
    if journal is None:
        return None
    deploys = await journal.read(lambda tx: tx.deploys(1000))
    return next((deploy for deploy in deploys if deploy.subject == subject), None)


def ledgers_of(
    settings: Settings, engines: Mapping[str, EngineApi], ledger: Mapping[str, Deploy]
) -> list[Ledger | ReleaseLink]:
    """What watches deploys: one ledger an Engine, and each link that settings name; each begins with what was recorded last."""
    made: list[Ledger | ReleaseLink] = []
    for host, engine in engines.items():
        here = "" if host == settings.default_target else host
        mine = {subject: deploy for subject, deploy in ledger.items() if deploy.host == here and deploy.image_id}
        made.append(Ledger(name=f"ledger of {host}", engine=engine, known=mine, host=here, pin=settings.pin_images))
    for name, link in settings.deploys.items():
        held = ledger.get(name)
        made.append(ReleaseLink(name=name, link=link, known=held.version if held else ""))
    return made


def trackers_of(settings: Settings) -> tuple[Tracker, ...]:
    """The error trackers that the first five minutes ask."""
    made: list[Tracker] = []
    for one in settings.trackers:
        if one.kind == "sentry":
            made.append(
                Sentry(name=one.name, url=one.url, organisation=one.organisation, project=one.project, token=one.token)
            )
        else:
            made.append(Bugsink(name=one.name, url=one.url, project=one.project, token=one.token))
    return tuple(made)
