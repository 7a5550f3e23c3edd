"""The closing list of one incident: shown, ticked, and what is open left open.

Refuses to close nothing: what is open is said, and people are reminded of it.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli.incident import BY, INCIDENT, by
from firstfive.cli.line import View, anywhere, ask, settings_of, show

MARKS = {"proved": "[x]", "said": "[x]", "not needed": "[-]", "open": "[ ]"}


@click.command()
@INCIDENT
@click.option("--done", multiple=True, metavar="BOX", help="This box is done, by its number; may be repeated.")
@click.option("--not-needed", multiple=True, metavar="BOX", help="This box is not needed here; may be repeated.")
@click.option("--note", default="", help="A word on the boxes that are ticked now.")
@BY
@anywhere
def close(
    incident: str,
    done: tuple[str, ...],
    not_needed: tuple[str, ...],
    note: str,
    named: str | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Show the page's closing list for an incident, after ticking the boxes named."""
    settings = settings_of(vault, config)
    for boxes, state in ((done, True), (not_needed, False)):
        for box in boxes:
            fields: View = {"by": by(settings, named), "item": box, "done": state, "note": note}
            ask(settings, "POST", f"/incidents/{incident}/tick", fields)
    seen = ask(settings, "POST", f"/incidents/{incident}/look-back", {})
    left = sum(1 for box in seen["closing"] if not box["done"])
    answer: View = {"id": seen["id"], "status": seen["status"], "open": left, "closing": seen["closing"]}
    show(answer, as_json=as_json, text=_listed)


def _listed(answer: View) -> str:
    rows = [
        f"{MARKS[box['tick']]} {number} {box['text']}  ({box['why']})"
        for number, box in enumerate(answer["closing"], 1)
    ]
    if not rows:
        return "The page has no closing list."
    left = answer["open"]
    rows.append("" if left else "Nothing is open.")
    if left:
        rows.append(f"{left} open. Tick one with --done NUMBER or --not-needed NUMBER; until then people are reminded.")
    return "\n".join(row for row in rows if row)
