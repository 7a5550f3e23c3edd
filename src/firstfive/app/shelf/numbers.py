"""One row of numbers for each incident, from the index, with what post-mortems say of the impact.

Called by the `metrics` command, in a thread that runs no event loop. Writes nothing but the index.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from firstfive.app.history import History, metric_rows
from firstfive.app.pages import read_handbook
from firstfive.app.program import policy_from
from firstfive.app.shelf.kept import read_incidents
from firstfive.app.shelf.notes import read_notes
from firstfive.documents.metrics import MetricRow, row_of
from firstfive.documents.postmortem.past import Past, read_past
from firstfive.errors import PageError
from firstfive.incident.communicate import update_interval
from firstfive.settings import Settings


def rows_of(settings: Settings, *, past: bool, note: Callable[[str], None]) -> list[MetricRow]:
    """A row for every incident of the journal, and for every older post-mortem when they are asked for; `note` hears what is left out."""
    notes = _past(settings, note)
    impact = {one.incident: one.impact_began for one in notes if one.incident}
    index = History(settings=settings, told=note).open()
    try:
        rows = {row.id: row for row in metric_rows(index)}
    finally:
        index.close()
    if not rows:
        note("the journal holds no incident to count")
    told = [name for name, at in impact.items() if at is not None and name in rows]
    interval = _interval(settings) if told else timedelta(0)
    for each in read_incidents(settings, *told) if told else ():
        row = row_of(each, interval=interval, impact_began=impact[each.id])
        rows |= {each.id: row} if row is not None else {}
    older = [_older(one) for one in notes if one.incident not in rows] if past else []
    return [*rows.values(), *older]


def _interval(settings: Settings) -> timedelta:
    """The promise between two updates as the page has it today; the setting while the page does not compile."""
    policy = policy_from(settings)
    try:
        return update_interval(read_handbook(settings), policy)
    except PageError:
        return policy.update_every


def _past(settings: Settings, note: Callable[[str], None]) -> list[Past]:

    found: list[Past] = []
    for name, raw in read_notes(settings).files.items():
        try:
            read = read_past(name, raw)
        except PageError as problem:
            note(f"{name}: {problem.what}")
            continue
        if read is not None:
            found.append(read)
        else:
            note(f"{name} names no day, so it is not counted")
    return found


def _older(note: Past) -> MetricRow:
    """What a post-mortem from before says: its duration is the time to resolve, everything else is unknown."""
    return MetricRow(
        id=note.incident or note.title,
        source=note.file,
        level=note.level,
        runbook=note.runbook,
        began=note.impact_began or datetime.combine(note.day, time(), UTC),
        ttr=note.duration,
        drill=note.drill,
    )
