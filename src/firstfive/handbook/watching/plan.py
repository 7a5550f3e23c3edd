"""What watches which symptom: every symptom of the page and every example of its matrix, each with a live watcher or the reason why not.

Called by `app`, which builds the probes, and by `firstfive explain`, which shows them. Decides by the page, the family table and
what the host is known to offer; asks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from firstfive.handbook.model import (
    ExternalSymptom,
    Handbook,
    HttpSymptom,
    LogSymptom,
    ProseSymptom,
    Runbook,
    StatusSymptom,
    Symptom,
)
from firstfive.handbook.watching.direct import Direct, Host, direct_looks
from firstfive.handbook.watching.families import families_of, words_of
from firstfive.handbook.watching.logs import Text, cycle_of, sought
from firstfive.handbook.watching.matrix import certificates, of_example, sites
from firstfive.handbook.watching.queries import as_setting, counting
from firstfive.handbook.watching.watcher import Known, Options, Plan, Unwatched, Watcher

STORM_PER_MINUTE, CYCLES_PER_MINUTE, REPEATED_PER_MINUTE, SPIKE_PER_MINUTE = 300, 60, 2, 30
_REPEATED = re.compile(r"\brepeated", re.IGNORECASE)
_SPIKES = re.compile(r"\b(spik|flood|storm)", re.IGNORECASE)


def watchers(handbook: Handbook, known: Known) -> Plan:
    """The plan for a page on a host."""
    found: list[Watcher] = []
    without: list[Unwatched] = []
    containers = containers_of(handbook)
    for runbook in handbook.runbooks:
        for symptom in runbook.symptoms:
            mine = list(_of(runbook, symptom, known, containers, handbook))
            found += mine
            if not mine and symptom.id not in known.set_by_hand:
                without.append(_unwatched(runbook, symptom))
    for row in handbook.severities:
        for number, example in enumerate(row.examples, 1):
            one = of_example(row, number, example, handbook, found, known)
            if isinstance(one, Watcher):
                found.append(one)
            elif one is not None:
                without.append(one)
    found += certificates(handbook, found, known)
    return Plan(watchers=tuple(found), unwatched=tuple(without))


_VALUED = {  # options of docker's command line whose value is a word of its own
    "logs": "-n|--tail|--since|--until",
    "inspect": "-f|--format|--type",
    "exec": "-[dit]*e|--env|--env-file|-[dit]*u|--user|-[dit]*w|--workdir|--detach-keys",
    "(?:restart|stop)": "-t|--time|--timeout|-s|--signal",
    "start": "--checkpoint|--checkpoint-dir|--detach-keys",
}
_WORD = r"""(?:'[^']*'|"[^"]*"|[^\s'"])++"""
_NAMED = re.compile(
    r"\bdocker\s+(?:"
    + "|".join(rf"{verb}\s+(?:(?:{own})\s+{_WORD}\s+|(?!(?:{own})\s)-{_WORD}\s+)*+" for verb, own in _VALUED.items())
    + r")([a-zA-Z0-9][\w.-]+)"
)


def containers_of(handbook: Handbook) -> tuple[str, ...]:
    """Names of containers that the page itself names, in its commands and its symptoms."""
    names: dict[str, None] = {}
    for runbook in handbook.runbooks:
        for symptom in runbook.symptoms:
            if isinstance(symptom, StatusSymptom) and symptom.via.startswith("docker"):
                names[symptom.subject] = None
        for step in runbook.steps:
            names |= dict.fromkeys(_NAMED.findall(step.script or ""))
    return tuple(names)


def _of(
    runbook: Runbook, symptom: Symptom, known: Known, containers: tuple[str, ...], handbook: Handbook
) -> Iterator[Watcher]:
    """The watchers of one symptom: what the page says, then what its families can look at directly."""
    match symptom:
        case HttpSymptom():
            yield from _http(runbook, symptom, known)
        case StatusSymptom(subject=subject, status=status, via=via):
            kind = (
                "container" if known.docker and re.match(r"docker(?: container)? (?:ps|ls|list)\b", via) else "listing"
            )
            options = {"container": subject, "shows": status, "via": via}
            what = f"the state of container {subject} ({status}, restarts, exits, health, memory)"
            yield _watcher(runbook, symptom, kind, options, what if kind == "container" else f"{subject} in `{via}`")
            yield from _crash_words(runbook, symptom, known, containers)
        case LogSymptom():
            yield from _logs(runbook, symptom, known, containers)
        case ExternalSymptom(sender="sentry") if known.trackers:
            yield _watcher(runbook, symptom, "tracker", {}, "new error spikes of the tracker")
        case ExternalSymptom() | ProseSymptom():
            yield from _told_in_logs(runbook, symptom, known, containers)
    host = Host(
        environment=known.environment,
        secrets=known.secrets,
        logs=known.logs,
        origin=_origin(handbook, runbook),
        sites=sites(handbook),
    )
    for look in direct_looks(runbook, symptom, host):
        yield _directly(runbook, symptom, look)


