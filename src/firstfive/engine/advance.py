"""One step of the loop, inside one transaction: append what happened, let the rules decide, keep what they order.

Called by everything that brings news to an incident: people, signals, outcomes, deadlines. A change of state, the work that it
causes and its deadlines are one commit. Does no deed itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from firstfive.errors import JournalError, Newer, Refused
from firstfive.handbook.model import Handbook
from firstfive.incident import communicate
from firstfive.incident import events as ev
from firstfive.incident import orders as od
from firstfive.incident.decide import decide
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident, fold, step_on
from firstfive.ports import Transaction

ROUNDS = 200
FINISHED_KEPT = 200  # folds of finished incidents, which people look at now and then

# Nodes claim only kinds that stand here, so what a newer program orders waits for a newer node. A payload that an older program would
# misread is therefore a kind of its own (`step/2` beside `step`, which stays readable for one release); a test pins each payload.
KINDS: dict[str, type[od.Deed]] = {
    "check": od.RunCheck,
    "plan": od.PlanRollback,
    "mends": od.SeekMends,
    "step": od.RunStep,
    "notice": od.SendNotice,
    "remind": od.Remind,
    "page": od.Page,
    "deliver": od.Deliver,
    "postmortem": od.WritePostmortem,
    "readback": od.ReadPostmortem,
    "hosts": od.AskHosts,
    "wake": od.WakeAt,
}
_KIND_OF = {made: kind for kind, made in KINDS.items()}


@dataclass(slots=True, kw_only=True)
class Rules:
    """What deciding needs beside the timeline: the policy, and the handbook each incident is pinned to.

    `summarise` makes the few words kept beside an incident for a quick look. `known` caches folds of committed entries; `written` the
    newest folds of transactions, which count only where the journal shows the hash that they end with; `newer` are incidents on whose
    timelines a newer version wrote what this one cannot read: they wait for a node that can.
    """

    policy: Policy
    handbook_of: Callable[[str], Handbook]
    summarise: Callable[[Incident, Handbook, Policy], bytes]
    known: dict[str, Incident] = field(default_factory=dict)
    newer: set[str] = field(default_factory=set)
    written: dict[str, Incident] = field(default_factory=dict)

    def handbook_for(self, incident: Incident) -> Handbook:
        """The handbook the incident was declared under."""
        if incident.declared is None:
            raise JournalError(f"{incident.id} has no declaration on its timeline")
        return self.handbook_of(incident.declared.handbook)

    def load(self, tx: Transaction, incident_id: str) -> Incident:
        """The incident as the journal has it now, folding only what is new since it was last seen. Raises Refused, or Newer."""
        state = self.known.get(incident_id) or Incident(id=incident_id)
        try:
            for entry in tx.entries(incident_id, after=state.seq):
                state = step_on(state, entry)
        except Newer:
            self.newer.add(incident_id)
            raise
        if state.seq == 0:
            raise Refused(f"there is no incident {incident_id}", remedy="firstfive status lists the open ones")
        return state

    def live(self, tx: Transaction) -> tuple[Incident, ...]:
        """Every incident that is not finished, newest first. Asks once where they end, and again only for those that grew.

        What only a newer version can read is left to a node that can.
        """
        found: list[Incident] = []
        for head in reversed(tx.heads(only_open=True)):
            held, mine = self.known.get(head.incident), self.written.get(head.incident)
            if held is not None and held.seq >= head.seq:
                found.append(held)
            elif mine is not None and mine.entries[-1].hash == head.hash:
                found.append(mine)
            else:
                with contextlib.suppress(Newer):
                    found.append(self.load(tx, head.incident))
        if len(self.known) + len(self.written) > 3 * len(found) + FINISHED_KEPT:
            names = {one.id for one in found}
            self.known = {name: one for name, one in list(self.known.items()) if name in names}
            self.written = {name: one for name, one in list(self.written.items()) if name in names}
        return tuple(found)

    def learn(self, incident: Incident) -> None:
        """Remember a fold whose entries are all committed."""
        held = self.known.get(incident.id)
        if held is None or held.seq < incident.seq:
            self.known[incident.id] = incident
            mine = self.written.get(incident.id)
            if mine is not None and mine.seq <= incident.seq:
                self.written.pop(incident.id, None)


def advance(
    tx: Transaction,
    rules: Rules,
    incident_id: str,
    events: Sequence[ev.Event],
    *,
    by: str,
    now: datetime,
    known: Sequence[ev.Event] = (),
) -> Incident:
    """Append `events` by `by`, then let the rules run until they have nothing more to conclude; their deeds become work rows.

    `known` is what the program itself adds before anything is decided; it never stands there in a person's name.

    Conclusions are written one at a time, so that each is decided on everything before it; deeds are taken only from the last
    round. A timeline never runs backwards: a clock that did is held at the newest entry.
    Raises JournalError when the rules do not come to rest, which is a bug and must not loop.
    """
    state = _known(tx, rules, incident_id)
    if state.entries:
        now = max(now, state.entries[-1].at)
    pending, author = tuple(events), by
    for number in range(ROUNDS):
        added = [*tx.append(incident_id, author, pending, now)] if pending else []
        if number == 0 and known:
            added += tx.append(incident_id, ev.SELF, known, now)
        for entry in added:
            state = step_on(state, entry)
        handbook = rules.handbook_for(state)
        ordered = decide(handbook, rules.policy, state, now)
        conclusion = next((o.event for o in ordered if isinstance(o, od.Record)), None)
        if conclusion is None:
            _keep(tx, incident_id, ordered, now)
            tx.summarise(incident_id, rules.summarise(state, handbook, rules.policy))
            if finished(state, handbook):
                tx.close_incident(incident_id)
            if state.entries:
                rules.written[incident_id] = state
            return state
        pending, author = (conclusion,), ev.SELF
    raise JournalError(
        f"the rules did not come to rest on {incident_id}", remedy="please report this with `firstfive timeline`"
    )


def _known(tx: Transaction, rules: Rules, incident_id: str) -> Incident:
    held = rules.known.get(incident_id)
    if held is None:
        return fold(incident_id, tx.entries(incident_id))
    for entry in tx.entries(incident_id, after=held.seq):
        held = step_on(held, entry)
    return held


def _keep(tx: Transaction, incident_id: str, ordered: Sequence[od.Order], now: datetime) -> None:
    deeds = {f"{incident_id}:{order.key}": order for order in ordered if not isinstance(order, od.Record)}
    known = tx.states(list(deeds))  # most were ordered before, so that is asked once for all of them
    for key, order in deeds.items():
        if key in known:
            continue
        due = order.at if isinstance(order, od.WakeAt) else now
        tx.enqueue(
            key=key,
            incident=incident_id,
            kind=_KIND_OF[type(order)],
            due=due,
            data=msgspec.json.encode(order),
        )


def deed_of(kind: str, data: bytes) -> od.Deed:
    """The order that a work row holds."""
    return msgspec.json.decode(data, type=KINDS[kind])


def finished(incident: Incident, handbook: Handbook) -> bool:
    """Resolved, told, and written up where that is wanted, or refused with a reason: nothing more is due."""
    if incident.resolved_at is None:
        return False
    told = any(notice.kind == "resolution" for notice, _ in communicate.attempted(incident))
    return (
        told
        and not communicate.owed(incident)
        and (
            incident.postmortem is not None
            or bool(incident.postmortem_why_not)
            or not communicate.needs_postmortem(handbook, incident)
        )
    )
