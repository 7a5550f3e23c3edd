"""One incident as plain data for the API, the command line and the room: everything that a responder can see, ready for JSON.

Called for every answer about an incident. Times are ISO 8601 in UTC or None; spans are seconds. Decides nothing and hides nothing:
text is passed on as it was recorded, and whoever shows it escapes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from firstfive.documents.known import deploy_nearby
from firstfive.documents.next_thing import next_thing
from firstfive.documents.notice import fill
from firstfive.documents.plain import iso, line
from firstfive.documents.sentence import sentence
from firstfive.documents.steps import approved_until, offered_rows, step_rows, unsettled_rows, waiting_rows
from firstfive.handbook.model import Handbook, TemplateKind
from firstfive.incident import communicate
from firstfive.incident import events as ev
from firstfive.incident.diagnose import words_of
from firstfive.incident.owed.closing import Box, Tick, boxes
from firstfive.incident.owed.customers import customers_due, interval
from firstfive.incident.owed.duty import silent
from firstfive.incident.packs.offered import still_paused
from firstfive.incident.policy import Policy
from firstfive.incident.records import Ranked
from firstfive.incident.timeline import Incident

__all__ = ["sentence", "summary_line", "view"]

Row = dict[str, object]


def view(incident: Incident, handbook: Handbook, policy: Policy, now: datetime) -> Row:
    """The incident as it stands at `now` (aware UTC)."""
    declared = incident.declared
    severity = handbook.severity(incident.level)
    return {
        "id": incident.id,
        "title": declared.title if declared else "",
        "drill": declared.drill if declared else False,
        "level": incident.level,
        "severity": severity.label if severity else f"SEV-{incident.level}",
        "severity_meaning": severity.meaning if severity else "",
        "response_time": severity.response.text if severity else "",
        "level_why": incident.level_why,
        "levels": [{"level": s.level, "label": s.label, "meaning": s.meaning} for s in handbook.severities],
        "status": str(incident.status),
        "summary": summary_line(incident),
        "now": iso(now),
        **_times(incident, handbook, policy, now),
        "next": next_thing(incident, handbook, policy, now),
        "waiting": waiting_rows(handbook, incident),
        "unknown": unsettled_rows(handbook, incident),
        "approved_until": dict(approved_until(incident)),
        "signals": _signals(incident),
        "reports": len(incident.reports),
        "checks": _checks(incident, handbook),
        "facts": [{"name": f.name, "value": _jsonable(f.value), "at": iso(at)} for f, at in incident.facts.values()],
        "deploy": _deploy(incident),
        "ranking": [_ranked(r, handbook) for r in incident.ranking],
        "runbooks": [{"runbook": r.id, "number": r.number, "title": r.title} for r in handbook.runbooks],
        "hypothesis": incident.hypothesis,
        "rollback": {"step": incident.rollback.step, "why": incident.rollback.why} if incident.rollback else None,
        "steps": step_rows(handbook, policy, incident),
        "offered": offered_rows(incident),
        "paused": _paused(incident),
        "still_paused": list(still_paused(incident)),
        "root_cause": incident.root_cause,
        **_told(incident, handbook),
        "drafts": _drafts(incident, handbook, policy, now),
        "timeline": [_entry(entry, handbook) for entry in incident.entries],
        "seq": incident.seq,
        "head": incident.entries[-1].hash if incident.entries else "",
    }


def _paused(incident: Incident) -> Row | None:
    """Why nothing is changed since the journal was restored, and what the hosts know; None when nothing is in the way."""
    if incident.paused is None:
        return None
    (event, since), asked = incident.paused, incident.hosts_asked
    found = {"found": list(asked.found), "silent": list(asked.silent)} if asked is not None else None
    return {"since": iso(since), "why": event.why, "hosts": found}


def summary_line(incident: Incident) -> str:
    """The incident in one line: id, severity, status, title, who has it, what waits."""
    title = incident.declared.title if incident.declared else "not declared"
    taken = f"taken by {incident.acknowledged_by}" if incident.acknowledged_by else "nobody has taken it"
    count = len(incident.waiting())
    waits = f", {count} waiting for approval" if count else ""
    return line(f"{incident.id} SEV-{incident.level} {incident.status}: {line(title, 120)} ({taken}{waits})")


def _times(incident: Incident, handbook: Handbook, policy: Policy, now: datetime) -> Row:
    due = communicate.next_update_at(handbook, policy, incident)
    customers = customers_due(handbook, policy, incident)
    hypothesis = hypothesis_due(incident, handbook)
    over = incident.resolved_at or now
    return {
        "started_at": iso(incident.started_at),
        "declared_at": iso(incident.declared_at),
        "acknowledged_at": iso(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by,
        "mitigated_at": iso(incident.mitigated_at),
        "verified_at": iso(incident.verified_at),
        "resolved_at": iso(incident.resolved_at),
        "next_update_at": iso(due),
        "customers_due_at": iso(customers.at) if customers else None,
        "customers_due_why": customers.why if customers else "",
        "must_be_told": silent(handbook, incident),
        "hypothesis_due": iso(hypothesis),
        "seconds": {
            "since_started": _seconds(incident.started_at, over),
            "since_declared": _seconds(incident.declared_at, over),
            "to_acknowledge": _seconds(incident.declared_at, incident.acknowledged_at),
            "to_mitigate": _seconds(incident.started_at, incident.mitigated_at),
            "until_update": _seconds(now, due),
            "until_hypothesis": _seconds(now, hypothesis),
        },
    }


def hypothesis_due(incident: Incident, handbook: Handbook) -> datetime | None:
    """When the page rolls back for want of a hypothesis; None when that clock does not run (any more)."""
    within = handbook.rollback.hypothesis_within if handbook.rollback else None
    stopped = incident.hypothesis or incident.mitigated_at or incident.resolved_at
    if within is None or incident.declared_at is None or stopped:
        return None
    return incident.declared_at + within


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    if since is None or until is None:
        return None
    return round((until - since) / timedelta(seconds=1), 3)


def _signals(incident: Incident) -> list[Row]:
    ordered = sorted(incident.signals.values(), key=lambda s: not s.firing)
    return [
        {
            "kind": str(s.kind),
            "source": s.source,
            "subject": s.subject,
            "firing": s.firing,
            "text": s.text,
            "at": iso(s.at),
            "symptom": s.symptom,
        }
        for s in ordered
    ]


def _checks(incident: Incident, handbook: Handbook) -> list[Row]:
    """Every item of the page's list, answered or not; one that nobody has looked at yet is unknown and says so."""
    rows: list[Row] = []
    for check in handbook.checks:
        done = incident.checks.get(check.id)
        rows.append(
            {
                "check": check.id,
                "number": check.number,
                "title": check.title,
                "text": check.text,
                "kind": str(check.kind),
                "script": check.script,
                "done": done is not None,
                "answer": str(done.answer) if done else "unknown",
                "evidence": done.evidence if done else "not looked at yet",
                "took_ms": round(done.took.total_seconds() * 1000) if done else None,
            }
        )
    return rows


