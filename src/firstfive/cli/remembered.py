"""What `check` said about exactly these pages before, so that a vault of five hundred that did not change is answered at once.

Used by the `check` command. A hint and never the truth: the key covers every byte of every page, the settings that matter and the
program itself; a cache that cannot be read or written is no cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from firstfive import __version__
from firstfive.settings import Settings
from firstfive.stores.files.vault import FolderVault

KEPT = 16


def key_of(settings: Settings, *, as_json: bool) -> str:
    """64 hex digits over pages, settings and program. Raises VaultError when the vault cannot be read."""
    digest = hashlib.sha256()
    said = (__version__, _program(), settings.page, settings.alone, settings.risk, settings.lexicon, as_json)
    digest.update(repr(said).encode())
    for name, raw in FolderVault(settings.vault, "").pages().items():
        digest.update(f"\0{name}\0{len(raw)}\0".encode("utf-8", "replace"))
        digest.update(raw)
    return digest.hexdigest()


def _program() -> int:
    """When the newest file of the program was written: an edited program must not answer with what it said before."""
    home = Path(__file__).resolve().parent.parent
    newest = 0
    for folder, below, files in os.walk(home):
        below[:] = [name for name in below if name != "__pycache__"]
        newest = max([newest, *(os.stat(os.path.join(folder, name)).st_mtime_ns for name in files)])
    return newest


def recall(settings: Settings, key: str) -> dict[str, Any] | None:
    """What was kept under that key, or None."""
    try:
        kept = json.loads((settings.cache / f"check-{key}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and {"text", "errors", "warnings"} <= kept.keys() else None


def keep(settings: Settings, key: str, said: dict[str, Any]) -> None:
    """Keep it, and the newest few beside it; silently not, where nothing can be kept."""
    with contextlib.suppress(OSError):
        settings.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = settings.cache / f"check-{key}.{os.getpid()}.part"
        part.write_text(json.dumps(said), encoding="utf-8")
        part.replace(settings.cache / f"check-{key}.json")
        old = sorted(settings.cache.glob("check-*.json"), key=lambda file: file.stat().st_mtime)[:-KEPT]
        for file in old:
            file.unlink(missing_ok=True)
