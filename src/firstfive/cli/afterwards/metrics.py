"""`firstfive metrics`: numbers over the incidents of the journal, and over post-mortems from before it.

Called by the front door. Reads the journal beside a running server or without one; writes nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstfive.cli.line import options, settings_of, show
from firstfive.errors import Exit, FirstfiveError, PageError

if TYPE_CHECKING:
    from firstfive.documents.metrics import MetricRow
    from firstfive.documents.postmortem.past import Past
    from firstfive.settings import Settings


@click.command()
@click.option(
    "--by",
    type=click.Choice(["severity", "runbook", "month"]),
    default="severity",
    show_default=True,
    help="What incidents are grouped by.",
)
@click.option("--since", default="", help="Only incidents that began on that day or later, UTC: 2026-01-01.")
@click.option("--past", is_flag=True, help="Also post-mortems of incidents that the journal does not hold.")
@click.option("--csv", "as_csv", is_flag=True, help="One incident a line, comma-separated, instead.")
@click.option(
    "--prometheus", is_flag=True, help="Counts in Prometheus' text format, for a textfile collector, instead."
)
@click.option(
    "--svg", type=click.Choice(["ttd", "tta", "ttm", "ttr"]), help="A plot of that span, a dot an incident, instead."
)
@options
def metrics(
    by: str, since: str, past: bool, as_csv: bool, prometheus: bool, svg: str | None,
    vault: Path | None, config: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """How long incidents took to be seen, taken, mitigated and over: every value, median, p90, and what is unknown."""
    from firstfive.documents import metrics as told

    settings = settings_of(vault, config)
    began = day_of("--since", since)
    rows = [row for row in _rows(settings, past=past) if began is None or row.began >= began]
    groups = told.summarise(rows, by=by)
    if svg:
        drawn = told.dot_plot(groups, span_key=svg)
        show({"svg": drawn}, as_json=as_json, text=lambda a: str(a["svg"]).rstrip())
    elif prometheus:
        scraped = told.exposition(told.incident_families(rows))
        show({"exposition": scraped}, as_json=as_json, text=lambda a: str(a["exposition"]).rstrip())
    elif as_csv:
        lines = told.as_csv(rows)
        show({"csv": lines}, as_json=as_json, text=lambda a: str(a["csv"]).rstrip())
    else:
        show(told.as_json(groups, by=by), as_json=as_json, text=lambda _: told.table(groups, by=by))


def day_of(option: str, text: str) -> datetime | None:
    """The beginning of that day (UTC); None for an empty text. Raises FirstfiveError naming the option for what is no day."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise FirstfiveError(f"{option} {text!r} is no day", remedy="write 2026-01-01", exit_code=Exit.USAGE) from None


def _rows(settings: Settings, *, past: bool) -> list[MetricRow]:
    """A row for every incident of the journal, and for every older post-mortem when they are asked for."""
    from firstfive.app.history import History, metric_rows
    from firstfive.cli.afterwards.kept import read_incidents
    from firstfive.documents.metrics import row_of

    notes = _past(settings)
    impact = {note.incident: note.impact_began for note in notes if note.incident}
    index = History(settings=settings, told=lambda text: click.echo(f"note: {text}", err=True)).open()
    try:
        rows = {row.id: row for row in metric_rows(index)}
    finally:
        index.close()
    if not rows:
        click.echo("note: the journal holds no incident to count", err=True)
    told = [name for name, at in impact.items() if at is not None and name in rows]
    interval = _interval(settings) if told else timedelta(0)
    for each in read_incidents(settings, *told) if told else ():
        row = row_of(each, interval=interval, impact_began=impact[each.id])
        rows |= {each.id: row} if row is not None else {}
    older = [_older(note) for note in notes if note.incident not in rows] if past else []
    return [*rows.values(), *older]


def _interval(settings: Settings) -> timedelta:
    """The promise between two updates as the page has it today; the setting while the page does not compile."""
    from firstfive.app import policy_from, read_handbook
    from firstfive.incident.communicate import update_interval

    policy = policy_from(settings)
    try:
        return update_interval(read_handbook(settings), policy)
    except PageError:
        return policy.update_every


def _past(settings: Settings) -> list[Past]:
    from firstfive.cli.afterwards.notes import read_notes
    from firstfive.documents.postmortem.past import read_past

    found: list[Past] = []
    for name, raw in read_notes(settings).files.items():
        try:
            note = read_past(name, raw)
        except PageError as problem:
            click.echo(f"note: {name}: {problem.what}", err=True)
            continue
        if note is not None:
            found.append(note)
        else:
            click.echo(f"note: {name} names no day, so it is not counted", err=True)
    return found


def _older(note: Past) -> MetricRow:
    """What a post-mortem from before says: its duration is the time to resolve, everything else is unknown."""
    from firstfive.documents.metrics import MetricRow

    return MetricRow(
        id=note.incident or note.title,
        source=note.file,
        level=note.level,
        runbook=note.runbook,
        began=note.impact_began or datetime.combine(note.day, time(), UTC),
        ttr=note.duration,
        drill=note.drill,
    )
