"""The one door for what people say: the command line, the room and chat all pass through it.

`accept` is called before a person's event is written; it takes the event or refuses it with the reason and what to do. Writes nothing.
"""

from __future__ import annotations

from datetime import datetime

from firstfive.errors import Exit, Refused
from firstfive.incident import events as ev
from firstfive.incident import safety
from firstfive.incident.timeline.state import APPROVAL_LIVES, Attempt, Incident


def accept(s: Incident, event: ev.Event, now: datetime, *, by: str = "", silent: str = "") -> ev.Event:  # noqa: C901 - one arm an event
    """The event as it may be written, or `Refused` with the reason: one door for the command line, the room and chat.

    `silent` is why this incident must not end without a word to customers; empty when it may.
    """
    if s.declared is None:
        raise Refused(f"there is no incident {s.id}", remedy="firstfive status lists the open ones")
    match event:
        case ev.PostmortemAsked() if s.resolved_at is None:
            raise Refused(f"{s.id} is not resolved yet", remedy="resolve it first; then it can be written up")
        case ev.Acknowledged() | ev.Resolved() | ev.UpdateAsked() if s.resolved_at is not None:
            raise Refused(f"{s.id} is already resolved", remedy="declare a new one if it came back")
        case ev.Approved():
            _accept_approval(s, event, by, now)
        case ev.Resumed():
            _accept_resume(s, event)
        case ev.ChangeOffered(afterwards=False) | ev.StepRequested() if s.resolved_at is not None:
            raise Refused(f"{s.id} is already resolved", remedy="declare a new one if it came back")
        case ev.UndoRequested(run=run_id):
            _accept_undo(s, run_id)
        case ev.Declined(run=run_id):
            _waiting(s, run_id)
        case ev.OutcomeSettled(run=run_id):
            attempt = s.attempts.get(run_id)
            if attempt is None or attempt.state != "unknown":
                raise Refused(
                    f"the outcome of {run_id} is not in question", remedy=f"firstfive status {s.id} shows every run"
                )
        case ev.Resolved() if any(a.state in ("started", "unknown") and a.run.changing for a in s.attempts.values()):
            raise Refused(
                "a changing step is still running or its outcome is unknown",
                remedy="wait for it, or settle its outcome first",
            )
        case ev.Resolved() if silent:
            raise Refused(
                f"customers have not been told anything, and {silent}",
                remedy=f'tell them first: firstfive public {s.id} --status monitoring "..."',
            )
        case ev.HypothesisSet(text=text) | ev.Noted(text=text) | ev.UpdateAsked(text=text) if not text.strip():
            raise Refused("there is no text", exit_code=Exit.USAGE)
        case ev.PublicUpdate() if s.declared.drill:
            raise Refused(f"{s.id} is a drill: nothing of it is told outside", remedy="note it with firstfive note")
        case ev.SeverityChanged(why=why) if not why.strip():
            raise Refused("a change of severity needs its reason", remedy="say why", exit_code=Exit.USAGE)
        case _:
            pass
    return event


def repeats(s: Incident, event: ev.Event, by: str, now: datetime) -> bool:
    """Whether a person says again what the timeline already holds from them: a second click, or an answer that got lost.

    While a second person is waited for, a yes stands for as long as it counts; after that it is said anew, and so is one with a reason
    why one person is enough.
    """
    match event:
        case ev.Acknowledged(responder=responder):
            return s.acknowledged_by == responder
        case ev.HypothesisSet(text=text):
            return s.hypothesis == text
        case ev.PostmortemAsked():
            return s.postmortem_asked or s.postmortem is not None
        case ev.Approved(run=run_id, sha256=sha256):
            attempt = s.attempts.get(run_id)
            if attempt is None or attempt.run.sha256 != sha256:
                return False
            mine = [at for who, at in attempt.approvals if safety.plain_name(who) == safety.plain_name(by)]
            if attempt.state == "asked":
                return any(now - at < APPROVAL_LIVES for at in mine) and not event.alone
            return bool(mine) and attempt.state in ("approved", "started", "finished", "unknown")
        case ev.PublicUpdate():
            return bool(s.public) and s.public[-1][0] == event
        case ev.UndoRequested(run=run_id):
            states = [a.state for a in s.attempts.values() if a.run.undoes == run_id]
            return any(state in ("asked", "approved", "started", "finished", "unknown") for state in states)
        case _:
            return False


