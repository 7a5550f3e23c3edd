"""No order of events runs a change that nobody agreed to: people who approve well, badly, late, twice or alone, and a clock that turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firstfive.errors import Refused
from firstfive.handbook.model import Duty, DutyKind, Parameter
from firstfive.incident import events as ev
from firstfive.incident.timeline import Attempt
from firstfive.shell.risk import Verdict
from incident import builders as b
from incident.consent import changes_were_consented_to
from incident.machine import Machine

FIRST = Duty(
    kind=DutyKind.PRECONDITION, text="If you must drop it, stop the shop first", when="you must drop it", place=b.HERE
)
GUARD = Duty(kind=DutyKind.GUARD, text="do NOT set PAY_DEMO_MODE=true for real money", place=b.HERE)
DROP = b.step(
    "pay#2", changing=True, title="Drop", script="drop", bound="drop", verdict=Verdict.DESTRUCTIVE, undo="put back"
)
CAREFUL = b.step(
    "pay#3", changing=True, title="Restart", script="restart", bound="restart", undo="stop", approve="@ana @ben"
)
DEMO = b.step("pay#4", changing=True, title="Demo", script="PAY_DEMO_MODE=true", bound="PAY_DEMO_MODE=true")
VALUED = replace(
    b.step("pay#5", changing=True, title="Tag", script="tag <colour>", bound='tag "$FF_COLOUR"', undo="untag"),
    parameters=(Parameter(name="colour", kind="text", variable="FF_COLOUR", place=b.HERE),),
)
STEPS = (DROP, CAREFUL, DEMO, VALUED)
PAGE = b.handbook(runbooks=(b.SHOP_DOWN, replace(b.PAY_DOWN, steps=(b.step("pay#1"), *STEPS), duties=(FIRST, GUARD))))
NAMES = st.sampled_from(["ana", "ben", " @ANA ", "cleo"])
FLAWS = ("", "", "", "bytes", "word", "first", "alone")


class Consent(RuleBasedStateMachine):
    """One incident, its changes, and people who answer for them."""

    @initialize(level=st.integers(1, 2), step=st.sampled_from([s.id for s in STEPS]))
    def declare(self, level, step) -> None:
        self.machine = Machine(page=PAGE)
        self.machine.advance(b.declared(level))
        self._say(ev.ParameterSet(step="pay#5", name="colour", value="red"))
        self.machine.rows.clear()  # what is only looked at or told is the other machine's
        self._say(ev.StepRequested(step=step))

    def _say(self, event: ev.Event, by: str = "ana") -> None:
        before = self.machine.state
        try:
            self.machine.say(event, by)
        except Refused:
            assert self.machine.state is before

    def _yes(self, attempt: Attempt, by: str, flaw: str) -> None:
        run = attempt.run
        event = ev.Approved(
            run=run.id,
            sha256="0" * 64 if flaw == "bytes" else run.sha256,
            confirm="" if flaw == "word" else attempt.confirm,
            affirmed=flaw != "first",
            alone="nobody answers" if flaw == "alone" else "",
        )
        self._say(event, by)

    @precondition(lambda self: not self.machine.state.waiting())
    @rule(step=st.sampled_from([s.id for s in STEPS]))
    def somebody_asks_for_a_change(self, step) -> None:
        self._say(ev.StepRequested(step=step))

    @precondition(lambda self: any(a.run.step == VALUED.id for a in self.machine.state.attempts.values()))
    @rule(value=st.sampled_from(["red", "blue"]))
    def somebody_gives_a_value(self, value) -> None:
        self._say(ev.ParameterSet(step="pay#5", name="colour", value=value))

    @precondition(lambda self: self.machine.state.waiting())
    @rule(data=st.data(), by=NAMES, flaw=st.sampled_from(FLAWS))
    def somebody_says_yes(self, data, by, flaw) -> None:
        self._yes(data.draw(st.sampled_from(self.machine.state.waiting())), by, flaw)

    @precondition(lambda self: self.machine.state.waiting())
    @rule(
        people=st.sampled_from([("ana",), ("ana", " @ANA "), ("cleo", "ana"), ("ana", "ben"), ("ana", "ben")]),
        flaw=st.sampled_from(FLAWS),
        apart=st.sampled_from([0, 0, 301, 599, 601]),
        well=st.booleans(),
    )
    def people_say_yes_one_after_another_and_it_is_obeyed(self, people, flaw, apart, well) -> None:
        attempt = self.machine.state.waiting()[0]
        for by in people:
            self._yes(attempt, by, flaw)
            self.machine.now += timedelta(seconds=apart)
        for key in self._steps():
            self.machine.obey(key, well=well)

    @precondition(lambda self: self.machine.state.attempts)
    @rule(data=st.data(), by=NAMES)
    def somebody_says_yes_to_what_was_before(self, data, by) -> None:
        self._yes(data.draw(st.sampled_from(list(self.machine.state.attempts.values()))), by, "")

    @precondition(lambda self: self.machine.state.attempts)
    @rule(data=st.data(), what=st.sampled_from([ev.Declined, ev.UndoRequested]))
    def somebody_says_no_or_takes_back(self, data, what) -> None:
        attempt = data.draw(st.sampled_from(list(self.machine.state.attempts.values())))
        self._say(ev.Declined(run=attempt.run.id, why="no") if what is ev.Declined else what(run=attempt.run.id))

    @rule(level=st.integers(1, 2))
    def somebody_grades_it(self, level) -> None:
        self._say(ev.SeverityChanged(level=level, why="I looked"))

    @rule(seconds=st.sampled_from([1, 299, 301, 601]))
    def time_passes(self, seconds) -> None:
        self.machine.now += timedelta(seconds=seconds)

    def _steps(self) -> list[str]:
        return [key for key in self.machine.due() if key.startswith("run:")]

    @precondition(lambda self: self._steps())
    @rule(well=st.booleans(), dies=st.booleans())
    def a_step_is_begun(self, well, dies) -> None:
        self.machine.obey(self._steps()[0], well=well, dies=dies)

    @rule()
    def everything_is_obeyed(self) -> None:
        for _ in range(40):
            keys = self.machine.due()
            if not keys:
                return
            self.machine.obey(keys[0])

    @rule(ran=st.booleans())
    def somebody_settles(self, ran) -> None:
        for attempt in [a for a in self.machine.state.attempts.values() if a.state == "unknown"][:1]:
            self._say(ev.OutcomeSettled(run=attempt.run.id, step="", ran=ran, note="looked"))

    @invariant()
    def every_change_was_consented_to(self) -> None:
        changes_were_consented_to(PAGE, self.machine.state.entries)

    @invariant()
    def what_the_page_forbids_is_never_asked_for(self) -> None:
        assert self.machine.state.of_step(DEMO.id) == ()


TestConsent = Consent.TestCase
TestConsent.settings = settings(
    max_examples=200, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
