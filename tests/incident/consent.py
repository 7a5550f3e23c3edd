"""What must hold of every change that ever started, read off a timeline alone: who said yes to what, when, and what came before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.records import Run
from firstfive.incident.recover import page_step
from firstfive.incident.respond import digest_of
from firstfive.incident.safety import ALONE_AFTER, plain_name
from firstfive.incident.timeline import APPROVAL_LIVES


@dataclass(slots=True)
class _Seen:
    """The timeline so far."""

    page: Handbook
    level: int = 0
    people: list[tuple[str, datetime]] = field(default_factory=list)
    asked: dict[str, tuple[ev.ApprovalAsked, datetime]] = field(default_factory=dict)
    yes: dict[str, list[ev.Entry]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    undoable: list[str] = field(default_factory=list)


def changes_were_consented_to(page: Handbook, entries: Sequence[ev.Entry]) -> None:
    """Asked in these very bytes, of the page that the incident is pinned to; a yes of each person that it takes, of those who may, within
    ten minutes, with the word typed and what comes first affirmed; not declined or withdrawn since; once; beside no unknown outcome.
    """
    seen = _Seen(page)
    runs: dict[str, Run] = {}
    for entry in entries:
        match entry.event:
            case ev.Declared(level=level) | ev.SeverityChanged(level=level):
                seen.level = level
            case ev.ApprovalAsked(run=run):
                seen.asked[run.id], seen.yes[run.id] = (entry.event, entry.at), []
            case ev.Approved(run=run_id, alone=alone):
                if alone and seen.asked[run_id][0].people > 1:
                    _alone(seen, entry, run_id)
                seen.yes[run_id].append(entry)
            case ev.Declined(run=run_id) | ev.ApprovalExpired(run=run_id):
                seen.yes.pop(run_id, None)
            case ev.UndoRequested(run=run_id):
                assert seen.undoable[-1:] == [run_id], "the newest change goes first"
            case ev.StepStarted(run=run) if run.changing:
                _consented(seen, entry, run)
                runs[run.id] = run
                seen.undoable = [one for one in seen.undoable if one != run.undoes]
            case ev.OutcomeUnknown(run=run_id):
                seen.unknown.add(run_id)
            case ev.StepFinished(run=run_id) | ev.OutcomeSettled(run=run_id, ran=True):
                seen.unknown.discard(run_id)
                if run_id in runs and runs[run_id].undo:
                    seen.undoable = [*(one for one in seen.undoable if one != run_id), run_id]
            case ev.OutcomeSettled(run=run_id, ran=False):
                seen.unknown.discard(run_id)
            case _:
                pass
        if entry.by != ev.SELF:
            seen.people.append((plain_name(entry.by), entry.at))


def _alone(seen: _Seen, entry: ev.Entry, run_id: str) -> None:
    others = [at for name, at in seen.people if name != plain_name(entry.by) and entry.at - at < ALONE_AFTER]
    assert seen.level == 1, "one alone is enough in a severity 1 only"
    assert entry.at - seen.asked[run_id][1] >= ALONE_AFTER, "not before five minutes"
    assert others == [], "somebody else is at work"


def _consented(seen: _Seen, started: ev.Entry, run: Run) -> None:
    asked, _ = seen.asked[run.id]
    assert run == asked.run
    assert asked.missing == ()
    assert run.sha256 == digest_of(run.target, run.script, run.environment)
    step = seen.page.step(page_step(run))
    assert step is not None
    assert run.script in (step[1].bound, step[1].undo)
    assert run.id not in seen.used, "once"
    assert not seen.unknown - {run.id}, "nothing goes on beside an outcome that nobody knows"
    seen.used.add(run.id)
    said = [(entry, entry.event) for entry in seen.yes[run.id] if isinstance(entry.event, ev.Approved)]
    fresh = [(entry, event) for entry, event in said if started.at - entry.at < APPROVAL_LIVES]
    for entry, event in fresh:
        assert (event.sha256, entry.by != ev.SELF) == (run.sha256, True)
        assert event.confirm.strip() == asked.confirm or not asked.confirm
        assert not asked.first or event.affirmed
        assert not asked.who or plain_name(entry.by) in asked.who
    names = {plain_name(entry.by) for entry, _ in fresh}
    wanted = 1 if any(event.alone for _, event in fresh) else asked.people
    assert len(names) >= wanted, (names, asked.people)
