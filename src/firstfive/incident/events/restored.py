"""What happens to open incidents when the journal was put back to an earlier moment, so that it may have forgotten what was done since.

Part of `events`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRestored:
    """The journal may have forgotten what happened last: from here on nothing changes until a person looked. `epoch` counts such times."""

    epoch: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostsAsked:
    """`found` is what the hosts know of this incident and its timeline does not; `silent` are hosts that did not answer."""

    epoch: int
    found: tuple[str, ...]
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A person looked at what may have been forgotten, and lets changes go on."""

    note: str
