"""What do we know: the first-five checks that are due, the ranked runbooks, and whether to roll back first.

Called by `decide`. Ranks only on evidence that stands on the timeline.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from firstfive.handbook.model import (
    CheckKind,
    ExternalSymptom,
    Handbook,
    HttpSymptom,
    LogSymptom,
    ProseSymptom,
    Purpose,
    Runbook,
    StatusSymptom,
    Step,
    Symptom,
)
from firstfive.incident import events as ev
from firstfive.incident.orders import Order, Record, RunCheck, WakeAt
from firstfive.incident.policy import Policy
from firstfive.incident.records import Answer, Ranked
from firstfive.incident.timeline import Incident
from firstfive.incident.triage.own_doing import own_doing


def orders(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """Checks not yet answered, a changed ranking, the roll-back when its time has come."""
    if incident.resolved_at is not None:
        return
    yield from _checks(handbook, incident)
    ranking = rank(handbook, incident)
    if ranking != incident.ranking:
        yield Record(event=ev.RunbooksRanked(ranking=ranking))
    yield from _rollback(handbook, incident, ranking, now)


def _checks(handbook: Handbook, incident: Incident) -> Iterator[Order]:
    for check in handbook.checks:
        done = incident.checks.get(check.id)
        if done is None:
            yield RunCheck(check=check.id)
        elif check.kind is CheckKind.ACKNOWLEDGE and incident.acknowledged_by and done.answer is not Answer.GOOD:
            took = (incident.acknowledged_at or now_of(incident)) - (incident.declared_at or now_of(incident))
            yield Record(
                event=ev.CheckDone(
                    check=check.id,
                    title=check.title,
                    answer=Answer.GOOD,
                    evidence=f"{incident.acknowledged_by} has taken it",
                    took=max(took, timedelta(0)),
                )
            )


def now_of(incident: Incident) -> datetime:
    """The instant of the newest entry: the latest time the incident itself knows."""
    return incident.entries[-1].at


# ---------------------------------------------------------------------------------------------------------- ranking

_WEIGHT = {LogSymptom: 4, StatusSymptom: 3, ExternalSymptom: 3, HttpSymptom: 2}


def rank(handbook: Handbook, incident: Incident) -> tuple[Ranked, ...]:
    """Runbooks by evidence, best first: a hit counts by how specific its kind is, a symptom looked for and absent counts one
    against. What our own change may have caused counts for nothing. A miss is only claimed for a symptom that is being watched and has
    not been seen firing in this incident.
    """
    ours = own_doing(incident, now_of(incident)) if incident.changed_seq or incident.attempts else {}
    seen = {s.symptom for f, s in incident.signals.items() if s.symptom and f not in ours}
    watched = set(incident.declared.watched) if incident.declared else set()
    ranked = [_ranked(runbook, seen, watched, _pointing(incident, runbook)) for runbook in handbook.runbooks]
    order = {runbook.id: n for n, runbook in enumerate(handbook.runbooks)}
    return tuple(sorted((r for r in ranked if r.hits), key=lambda r: (-r.score, order[r.runbook])))


def _pointing(incident: Incident, runbook: Runbook) -> list[str]:
    """Alerts that name this runbook themselves, in their own words."""
    return [f"{s.source}: {s.subject}" for s in incident.signals.values() if not s.symptom and s.runbook == runbook.id]


def _ranked(runbook: Runbook, seen: set[str], watched: set[str], pointing: list[str]) -> Ranked:
    hits: list[str] = pointing[:3]
    misses: list[str] = []
    unknown: list[str] = []
    score = _WEIGHT[ExternalSymptom] if pointing else 0
    for symptom in runbook.symptoms:
        if symptom.id in seen:
            hits.append(symptom.id)
            score += _WEIGHT.get(type(symptom), 1)
        elif symptom.id in watched and not isinstance(symptom, ProseSymptom):
            misses.append(symptom.id)
            score -= 1
        else:
            unknown.append(symptom.id)
    return Ranked(
        runbook=runbook.id,
        number=runbook.number,
        title=runbook.title,
        score=score,
        hits=tuple(hits),
        misses=tuple(misses),
        unknown=tuple(unknown),
    )


def words_of(symptom: Symptom) -> str:
    """A symptom in one short line, for evidence lists."""
    match symptom:
        case HttpSymptom(url=url, fails_when=fails):
            return f"{url} fails ({', '.join(sorted(fails))})"
        case StatusSymptom(subject=subject, status=status, via=via):
            return f"{subject} shows {status} in {via}"
        case LogSymptom(tokens=tokens):
            return f"logs show {' or '.join(tokens)}"
        case _:
            return symptom.text


# --------------------------------------------------------------------------------------------------------- roll back


def rollback_step(handbook: Handbook, ranking: tuple[Ranked, ...]) -> tuple[Runbook, Step] | None:
    """The roll-back step of the best ranked runbook that has one, else the first of the page: its rule names no runbook."""
    ranked = [runbook for found in ranking if (runbook := handbook.runbook(found.runbook)) is not None]
    for runbook in (*ranked, *handbook.runbooks):
        for step in runbook.steps:
            if step.purpose is Purpose.ROLL_BACK:
                return runbook, step
    return None


def _rollback(handbook: Handbook, incident: Incident, ranking: tuple[Ranked, ...], now: datetime) -> Iterator[Order]:
    rule, since = handbook.rollback, incident.declared_at
    if rule is None or since is None or incident.rollback is not None or incident.mitigated_at is not None:
        return
    found = rollback_step(handbook, ranking)
    if found is None:
        return
    _, step = found
    deploy = incident.deploy
    if rule.deploy_within is not None and deploy is not None and since - deploy.deployed_at <= rule.deploy_within:
        age = max(since - deploy.deployed_at, timedelta(0))
        why = (
            f"{deploy.subject} went to {deploy.version} {spoken(age)} before this was declared,"
            f" inside the page's {spoken(rule.deploy_within)}: roll back first ({rule.place})"
        )
        yield Record(event=ev.RollbackProposed(step=step.id, why=why))
        return
    if rule.hypothesis_within is None or incident.hypothesis:
        return
    until = since + rule.hypothesis_within
    if now < until:
        yield WakeAt(at=until, why="hypothesis")
        return
    why = f"no hypothesis after {spoken(rule.hypothesis_within)}: stability before forensics ({rule.place})"
    yield Record(event=ev.RollbackProposed(step=step.id, why=why))


def spoken(span: timedelta) -> str:
    """A duration as people say it: "45 s", "12 min", "3 h 5 min"."""
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
