"""`firstfive metrics`: numbers over the incidents of the journal, and over post-mortems from before it.

Called by the front door. Reads the journal beside a running server or without one, or asks a server elsewhere; writes nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import click

from firstfive.cli.line import anywhere, ask, only_there, settings_of, show
from firstfive.documents.metrics import MetricRow
from firstfive.errors import Exit, FirstfiveError
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
@anywhere
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


def _rows(settings: Settings, *, past: bool) -> list[MetricRow]:
    """A row for each incident, out of the index beside the journal or of what a server elsewhere says."""
    if settings.server:
        from firstfive.documents.metrics import rows_in

        if past:
            only_there(settings, "--past", "it reads the vault's post-mortems")
        return rows_in(ask(settings, "GET", "/metrics"))
    from firstfive.app.shelf.numbers import rows_of

    return rows_of(settings, past=past, note=_note)


def day_of(option: str, text: str) -> datetime | None:
    """The beginning of that day (UTC); None for an empty text. Raises FirstfiveError naming the option for what is no day."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise FirstfiveError(f"{option} {text!r} is no day", remedy="write 2026-01-01", exit_code=Exit.USAGE) from None


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)
