"""One file that holds a copy of the journal and what belongs to it, with a manifest of hashes.

Called through the package. The journal is copied by SQLite's own backup, in one step, beside whoever writes it. The file appears under
its name only when it is whole and on the disk, and only its owner can read it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import secrets
import sqlite3
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import firstfive
from firstfive.errors import Exit, JournalError
from firstfive.stores.backup.proof import Proved, prove

FORMAT = 1
MANIFEST, JOURNAL, SETTINGS = "MANIFEST.json", "journal.db", "firstfive.toml"
SUFFIX = ".firstfive.tar.gz"
ACCOUNTS = "accounts.db"
KEPT_NAMES = (JOURNAL, SETTINGS, ACCOUNTS, "room.key", "links.key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A copy that was made: where, how large in bytes, and what is in it."""

    path: Path
    size: int
    proved: Proved


def make(journal: Path, out: Path, now: datetime, *, beside: Mapping[str, Path] | None = None) -> Made:
    """Copy the journal, and the files of `beside` by their name in the copy, into `out`. Raises JournalError with nothing left behind.

    `now` is when the copy is made (aware UTC).
    """
    if not journal.exists():
        raise JournalError("there is no journal to copy", where=str(journal), remedy="start the server once")
    if out.exists():
        raise JournalError(
            "a copy is never written over",
            where=str(out),
            remedy="give another name, or remove it",
            exit_code=Exit.CONFLICT,
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=out.parent) as folder:
            copy = Path(folder) / JOURNAL
            _copied(journal, copy)
            proved = prove(copy)
            files = {JOURNAL: copy, **{name: path for name, path in (beside or {}).items() if path.is_file()}}
            if ACCOUNTS in files:
                _copied(files[ACCOUNTS], Path(folder) / ACCOUNTS)
                files[ACCOUNTS] = Path(folder) / ACCOUNTS
            part = Path(folder) / f"{secrets.token_hex(4)}.part"
            _packed(part, files, _manifest(files, proved, now))
            os.link(part, out)
        _synced(out.parent)
    except (OSError, sqlite3.Error) as problem:
        raise JournalError(
            f"the copy could not be made: {problem}", where=str(out), remedy="free space there, or name another folder"
        ) from problem
    return Made(path=out, size=out.stat().st_size, proved=proved)


def _copied(journal: Path, copy: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=30)) as source,
        closing(sqlite3.connect(copy)) as made,
    ):
        source.backup(made, pages=-1)
        made.execute("PRAGMA journal_mode = DELETE")
    os.chmod(copy, 0o600)


def _manifest(files: Mapping[str, Path], proved: Proved, now: datetime) -> bytes:
    told = {
        "format": FORMAT,
        "program": firstfive.__version__,
        "made_at": now.isoformat(),
        "schema": proved.schema,
        "incidents": proved.incidents,
        "entries": proved.entries,
        "files": {name: {"bytes": path.stat().st_size, "sha256": digest(path)} for name, path in files.items()},
    }
    return json.dumps(told, indent=1).encode()


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _packed(part: Path, files: Mapping[str, Path], manifest: bytes) -> None:
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as raw:
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            _added(tar, MANIFEST, io.BytesIO(manifest), len(manifest))
            for name, path in files.items():
                with path.open("rb") as file:
                    _added(tar, name, file, path.stat().st_size)
        raw.flush()
        os.fsync(raw.fileno())


def _added(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    tar.addfile(entry, content)


def _synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def newest(folder: Path) -> Path | None:
    """The newest copy in a folder, by its name; None when there is none."""
    found = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return found[-1] if found else None


def prune(folder: Path, keep: int) -> tuple[Path, ...]:
    """Remove all but the newest `keep` copies that carry our suffix; which were removed. Raises OSError."""
    old = sorted(folder.glob(f"*{SUFFIX}"))[:-keep]
    for path in old:
        path.unlink()
    return tuple(old)
