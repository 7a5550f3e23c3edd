"""One order, one deed, its events: written before where it changes something, and after always.

Called by the loop with a claimed work row. Every closing write checks the row's fence, so a late answer of a run that somebody
else took over is refused. A changing step is never started twice: the target's memory is asked first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never

from firstfive.documents import notice, postmortem
from firstfive.engine import checks, rollback
from firstfive.engine.advance import advance, deed_of
from firstfive.engine.redact import Redactor
from firstfive.errors import FirstfiveError, JournalError
from firstfive.handbook.model import LogSymptom, Step, TemplateKind, entering
from firstfive.incident import communicate
from firstfive.incident import events as ev
from firstfive.incident import orders as od
from firstfive.incident.records import Fact, Run
from firstfive.incident.timeline import APPROVAL_LIVES, Attempt, Incident
from firstfive.ports import (
    Delivered,
    GaveUp,
    Message,
    Notifier,
    OutcomeLost,
    Output,
    Retry,
    Target,
    Trace,
    Tracker,
    Transaction,
    Vault,
    Work,
)
from firstfive.shell import facts

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

TRIES = 12
SHOWN = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The edges orders are obeyed with. `log` is for us; the journal is the record."""

    targets: Mapping[str, Target]
    notifiers: tuple[Notifier, ...]
    vault: Vault
    redactor: Redactor
    log: Callable[[str], None]
    trackers: tuple[Tracker, ...] = ()

    def target(self, name: str) -> Target:
        """The target of that name; raises FirstfiveError when settings name none."""
        found = self.targets.get(name)
        if found is None:
            known = ", ".join(sorted(self.targets)) or "none"
            raise FirstfiveError(f"no target is called {name}", remedy=f"settings name: {known}; add [targets.{name}]")
        return found


async def obey(engine: Engine, row: Work) -> None:
    """Do what the row says, once, and close it in the transaction that writes what came of it."""
    deed = deed_of(row.kind, row.data)
    match deed:
        case od.WakeAt():
            await _close(engine, row, ())
        case od.RunCheck(check=check_id):
            await _check(engine, row, check_id)
        case od.PlanRollback(step=step):
            await _plan(engine, row, step)
        case od.RunStep(run=run):
            await _step(engine, row, run)
        case od.SendNotice():
            await _notice(engine, row, deed)
        case od.Page():
            await _page(engine, row, deed)
        case od.WritePostmortem():
            await _postmortem(engine, row, deed)
        case _:
            assert_never(deed)


async def _close(engine: Engine, row: Work, events: tuple[ev.Event, ...]) -> Incident:
    now = engine.clock.now()

    def write(tx: Transaction) -> Incident:
        tx.close(row)
        return advance(tx, engine.rules, row.incident, events, by=ev.SELF, now=now)

    return await engine.write(write)


async def _check(engine: Engine, row: Work, check_id: str) -> None:
    """Answer one item. What is not known at a glance is said to be open at once, and answered when it is known."""
    incident = await engine.incident(row.incident)
    check = next((c for c in engine.handbook_for(incident).checks if c.id == check_id), None)
    if check is None or (check_id in incident.checks and not checks.is_open(incident.checks[check_id])):
        await _close(engine, row, ())
        return
    looking = asyncio.ensure_future(checks.answer(engine, incident, check))
    try:
        await asyncio.wait({looking}, timeout=checks.GLANCE.total_seconds())
        if not looking.done() and check_id not in incident.checks:
            await _note(engine, row, checks.open_answer(check))
        done, found = await looking
    finally:
        looking.cancel()
    events: tuple[ev.Event, ...] = (done,)
    if found:
        events = (done, ev.FactsFound(facts=found, source=check.script or check.title))
    await _close(engine, row, events)


async def _note(engine: Engine, row: Work, event: ev.Event) -> None:
    """Write something on the timeline while the row is still being done."""
    now = engine.clock.now()
    await engine.write(lambda tx: advance(tx, engine.rules, row.incident, (event,), by=ev.SELF, now=now))


async def _plan(engine: Engine, row: Work, step: str) -> None:
    incident = await engine.incident(row.incident)
    if incident.plan is not None or incident.plan_why_not:
        await _close(engine, row, ())
        return
    try:
        found: ev.Event = await rollback.plan(engine, incident, step)
    except FirstfiveError as problem:
        if isinstance(problem, JournalError):
            raise
        found = ev.RollbackImpossible(step=step, why=engine.tools.redactor.line(str(problem)))
    await _close(engine, row, (found,))


