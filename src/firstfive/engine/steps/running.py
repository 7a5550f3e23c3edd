"""A step on its target: intent written before, outcome after, and never begun twice.

Called by `obey`. A changing step whose outcome is not known is looked up in the target's own memory, and else left to a person.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from firstfive.engine import checks
from firstfive.engine.advance import advance
from firstfive.engine.closing import close
from firstfive.engine.redact import both_ends
from firstfive.engine.steps.restored import stands
from firstfive.errors import FirstfiveError
from firstfive.handbook.model import LogSymptom, Step, entering
from firstfive.incident import events as ev
from firstfive.incident.packs.offered import VERIFY
from firstfive.incident.records import Fact, Run
from firstfive.incident.timeline import Attempt, Incident
from firstfive.ports import Heard, OutcomeLost, OutOfTouch, Output, Trace, Transaction, Work
from firstfive.shell import facts

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

SHOWN = 64 * 1024
READ = 512 * 1024
WHOLE = 900
ASKED_AGAIN = timedelta(seconds=5)
_BEGUN = ("started", "unknown")
A_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a run, and all that it said where that is more than an entry holds."""

    events: tuple[ev.Event, ...]
    whole: str = ""


async def step(engine: Engine, row: Work, run: Run) -> None:
    """Run it, if it may still begin; what came of it is written with the closing of the row."""
    now = engine.clock.now()
    told = True

    def intend(tx: Transaction) -> Incident:
        nonlocal told
        state = engine.rules.load(tx, row.incident)
        attempt = state.attempts.get(run.id)
        told = not run.changing or stands(state, tx.epoch())
        if not told:
            tx.put_off(row, now + A_MOMENT, "this incident was not told yet that the journal was restored", tried=False)
            return state
        if attempt is not None and attempt.state in _BEGUN:
            return state
        if not allowed(state, attempt, run, now):
            tx.close(row)
            return advance(tx, engine.rules, row.incident, (), by=ev.SELF, now=now)
        by = attempt.approved_by if attempt else ""
        return advance(tx, engine.rules, row.incident, (ev.StepStarted(run=run, approved_by=by),), by=ev.SELF, now=now)

    before = await engine.incident(row.incident)
    seen = before.attempts.get(run.id)
    interrupted = seen if seen is not None and seen.state in _BEGUN else None
    unmet = "" if interrupted or not run.first else await _unmet(engine, run)
    if unmet:
        await close(engine, row, _not_begun(engine, run, unmet))
        return
    state = await engine.write(intend)
    attempt = state.attempts.get(run.id)
    if not told or attempt is None or attempt.state not in _BEGUN:
        return
    found = engine.handbook_for(state).step(run.step)
    heard = engine.aloud.begin(row.incident, run.id, run.step)
    try:
        of_page, paused = found[1] if found else None, state.paused is not None
        came = await _executed(engine, run, of_page, heard, interrupted=interrupted, paused=paused)
        await _learnt(engine, row, run, came)
    except OutOfTouch as lost:
        await _ask_again(engine, row, run, str(lost))
    finally:
        engine.aloud.end(run.id)


async def _learnt(engine: Engine, row: Work, run: Run, came: Came) -> None:
    """Write what came of it. Where a person settled it meanwhile their word stands, and what is known by now is said beside it."""
    now = engine.clock.now()

    def write(tx: Transaction) -> Incident:
        attempt = engine.rules.load(tx, row.incident).attempts.get(run.id)
        ends = [event for event in came.events if isinstance(event, ev.StepFinished)]
        settled = attempt is not None and attempt.state not in _BEGUN
        if came.whole and not settled:
            tx.attach(row.incident, run.id, came.whole)
        told = tuple(ev.Noted(text=f"{run.id} was settled by a person; {run.target} tells: {e.why}") for e in ends)
        tx.close(row)
        return advance(tx, engine.rules, row.incident, told if settled else came.events, by=ev.SELF, now=now)

    await engine.write(write)


async def _ask_again(engine: Engine, row: Work, run: Run, why: str) -> None:
    """Nobody knows for now: that is said, and the target is asked again and again until it tells or a person settles it."""
    now = engine.clock.now()

    def write(tx: Transaction) -> Incident:
        attempt = engine.rules.load(tx, row.incident).attempts.get(run.id)
        fresh = attempt is not None and attempt.state == "started"
        events = (ev.OutcomeUnknown(run=run.id, step=run.step, why=why),) if fresh else ()
        tx.put_off(row, now + ASKED_AGAIN, why)
        return advance(tx, engine.rules, row.incident, events, by=ev.SELF, now=now)

    await engine.write(write)


