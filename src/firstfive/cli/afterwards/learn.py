"""`firstfive learn`: what an incident teaches the page, as a diff that a person takes or leaves.

Called by the front door. Writes nothing: the page is the team's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from firstfive.cli.incident import INCIDENT
from firstfive.cli.line import options, settings_of, show
from firstfive.errors import Refused


@click.command()
@INCIDENT
@options
def learn(incident: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """What an incident teaches the page: a diff with the reason of each edit; `patch -p1` in the vault takes it."""
    from firstfive.app import read_handbook
    from firstfive.app.shelf.kept import read_incidents
    from firstfive.documents.learning import lessons

    settings = settings_of(vault, config)
    found = read_incidents(settings, incident)
    if not found:
        raise Refused(f"there is no incident {incident}", remedy="firstfive status --all lists them")
    made = lessons(read_handbook(settings), found[0])
    pages = [
        {
            "page": lesson.page,
            "edits": [{"line": edit.line, "new": edit.text.decode(), "why": edit.why} for edit in lesson.edits],
            "diff": lesson.diff,
        }
        for lesson in made
    ]
    show({"incident": incident, "pages": pages}, as_json=as_json, text=_worded)


def _worded(answer: dict[str, Any]) -> str:
    lines = [str(page["diff"]).rstrip("\n") for page in answer["pages"]]
    lines += [f"{page['page']}:{edit['line']}: {edit['why']}" for page in answer["pages"] for edit in page["edits"]]
    return "\n".join(lines) or "The timeline shows nothing that the page lacks."