def _accept_approval(s: Incident, event: ev.Approved, by: str, now: datetime) -> None:
    if s.paused is not None:
        raise Refused(
            f"nothing is changed on {s.id} yet: {s.paused[0].why}",
            remedy=f'look at what the hosts know (firstfive status {s.id}), then: firstfive resume {s.id} --note "..."',
            exit_code=Exit.NEEDS_APPROVAL,
        )
    attempt = _waiting(s, event.run)
    if attempt.missing:
        raise Refused(
            f"step {attempt.run.step} still needs a value for {', '.join('<' + name + '>' for name in attempt.missing)}",
            remedy="give it with --set NAME=VALUE; the step is then asked for again with that value",
            exit_code=Exit.NEEDS_APPROVAL,
        )
    if attempt.run.sha256 != event.sha256:
        raise Refused(
            f"what was approved is not what waits: {event.run} now stands for other bytes",
            remedy="read the step again and approve what it shows",
        )
    if attempt.who and safety.plain_name(by) not in attempt.who:
        raise Refused(
            f"the page lets {' or '.join(attempt.who)} approve step {attempt.run.step}, not {by or 'you'}",
            remedy="ask one of them; who may is what the page says behind approve=",
            exit_code=Exit.NOT_AUTHORISED,
        )
    if attempt.confirm and event.confirm.strip() != attempt.confirm:
        raise Refused(
            f"step {attempt.run.step} destroys something on {attempt.run.target}, so its name has to be typed",
            remedy=f"type {attempt.confirm} (--confirm {attempt.confirm})",
            exit_code=Exit.NEEDS_APPROVAL,
        )
    if attempt.first and not event.affirmed:
        raise Refused(
            f"the page wants something done first: {'; '.join(attempt.first)}",
            remedy="do it, then approve saying so (--done-first)",
            exit_code=Exit.NEEDS_APPROVAL,
        )
    if event.alone:
        _accept_alone(s, attempt, by, now)


def _accept_resume(s: Incident, event: ev.Resumed) -> None:
    if s.paused is None:
        raise Refused(f"{s.id} is not paused", remedy=f"firstfive status {s.id} shows what it waits for")
    if s.hosts_asked is None:
        raise Refused(
            f"the hosts are still being asked what ran of {s.id}", remedy=f"look at firstfive status {s.id} in a moment"
        )
    if not event.note.strip():
        raise Refused(
            "say what you found: which of these changes ran, and what the state is now",
            remedy='give it with --note "..."',
            exit_code=Exit.USAGE,
        )


def _accept_alone(s: Incident, attempt: Attempt, by: str, now: datetime) -> None:
    """One person instead of two: only in a severity 1, five minutes after it was asked for, with nobody else at work."""
    if attempt.people < 2:
        return
    if s.level == 1 and safety.alone(s.actors(), by, attempt.at, now):
        return
    minutes = int(safety.ALONE_AFTER.total_seconds() // 60)
    raise Refused(
        f"step {attempt.run.step} takes two people: one alone may approve it only in a severity 1,"
        f" {minutes} minutes after it was asked for, when nobody else has acted in that time",
        remedy="ask a second person to approve it too",
        exit_code=Exit.NEEDS_APPROVAL,
    )


def _accept_undo(s: Incident, run_id: str) -> None:
    last = undoable(s)
    if last is None:
        raise Refused("there is nothing to take back", remedy="only a change that ran and names its undo can be undone")
    if last.run.id != run_id:
        raise Refused(
            f"the newest change goes first: {last.run.id} is to be taken back before {run_id}",
            remedy=f"firstfive undo {s.id}",
        )


def undoable(s: Incident) -> Attempt | None:
    """The newest change that ran, can be taken back and was not: undoing goes last in, first out."""
    undone = {
        a.run.undoes for a in s.attempts.values() if a.run.undoes and a.state in ("started", "finished", "unknown")
    }
    changes = (
        a
        for a in s.attempts.values()
        if a.run.changing and a.run.undo and a.state == "finished" and a.run.id not in undone
    )
    return max(changes, key=lambda a: a.seq, default=None)


def _waiting(s: Incident, run_id: str) -> Attempt:
    attempt = s.attempts.get(run_id)
    if attempt is None:
        raise Refused(f"no run {run_id} in {s.id}", remedy=f"firstfive status {s.id} lists what waits for approval")
    if attempt.state != "asked":
        raise Refused(f"{run_id} does not wait for approval: it is {attempt.state}")
    if s.resolved_at is not None and not s.afterwards(attempt.run.step):
        raise Refused(f"{s.id} is already resolved", remedy="declare a new one if it came back")
    return attempt
