"""Commands about log files: what the page's symptoms say of them, and who stands in an access log how often.

Reads files where it is called; needs no server and no journal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from firstfive.cli.page.plain import say
from firstfive.errors import Exit, FirstfiveError

SHOWN = 10
FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
SINCE = click.option("--since", default="", help="From then on, UTC: 2026-11-23T03:00 (inclusive).")
UNTIL = click.option("--until", default="", help="Until then, UTC (exclusive).")
JOBS = click.option("--jobs", default=2, show_default=True, help="Processes on a large log.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


def _instant(text: str, option: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise FirstfiveError(
            f"{option} {text!r} is no time", remedy="write 2026-11-23T03:00", exit_code=Exit.USAGE
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@click.command()
@FILES
@click.option("-e", "--pattern", "patterns", multiple=True, help="Look for this text instead of the page's symptoms.")
@click.option("--regex", is_flag=True, help="The patterns are regular expressions.")
@SINCE
@UNTIL
@JOBS
@JSON
@click.option("--vault", type=click.Path(path_type=Path), help="Vault folder, or the page in it.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file (default: firstfive.toml here or above)."
)
def scan(
    files: tuple[Path, ...], patterns: tuple[str, ...], vault: Path | None, config: Path | None, **rest: Any
) -> None:
    """How often each symptom of the page stands in log files, by the minute; plain or gzipped."""
    from firstfive.probes.logs.patterns import Pattern
    from firstfive.probes.logs.window import Window
    from firstfive.probes.logs.workers import scan_log

    if patterns:
        wanted = [Pattern(id=text, text=text, regex=rest["regex"]) for text in patterns]
        cache = None
    else:
        wanted, cache = _of_the_page(vault, config)
    window = Window(since=_instant(rest["since"], "--since"), until=_instant(rest["until"], "--until"))
    found = []
    for path in files:
        tally = scan_log(path, wanted, window=window, cache=cache, jobs=max(1, rest["jobs"]))
        found.append(_tally(path, wanted, tally))
    if rest["as_json"]:
        say({"files": found})
        return
    for one in found:
        click.echo(_shown(one))


def _of_the_page(vault: Path | None, config: Path | None) -> tuple[list[Any], Path]:
    from firstfive.app import read_handbook
    from firstfive.cli.line import settings_of
    from firstfive.handbook.model import LogSymptom
    from firstfive.handbook.watching.logs import sought
    from firstfive.probes.logs.patterns import Pattern

    settings = settings_of(vault, config, here=True)
    handbook = read_handbook(settings)
    wanted = [
        Pattern(
            id=f"{runbook.number} {text.family or text.text}".strip(), text=text.text, regex=text.regex, caseless=True
        )
        for runbook in handbook.runbooks
        for symptom in runbook.symptoms
        if isinstance(symptom, LogSymptom)
        for text in sought(symptom)
    ]
    if not wanted:
        raise FirstfiveError("the page names no log symptom", remedy="give patterns with -e", exit_code=Exit.USAGE)
    return wanted, settings.cache / "patterns"


def _tally(path: Path, wanted: list[Any], tally: Any) -> dict[str, Any]:
    from firstfive.probes.logs.tally import instant

    rows = []
    for pattern, seen in zip(wanted, tally.seen, strict=True):
        if seen.lines:
            minutes = {"" if m is None else instant(m).strftime("%Y-%m-%dT%H:%MZ"): n for m, n in seen.minutes.items()}
            samples = [sample.text for sample in seen.samples]
            rows.append(
                {
                    "pattern": pattern.text,
                    "about": pattern.id,
                    "lines": seen.lines,
                    "minutes": minutes,
                    "samples": samples,
                }
            )
    rows.sort(key=lambda row: -int(row["lines"]))
    return {"file": str(path), "bytes": tally.read, "unread": tally.unread, "found": rows}


def _shown(one: dict[str, Any]) -> str:
    lines = [f"{one['file']}: {one['bytes'] / 1e6:.1f} MB read" + (f"; {one['unread']}" if one["unread"] else "")]
    for row in one["found"]:
        times = sorted(minute for minute in row["minutes"] if minute)
        when = f"  {times[0]} to {times[-1]}" if times else ""
        busiest = max(row["minutes"].values())
        lines += [
            f"  {row['lines']:>9}  {row['about']}: {row['pattern']}{when}, at most {busiest} a minute",
            f"             {row['samples'][0][:160]}",
        ]
    return "\n".join(lines if one["found"] else [*lines, "  nothing of it"])


@click.command()
@FILES
@click.option(
    "--by", type=click.Choice(["address", "path"]), default="address", show_default=True, help="What is counted."
)
@click.option("--path", "path", default="", help="Only requests whose path begins so.")
@click.option("--status", "statuses", multiple=True, type=int, help="Only answers of this status.")
@click.option("--method", default="", help="Only requests of this method.")
@click.option("--top", default=SHOWN, show_default=True, help="How many are shown.")
@SINCE
@UNTIL
@JOBS
@JSON
def offenders(files: tuple[Path, ...], by: str, path: str, statuses: tuple[int, ...], **rest: Any) -> None:
    """Who stands in an access log how often: by address, or by path and status; exact, plain or gzipped."""
    from firstfive.probes.logs.access.line import HIDDEN, is_hidden
    from firstfive.probes.logs.access.rank import Question, rank
    from firstfive.probes.logs.window import Window

    window = Window(since=_instant(rest["since"], "--since"), until=_instant(rest["until"], "--until"))
    question = Question(by=by, path=path, method=rest["method"].upper(), statuses=frozenset(statuses), window=window)
    found: list[dict[str, Any]] = []
    for file in files:
        ranking = rank(file, question, jobs=max(1, rest["jobs"]))
        rows = [
            {"key": key, "count": count, "hidden": by == "address" and is_hidden(key)}
            for key, count in ranking.top(max(1, rest["top"]))
        ]
        found.append(
            {
                "file": str(file),
                "lines": ranking.lines,
                "unread": ranking.unread,
                "rounded": ranking.rounded,
                "top": rows,
            }
        )
    if rest["as_json"]:
        say({"files": found})
        return
    for one in found:
        click.echo(f"{one['file']}: {one['lines']} lines counted" + (f"; {one['unread']}" if one["unread"] else ""))
        if one["rounded"]:
            click.echo("  more than two million keys: those seen once were let go of, the others are exact or one low")
        for row in one["top"]:
            click.echo(f"  {row['count']:>9}  {row['key']}" + (f"  ({HIDDEN})" if row["hidden"] else ""))