async def _unmet(engine: Engine, run: Run) -> str:
    """What the page wants first and the target says is not so, or cannot be asked about; empty when all of it holds."""
    for probe in run.first:
        try:
            output = await engine.tools.target(run.target).look(probe, timeout=checks.PATIENCE)
        except FirstfiveError as refused:
            return f"what the page wants first cannot be looked at ({probe}): {_whole(refused)}"
        if output.exit_code != 0:
            return f"what the page wants first does not hold ({probe} answers no)"
    return ""


def allowed(state: Incident, attempt: Attempt | None, run: Run, now: datetime) -> bool:
    """Whether this run may begin: a step that only looks, once; a changing one on a live approval of these exact bytes."""
    offer = state.offered.get(run.step.removesuffix(VERIFY))
    if state.resolved_at is not None and not (offer and offer.afterwards):
        return False
    if not run.changing:
        return attempt is None
    if state.paused is not None:
        return False
    if attempt is None or attempt.state != "approved" or attempt.run != run:
        return False
    return now < attempt.lives_until


async def _executed(
    engine: Engine, run: Run, step: Step | None, heard: Heard, *, interrupted: Attempt | None, paused: bool
) -> Came:
    if not run.changing:
        try:
            output = await _looked(engine, run, step, heard)
        except FirstfiveError as refused:
            return Came(events=_not_begun(engine, run, _whole(refused)))
        return await _outcome(engine, run, step, output)
    trace = Trace.ABSENT
    if interrupted is not None:
        try:
            trace = await engine.tools.target(run.target).trace(run.id)
        except FirstfiveError as away:
            raise OutOfTouch(_whole(away)) from away
        if trace is Trace.LOST:
            why = "it began, and the target kept no outcome: find out whether it ran, then settle it"
            return Came(events=(ev.OutcomeUnknown(run=run.id, step=run.step, why=why),))
        if trace is Trace.ABSENT and paused:  # what was wanted then may not be wanted now
            why = f"{run.target} says that {run.id} never began, and the journal was restored"
            return Came(events=_not_begun(engine, run, why))
        if trace is Trace.ABSENT and not _may_still_begin(interrupted, engine.clock.now()):
            why = f"{run.target} says that {run.id} never began, and its approval is over"
            return Came(events=_not_begun(engine, run, why))
    try:
        output = await engine.tools.target(run.target).run(run, heard)
    except OutOfTouch:
        raise
    except OutcomeLost as lost:
        return Came(events=(ev.OutcomeUnknown(run=run.id, step=run.step, why=str(lost)),))
    except FirstfiveError as refused:
        if trace is not Trace.ABSENT:  # it did begin; only how it ended could not be read
            raise OutOfTouch(_whole(refused)) from refused
        return Came(events=_not_begun(engine, run, _whole(refused)))
    return await _outcome(engine, run, step, output)


async def _looked(engine: Engine, run: Run, step: Step | None, heard: Heard) -> Output:
    """What a look saw, taken again as often as the page says while it does not see what it should. Raises FirstfiveError."""
    target = engine.tools.target(run.target)
    tries = (step.retry if step else 0) + 1
    every = step.retry_every if step else timedelta(seconds=1)
    while True:
        tries -= 1
        output = await target.look(run.script, timeout=run.timeout, environment=dict(run.environment), heard=heard)
        if tries < 1 or met(step, output, run.timeout)[0]:
            return output
        await engine.clock.sleep(every.total_seconds())


def _may_still_begin(attempt: Attempt, now: datetime) -> bool:
    """A run that this program died over may begin on its own approval while that lives; one that was called unknown may not."""
    return attempt.state == "started" and now < attempt.lives_until


def _not_begun(engine: Engine, run: Run, why: str) -> tuple[ev.Event, ...]:
    """It certainly did not run: that is said with the whole reason. A change's approval is used up, and it is asked for again."""
    told = engine.tools.redactor.line(why, width=WHOLE)
    return (ev.StepNotBegun(run=run.id, step=run.step, target=run.target, why=told),)


def _whole(problem: FirstfiveError) -> str:
    """Everything that an error says to an operator, on one line."""
    return "; ".join(part for part in (problem.what, problem.remedy) if part)


