"""Where the public status page is put: a folder, and from there wherever the team's own command copies it.

`app` and the command line build a `Place`; the engine's publisher fills it. Never reads what it published to decide anything but what
changed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from firstfive.stores.published.copy_out import COPY_WITHIN as COPY_WITHIN
from firstfive.stores.published.copy_out import Copied as Copied
from firstfive.stores.published.copy_out import copy_out as copy_out
from firstfive.stores.published.folder import write as write


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What was put there: the files that changed, and how the copy went; None when none was made."""

    changed: tuple[str, ...]
    copied: Copied | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder, and the words of a command that carries it on; without words nothing is copied.

    `environment` is all that the command sees; `within` is how long it may take.
    """

    folder: Path
    copy: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    within: timedelta = COPY_WITHIN

    async def put(self, files: Mapping[str, bytes], *, copy_anyway: bool = False) -> Placed:
        """Write what changed, then copy when something did, or when `copy_anyway` says that a copy is owed.

        Raises FirstfiveError when the folder cannot be written; a copy that fails is told, never raised.
        """
        changed = await asyncio.to_thread(write, self.folder, files)
        if not self.copy or not (changed or copy_anyway):
            return Placed(changed=changed)
        leave = threading.Event()
        try:
            copied = await asyncio.to_thread(
                copy_out, self.copy, folder=self.folder, environment=self.environment, within=self.within, leave=leave
            )
        finally:
            leave.set()  # who is cancelled here must not be kept by a command that hangs
        return Placed(changed=changed, copied=copied)
