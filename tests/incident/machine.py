"""A small engine for the rules alone: keeps rows by key, obeys them at once, late or not at all, and dies in the middle."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.engine.steps import allowed
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident import orders as od
from firstfive.incident.decide import decide
from firstfive.incident.records import Answer, Run
from firstfive.incident.timeline import Incident, accept, step_on
from incident import builders as b

ROUNDS = 100


@dataclass(slots=True, kw_only=True)
class Machine:
    """One incident, its clock and its rows of work. `done` are keys that were obeyed to the end."""

    page: Handbook
    now: datetime = b.T0
    state: Incident = field(default_factory=lambda: Incident(id="INC-1"))
    rows: dict[str, od.Deed] = field(default_factory=dict)
    done: dict[str, od.Deed] = field(default_factory=dict)

    def advance(self, *events: ev.Event, by: str = ev.SELF) -> None:
        """Append, conclude until the rules rest, keep what they order; a key that is known is not kept twice."""
        for event in events:
            self._append(event, by)
        for _ in range(ROUNDS):
            ordered = decide(self.page, b.POLICY, self.state, self.now)
            assert ordered == decide(self.page, b.POLICY, self.state, self.now)
            conclusion = next((o.event for o in ordered if isinstance(o, od.Record)), None)
            if conclusion is None:
                self._keep(ordered)
                return
            self._append(conclusion, ev.SELF)
        raise AssertionError(f"the rules did not come to rest: {self.state.entries[-6:]}")

    def say(self, event: ev.Event, by: str = "ana") -> None:
        """A person's event, through the door."""
        self.advance(accept(self.state, event, self.now, by=by), by=by)

    def _append(self, event: ev.Event, by: str) -> None:
        before = self.state.entries[-1].hash if self.state.entries else ""
        seq = self.state.seq + 1
        digest = hashlib.sha256(f"{before}{seq}{by}{event!r}".encode()).hexdigest()
        entry = ev.Entry(incident="INC-1", seq=seq, at=self.now, by=by, event=event, hash=digest)
        self.state = step_on(self.state, entry)

    def _keep(self, ordered: Sequence[od.Order]) -> None:
        for order in ordered:
            if isinstance(order, od.Record):
                continue
            known = self.rows.get(order.key) or self.done.get(order.key)
            if isinstance(order, od.RunStep) and order.run.changing and known is not None:
                assert known == order, f"one run id stands for two things: {known} and {order}"
            if order.key not in self.done:
                self.rows.setdefault(order.key, order)

    # ------------------------------------------------------------------------------------------------------- obeying

    def due(self) -> list[str]:
        """Keys of rows that may be obeyed now, oldest first."""
        return [k for k, o in self.rows.items() if not isinstance(o, od.WakeAt) or o.at <= self.now]

    def wakes(self) -> list[datetime]:
        """Deadlines that are still to come."""
        return sorted(o.at for o in self.rows.values() if isinstance(o, od.WakeAt) and o.at > self.now)

    def obey(self, key: str, *, well: bool = True, dies: bool = False) -> None:
        """Do what the row says. `well` False: it fails as such a deed can fail. `dies`: the process ends before the outcome is written."""
        order = self.rows[key]
        if isinstance(order, od.RunStep):
            self._run(key, order.run, well=well, dies=dies)
            return
        if not dies:
            self._close(key, *_came_of(order, self.state, well=well))

    def _run(self, key: str, run: Run, *, well: bool, dies: bool) -> None:
        attempt = self.state.attempts.get(run.id)
        interrupted = attempt is not None and attempt.state == "started"
        if not interrupted:
            if not allowed(self.state, attempt, run, self.now):
                self._close(key)
                return
            self.advance(ev.StepStarted(run=run, approved_by=attempt.approved_by if attempt else ""))
        if dies:
            return
        if interrupted and run.changing and not well:
            self._close(key, ev.OutcomeUnknown(run=run.id, step=run.step, why="died"))
            return
        self._close(key, b.finished(run, met=well))

    def _close(self, key: str, *events: ev.Event) -> None:
        assert key not in self.done, f"{key} was obeyed twice"
        self.done[key] = self.rows.pop(key)
        self.advance(*events)


def _came_of(order: od.Deed, state: Incident, *, well: bool) -> tuple[ev.Event, ...]:
    match order:
        case od.RunCheck(check=check):
            answer = Answer.GOOD if well else Answer.BAD
            took = timedelta(milliseconds=5)
            return (ev.CheckDone(check=check, title=check, answer=answer, evidence="seen", took=took),)
        case od.SendNotice(kind=kind, number=number, channel=channel):
            if well:
                return (ev.NoticeSent(kind=kind, number=number, channel=channel, text="x"),)
            return (ev.NoticeFailed(kind=kind, number=number, channel=channel, why="refused"),)
        case od.Page(number=number, role=role, contact=contact, channel=channel, why=why):
            if state.acknowledged_by or state.resolved_at is not None or len(state.pages) >= number:
                return ()
            if well:
                return (ev.Paged(number=number, role=role, contact=contact, channel=channel, why=why),)
            return (ev.PageFailed(number=number, role=role, why="refused"),)
        case od.WritePostmortem(path=path, due=due):
            if well:
                return (ev.PostmortemWritten(path=path, sha256="0" * 64, due=due),)
            return (ev.PostmortemFailed(why="disk full"),)
        case _:
            return ()
