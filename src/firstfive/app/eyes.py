"""Which probe watches which symptom: read off the page and the settings, the rest is wiring.

Part of `app`. Holds no rule: what a symptom means is the page's and the family table's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from firstfive.handbook.model import Handbook, HttpSymptom, LogSymptom, StatusSymptom
from firstfive.incident.signals import Deploy
from firstfive.ports import Probe, Target
from firstfive.probes.docker import Containers, EngineApi, Ledger
from firstfive.probes.listing import Listing
from firstfive.probes.log_file import LogFile
from firstfive.probes.network import Http
from firstfive.probes.release_link import ReleaseLink
from firstfive.settings import Settings
from firstfive.shell.risk import judge, load_table

DOCKER = Path("/var/run/docker.sock")


def engines_of(settings: Settings) -> dict[str, EngineApi]:
    """The Docker Engines that can be asked from here, by target; empty where settings name none and none is in its usual place."""
    found: dict[str, EngineApi] = {}
    for name, target in settings.targets.items():
        if target.kind != "local":
            continue
        named = target.docker or settings.docker
        socket = Path(named) if named else DOCKER
        if named or (socket.is_socket() and name == settings.default_target):
            found[name] = EngineApi(socket=socket)
    return found


def probes_for(
    settings: Settings, handbook: Handbook, targets: Mapping[str, Target], ledger: Mapping[str, Deploy]
) -> tuple[tuple[Probe, ...], tuple[str, ...]]:
    """A probe for every symptom of the page that can be watched from here, and why for each that cannot."""
    unwatched: list[str] = []
    probes: list[Probe] = []
    listings: dict[str, dict[str, tuple[str, str]]] = {}
    logs: dict[str, dict[str, tuple[str, ...]]] = {}
    table = load_table(settings.risk or None)
    engines = engines_of(settings)
    docker = engines.get(settings.default_target)
    contained: dict[str, tuple[str, str]] = {}
    for runbook in handbook.runbooks:
        for symptom in runbook.symptoms:
            match symptom:
                case HttpSymptom(url=url) if url.startswith(("http://", "https://")):
                    probes.append(Http(name="http", symptom=symptom.id, url=url, fails_when=symptom.fails_when))
                case StatusSymptom(via=via) if docker is not None and _LISTS_CONTAINERS.match(via):
                    contained[symptom.id] = (symptom.subject, symptom.status)
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
    if docker is not None and contained:
        probes.append(Containers(name="docker", engine=docker, wanted=contained))
    probes += ledgers_of(settings, engines, ledger)
    return tuple(probes), tuple(unwatched)


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


_LISTS_CONTAINERS = re.compile(r"docker(?: container)? (?:ps|ls|list)\b")


def _sources(source: str, logs: Mapping[str, Path]) -> list[str]:
    named = [name for name in logs if source and (source.lower() in name.lower() or name.lower() in source.lower())]
    return named or list(logs)