async def _outcome(engine: Engine, run: Run, step: Step | None, output: Output) -> Came:
    long = len(output.text) > SHOWN
    clean = engine.tools.redactor.bare
    plain = await asyncio.to_thread(clean, output.text) if long else clean(output.text)
    shown, missing = both_ends(plain, cap=SHOWN, dropped=output.dropped)
    whole = both_ends(plain, cap=len(plain), dropped=output.dropped)[0] if len(plain) > SHOWN else ""
    good, why = met(step, output, run.timeout)
    finished = ev.StepFinished(
        run=run.id,
        step=run.step,
        exit_code=output.exit_code,
        output=shown,
        dropped=missing,
        took=output.took,
        met=good,
        why=why,
        attached=sha256(whole.encode("utf-8", "replace")).hexdigest() if whole else "",
        lost=output.dropped if whole else 0,
    )
    found = _facts(engine, run, step, output)
    seen = (ev.FactsFound(facts=found, source=run.step),) if found else ()
    return Came(events=(finished, *seen), whole=whole)


def met(step: Step | None, output: Output, limit: timedelta) -> tuple[bool, str]:
    """Whether an outcome is what the step expects within `limit`, and the reason in words."""
    if output.timed_out:
        return False, over(output, limit)
    if step is not None and step.expect_output:
        held = step.expect_output.lower() in output.stdout.lower()
        return held, f"the output {'holds' if held else 'does not hold'} “{step.expect_output}”"
    if step is not None and step.expect is not None:
        values = {"exit": output.exit_code, "stdout": output.stdout, "stderr": output.stderr}
        result = step.expect.evaluate(values)
        return result.outcome.name == "TRUE", step.expect.explain(values)
    return output.exit_code == 0, f"exit {output.exit_code}"


def over(output: Output, limit: timedelta) -> str:
    """How a time limit ended a step."""
    killed = ", killed since it did not end when asked to" if output.killed else ""
    return f"stopped by its time limit of {limit.total_seconds():g} s{killed}"


def _read(text: str) -> str:
    """As much of it as facts are read from: all, or both ends of very much."""
    return text if len(text) <= 2 * READ else text[:READ] + text[-READ:]


def _facts(engine: Engine, run: Run, step: Step | None, output: Output) -> tuple[Fact, ...]:
    if step is None or output.timed_out:
        return ()
    output = replace(output, stdout=_read(output.stdout), stderr=_read(output.stderr))
    found: list[Fact] = []
    script = run.script.removeprefix(entering(step.cwd))
    if len(step.commands) <= 1 or _is_one_line(script):
        values = facts.extract(script, stdout=output.stdout, stderr=output.stderr, exit_code=output.exit_code)
        found += [fact for name, value in values.items() if (fact := fact_of(name, value)) is not None]
    now = engine.clock.now()
    for line in step.fact_lines:
        value = facts.run_extractor(
            line, stdout=output.stdout, stderr=output.stderr, exit_code=output.exit_code, now=now
        )
        own = fact_of(line.name, value)
        found += [own] if own is not None else []
    if not run.changing:
        text = output.stdout.lower()
        for runbook in engine.handbook.runbooks:
            for symptom in runbook.symptoms:
                if isinstance(symptom, LogSymptom) and any(token.lower() in text for token in symptom.tokens):
                    found.append(Fact(name=f"symptom.{symptom.id}", kind="bool", value=True))
    redactor = engine.tools.redactor
    return tuple(
        Fact(name=f.name, kind=f.kind, value=redactor.line(f.value)) if isinstance(f.value, str) else f for f in found
    )


def _is_one_line(script: str) -> bool:
    return sum(1 for line in script.splitlines() if line.strip() and not line.lstrip().startswith("#")) == 1


def fact_of(name: str, value: object) -> Fact | None:
    """A typed value as it stands on a timeline: durations in seconds, instants as ISO text. None for what has no such form."""
    match value:
        case bool():
            return Fact(name=name, kind="bool", value=value)
        case int():
            return Fact(name=name, kind="int", value=value)
        case float():
            return Fact(name=name, kind="double", value=value)
        case str():
            return Fact(name=name, kind="string", value=value)
        case timedelta():
            return Fact(name=name, kind="duration", value=value.total_seconds())
        case datetime():
            return Fact(name=name, kind="timestamp", value=value.isoformat())
        case list() | tuple():
            return Fact(name=name, kind="list", value=tuple(str(v) for v in value))
        case _:
            return None
