"""What is known and what is being tried, in one line each, read off an incident.

Called by `filling`. Says only what stands on the timeline; None where it says nothing.
"""

from __future__ import annotations

from datetime import datetime

from firstfive.documents.plain import day_and_time, line
from firstfive.documents.sentence import step_name
from firstfive.handbook.model import Handbook
from firstfive.incident.communicate import business_day, needs_postmortem
from firstfive.incident.diagnose import words_of
from firstfive.incident.events import DeployNoticed
from firstfive.incident.records import Answer
from firstfive.incident.timeline import Incident

_PIECE = 90


def facts_known(handbook: Handbook, incident: Incident, now: datetime) -> str | None:
    """What a responder asked to be said, what is wrong or gone, checks that found trouble, a deploy nearby; joined by "; "."""
    pieces: list[str] = []
    last = max((at for _, at in incident.notices), default=None)
    if incident.update_asked is not None and (last is None or incident.update_asked[1] > last):
        pieces.append(line(incident.update_asked[0], 180))
    if incident.mitigated_at is not None:
        pieces.append(f"every symptom that was seen is gone since {day_and_time(incident.mitigated_at)}")
    pieces += [symptom for symptom in symptoms_firing(handbook, incident)]
    bad = [check for check in incident.checks.values() if check.answer is Answer.BAD]
    if incident.mitigated_at is None:
        pieces += [f"{line(check.title, 40)} {line(check.evidence, _PIECE)}" for check in bad]
    deploy = deploy_nearby(incident)
    if deploy is not None:
        pieces.append(f"{deploy.subject} was deployed to {deploy.version} at {day_and_time(deploy.deployed_at)}")
    if incident.hypothesis:
        pieces.append(f"working hypothesis: {line(incident.hypothesis, _PIECE)}")
    return "; ".join(dict.fromkeys(piece for piece in pieces if piece)) or None


def deploy_nearby(incident: Incident) -> DeployNoticed | None:
    """The newest deploy before the incident was declared: a candidate for its cause. Later ones are answers to it, not causes."""
    since = incident.declared_at
    found = [e.event for e in incident.entries if isinstance(e.event, DeployNoticed)]
    before = [d for d in found if since is not None and d.deployed_at <= since]
    return max(before, key=lambda d: d.deployed_at, default=None)


def symptoms_firing(handbook: Handbook, incident: Incident) -> tuple[str, ...]:
    """What is wrong now, in the page's words for it where the page has some, each once."""
    told: list[str] = []
    for signal in incident.firing:
        found = handbook.symptom(signal.symptom) if signal.symptom else None
        told.append(line(words_of(found[1]) if found else f"{signal.subject} {signal.text}", _PIECE))
    return tuple(dict.fromkeys(told))


def action_now(handbook: Handbook, incident: Incident) -> str | None:
    """The step that runs, else the one that is approved or waits, else the roll-back proposed, else watching once it is over."""
    ranked = {"started": 0, "unknown": 1, "approved": 2, "asked": 3}
    live = [a for a in incident.attempts.values() if a.state in ranked]
    if live:
        best = min(live, key=lambda a: (not a.run.changing, ranked[a.state], bool(a.doubts), a.seq))
        name = step_name(best.run.step, handbook)
        match best.state:
            case "started":
                return f"{name} is running"
            case "unknown":
                return f"finding out whether {name} ran"
            case "approved":
                return f"{name} is approved and about to run"
            case _:
                return f"{name} waits for approval"
    if incident.resolved_at is None and incident.mitigated_at is not None:
        return "watching that it stays well"
    if incident.rollback is not None and incident.mitigated_at is None:
        return f"{step_name(incident.rollback.step, handbook)} is proposed"
    return None


def postmortem_link(handbook: Handbook, incident: Incident) -> str | None:
    """Where the post-mortem is and by when; None while it is owed and not written."""
    written = incident.postmortem
    if written is not None:
        return written.path + (f", by {written.due.isoformat()}" if written.due else "")
    if not needs_postmortem(handbook, incident):
        return "none asked for at this severity"
    form = handbook.postmortem
    if form is None or form.due_business_days is None or incident.resolved_at is None:
        return None
    due = business_day(incident.resolved_at.date(), form.due_business_days)
    return f"in the vault, finished by {due.isoformat()}"
