"""What a plan is made of: what the host offers, a look at one symptom, and a symptom that nothing looks at.

Built by `plan` and `matrix`, read by `app` and `firstfive explain`. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firstfive.handbook.model import Place

Options = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the host offers. `logs` are names of log files; `environment` holds values that are no secrets, `secrets` names that are.

    `set_by_hand` are symptoms that settings tie a probe to.
    """

    docker: bool = False
    logs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    set_by_hand: frozenset[str] = frozenset()
    trackers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """A look at one symptom. `kind` and `options` are those of a `[probes.NAME]` table; `what` is one line for people.

    `because` names the place and the rule; `family` the row of the table when it is not the page's own words.
    """

    symptom: str
    runbook: str
    kind: str
    options: Options
    what: str
    because: str
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatched:
    """A symptom that nothing looks at by itself: why, and what would make it so."""

    symptom: str
    runbook: str
    text: str
    why: str
    add: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every watcher, and every symptom without one."""

    watchers: tuple[Watcher, ...]
    unwatched: tuple[Unwatched, ...]

    def of(self, symptom: str) -> tuple[Watcher, ...]:
        """The watchers of one symptom."""
        return tuple(watcher for watcher in self.watchers if watcher.symptom == symptom)
