"""A page of the vault replaced in one move, because a person asked for it.

Called by `fmt --write` and `learn --apply`. Writes nothing over a page that changed since it was read.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from firstfive.errors import Exit, VaultError


def replaced(path: Path, before: bytes, after: bytes) -> None:
    """Put `after` in the place of `before`, with the page's rights kept. Raises VaultError (conflict) when it no longer holds `before`."""
    real = path.resolve()
    rights = real.stat().st_mode & 0o7777
    opened, name = tempfile.mkstemp(dir=real.parent, prefix=".", suffix=".tmp")
    try:
        with open(opened, "wb") as fresh:
            fresh.write(after)
            fresh.flush()
            os.fsync(opened)
        os.chmod(name, rights)
        if real.read_bytes() != before:
            problem = VaultError(
                "the page changed while it was read, so nothing was written", where=str(path), remedy="ask again"
            )
            problem.exit_code = Exit.CONFLICT
            raise problem
        os.replace(name, real)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
