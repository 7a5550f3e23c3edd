"""Deploys of a service that is released by moving a link to a versioned folder.

Built by `app` when settings name such a link. The link's own modification time is the moment of the deploy; what ran before is known
only from looking before, so a first look is a baseline.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from firstfive.incident.signals import Deploy, Signal


@dataclass(slots=True, kw_only=True)
class ReleaseLink:
    """Watches `link`. `known` is what the ledger says runs now, so that a restart does not forget what ran before."""

    name: str
    link: Path
    known: str = ""

    @property
    def symptoms(self) -> tuple[str, ...]:
        """It watches no symptom."""
        return ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """A Deploy when the link points elsewhere than before; nothing while it is missing or unchanged."""
        try:
            version = Path(os.readlink(self.link)).name
            moved = datetime.fromtimestamp(os.lstat(self.link).st_mtime, UTC)
        except OSError:
            return ()
        if version == self.known:
            return ()
        first = not self.known
        deploy = Deploy(
            subject=self.name,
            version=version,
            previous=self.known,
            at=min(moved, now),
            source=f"the link {self.link.name} was moved",
            first=first,
        )
        self.known = version
        return (deploy,)
