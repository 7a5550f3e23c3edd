"""Which probe watches which symptom: read off the page and the settings, the rest is wiring.

Part of `app`. Holds no rule: what a symptom means is the page's and the family table's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from firstfive.handbook.model import Handbook, HttpSymptom, LogSymptom, StatusSymptom
from firstfive.ports import Probe, Target
from firstfive.probes.http import Http
from firstfive.probes.listing import Listing
from firstfive.probes.log_file import LogFile
from firstfive.probes.release_link import ReleaseLink
from firstfive.settings import Settings
from firstfive.shell.risk import judge, load_table


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
