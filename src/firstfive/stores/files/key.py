"""Keys that are made once and kept where only their owner can read them, the same after a restart: what signs in, what seals links.

Called by `web.serve` and `app`. A restart in the middle of an incident signs nobody out; deleting a file makes what it opened void.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path

ROOM, LINKS = "room.key", "links.key"
BYTES = 24
_SHAPE = re.compile(r"[A-Za-z0-9_-]{32,200}")


def kept_key(state: Path, file: str) -> str:
    """The key kept in that file of the state folder, or a new one when there is none that is ours alone. Raises OSError when it cannot
    be kept.
    """
    path = state / file
    kept = _read_private(path)
    if kept is not None and _SHAPE.fullmatch(kept):
        return kept
    made = secrets.token_urlsafe(BYTES)
    write_private(path, made)
    return made


def _read_private(path: Path) -> str | None:
    """What the file says; None when it is missing, is a link, belongs to another, or others may look into it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, encoding="ascii", errors="replace") as text:
        told = os.fstat(handle)
        ours = stat.S_ISREG(told.st_mode) and told.st_uid == os.geteuid() and not told.st_mode & 0o077
        return text.read(1000).strip() if ours else None


def write_private(path: Path, content: str) -> None:
    """A file that only its owner can read, from its first moment; replaces what was there. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as text:
        text.write(content)
