"""When it is over: mitigated when no symptom is left, verified by a look after the change, resolved when it has stayed well.

Called by `decide` after the moves of `respond`. Concludes only from what stands on the timeline.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from firstfive.handbook.model import Handbook, Mode, Purpose, Runbook, Step
from firstfive.incident import events as ev
from firstfive.incident.diagnose import spoken
from firstfive.incident.orders import Order, Record, WakeAt
from firstfive.incident.owed.duty import silent
from firstfive.incident.policy import Policy
from firstfive.incident.records import Run, Status
from firstfive.incident.timeline import Attempt, Incident

# The step of a run that takes back another one's: the page's step and this.
UNDO = "~undo"


def orders(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """Mitigated when no symptom is left, verified when a look after the change says so, resolved when it has stayed well."""
    if incident.resolved_at is not None or not incident.signals:
        return
    if incident.firing:
        return
    if incident.mitigated_at is None:
        yield Record(event=ev.Mitigated(why=_all_well(incident)))
        return
    if incident.status is not Status.MONITORING:
        yield Record(event=ev.StatusChanged(status=Status.MONITORING, why="no symptom is left"))
        return
    settled = not any(
        a.state in ("started", "unknown", "approved") and a.run.changing for a in incident.attempts.values()
    )
    verified, why = verification(handbook, incident)
    if verified and incident.verified_at is None and settled:
        yield Record(event=ev.Verified(why=why))
        return
    if not verified or not settled:
        return
    since = max(incident.mitigated_at, incident.verified_at or incident.mitigated_at)
    until = since + policy.resolve_after
    if now < until:
        yield WakeAt(at=until, why="resolve")
        return
    if silent(handbook, incident):
        return
    yield Record(
        event=ev.Resolved(
            why=f"{why}; no symptom came back for {spoken(policy.resolve_after)}", root_cause=incident.hypothesis
        )
    )


def _all_well(incident: Incident) -> str:
    last = max(incident.signals.values(), key=lambda s: s.at)
    return f"every symptom that was seen is gone, last {last.subject}: {last.text}"


def page_step(run: Run) -> str:
    """The step of the page that a run belongs to, also when it takes that step back."""
    return run.step.removesuffix(UNDO)


def last_change(incident: Incident) -> Attempt:
    """The change that finished last; only for an incident with `changed_seq`."""
    changes = (a for a in incident.attempts.values() if a.run.changing and a.state == "finished")
    return max(changes, key=lambda a: a.seq)


def verifying(runbook: Runbook) -> tuple[Step, ...]:
    """Its steps that look, by themselves and after one that changes something, whether all is well."""
    first_change = min((s.number for s in runbook.steps if s.mode is Mode.APPROVE), default=None)
    if first_change is None:
        return ()
    looks = (s for s in runbook.steps if s.purpose is Purpose.VERIFY and s.mode is Mode.AUTO)
    return tuple(s for s in looks if s.number > first_change)


def verification(handbook: Handbook, incident: Incident) -> tuple[bool, str]:
    """Whether a look after the last change came out well. Where no step verifies, the symptoms that stopped are the proof."""
    if incident.changed_seq == 0:
        return True, "it ended without a change of ours"
    found = handbook.step(page_step(last_change(incident).run))
    checks = verifying(found[0]) if found else ()
    if not checks:
        return True, "no step of the runbook verifies; the symptoms that stopped are the proof"
    for step in checks:
        last = next((a for a in reversed(incident.of_step(step.id)) if a.state == "finished"), None)
        if last is None or last.started_seq < incident.changed_seq:
            return False, f"step {step.number} has not verified it yet"
        if not last.met:
            return False, f"step {step.number} looked after the change and it is not well"
    return True, f"step {', '.join(str(s.number) for s in checks)} looked after the change and found it well"