# ------------------------------------------------------------------------------------------------------------- steps


async def _step(engine: Engine, row: Work, run: Run) -> None:
    now = engine.clock.now()

    def intend(tx: Transaction) -> Incident:
        state = engine.rules.load(tx, row.incident)
        attempt = state.attempts.get(run.id)
        if attempt is not None and attempt.state == "started":
            return state
        if not allowed(state, attempt, run, now):
            tx.close(row)
            return advance(tx, engine.rules, row.incident, (), by=ev.SELF, now=now)
        by = attempt.approved_by if attempt else ""
        return advance(tx, engine.rules, row.incident, (ev.StepStarted(run=run, approved_by=by),), by=ev.SELF, now=now)

    before = await engine.incident(row.incident)
    seen = before.attempts.get(run.id)
    interrupted = seen is not None and seen.state == "started"
    unmet = "" if interrupted or not run.first else await _unmet(engine, run)
    if unmet:
        await _close(engine, row, (ev.ApprovalExpired(run=run.id), ev.Noted(text=unmet)))
        return
    state = await engine.write(intend)
    attempt = state.attempts.get(run.id)
    if attempt is None or attempt.state != "started":
        return
    found = engine.handbook_for(state).step(run.step)
    events = await _executed(engine, run, found[1] if found else None, interrupted=interrupted)
    await _close(engine, row, events)


async def _unmet(engine: Engine, run: Run) -> str:
    """What the page wants first and the target says is not so; empty when all of it holds."""
    for probe in run.first:
        output = await engine.tools.target(run.target).look(probe, timeout=checks.PATIENCE)
        if output.exit_code != 0:
            return (
                f"{run.step} was not run: what the page wants first does not hold on {run.target} ({probe} answers no)"
            )
    return ""


def allowed(state: Incident, attempt: Attempt | None, run: Run, now: datetime) -> bool:
    """Whether this run may begin: a step that only looks, once; a changing one on a live approval of these exact bytes."""
    if state.resolved_at is not None:
        return False
    if not run.changing:
        return attempt is None
    if attempt is None or attempt.state != "approved" or attempt.run != run:
        return False
    return now - attempt.at < APPROVAL_LIVES


async def _executed(engine: Engine, run: Run, step: Step | None, *, interrupted: bool) -> tuple[ev.Event, ...]:
    target = engine.tools.target(run.target)
    if not run.changing:
        tries = (step.retry if step else 0) + 1
        every = step.retry_every if step else timedelta(seconds=1)
        for left in range(tries - 1, -1, -1):
            output = await target.look(run.script, timeout=run.timeout, environment=dict(run.environment))
            if left == 0 or met(step, output)[0]:
                break
            await engine.clock.sleep(every.total_seconds())
        return _outcome(engine, run, step, output)
    if interrupted:
        trace = await target.trace(run.id)
        if trace is Trace.LOST:
            why = "it began, this program died, and the target kept no outcome: find out whether it ran, then settle it"
            return (ev.OutcomeUnknown(run=run.id, step=run.step, why=why),)
    try:
        output = await target.run(run)
    except OutcomeLost as lost:
        return (ev.OutcomeUnknown(run=run.id, step=run.step, why=str(lost)),)
    return _outcome(engine, run, step, output)


def _outcome(engine: Engine, run: Run, step: Step | None, output: Output) -> tuple[ev.Event, ...]:
    shown, cut = engine.tools.redactor.clean(output.text, cap=SHOWN)
    good, why = met(step, output)
    finished = ev.StepFinished(
        run=run.id,
        step=run.step,
        exit_code=output.exit_code,
        output=shown,
        dropped=output.dropped + cut,
        took=output.took,
        met=good,
        why=why,
    )
    found = _facts(engine, run, step, output)
    return (finished, ev.FactsFound(facts=found, source=run.step)) if found else (finished,)


