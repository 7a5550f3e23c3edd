"""The log of steps that ran while no server, journal or chat was there: one JSON object a line, each sealed over all lines before it.

Written by `firstfive break-glass`, read by `firstfive merge`. The seal is a keyed hash with the key of the bundle; a line that was
changed, left out or moved is found. Nothing in it is ever rewritten.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firstfive.errors import FirstfiveError

FIRST = "0" * 64
LARGEST = 64 * 1024 * 1024


def sealed(key: str, before: str, row: Mapping[str, Any]) -> str:
    """The seal of a row that follows the one with the seal `before`, in hex."""
    body = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key.encode(), f"{before}\n{body}".encode(), hashlib.sha256).hexdigest()


def append(path: Path, key: str, row: Mapping[str, Any]) -> None:
    """Add a row, on the disk before this returns. Raises FirstfiveError for a log that is not whole, OSError when it cannot be written."""
    rows = read(path, key) if path.exists() else ()
    before = rows[-1]["seal"] if rows else FIRST
    whole = {**row, "n": len(rows) + 1}
    line = json.dumps({**whole, "seal": sealed(key, before, whole)}, sort_keys=True, ensure_ascii=False)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as log:
        log.write(line + "\n")
        log.flush()
        os.fsync(log.fileno())


def read(path: Path, key: str) -> tuple[Mapping[str, Any], ...]:
    """Every row, oldest first. Raises FirstfiveError naming the first line that is not as it was written."""
    if path.stat().st_size > LARGEST:
        raise FirstfiveError("this log is too large", where=str(path), remedy="give the log that break-glass wrote")
    return rows_of(path.read_text(encoding="utf-8", errors="replace"), key, where=str(path))


def rows_of(text: str, key: str, *, where: str) -> tuple[Mapping[str, Any], ...]:
    """The same for the text of a log; `where` is what is named in front of the line."""
    rows: list[Mapping[str, Any]] = []
    before = FIRST
    for number, line in enumerate(text.splitlines(), 1):
        row = _row(line)
        seal = str(row.pop("seal", ""))
        if row.get("n") != number or not hmac.compare_digest(seal.encode(), sealed(key, before, row).encode()):
            raise FirstfiveError(
                "this line is not as it was written, or one before it is missing",
                where=f"{where}:{number}",
                remedy="what stands before it can be trusted; find out who touched the file, or which bundle it belongs to",
            )
        rows.append({**row, "seal": seal})
        before = seal
    return tuple(rows)


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}
