"""The single next thing to do, in words: what a tired person needs first.

Called by `view`. One answer in a fixed order: what blocks, what waits for a yes, who has it, what it could be, what runs, what is owed.
"""

from __future__ import annotations

from datetime import datetime

from firstfive.documents.plain import day_and_time
from firstfive.documents.sentence import step_name
from firstfive.documents.steps import waiting_in_order
from firstfive.handbook.model import Handbook
from firstfive.incident.communicate import needs_postmortem, next_update_at
from firstfive.incident.owed.closing import Tick, boxes
from firstfive.incident.owed.customers import OVER, customers_due
from firstfive.incident.owed.duty import silent
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Attempt, Incident

Row = dict[str, object]


def next_thing(incident: Incident, handbook: Handbook, policy: Policy, now: datetime) -> Row:
    """`kind` (settle, resume, approve, value, judge, acknowledge, hypothesis, tell, choose, wait, watch, write, close, done), `text`, and
    run, step, sha256 where it is about a run. Never empty.
    """
    if incident.resolved_at is not None:
        return _afterwards(incident, handbook)
    return (
        _blocked(incident, handbook)
        or _paused(incident)
        or _asked(incident, handbook, sure=True)
        or _people(incident, handbook)
        or _asked(incident, handbook, sure=False)
        or _customers(incident, handbook, policy, now)
        or _running(incident, handbook)
        or _otherwise(incident, handbook, policy, now)
    )


def _said(kind: str, text: str, attempt: Attempt | None = None) -> Row:
    run = attempt.run if attempt is not None else None
    return {
        "kind": kind,
        "text": text,
        "run": run.id if run else None,
        "step": run.step if run else None,
        "sha256": run.sha256 if run else None,
    }


def _blocked(incident: Incident, handbook: Handbook) -> Row | None:
    lost = next((a for a in incident.attempts.values() if a.state == "unknown"), None)
    if lost is None:
        return None
    name = step_name(lost.run.step, handbook)
    return _said(
        "settle", f"Find out on {lost.run.target} whether {name} ran, and settle it: nothing changes until then.", lost
    )


def _paused(incident: Incident) -> Row | None:
    if incident.paused is None:
        return None
    if incident.hosts_asked is None:
        return _said("wait", "Wait: the journal was restored, and the hosts are asked what ran that it forgot.")
    return _said(
        "resume",
        "Look at what ran that the restored journal forgot, then let changes go on: nothing changes until then.",
    )


def _asked(incident: Incident, handbook: Handbook, *, sure: bool) -> Row | None:
    attempt = next((a for a in waiting_in_order(incident) if bool(a.doubts) is not sure), None)
    if attempt is None:
        return None
    name = step_name(attempt.run.step, handbook)
    if attempt.doubts:
        return _said("judge", f"Judge whether {name} is needed: {'; '.join(attempt.doubts)}.", attempt)
    if attempt.missing:
        wanted = ", ".join(f"<{name}>" for name in attempt.missing)
        return _said("value", f"Give {wanted} for {name}, then approve it.", attempt)
    return _said("approve", f"Approve {name} on {attempt.run.target}, or decline it: {attempt.why}.", attempt)


def _people(incident: Incident, handbook: Handbook) -> Row | None:
    if not incident.acknowledged_by:
        return _said("acknowledge", "Acknowledge: say that you have taken it.")
    clock = handbook.rollback is not None and handbook.rollback.hypothesis_within is not None
    if clock and not incident.hypothesis and incident.rollback is None and incident.mitigated_at is None:
        return _said("hypothesis", "Say what you think it is; without a hypothesis the page rolls back.")
    return None


def _customers(incident: Incident, handbook: Handbook, policy: Policy, now: datetime) -> Row | None:
    """What the page wants said outside goes before waiting; a promise to customers that is late goes before all that is not urgent."""
    due = customers_due(handbook, policy, incident)
    if due is None or (incident.public and now < due.at):
        return None
    late = f", since {day_and_time(due.at)}" if now >= due.at else ""
    return _said("tell", f"Tell customers{late}: {silent(handbook, incident) or due.why}.")


def _running(incident: Incident, handbook: Handbook) -> Row | None:
    live = [a for a in incident.attempts.values() if a.state in ("started", "approved")]
    if not live:
        return None
    attempt = min(live, key=lambda a: (not a.run.changing, a.seq))
    return _said("wait", f"Wait for {step_name(attempt.run.step, handbook)}.", attempt)


def _otherwise(incident: Incident, handbook: Handbook, policy: Policy, now: datetime) -> Row:
    if incident.mitigated_at is not None:
        return _said(
            "watch", "Watch that it stays well; it is resolved once it has, or when you say so with the root cause."
        )
    wrong = _went_wrong(incident)
    if wrong is not None:
        name = step_name(wrong.run.step, handbook)
        return _said(
            "choose", f"{name} went wrong, exit {wrong.exit_code}: read what it said, then choose another step."
        )
    if not incident.ranking:
        return _said("choose", "No runbook fits what was seen: choose one and ask for a step of it.")
    due = next_update_at(handbook, policy, incident)
    update = f" The next update goes out at {day_and_time(due)}." if due is not None and due > now else ""
    return _said("choose", f"Nothing waits: work the steps that are done by hand, or ask for a step.{update}")


def _went_wrong(incident: Incident) -> Attempt | None:
    """The newest change, when it came to its end and did not do what it should."""
    changes = [a for a in incident.attempts.values() if a.run.changing and a.state == "finished"]
    last = max(changes, key=lambda a: a.seq, default=None)
    return last if last is not None and not last.met else None


def _afterwards(incident: Incident, handbook: Handbook) -> Row:
    written = incident.postmortem
    open_boxes = [box for box in boxes(handbook, incident) if box.tick is Tick.OPEN]
    finished = incident.postmortem_read is not None and not incident.postmortem_read.gaps
    if incident.public and incident.public[-1][0].status != OVER:
        return _said("tell", "Tell customers that it is over.")
    if written is not None and not finished:
        due = f" by {written.due.isoformat()}" if written.due else ""
        return _said("write", f"Finish the post-mortem{due}: {written.path}")
    if written is None and incident.postmortem_why_not:
        return _said(
            "write", f"Write the post-mortem by hand, the vault did not take it: {incident.postmortem_why_not}"
        )
    if written is None and needs_postmortem(handbook, incident):
        return _said("wait", "The post-mortem is being written into the vault.")
    if open_boxes:
        return _said("close", f"Tick the closing list, {len(open_boxes)} open: {open_boxes[0].text}")
    return _said("done", "Nothing is left to do.")
