"""The edges that orders are obeyed with, in one value.

Made by `app`; used by whatever obeys an order. Opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from firstfive.engine.redact import Redactor
from firstfive.engine.steps.packing import PackRules
from firstfive.engine.telling.routes import Destination, Routes
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
    routes: Routes = field(default_factory=Routes)
    packs: PackRules = field(default_factory=PackRules)

    def channel(self, word: str) -> tuple[Destination, ...]:
        """Where a channel's messages go: by settings, else to every notifier there is."""
        return self.routes.channel(word) or tuple(Destination(notifier=one.name) for one in self.notifiers)

    def person(self, name: str, channel: str) -> tuple[tuple[Destination, ...], bool]:
        """How to reach a person, the first way first, and whether these are their own addresses; else the channel they share."""
        own = self.routes.own(name)
        return (own, True) if own else (self.channel(channel), False)

    def target(self, name: str) -> Target:
        """The target of that name; raises FirstfiveError when settings name none."""
        found = self.targets.get(name)
        if found is None:
            known = ", ".join(sorted(self.targets)) or "none"
            raise FirstfiveError(f"no target is called {name}", remedy=f"settings name: {known}; add [targets.{name}]")
        return found
