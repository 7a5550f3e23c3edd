"""A vault as bytes with the settings that read it, for commands that compile a page before it is saved or after it was edited.

Called by `fmt`, `check` and `lsp`. Reads files; compiles nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firstfive.errors import FirstfiveError, VaultError
from firstfive.handbook.compile import Options
from firstfive.handbook.model import Level, Place, Problem
from firstfive.settings import Settings
from firstfive.shell.risk import load_table
from firstfive.stores.files.vault import FolderVault


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """The pages of `folder` by their path in it, the one that is asked about, the main one (None: found by its chapters)."""

    folder: Path
    pages: Mapping[str, bytes]
    page: str
    main: str | None
    options: Options


def options_of(settings: Settings) -> Options:
    """What the settings bring along for the compiler."""
    return Options(risk=load_table(settings.risk or None, at=str(settings.file or "")), lexicon=settings.lexicon)


def pages_of(settings: Settings) -> Mapping[str, bytes]:
    """Every page of the vault. Raises VaultError when there is no such folder."""
    return FolderVault(settings.vault, settings.postmortem_folder or "postmortems").pages()


def read_vault(settings: Settings) -> Vault:
    """The vault that settings name. Raises VaultError when it has several pages and none is named, or not the one named."""
    pages = pages_of(settings)
    page = settings.page or (next(iter(pages)) if len(pages) == 1 else "")
    if page not in pages:
        what = f"the vault has no page {page}" if page else "the vault has more than one page"
        raise VaultError(what, where=str(settings.vault), remedy="name the page: firstfive fmt 'path/to/Your Page.md'")
    return Vault(
        folder=settings.vault, pages=pages, page=page, main=settings.page or None, options=options_of(settings)
    )


def problem_of(error: FirstfiveError, page: str) -> Problem:
    """The reason why nothing could be read, as a finding: at its place when that is on `page`, else at the top with the place in words."""
    here = error.where == page or error.where.startswith(f"{page}:")
    line, _, column = error.where.removeprefix(page).strip(":").partition(":") if here else ("", "", "")
    place = Place(page=page, line=int(line) if line.isdigit() else 1, column=int(column) if column.isdigit() else 1)
    what = error.what if here or not error.where else f"{error.what} ({error.where})"
    return Problem(code=error.code, level=Level.ERROR, message=what, place=place, help=error.remedy)