def _deploy(incident: Incident) -> Row | None:
    deploy = deploy_nearby(incident)
    if deploy is None:
        return None
    return {
        "subject": deploy.subject,
        "version": deploy.version,
        "previous": deploy.previous,
        "deployed_at": iso(deploy.deployed_at),
        "source": deploy.source,
        "before_declared_s": _seconds(deploy.deployed_at, incident.declared_at),
    }


def _ranked(ranked: Ranked, handbook: Handbook) -> Row:
    states = [("hit", ranked.hits), ("miss", ranked.misses), ("unknown", ranked.unknown)]
    symptoms = [{"id": i, "words": _words(i, handbook), "state": state} for state, ids in states for i in ids]
    return {
        "runbook": ranked.runbook,
        "number": ranked.number,
        "title": ranked.title,
        "score": ranked.score,
        "hits": [_words(i, handbook) for i in ranked.hits],
        "misses": [_words(i, handbook) for i in ranked.misses],
        "unknown": [_words(i, handbook) for i in ranked.unknown],
        "symptoms": symptoms,
    }


def _words(symptom: str, handbook: Handbook) -> str:
    found = handbook.symptom(symptom)
    return words_of(found[1]) if found else symptom


def _told(incident: Incident, handbook: Handbook) -> Row:
    written, form = incident.postmortem, handbook.postmortem
    owed = incident.resolved_at is not None and communicate.needs_postmortem(handbook, incident)
    days = form.due_business_days if form else None
    due = written.due if written else None
    if due is None and owed and days is not None and incident.resolved_at is not None:
        due = communicate.business_day(incident.resolved_at.date(), days)
    return {
        "notices": [
            {
                "kind": n.kind,
                "number": n.number,
                "channel": n.channel,
                "text": n.text,
                "unfilled": list(n.unfilled),
                "at": iso(at),
            }
            for n, at in incident.notices
        ],
        "pages": [_page(page, at) for page, at in incident.pages],
        "postmortem": {
            "path": written.path,
            "sha256": written.sha256,
            "due": written.due.isoformat() if written.due else None,
        }
        if written
        else None,
        "postmortem_due": due.isoformat() if due else None,
        "postmortem_why_not": incident.postmortem_why_not,
        "closing": [_box(box) for box in boxes(handbook, incident)],
    }


def _drafts(incident: Incident, handbook: Handbook, policy: Policy, now: datetime) -> Row:
    """What would be said if it were said now: the next update to the team, and the next word to customers, which a person finishes."""
    every = communicate.update_interval(handbook, policy)
    number = max((n.number for n, _ in communicate.attempted(incident) if n.kind == TemplateKind.UPDATE), default=0) + 1
    kind = TemplateKind.UPDATE if incident.resolved_at is None else TemplateKind.RESOLUTION
    team = fill(
        handbook.template(kind), incident, handbook, kind=kind, number=number, now=now, next_update_at=now + every
    )
    outside = fill(
        handbook.template(TemplateKind.CUSTOMER),
        incident,
        handbook,
        kind=TemplateKind.CUSTOMER,
        number=len(incident.public) + 1,
        now=now,
        next_update_at=now + interval(handbook, policy),
    )
    told = ((str(kind), team), ("customer", outside))
    return {name: {"text": made.text, "unfilled": list(made.unfilled)} for name, made in told}


def _box(box: Box) -> Row:
    done = box.tick is not Tick.OPEN
    return {"id": box.item, "text": box.text, "done": done, "tick": str(box.tick), "why": box.why}


def _page(page: ev.Paged | ev.PageFailed, at: datetime) -> Row:
    delivered = isinstance(page, ev.Paged)
    return {
        "number": page.number,
        "role": page.role,
        "why": page.why,
        "at": iso(at),
        "delivered": delivered,
        "contact": page.contact if isinstance(page, ev.Paged) else "",
        "channel": page.channel if isinstance(page, ev.Paged) else "",
    }


def _entry(entry: ev.Entry, handbook: Handbook) -> Row:
    return {
        "seq": entry.seq,
        "at": iso(entry.at),
        "by": entry.by,
        "kind": type(entry.event).__name__,
        "text": sentence(entry, handbook),
        "hash": entry.hash,
    }


def _jsonable(value: bool | int | float | str | tuple[str, ...]) -> object:
    return list(value) if isinstance(value, tuple) else value
