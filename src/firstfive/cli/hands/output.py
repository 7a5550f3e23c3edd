"""`firstfive output`: what a step said, all of it that was kept.

One command of the command line; read beside a running server, from one elsewhere, or straight from the journal.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import click

from firstfive.cli.incident import INCIDENT
from firstfive.cli.line import View, anywhere, ask, settings_of, show


@click.command()
@INCIDENT
@click.argument("step")
@anywhere
def output(incident: str, step: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """All that a step said in its newest run, or in the run of that name."""
    settings = settings_of(vault, config)
    seen = ask(settings, "GET", f"/incidents/{incident}/output/{quote(step, safe='')}")
    show(seen, as_json=as_json, text=_said)


def _said(seen: View) -> str:
    lost = f"{seen['dropped']} bytes were not kept\n" if seen["dropped"] else ""
    return f"{seen['run']}, {seen['at'][:19]}Z: exit {seen['exit_code']}\n{lost}{seen['output']}".rstrip("\n")
