"""The post-mortems that lie in the vault, and the page's form for them.

Called by the commands that read promises and by `books`. Reads files; a
page that does not compile is no reason not to read what was promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firstfive.errors import PageError
from firstfive.stores.files.vault import FolderVault

if TYPE_CHECKING:
    from firstfive.documents.actions import ActionItem
    from firstfive.handbook.model import PostmortemForm
    from firstfive.settings import Settings

FOLDER = "postmortems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """The files of `folder` by their vault-relative path, the form (None: the page has none), and what went wrong on the way."""

    folder: str
    files: Mapping[str, bytes]
    form: PostmortemForm | None
    remark: str = ""


def read_notes(settings: Settings) -> Notes:
    """Everything in the post-mortem folder. Raises VaultError when there is no vault."""
    form, remark = form_of(settings)
    folder = (settings.postmortem_folder or (form.folder if form is not None else "") or FOLDER).strip("/")
    pages = FolderVault(settings.vault, settings.postmortem_folder or FOLDER).pages()
    files = {name: raw for name, raw in pages.items() if name.startswith(f"{folder}/")}
    return Notes(folder=folder, files=files, form=form, remark=remark)


def form_of(settings: Settings) -> tuple[PostmortemForm | None, str]:
    """The page's form, or None with the reason."""
    from firstfive.app.pages import read_handbook

    try:
        return read_handbook(settings).postmortem, ""
    except PageError as problem:
        return None, f"the page's own form is not known: {problem.what}"


def promises_of(notes: Notes) -> tuple[list[ActionItem], list[dict[str, Any]]]:
    """Every item of every note, and what could not be read with its place."""
    from firstfive.documents.actions import read_actions

    found: list[ActionItem] = []
    unread: list[dict[str, Any]] = []
    for name, raw in notes.files.items():
        try:
            read = read_actions(name, raw)
        except PageError as problem:
            unread.append({"file": name, "line": 1, "what": problem.what, "remedy": problem.remedy})
            continue
        found += read.items
        unread += [{"file": u.file, "line": u.line, "what": u.what, "remedy": u.remedy} for u in read.unread]
    return found, unread
