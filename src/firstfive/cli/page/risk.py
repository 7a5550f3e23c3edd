"""The `risk` command: scripts in, verdicts and reasons out.

Called by the front door. A script that cannot be read or parsed is unknown, never read-only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from firstfive.errors import Exit
from firstfive.shell.risk import judge


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-c", "command", help="Judge this text instead of files.")
@click.option("--json", "as_json", is_flag=True, help="One object a line per input, in order.")
def risk(files: tuple[Path, ...], command: str | None, as_json: bool) -> int:
    """Say what each shell script does: read-only, unknown, changing or destructive, with the reasons."""
    if command is None and not files:
        raise click.UsageError("give files, - for standard input, or -c 'COMMAND'")
    worst = int(Exit.OK)
    for name, text in inputs(files, command):
        line, code = told(name, text, as_json=as_json)
        click.echo(line)
        worst = max(worst, code)
    return worst


def inputs(files: tuple[Path, ...], command: str | None) -> Iterator[tuple[str, str | None]]:
    """(name, text) of each input in order; text is None where a file cannot be read as text."""
    if command is not None:
        yield "-c", command
    for file in files:
        try:
            yield str(file), (sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            yield str(file), None


def told(name: str, text: str | None, *, as_json: bool) -> tuple[str, int]:
    """The line or lines for one input, and 1 when it could not be read."""
    if text is None:
        problem = "cannot be read as UTF-8 text"
        return (
            json.dumps({"schema": "firstfive/1", "input": name, "verdict": "unknown", "error": problem})
            if as_json
            else f"{name}: unknown: {problem}"
        ), int(Exit.FAILED)
    judged = judge(text)
    if as_json:
        commands = [
            {
                "text": f.text,
                "line": f.line,
                "column": f.column,
                "verdict": str(f.verdict),
                "reason": f.reason,
                "tags": sorted(f.tags),
            }
            for f in judged.findings
        ]
        whole = {
            "schema": "firstfive/1",
            "input": name,
            "verdict": str(judged.verdict),
            "auto": judged.auto,
            "commands": commands,
        }
        whole["tags"] = sorted(judged.tags)
        return json.dumps(whole, ensure_ascii=False), int(Exit.OK)
    by_itself = "runs by itself" if judged.auto else "needs a person"
    lines = [f"{name}: {judged.verdict} ({by_itself})"]
    for finding in judged.findings:
        tags = f" [{', '.join(sorted(finding.tags))}]" if finding.tags else ""
        shown = " ".join(finding.text.split())
        lines.append(
            f"  {finding.line}:{finding.column} {finding.verdict}: {shown[:100]}{tags}\n      {finding.reason}"
        )
    return "\n".join(lines), int(Exit.OK)
