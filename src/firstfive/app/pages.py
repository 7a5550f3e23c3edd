"""The page that settings name, read and compiled; the last good one when it does not compile now.

Part of `app`. Writes nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from firstfive.errors import FirstfiveError, JournalError, NotLoaded, PageError
from firstfive.handbook.compile import Options, compile_vault
from firstfive.handbook.model import Handbook
from firstfive.incident.timeline import Incident
from firstfive.ports import Journal
from firstfive.settings import Settings
from firstfive.shell.risk import load_table
from firstfive.stores.files.vault import FolderVault


def read_handbook(settings: Settings) -> Handbook:
    """Compile the vault that settings name. Raises VaultError or PageError; a page that cannot be read is named with the reason."""
    vault = vault_of(settings, "postmortems")
    try:
        return _compiled(settings, vault.pages())
    except PageError as problem:
        unread = vault.unreadable()
        if not unread or (settings.page and settings.page not in unread):
            raise
        name = settings.page if settings.page in unread else next(iter(unread))
        raise PageError(
            f"the page cannot be read: {unread[name]}",
            where=str(settings.vault / name),
            remedy='an incident page is text of a few hundred lines; name the right one with page = "..." in firstfive.toml',
        ) from problem


# Pages that nobody unresolved is pinned to, kept for who looks at what is over: a page of 6 KB is 130 KB when it is compiled, and a team
# that edits its page ten times a day had a thousand of them in memory after some months.
SPARE = 20
_LINK = re.compile(rb"\[\[([^\]|#^\n]{1,200})")


def _linked(pages: Mapping[str, bytes], page: str) -> Mapping[str, bytes]:
    """A page with those that it links to or includes, and theirs."""
    by_name = {Path(name).stem.lower(): name for name in pages} | {
        name.lower().removesuffix(".md"): name for name in pages
    }
    wanted, found = [page], dict[str, bytes]()
    while wanted:
        name = wanted.pop()
        if name in found or name not in pages:
            continue
        found[name] = pages[name]
        named = (match.decode("utf-8", "replace").strip().lower() for match in _LINK.findall(pages[name]))
        wanted += [by_name[link] for link in named if link in by_name]
    return {name: found[name] for name in sorted(found)}


def _compiled(settings: Settings, pages: Mapping[str, bytes]) -> Handbook:
    if settings.page and settings.page not in pages:
        raise PageError(
            f"the vault has no page {settings.page}", where=str(settings.vault), remedy="set page in firstfive.toml"
        )
    read = _linked(pages, settings.page) if settings.alone else pages
    options = _options(settings)
    handbook = compile_vault(read, main=settings.page or None, options=options)
    named = handbook.postmortem.folder.strip("/") if handbook.postmortem is not None else ""
    if not settings.postmortem_folder and named not in ("", options.written):
        return compile_vault(read, main=settings.page or None, options=replace(options, written=named))
    return handbook


def _options(settings: Settings) -> Options:
    risk = load_table(settings.risk or None, at=str(settings.file or ""))
    return Options(
        risk=risk, lexicon=settings.lexicon, written=(settings.postmortem_folder or Options().written).strip("/")
    )


def vault_of(settings: Settings, folder: str) -> FolderVault:
    """The vault, with the one folder of it that is written to."""
    return FolderVault(settings.vault, settings.postmortem_folder or folder or "postmortems")


async def last_good(settings: Settings, journal: Journal, broken: FirstfiveError | None) -> Handbook:
    """The page that was in force last: a half-saved note must not stop the response to an incident. Raises `broken` without one."""
    kept = await journal.read(lambda tx: tx.newest_handbook())
    if kept is None:
        raise broken or JournalError("the journal holds no page")
    return await asyncio.to_thread(again, settings, *kept)


def again(settings: Settings, digest: str, sources: bytes) -> Handbook:
    """A handbook out of the sources that the journal kept, under the digest that incidents are pinned to."""
    pages = {path: text.encode() for path, text in json.loads(sources).items()}
    return replace(compile_vault(pages, main=settings.page or None, options=_options(settings)), digest=digest)


def pinned(shelf: Mapping[str, Handbook], digest: str) -> Handbook:
    """The page of that digest; raises NotLoaded when it is not on the shelf."""
    if digest not in shelf:
        raise NotLoaded(digest)
    return shelf[digest]


def pages_in_force(known: Iterable[Incident]) -> set[str]:
    """The pages that unresolved incidents were declared under, by digest."""
    return {one.declared.handbook for one in known if one.declared is not None and one.resolved_at is None}


def thinned(shelf: dict[str, Handbook], needed: set[str]) -> None:
    """Take old pages off the shelf but for those that are needed. One is compiled again out of the journal when somebody asks for it."""
    spare = [digest for digest in shelf if digest not in needed]
    for digest in spare[: max(0, len(spare) - SPARE)]:
        shelf.pop(digest, None)


def ensured(
    settings: Settings, journal: Journal, shelf: dict[str, Handbook], needed: Callable[[], set[str]]
) -> Callable[[str], Awaitable[None]]:
    """A function that makes sure a pinned handbook is on the shelf, compiling the kept sources again when it is not."""

    async def ensure(digest: str) -> None:
        if digest in shelf:
            return
        kept = await journal.read(lambda tx: tx.handbook(digest))
        if kept is None:
            raise JournalError(f"the journal does not hold the page {digest[:12]} that an incident was declared under")
        shelf[digest] = await asyncio.to_thread(again, settings, digest, kept)
        thinned(shelf, needed())

    return ensure
