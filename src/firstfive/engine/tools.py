"""The edges that orders are obeyed with, in one value.

Made by `app`; used by whatever obeys an order. Opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firstfive.engine.redact import Redactor
from firstfive.errors import FirstfiveError
from firstfive.ports import Notifier, Target, Tracker, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The edges orders are obeyed with. `log` is for us; the journal is the record."""

    targets: Mapping[str, Target]
    notifiers: tuple[Notifier, ...]
    vault: Vault
    redactor: Redactor
    log: Callable[[str], None]
    trackers: tuple[Tracker, ...] = ()

    def target(self, name: str) -> Target:
        """The target of that name; raises FirstfiveError when settings name none."""
        found = self.targets.get(name)
        if found is None:
            known = ", ".join(sorted(self.targets)) or "none"
            raise FirstfiveError(f"no target is called {name}", remedy=f"settings name: {known}; add [targets.{name}]")
        return found
