"""One observation from outside becomes what the rules make of it: a joined or a new incident, a backlog row, a ledger row.

Called by the loop for probes and by the inbox for senders, inside their transaction. Holds no rule: `incident.triage` decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never

from firstfive.engine.advance import advance
from firstfive.incident import events as ev
from firstfive.incident import triage
from firstfive.incident.records import Fact
from firstfive.incident.signals import Beat, Deploy, Observation, Signal, SignalKind
from firstfive.incident.timeline import Incident
from firstfive.ports import Alert, Outcome, Transaction

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

# A storm of different alerts is one line more on the timeline, not a thousand: what comes after these is counted by fingerprint only.
CROWD = 100


class Previewed(Exception):
    """Thrown to undo a transaction that was only asked what it would do."""

    def __init__(self, outcomes: tuple[Outcome, ...]) -> None:
        super().__init__("nothing is kept")
        self.outcomes = outcomes


def previewed(engine: Engine, tx: Transaction, seen: Sequence[Observation]) -> None:
    """Sort these, then raise Previewed with what was made of them, so that the transaction keeps nothing."""
    outcomes = []
    for one in seen:
        if isinstance(one, Beat):
            outcomes.append(
                Outcome(fingerprint="", subject=one.name, verdict="beat", why=f"{one.name} says {one.state}")
            )
        else:
            outcomes.append(sorted_in(engine, tx, one))
    raise Previewed(tuple(outcomes))


def sorted_in(engine: Engine, tx: Transaction, seen: Signal | Deploy) -> Outcome:
    """Record this observation and what follows from it. A repeat of a known state only moves its last-seen time."""
    if isinstance(seen, Deploy):
        return _deploy(engine, tx, seen)
    if seen.kind is SignalKind.REPORT:
        return _report(engine, tx, seen)
    seen, pointer = triage.pointed(engine.handbook, seen)
    held = tx.alert(seen.fingerprint)
    if held is not None and held.signal.firing == seen.firing and _settled(held, seen):
        tx.see(seen, held.incident, held.verdict, held.why)
        return _outcome(
            seen, "repeated", f"nothing changed since {held.first:%H:%M} UTC: {held.why}".strip(": "), held.incident
        )
    now = engine.clock.now()
    live = [i for i in engine.rules.live(tx) if i.resolved_at is None]
    silences = tx.silences(now) if seen.firing else ()
    verdict = triage.triage(
        engine.handbook, seen, live, policy=engine.policy, now=now, silences=silences, drill=engine.rehearsed(seen)
    )
    outcome = _recorded(engine, tx, seen, verdict, now)
    return replace(outcome, why=f"{outcome.why}; {pointer}") if pointer else outcome


def _report(engine: Engine, tx: Transaction, seen: Signal) -> Outcome:
    """A person's report through a sender's door: the same as one made in the room."""
    reporter = dict(seen.labels).get("reporter", "") or "somebody"
    told, joined = engine.reported(tx, reporter, seen.text)
    why = (
        f"{reporter} reported it, and {told.id} was open" if joined else f"{reporter} reported it, and nothing was open"
    )
    return _outcome(seen, "joined" if joined else "declared", why, told.id)


def _settled(held: Alert, seen: Signal) -> bool:
    """Whether a repeat needs no new decision: it is held by an incident, lies in the backlog, or is simply still well.

    What was silenced is decided again each time, so that it counts the moment the silence is over.
    """
    return bool(held.incident) or held.verdict == "backlog" or not seen.firing


def _recorded(engine: Engine, tx: Transaction, seen: Signal, verdict: triage.Verdict, now: datetime) -> Outcome:
    match verdict:
        case triage.Ignore(why=why):
            tx.see(seen, "", "ignored", why)
            return _outcome(seen, "ignored", why)
        case triage.Silenced(why=why):
            tx.see(seen, "", "silenced", why)
            return _outcome(seen, "silenced", why)
        case triage.Shelve(why=why):
            tx.see(seen, "", "backlog", why)
            return _outcome(seen, "backlog", why)
        case triage.Join(incident=incident_id, why=why):
            state = engine.rules.load(tx, incident_id)
            tx.see(seen, incident_id if seen.firing else "", "joined", why)
            if seen.fingerprint in state.signals or len(state.signals) < CROWD:
                joining = _joining(state, seen)
                advance(tx, engine.rules, incident_id, joining, by=ev.SELF, now=now)
            return _outcome(seen, "joined", why, incident_id)
        case triage.Declare(title=title, level=level, why=why):
            opened = engine.opened(tx, title, level, why, seen, now=now)
            tx.see(seen, opened.id, "declared", why)
            return _outcome(seen, "declared", why, opened.id)
        case _:
            assert_never(verdict)


def _joining(state: Incident, seen: Signal) -> tuple[ev.Event, ...]:
    joined: tuple[ev.Event, ...] = (ev.SignalSeen(signal=seen),)
    if seen.fingerprint not in state.signals and len(state.signals) == CROWD - 1:
        text = f"this is the {CROWD}th kind of signal here; further ones are counted under signals and not written down"
        joined = (*joined, ev.Noted(text=text))
    return joined


def _outcome(seen: Signal, verdict: str, why: str, incident: str = "") -> Outcome:
    return Outcome(fingerprint=seen.fingerprint, subject=seen.subject, verdict=verdict, why=why, incident=incident)


def _deploy(engine: Engine, tx: Transaction, deploy: Deploy) -> Outcome:
    told = Outcome(fingerprint="", subject=deploy.subject, verdict="ledger", why="the ledger already holds it")
    if not tx.record_deploy(deploy):
        return told
    if deploy.first:
        return _because(told, "first look: what runs now is the baseline")
    now = engine.clock.now()
    during = deploy_events(deploy, now)[:1]  # what was deployed since is noted; it is not what broke it
    for one in engine.rules.live(tx):
        if one.resolved_at is None:
            advance(tx, engine.rules, one.id, during, by=ev.SELF, now=now)
    return _because(told, f"{deploy.subject} went from {deploy.previous or 'unknown'} to {deploy.version}")


def _because(told: Outcome, why: str) -> Outcome:
    return replace(told, why=why)


PROVEN = timedelta(minutes=30)


def back_again(deploy: Deploy, ledger: Sequence[Deploy]) -> tuple[ev.Event, ...]:
    """What is noted of a change that brought back what ran well before, such as a roll-back; nothing for any other change.

    `ledger` is newest first. What ran for half an hour, or when we first looked, counts as well; rolling back from it would lead to
    what was left.
    """
    mine = [one for one in ledger if one.subject == deploy.subject and one.host == deploy.host and one.at < deploy.at]
    for later, one in zip([deploy, *mine], mine, strict=False):
        same = one.image_id == deploy.image_id if deploy.image_id else one.version == deploy.version
        if same and (one.first or later.at - one.at >= PROVEN):
            text = (
                f"{deploy.subject} went back to {deploy.version} at {deploy.at:%H:%M} UTC, which ran before: no new release,"
                " so no reason to roll back"
            )
            return (ev.Noted(text=text),)
    return ()


def deploy_events(deploy: Deploy, now: datetime) -> tuple[ev.Event, ...]:
    """A deploy as a timeline tells it, and the facts that conditions ask for."""
    facts = (
        Fact(name="deploy.age", kind="duration", value=max(0.0, (now - deploy.at).total_seconds())),
        Fact(name="deploy.version", kind="string", value=deploy.version),
        Fact(name="deploy.previous", kind="string", value=deploy.previous),
    )
    return (
        ev.DeployNoticed(
            subject=deploy.subject,
            version=deploy.version,
            previous=deploy.previous,
            deployed_at=deploy.at,
            source=deploy.source,
            image_id=deploy.image_id,
            previous_image_id=deploy.previous_image_id,
            reference=deploy.reference,
            project=deploy.project,
            service=deploy.service,
            container=deploy.container,
            files=deploy.files,
            host=deploy.host,
        ),
        ev.FactsFound(facts=facts, source=deploy.source),
    )
