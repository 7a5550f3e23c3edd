"""`firstfive learn`: what an incident teaches the page, as a diff that a person takes or leaves.

Called by the front door. Writes nothing without `--apply`: the page is the team's.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstfive.cli.incident import INCIDENT
from firstfive.cli.line import options, settings_of, show
from firstfive.errors import Refused

if TYPE_CHECKING:
    from firstfive.handbook.model import Handbook


@click.command()
@INCIDENT
@click.option("--apply", "take", is_flag=True, help="Make the edits, when the page still is what was read.")
@options
def learn(incident: str, take: bool, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """What an incident teaches the page: a diff with the reason of each edit; `patch -p1` in the vault takes it."""
    from firstfive.app import read_handbook
    from firstfive.app.shelf.kept import read_incidents
    from firstfive.cli.page.written import replaced
    from firstfive.documents.learning import lessons

    settings = settings_of(vault, config)
    found = read_incidents(settings, incident)
    if not found:
        raise Refused(f"there is no incident {incident}", remedy="firstfive status --all lists them")
    handbook = read_handbook(settings)
    made = lessons(handbook, found[0], _drills(handbook))
    for lesson in made if take else ():
        replaced(settings.vault / lesson.page, lesson.before.encode(), lesson.after.encode())
    pages = [
        {
            "page": lesson.page,
            "edits": [{"line": edit.line, "new": edit.text.decode(), "why": edit.why} for edit in lesson.edits],
            "diff": lesson.diff,
        }
        for lesson in made
    ]
    show({"incident": incident, "applied": take and bool(made), "pages": pages}, as_json=as_json, text=_worded)


def _drills(handbook: Handbook) -> dict[str, tuple[str, ...]]:
    """The faults that practise each runbook, by its id."""
    from firstfive.faults import FAULTS

    fitting = {r.id: tuple(fault.name for fault in FAULTS if fault.fits(r.title)) for r in handbook.runbooks}
    return {runbook: names for runbook, names in fitting.items() if names}


def _worded(answer: dict[str, Any]) -> str:
    lines = [] if answer["applied"] else [str(page["diff"]).rstrip("\n") for page in answer["pages"]]
    lines += [f"{page['page']}:{edit['line']}: {edit['why']}" for page in answer["pages"] for edit in page["edits"]]
    lines += ["Written into the page."] if answer["applied"] else []
    return "\n".join(lines) or "The timeline shows nothing that the page lacks."
