"""A copy put back: proved first, then in the journal's place in one step, with what was there kept beside it.

Called through the package. Refuses while a server owns the journal. Whenever it is cut off, either the old journal or the new one is
there, whole.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import tarfile
import tempfile
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstfive.errors import Exit, JournalError, Refused
from firstfive.stores import ownership
from firstfive.stores.backup.archive import FORMAT, JOURNAL, KEPT_NAMES, MANIFEST, SETTINGS, digest
from firstfive.stores.backup.proof import Proved, prove

LARGEST_MANIFEST = 64 * 1024
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back, and where the journal that was there before lies now; None when there was none."""

    proved: Proved
    made_at: str
    before: Path | None
    settings: str


def put_back(archive: Path, journal: Path, *, replace: bool = False) -> Restored:
    """Put the copy's journal at `journal`, and its keys and accounts beside it where there are none.

    Raises Refused when a journal is there and `replace` is not set, JournalError for a copy that is damaged, of a newer version or not
    ours, and while the journal is in use.
    """
    journal.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if journal.exists() and not replace:
        raise Refused(
            "a journal is here already",
            remedy=f"--replace puts the copy in its place and keeps it as {journal.name}.before-...",
            exit_code=Exit.CONFLICT,
        )
    held = ownership.take(journal)
    try:
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=journal.parent) as folder:
            told = _unpacked(archive, Path(folder))
            proved = prove(Path(folder) / JOURNAL)
            before = _aside(journal) if journal.exists() else None
            os.replace(Path(folder) / JOURNAL, journal)
            for name in KEPT_NAMES:
                kept, wanted = Path(folder) / name, journal.parent / name
                if name not in (JOURNAL, SETTINGS) and kept.exists() and not wanted.exists():
                    os.replace(kept, wanted)
            named = Path(folder) / SETTINGS
            settings = named.read_text(encoding="utf-8", errors="replace") if named.exists() else ""
    except OSError as problem:
        raise JournalError(
            f"the copy could not be put back: {problem.strerror or problem}",
            where=str(journal.parent),
            remedy="free space there, or give the right to write; what was there before is whole",
        ) from problem
    finally:
        os.close(held)
    return Restored(proved=proved, made_at=str(told.get("made_at", "")), before=before, settings=settings)


def _aside(journal: Path) -> Path:
    """A second name for the journal that is there, with everything of its log in it; its log is then nobody's."""
    try:
        with closing(sqlite3.connect(journal, timeout=5)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError:
        pass  # what cannot be read is kept as it is
    number = 1
    while (before := journal.with_name(f"{journal.name}.before-{number}")).exists():
        number += 1
    for tail in ("-wal", "-shm"):
        beside = journal.with_name(journal.name + tail)
        if beside.exists() and beside.stat().st_size:
            os.link(beside, before.with_name(before.name + tail))
    os.link(journal, before)
    for tail in ("-wal", "-shm"):
        journal.with_name(journal.name + tail).unlink(missing_ok=True)
    return before


def _damaged(archive: Path, why: str) -> JournalError:
    return JournalError(f"this copy cannot be used: {why}", where=str(archive), remedy="use another copy")


def _unpacked(archive: Path, folder: Path) -> dict[str, Any]:
    """The files of a copy, as many and as long as its manifest says and not a byte more; the manifest."""
    try:
        with (
            archive.open("rb") as raw,
            gzip.GzipFile(fileobj=raw) as packed,
            tarfile.open(fileobj=packed, mode="r|") as tar,
        ):
            return _files(archive, tar, folder)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise _damaged(archive, str(problem) or type(problem).__name__) from problem


def _files(archive: Path, tar: tarfile.TarFile, folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = {}
    wanted: dict[str, Any] = {}
    for entry in tar:
        content = tar.extractfile(entry) if entry.isreg() else None
        if content is None:
            raise _damaged(archive, f"{entry.name!r} is no file")
        if not told:
            told = _manifest(archive, entry, content.read(LARGEST_MANIFEST + 1))
            wanted = told["files"]
            continue
        if entry.name not in wanted or entry.name not in KEPT_NAMES:
            raise _damaged(archive, f"{entry.name!r} is not in its manifest")
        if entry.size != wanted[entry.name]["bytes"]:
            raise _damaged(archive, f"{entry.name} is not as long as its manifest says")
        place = folder / entry.name
        with place.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            while block := content.read(BLOCK):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if digest(place) != wanted.pop(entry.name)["sha256"]:
            raise _damaged(archive, f"{entry.name} is not what its manifest says")
    if not told or wanted:
        raise _damaged(archive, f"{next(iter(wanted), MANIFEST)} is missing")
    return told


def _manifest(archive: Path, entry: tarfile.TarInfo, raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw) if entry.name == MANIFEST and len(raw) <= LARGEST_MANIFEST else None
    except ValueError:
        told = None
    files = told.get("files") if isinstance(told, dict) else None
    shape = isinstance(files, dict) and all(
        isinstance(one, dict) and isinstance(one.get("bytes"), int) and isinstance(one.get("sha256"), str)
        for one in files.values()
    )
    if not isinstance(told, dict) or not shape or JOURNAL not in told["files"]:
        raise _damaged(archive, "it does not begin with a manifest of ours")
    if told.get("format") != FORMAT:
        raise _damaged(archive, f"it is of format {told.get('format')!r}, known here: {FORMAT}")
    return told