def _watcher(
    runbook: Runbook, symptom: Symptom, kind: str, options: Options, what: str, *, family: str = ""
) -> Watcher:
    return Watcher(
        symptom=symptom.id,
        runbook=runbook.id,
        kind=kind,
        options=options,
        what=what,
        because=f"{symptom.place}: the page's own words" if not family else f"{symptom.place}: family {family}",
        family=family,
    )


def _directly(runbook: Runbook, symptom: Symptom, look: Direct) -> Watcher:
    return _watcher(runbook, symptom, look.kind, look.options, look.what, family=look.family)


def _origin(handbook: Handbook, runbook: Runbook) -> str:
    """Scheme and host of the site that the page watches, when this runbook speaks of Socket.IO there."""
    said = " ".join((runbook.title, *(step.script or "" for step in runbook.steps)))
    if "socket.io" not in said:
        return ""
    urls = [s.url for r in handbook.runbooks for s in r.symptoms if isinstance(s, HttpSymptom) and "$" not in s.url]
    return next((found[0] for url in urls if (found := re.match(r"https?://[^/]+", url))), "")


_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


def _http(runbook: Runbook, symptom: HttpSymptom, known: Known) -> Iterator[Watcher]:
    url = _VARIABLE.sub(lambda found: known.environment.get(found[1], found[0]), symptom.url)
    if not url.startswith(("http://", "https://")) or "$" in url:
        return
    gateway = any("shkeeper" in family.looks for family in families_of(words_of(symptom)))
    if gateway and url != symptom.url:
        return  # the gateway's own look judges its answers better than a status does
    options = {"url": url, "fails_when": sorted(symptom.fails_when)}
    what = f"GET {url} ({', '.join(sorted(symptom.fails_when))})"
    yield _watcher(runbook, symptom, "http", options, what)


def _logs(runbook: Runbook, symptom: LogSymptom, known: Known, containers: tuple[str, ...]) -> Iterator[Watcher]:
    patterns = sought(symptom)
    cycle = cycle_of(symptom)
    more: dict[str, object] = {}
    if symptom.flood:
        often = REPEATED_PER_MINUTE if _REPEATED.search(symptom.text) else STORM_PER_MINUTE
        more = {"per_minute": CYCLES_PER_MINUTE if cycle else often, "cycling": bool(cycle)}
    words = ", ".join(f"`{token}`" for token in symptom.tokens)
    wider = sorted({p.family for p in patterns if p.family})
    also = f", or their family ({', '.join(wider)})" if wider else ""
    rate = f", more than {more['per_minute']} {'turns' if cycle else 'lines'} a minute" if more else ""
    for source, kind in _sources(symptom.source, known, containers):
        what = f"{words}{also} in {'what ' if kind == 'container' else ''}{source}{' writes' if kind == 'container' else ''}{rate}"
        options = {"source": source, "from": kind, "sought": patterns, **more}
        yield _watcher(runbook, symptom, "logs", options, what)
    yield from _where_steps_look(
        runbook, symptom, known, {name for name, _ in _sources(symptom.source, known, containers)}
    )


_LOGS_OF = re.compile(r"\bdocker\s+logs\s+(?:-\S+\s+)*([a-zA-Z0-9][\w.-]+)")


def _where_steps_look(runbook: Runbook, symptom: LogSymptom, known: Known, looked: set[str]) -> Iterator[Watcher]:
    """A family's words in the log of the container that the runbook's own steps read: a database says itself that its disk is full."""
    patterns = tuple(text for text in sought(symptom) if text.family)
    names = dict.fromkeys(name for step in runbook.steps for name in _LOGS_OF.findall(step.script or ""))
    for name in names if patterns and known.docker and not symptom.flood else ():
        if name not in looked:
            family = patterns[0].family
            what = f"the words of its family ({', '.join(sorted({p.family for p in patterns}))}) in what {name} writes"
            options = {"source": name, "from": "container", "sought": patterns}
            yield _watcher(runbook, symptom, "logs", options, what, family=family)


