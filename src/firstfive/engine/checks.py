"""The first-five list, answered: each item with its evidence, and unknown with its reason where nobody can know.

Called by `obey`, all items of one incident side by side. Runs only scripts that the compiler found safe to run by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from firstfive.errors import FirstfiveError
from firstfive.handbook.model import Check, CheckKind, StatusSymptom
from firstfive.incident import events as ev
from firstfive.incident.diagnose import spoken
from firstfive.incident.records import Answer, Fact
from firstfive.incident.signals import Deploy, Spike
from firstfive.incident.timeline import Incident
from firstfive.shell import facts

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

PATIENCE = timedelta(seconds=10)
# The whole list must stand within two seconds, whatever hangs; the rest of a second is for writing it down.
GLANCE = timedelta(seconds=1.5)
STILL_OPEN = "no answer yet; still looking"
TELLING = frozenset({"sentry", "glitchtip"})
NO_TRACKER = "no error tracker is configured, so nobody can tell from here"

Found = tuple[Answer, str, tuple[Fact, ...]]


async def answer(engine: Engine, incident: Incident, check: Check) -> tuple[ev.CheckDone, tuple[Fact, ...]]:
    """The answer to one item and the facts that its command told."""
    began = engine.clock.now()
    try:
        found = await _answer(engine, incident, check)
    except FirstfiveError as problem:
        found = (Answer.UNKNOWN, problem.what, ())
    verdict, evidence, known = found
    done = ev.CheckDone(
        check=check.id,
        title=check.title,
        answer=verdict,
        evidence=engine.tools.redactor.clean(evidence, cap=4000)[0],
        took=max(engine.clock.now() - began, timedelta(0)),
    )
    return done, known


def open_answer(check: Check) -> ev.CheckDone:
    """What stands in the list while an item hangs: unknown, with the reason."""
    return ev.CheckDone(check=check.id, title=check.title, answer=Answer.UNKNOWN, evidence=STILL_OPEN, took=GLANCE)


def is_open(done: ev.CheckDone) -> bool:
    """Whether this answer only says that there is none yet."""
    return done.answer is Answer.UNKNOWN and done.evidence == STILL_OPEN


async def _answer(engine: Engine, incident: Incident, check: Check) -> Found:
    match check.kind:
        case CheckKind.ACKNOWLEDGE:
            who = incident.acknowledged_by
            return (
                (Answer.GOOD, f"{who} has taken it", ())
                if who
                else (Answer.UNKNOWN, "asked; nobody has answered yet", ())
            )
        case CheckKind.ERROR_SPIKES if engine.tools.trackers or not check.script:
            return await _spikes(engine, incident, check)
        case CheckKind.HOST_SHELL:
            return await _shell(engine, incident)
        case CheckKind.DEPLOYS:
            return await _deploys(engine, incident)
        case _ if check.script:
            return await _command(engine, incident, check)
        case _:
            return Answer.UNKNOWN, "only a person can do this one", ()


_MINUTES = re.compile(r"(?:last|past)\s+(\d{1,3})\s*min", re.IGNORECASE)


async def _spikes(engine: Engine, incident: Incident, check: Check) -> Found:
    """New and frequent errors since the window that the page names (15 minutes where it names none) before the declaration."""
    said = _MINUTES.search(check.text)
    window = timedelta(minutes=int(said[1])) if said else timedelta(minutes=15)
    since = (incident.declared_at or engine.clock.now()) - window
    told: list[str] = []
    spikes = await _told_by_senders(engine, since)
    if not engine.tools.trackers and not spikes:
        return Answer.UNKNOWN, NO_TRACKER, ()
    for tracker in engine.tools.trackers:
        try:
            spikes += await tracker.spikes(since)
        except FirstfiveError as problem:
            told.append(f"{tracker.name}: {problem.what}")
    fresh = [spike for spike in spikes if spike.new]
    for spike in sorted(spikes, key=lambda s: (not s.new, -s.count))[:5]:
        told.append(f"{'new, ' if spike.new else ''}{spike.count}x {spike.title} {spike.link}".strip())
    if fresh:
        return Answer.BAD, f"{len(fresh)} new in {spoken(window)}:\n" + "\n".join(told), _counted(spikes, fresh)
    if spikes:
        return (
            Answer.GOOD,
            f"nothing new in {spoken(window)}; known ones go on:\n" + "\n".join(told),
            _counted(spikes, fresh),
        )
    if told:
        return Answer.UNKNOWN, "\n".join(told), ()
    return Answer.GOOD, f"no error in {spoken(window)}", _counted(spikes, fresh)


async def _told_by_senders(engine: Engine, since: datetime) -> list[Spike]:
    """What error trackers told by webhook since then. Their silence proves nothing: they tell only what their rules say."""
    alerts = await engine.journal.read(lambda tx: tx.alerts())
    return [
        Spike(
            title=alert.signal.text,
            count=alert.count,
            first=alert.first,
            last=alert.last,
            new=alert.first >= since,
            link=alert.signal.link,
        )
        for alert in alerts
        if alert.signal.source in TELLING and alert.signal.firing and alert.last >= since
    ]


def _counted(spikes: Sequence[Spike], fresh: Sequence[Spike]) -> tuple[Fact, ...]:
    return (
        Fact(name="errors.new", kind="int", value=len(fresh)),
        Fact(name="errors.count", kind="int", value=sum(spike.count for spike in spikes)),
    )


async def _shell(engine: Engine, incident: Incident) -> Found:
    name = incident.host or engine.policy.target
    output = await engine.tools.target(name).look("true", timeout=PATIENCE)
    if output.exit_code == 0:
        return Answer.GOOD, f"a shell on {name} answers", ()
    return Answer.BAD, f"no shell on {name}: {output.text.strip() or f'exit {output.exit_code}'}", ()


async def _command(engine: Engine, incident: Incident, check: Check) -> Found:
    output = await engine.tools.target(incident.host or engine.policy.target).look(check.script, timeout=PATIENCE)
    shown = output.text.strip() or "no output"
    if output.timed_out:
        return Answer.BAD, f"no answer within {spoken(PATIENCE)}", ()
    values = facts.extract(check.script, stdout=output.stdout, stderr=output.stderr, exit_code=output.exit_code)
    known = tuple(
        Fact(name=name, kind=kind, value=value)
        for name, value in values.items()
        for kind in (_kind(value),)
        if kind and isinstance(value, bool | int | float | str)
    )
    if output.exit_code != 0:
        return Answer.BAD, f"exit {output.exit_code}: {shown}", known
    if check.kind is CheckKind.CONTAINERS:
        wrong = _in_trouble(engine, shown)
        if wrong:
            return Answer.BAD, f"{', '.join(wrong)}\n{shown}", known
    return Answer.GOOD, shown, known


def _kind(value: object) -> str:
    return {bool: "bool", int: "int", float: "double", str: "string"}.get(type(value), "")


def _in_trouble(engine: Engine, listing: str) -> list[str]:
    """Rows of a listing that show a status which the page calls a symptom."""
    wrong: list[str] = []
    for runbook in engine.handbook.runbooks:
        for symptom in runbook.symptoms:
            if isinstance(symptom, StatusSymptom):
                rows = [line for line in listing.splitlines() if symptom.subject in line.split()]
                wrong += [
                    f"{symptom.subject} shows {symptom.status}" for row in rows if symptom.status.lower() in row.lower()
                ]
    return list(dict.fromkeys(wrong))


async def _deploys(engine: Engine, incident: Incident) -> Found:
    rule = engine.handbook_for(incident).rollback
    window = rule.deploy_within if rule and rule.deploy_within else timedelta(minutes=30)
    await engine.look_for_deploys()
    ledger = await engine.journal.read(lambda tx: tx.deploys(50))
    now = incident.declared_at or engine.clock.now()
    recent = [d for d in ledger if not d.first and timedelta(0) <= now - d.at <= window]
    if recent:
        newest = recent[0]
        was = f" (before: {newest.previous})" if newest.previous else ""
        age = spoken(now - newest.at)
        return (
            Answer.BAD,
            f"yes: {newest.subject} went to {newest.version}{was} {age} before the incident; {newest.source}",
            (),
        )
    return _no_recent(ledger, now, window)


def _no_recent(ledger: tuple[Deploy, ...], now: datetime, window: timedelta) -> Found:
    if not ledger:
        return Answer.UNKNOWN, "the deploy ledger is empty: nothing is configured to watch deploys", ()
    oldest = min(ledger, key=lambda d: d.at)
    if now - oldest.at < window:
        seen = spoken(now - oldest.at)
        return Answer.UNKNOWN, f"the ledger reaches back only {seen}, less than {spoken(window)}", ()
    newest = ledger[0]
    return (
        Answer.GOOD,
        f"no: {newest.subject} runs {newest.version} since {newest.at:%Y-%m-%d %H:%M} UTC; {newest.source}",
        (),
    )
