"""Changes out of a pack, once a person asked for one: approval asked for, verified after it ran.

Called by `decide`. A change out of a pack is run like a step of the page, under the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from firstfive.incident import events as ev
from firstfive.incident.orders import Order, Record, RunStep
from firstfive.incident.records import Run
from firstfive.incident.respond import counted, digest_of
from firstfive.incident.timeline import Incident

VERIFY, RESUME = "~verify", "resume-updater"
LOOKING = timedelta(seconds=30)
UNVERIFIED = "nothing looks afterwards whether it worked: look for yourself"


def orders(incident: Incident) -> Iterator[Order]:
    """The request for approval of each offered change, and a look after each that ran."""
    for offer in incident.offered.values():
        attempts = incident.of_step(offer.id)
        if not attempts or attempts[-1].state == "expired":
            over = incident.mitigated_at if offer.unasked else incident.resolved_at
            if over is None or offer.afterwards:
                yield Record(event=_asking(incident, offer, len(attempts) + 1))
            continue
        last = attempts[-1]
        looks = incident.of_step(offer.id + VERIFY)
        if offer.verify and last.state == "finished" and not any(a.started_seq > last.started_seq for a in looks):
            yield RunStep(run=_look(incident, offer, len(looks) + 1))


def _asking(incident: Incident, offer: ev.ChangeOffered, number: int) -> ev.ApprovalAsked:
    run = Run(
        id=f"{incident.id}.{offer.id}.{counted(incident, number)}",
        step=offer.id,
        target=offer.target,
        script=offer.script,
        environment=(),
        sha256=digest_of(offer.target, offer.script, ()),
        changing=True,
        timeout=offer.timeout,
        undo=offer.undo,
        destructive=offer.people > 1,
        first=offer.proofs,
    )
    warnings = offer.warnings if offer.verify else (*offer.warnings, UNVERIFIED)
    return ev.ApprovalAsked(
        run=run, why=offer.why, warnings=warnings, people=offer.people, confirm=offer.confirm, first=offer.first
    )


def _look(incident: Incident, offer: ev.ChangeOffered, number: int) -> Run:
    return Run(
        id=f"{incident.id}.{offer.id}.verify.{number}",
        step=offer.id + VERIFY,
        target=offer.target,
        script=offer.verify,
        environment=(),
        sha256=digest_of(offer.target, offer.verify, ()),
        changing=False,
        timeout=LOOKING,
    )


def still_paused(incident: Incident) -> tuple[str, ...]:
    """Updaters that the roll-back of this incident stopped and nobody has started again."""
    plan = incident.plan
    if plan is None or not plan.paused:
        return ()
    back = [a for a in incident.of_step(plan.step) if a.state == "finished" and a.run.script == plan.script]
    if not back:
        return ()
    undone = any(
        a.run.undoes == back[-1].run.id and a.state == "finished" and a.met for a in incident.attempts.values()
    )
    started = any(
        offer.pack == RESUME and any(a.state == "finished" and a.met for a in incident.of_step(offer.id))
        for offer in incident.offered.values()
    )
    return () if undone or started else plan.paused