def _crash_words(
    runbook: Runbook, symptom: StatusSymptom, known: Known, containers: tuple[str, ...]
) -> Iterator[Watcher]:
    """What a container in this state writes, where its own log can be read."""
    for family in families_of(words_of(symptom)):
        patterns = tuple(Text(text=m.text, regex=m.regex, family=family.id) for m in family.means)
        mine = [
            (source, kind)
            for source, kind in _sources(symptom.subject, known, containers)
            if (kind == "container" and source == symptom.subject) or source.lower() in symptom.subject.lower()
        ]
        for source, kind in mine if patterns else ():
            options = {"source": source, "from": kind, "sought": patterns}
            what = f"{', '.join(f'`{m.text}`' for m in family.means)} in {source}"
            yield _watcher(runbook, symptom, "logs", options, what, family=family.id)


def _told_in_logs(runbook: Runbook, symptom: Symptom, known: Known, containers: tuple[str, ...]) -> Iterator[Watcher]:
    """A sentence without tokens whose family says what logs would show, when no other symptom of the runbook looks for it."""
    others = {f.id for s in runbook.symptoms if isinstance(s, LogSymptom) for f in families_of(words_of(s))}
    if not re.search(r"\blogs?\b", symptom.text, re.IGNORECASE):
        return
    for family in families_of(words_of(symptom)):
        if family.id in others or not family.means:
            continue
        patterns = tuple(Text(text=m.text, regex=m.regex, family=family.id) for m in family.means)
        more: dict[str, object] = {"per_minute": SPIKE_PER_MINUTE} if _SPIKES.search(symptom.text) else {}
        rate = f", more than {SPIKE_PER_MINUTE} lines a minute" if more else ""
        for source, kind in _sources("", known, containers):
            options = {"source": source, "from": kind, "sought": patterns, **more}
            what = f"{', '.join(f'`{m.text}`' for m in family.means)} in {source}{rate}"
            yield _watcher(runbook, symptom, "logs", options, what, family=family.id)


def _sources(source: str, known: Known, containers: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Log files and containers that a page's word for whose logs names; all of them when it names none that is known."""
    word = source.lower()
    files = [name for name in known.logs if word and (word in name.lower() or name.lower() in word)]
    boxes = [name for name in containers if word and word in name.lower()] if known.docker else []
    if files or boxes:
        yield from ((name, "file") for name in files)
        yield from ((name, "container") for name in boxes)
        return
    yield from ((name, "file") for name in known.logs)
    if known.docker:
        yield from ((name, "container") for name in containers)


def _unwatched(runbook: Runbook, symptom: Symptom) -> Unwatched:
    why, add = "only a person can tell", 'settings can tie a look to it: [probes.NAME] symptom = "' + symptom.id + '"'
    match symptom:
        case HttpSymptom(url=url) if "$" in url:
            names = ", ".join(_VARIABLE.findall(url))
            why, add = f"{url} has no value here", f"set {names} in the target's env_file"
        case HttpSymptom(url=url):
            why = f"{url} is no address that can be asked"
        case ProseSymptom(text=text) if re.search(r"\blogs?\b", text) and families_of(text):
            why, add = (
                "no log is named, and no Docker Engine is here",
                '[logs] app = "path/to/app.log", or [docker] socket = "..."',
            )
        case ProseSymptom() if command := counting(runbook):
            why = "only a person can tell; a step of this runbook counts what it is about, and only you know how many are too many"
            add = as_setting(command, symptom.id)
        case LogSymptom(source=source):
            word = (source or "app").split()[0].lower()
            why = "no log file is named, and no Docker Engine is here"
            add = f'[logs] {word} = "path/to/{word}.log", or [docker] socket = "..."'
        case ExternalSymptom(sender=sender):
            why = {
                "sentry": "the error tracker tells it",
                "alert": "an alert tells it",
                "report": "people tell it",
            }.get(sender, "an outside sender tells it")
            add = f"point the sender at /hooks/{'sentry' if sender == 'sentry' else 'generic'}, or use firstfive report"
        case _:
            pass
    return Unwatched(symptom=symptom.id, runbook=runbook.id, text=symptom.text, why=why, add=add, place=symptom.place)