def met(step: Step | None, output: Output) -> tuple[bool, str]:
    """Whether an outcome is what the step expects, and the reason in words."""
    if output.timed_out:
        return False, f"stopped after {int(output.took.total_seconds())} s"
    if step is not None and step.expect_output:
        held = step.expect_output.lower() in output.stdout.lower()
        return held, f"the output {'holds' if held else 'does not hold'} “{step.expect_output}”"
    if step is not None and step.expect is not None:
        values = {"exit": output.exit_code, "stdout": output.stdout, "stderr": output.stderr}
        result = step.expect.evaluate(values)
        return result.outcome.name == "TRUE", step.expect.explain(values)
    return output.exit_code == 0, f"exit {output.exit_code}"


def _facts(engine: Engine, run: Run, step: Step | None, output: Output) -> tuple[Fact, ...]:
    if step is None or output.timed_out:
        return ()
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


# -------------------------------------------------------------------------------------------------- notices and pages


async def _notice(engine: Engine, row: Work, order: od.SendNotice) -> None:
    state = await engine.incident(row.incident)
    if any(n.kind == order.kind and n.number == order.number and n.channel == order.channel for n, _ in state.notices):
        await _close(engine, row, ())
        return
    handbook = engine.handbook_for(state)
    template = handbook.template(TemplateKind(order.kind))
    now = engine.clock.now()
    next_at = None
    if state.resolved_at is None:
        next_at = now + communicate.update_interval(handbook, engine.policy)
    draft = notice.fill(
        template, state, handbook, kind=order.kind, number=order.number, now=now, next_update_at=next_at
    )
    text = engine.tools.redactor.clean(draft.text)[0]
    message = Message(key=row.key, thread=row.incident, channel=order.channel, title=draft.title, text=text)
    failed = await _told(engine, row, message)
    if failed is None:
        return
    if failed:
        events: tuple[ev.Event, ...] = (
            ev.NoticeFailed(kind=order.kind, number=order.number, channel=order.channel, why=failed),
        )
    else:
        events = (
            ev.NoticeSent(
                kind=order.kind, number=order.number, channel=order.channel, text=text, unfilled=draft.unfilled
            ),
        )
    await _close(engine, row, events)


async def _page(engine: Engine, row: Work, order: od.Page) -> None:
    state = await engine.incident(row.incident)
    if state.acknowledged_by or state.resolved_at is not None or len(state.pages) >= order.number:
        await _close(engine, row, ())
        return
    title = state.declared.title if state.declared else row.incident
    text = f"{order.contact} ({order.role}): {order.why}.\nAcknowledge: firstfive ack {row.incident}"
    message = Message(
        key=row.key,
        thread=row.incident,
        channel=order.channel,
        title=f"PAGE {row.incident} {title}",
        text=text,
        urgent=True,
    )
    failed = await _told(engine, row, message)
    if failed is None:
        return
    if failed:
        await _close(engine, row, (ev.PageFailed(number=order.number, role=order.role, why=failed),))
        return
    paged = ev.Paged(number=order.number, role=order.role, contact=order.contact, channel=order.channel, why=order.why)
    await _close(engine, row, (paged,))


async def _told(engine: Engine, row: Work, message: Message) -> str | None:
    """ "" when some notifier delivered, a reason when all gave up for good, None when it was put off."""
    reasons: list[str] = []
    later: timedelta | None = None
    for notifier in engine.tools.notifiers:
        match await notifier.send(message):
            case Delivered():
                return ""
            case Retry(after=after, why=why):
                later = after if later is None else min(later, after)
                reasons.append(f"{notifier.name}: {why}")
            case GaveUp(why=why):
                reasons.append(f"{notifier.name}: {why}")
    why = "; ".join(reasons) or "no notifier is configured"
    if later is None or row.tries >= TRIES:
        return why
    due = engine.clock.now() + later
    await engine.journal.write(lambda tx: tx.put_off(row, due, why))
    return None


async def _postmortem(engine: Engine, row: Work, order: od.WritePostmortem) -> None:
    state = await engine.incident(row.incident)
    if state.postmortem is not None:
        await _close(engine, row, ())
        return
    text = postmortem.write_postmortem(engine.handbook_for(state), state, due=order.due)
    try:
        path = engine.tools.vault.write_new(order.path, text)
    except FirstfiveError as problem:
        if isinstance(problem, JournalError):
            raise
        await _close(engine, row, (ev.PostmortemFailed(why=str(problem)),))
        return
    await _close(engine, row, (ev.PostmortemWritten(path=path, sha256=postmortem.digest(text), due=order.due),))
