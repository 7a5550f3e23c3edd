"""Whatever happens in whatever order, these hold: consent before change, nothing twice, no dead end, no end to deciding."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firstfive.documents.notice import fill
from firstfive.documents.postmortem import write_postmortem
from firstfive.documents.summary import summary
from firstfive.documents.view import view
from firstfive.errors import Refused
from firstfive.incident import events as ev
from firstfive.incident import orders as od
from firstfive.incident.records import Fact, Run
from firstfive.incident.recover import page_step
from firstfive.incident.respond import digest_of
from firstfive.incident.safety import plain_name
from firstfive.incident.timeline import APPROVAL_LIVES, fold
from firstfive.shell.risk import Verdict
from incident import builders as b
from incident.machine import Machine

DESTROYS = b.step(
    "pay#2", changing=True, title="Drop", script="drop", bound="drop", verdict=Verdict.DESTRUCTIVE, undo="put back"
)
DESTRUCTIVE = replace(b.PAY_DOWN, steps=(b.step("pay#1"), DESTROYS, b.DOUBTFUL))
PEOPLE = st.sampled_from(["ana", "ben", " @ANA "])
SYMPTOMS = st.sampled_from(["down.1", "down.2", "down.3", "pay.1", ""])
STEPS = st.sampled_from([s.id for r in (b.SHOP_DOWN, b.PAY_DOWN) for s in r.steps] + ["nowhere#1"])
PAGES = st.sampled_from(
    [
        b.handbook(),
        b.handbook(contacts=()),
        b.handbook(rollback=None, postmortem=None),
        b.handbook(severities=(), surge=None, templates=()),
        b.handbook(runbooks=(b.SHOP_DOWN, DESTRUCTIVE)),
    ]
)


class Response(RuleBasedStateMachine):
    """People, probes, targets and the clock do as they please."""

    @initialize(page=PAGES, level=st.integers(1, 4), symptom=SYMPTOMS)
    def declare(self, page, level, symptom) -> None:
        self.machine = Machine(page=page)
        seen = () if not symptom else (ev.SignalSeen(signal=b.signal(symptom)),)
        self.machine.advance(b.declared(level), *seen)

    # ------------------------------------------------------------------------------------------ the clock and the rows

    @rule(by=st.sampled_from([0.5, 1, 30, 301, 600, 901, 4000]))
    def time_passes(self, by) -> None:
        self.machine.now += timedelta(seconds=by)

    @rule()
    def wait_for_the_next_deadline(self) -> None:
        for at in self.machine.wakes()[:1]:
            self.machine.now = at

    @rule()
    def obey_everything(self) -> None:
        for _ in range(60):
            keys = self.machine.due()
            if not keys:
                return
            self.machine.obey(keys[0])
        raise AssertionError(f"obeying does not end: {keys[:5]}")

    @precondition(lambda self: self.machine.due())
    @rule(data=st.data(), well=st.booleans(), dies=st.booleans())
    def obey_one(self, data, well, dies) -> None:
        self.machine.obey(data.draw(st.sampled_from(self.machine.due())), well=well, dies=dies)

    # --------------------------------------------------------------------------------------------------- the world outside

    @rule(symptom=SYMPTOMS, firing=st.booleans())
    def a_symptom_changes(self, symptom, firing) -> None:
        if self.machine.state.resolved_at is None:
            seen = b.signal(symptom, firing=firing, at=self.machine.now)
            self.machine.advance(ev.SignalSeen(signal=seen))

    @rule()
    def all_is_well(self) -> None:
        if self.machine.state.resolved_at is None:
            for known in self.machine.state.firing:
                well = b.signal(known.symptom, firing=False, at=self.machine.now)
                self.machine.advance(ev.SignalSeen(signal=well))

    @rule(count=st.integers(1, 12))
    def reports_arrive(self, count) -> None:
        self.machine.advance(*[ev.ReportReceived(text="down", reporter="x")] * count, by="x")

    @rule(age=st.sampled_from([60, 86400]), oom=st.booleans())
    def facts_are_found(self, age, oom) -> None:
        found = (
            Fact(name="deploy.age", kind="duration", value=float(age)),
            Fact(name="deploy.previous", kind="string", value=f"1.{age}"),
            Fact(name="oom.killed", kind="bool", value=oom),
        )
        self.machine.advance(ev.FactsFound(facts=found, source="look"))

    @rule(minutes=st.sampled_from([1, 300]))
    def a_deploy_is_noticed(self, minutes) -> None:
        at = self.machine.now - timedelta(minutes=minutes)
        self.machine.advance(ev.DeployNoticed(subject="web", version="2", previous="1", deployed_at=at, source="link"))

    # --------------------------------------------------------------------------------------------------------- people

    def _say(self, event: ev.Event, by: str = "ana") -> None:
        """People say what they like; the door may refuse, and a refusal changes nothing."""
        before = self.machine.state
        try:
            self.machine.say(event, by)
        except Refused:
            assert self.machine.state is before

    @rule()
    def somebody_takes_it(self) -> None:
        self._say(ev.Acknowledged(responder="ana"))

    @rule()
    def somebody_has_an_idea(self) -> None:
        self._say(ev.HypothesisSet(text="the disk"))

    @rule(level=st.integers(1, 4))
    def somebody_grades_it(self, level) -> None:
        self._say(ev.SeverityChanged(level=level, why="I looked"))

    @rule()
    def somebody_wants_an_update(self) -> None:
        self._say(ev.UpdateAsked(text="say something"))

    @rule(step=STEPS)
    def somebody_asks_for_a_step(self, step) -> None:
        self._say(ev.StepRequested(step=step))

    @rule(step=STEPS, value=st.sampled_from(["1.4.1", "1.3.9", ""]))
    def somebody_gives_a_value(self, step, value) -> None:
        self._say(ev.ParameterSet(step=step, name="previous-version", value=value))

    @precondition(lambda self: self.machine.state.attempts)
    @rule(data=st.data(), honest=st.booleans(), by=PEOPLE, word=st.sampled_from(["", "local"]), alone=st.booleans())
    def somebody_approves(self, data, honest, by, word, alone) -> None:
        attempt = data.draw(st.sampled_from(list(self.machine.state.attempts.values())))
        sha256 = attempt.run.sha256 if honest else "0" * 64
        why = "nobody else is awake" if alone else ""
        self._say(ev.Approved(run=attempt.run.id, sha256=sha256, confirm=word, alone=why), by)

    @rule(people=st.sampled_from([("ana",), ("ana", " @ANA "), ("ana", "ben")]), apart=st.sampled_from([0, 1, 601]))
    def people_approve_what_waits(self, people, apart) -> None:
        for attempt in self.machine.state.waiting()[:1]:
            for by in people:
                self._say(ev.Approved(run=attempt.run.id, sha256=attempt.run.sha256, confirm=attempt.confirm), by)
                self.machine.now += timedelta(seconds=apart)
            self.obey_everything()

    @precondition(lambda self: self.machine.state.attempts)
    @rule(data=st.data())
    def somebody_takes_back(self, data) -> None:
        attempt = data.draw(st.sampled_from(list(self.machine.state.attempts.values())))
        self._say(ev.UndoRequested(run=attempt.run.id))

    @precondition(lambda self: self.machine.state.attempts)
    @rule(data=st.data())
    def somebody_declines(self, data) -> None:
        attempt = data.draw(st.sampled_from(list(self.machine.state.attempts.values())))
        self._say(ev.Declined(run=attempt.run.id, why="no"))

    @rule(ran=st.booleans())
    def somebody_settles(self, ran) -> None:
        for attempt in [a for a in self.machine.state.attempts.values() if a.state == "unknown"][:1]:
            self._say(ev.OutcomeSettled(run=attempt.run.id, step="", ran=ran, note="looked"))

    @rule()
    def somebody_closes_it(self) -> None:
        self._say(ev.Resolved(why="over", root_cause="the disk"))

    # ----------------------------------------------------------------------------------------------------- what must hold

    @invariant()
    def no_change_starts_without_consent(self) -> None:
        """Asked in these very bytes, by the page that the incident is pinned to; a yes of each person that it takes, within ten
        minutes, with the word typed; not declined or withdrawn since; once.
        """
        asked: dict[str, ev.ApprovalAsked] = {}
        consent: dict[str, list[ev.Entry]] = {}
        used: set[str] = set()
        for entry in self.machine.state.entries:
            match entry.event:
                case ev.ApprovalAsked(run=run):
                    asked[run.id], consent[run.id] = entry.event, []
                case ev.Approved(run=run_id):
                    consent[run_id].append(entry)
                case ev.Declined(run=run_id) | ev.ApprovalExpired(run=run_id):
                    consent.pop(run_id, None)
                case ev.StepStarted(run=run) if run.changing:
                    self._consented(entry, run, asked[run.id], consent[run.id])
                    assert run.id not in used
                    used.add(run.id)
                case _:
                    pass

    def _consented(self, started: ev.Entry, run: Run, asked: ev.ApprovalAsked, said: list[ev.Entry]) -> None:
        assert run == asked.run
        assert run.sha256 == digest_of(run.target, run.script, run.environment)
        step = self.machine.page.step(page_step(run))
        assert step is not None
        assert run.script in (step[1].bound, step[1].undo)
        fresh = [e for e in said if started.at - e.at < APPROVAL_LIVES]
        assert all(isinstance(e.event, ev.Approved) and e.event.sha256 == run.sha256 and e.by != ev.SELF for e in fresh)
        assert all(
            e.event.confirm == asked.confirm for e in fresh if isinstance(e.event, ev.Approved) and asked.confirm
        )
        alone = any(isinstance(e.event, ev.Approved) and e.event.alone for e in fresh)
        names = {plain_name(e.by) for e in fresh}
        assert len(names) >= (1 if alone else asked.people), (names, asked.people)

    @invariant()
    def nothing_happens_twice(self) -> None:
        told = Counter(
            (e.event.kind, e.event.number)
            for e in self.machine.state.entries
            if isinstance(e.event, ev.NoticeSent | ev.NoticeFailed)
        )
        paged = Counter(e.event.contact for e in self.machine.state.entries if isinstance(e.event, ev.Paged))
        asked = Counter(e.event.run.id for e in self.machine.state.entries if isinstance(e.event, ev.ApprovalAsked))
        assert all(count == 1 for counted in (told, paged, asked) for count in counted.values())

    @invariant()
    def severity_never_falls_by_itself(self) -> None:
        level = None
        for entry in self.machine.state.entries:
            if isinstance(entry.event, ev.Declared | ev.SeverityChanged):
                assert entry.by != ev.SELF or level is None or entry.event.level < level
                level = entry.event.level

    @invariant()
    def the_fold_is_the_incident(self) -> None:
        assert fold("INC-1", self.machine.state.entries) == self.machine.state

    @invariant()
    def an_open_incident_is_never_forgotten(self) -> None:
        state = self.machine.state
        asks = any(a.state in ("asked", "unknown") for a in state.attempts.values())
        assert state.resolved_at is not None or asks or self.machine.rows, "nothing will ever happen here again"

    @invariant()
    def somebody_will_be_told_again(self) -> None:
        if self.machine.state.resolved_at is None:
            rows = self.machine.rows.values()
            told = [o for o in rows if isinstance(o, od.SendNotice) or (isinstance(o, od.WakeAt) and o.why == "update")]
            assert told, "no notice is due and none is planned"

    @invariant()
    def nothing_begins_after_the_end(self) -> None:
        over = False
        for entry in self.machine.state.entries:
            over = over or isinstance(entry.event, ev.Resolved)
            assert not (over and isinstance(entry.event, ev.StepStarted | ev.ApprovalAsked | ev.Paged))

    @invariant()
    def verified_means_looked_at_after_the_change(self) -> None:
        state = self.machine.state
        changed = [a for a in state.attempts.values() if a.run.changing and a.state == "finished"]
        if state.verified_at is None or not changed or not state.changed_seq:
            return
        last = max(changed, key=lambda a: a.seq)
        if last.run.step == "down#3":
            assert any(a.met and a.started_seq > state.changed_seq for a in state.of_step("down#4"))

    @invariant()
    def it_can_be_shown_and_told_at_any_moment(self) -> None:
        state, page, now = self.machine.state, self.machine.page, self.machine.now
        shown = view(state, page, b.POLICY, now)
        assert shown["next"]["text"]
        assert json.loads(json.dumps(shown))["id"] == "INC-1"
        assert len(json.dumps(summary(state, page, b.POLICY))) < 1000
        for kind in ("initial", "update", "resolution", "customer", "other"):
            assert fill(None, state, page, kind=kind, number=1, now=now, next_update_at=None).text

    def teardown(self) -> None:
        machine = getattr(self, "machine", None)
        if machine is None:
            return
        first = write_postmortem(machine.page, machine.state, due=None)
        assert first == write_postmortem(machine.page, fold("INC-1", machine.state.entries), due=None)
        if machine.state.resolved_at is not None:
            while machine.due():
                machine.obey(machine.due()[0])
            assert write_postmortem(machine.page, machine.state, due=None) == first
            assert all(isinstance(order, od.WakeAt) for order in machine.rows.values())


TestResponse = Response.TestCase
TestResponse.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
