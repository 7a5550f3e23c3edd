"""The post-mortems that lie in the vault, and the page's form for them.

Called by the commands of this package. Reads files; a page that does not compile is no reason not to read what was promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstfive.cli.page.vault import pages_of
from firstfive.errors import PageError

if TYPE_CHECKING:
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
    files = {name: raw for name, raw in pages_of(settings).items() if name.startswith(f"{folder}/")}
    return Notes(folder=folder, files=files, form=form, remark=remark)


def form_of(settings: Settings) -> tuple[PostmortemForm | None, str]:
    """The page's form, or None with the reason."""
    from firstfive.app import read_handbook

    try:
        return read_handbook(settings).postmortem, ""
    except PageError as problem:
        return None, f"the page's own form is not known: {problem.what}"
