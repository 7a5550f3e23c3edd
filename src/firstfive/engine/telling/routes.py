"""Where a word of the page leads: which notifiers, and which address at each, for a channel or for a person.

Made by `app` from settings; used when a message is put into the outbox. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firstfive.incident.safety import plain_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One address at one notifier; an empty address is that notifier's own default."""

    notifier: str
    address: str = ""

    def __str__(self) -> str:
        return f"{self.notifier}:{self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """`channels` by the page's word ("#incidents"), `people` by plain name, each in the order to try. `default` takes what has no route
    of its own; `fallback` gets a message that nobody took for 45 seconds. `answering` are the notifiers whose chat says who pressed.
    """

    channels: Mapping[str, tuple[Destination, ...]] = field(default_factory=dict)
    people: Mapping[str, tuple[Destination, ...]] = field(default_factory=dict)
    default: tuple[Destination, ...] = ()
    fallback: tuple[Destination, ...] = ()
    answering: frozenset[str] = frozenset()

    def channel(self, word: str) -> tuple[Destination, ...]:
        """Where a channel's messages go."""
        return self.channels.get(word.strip().lower()) or self.default

    def own(self, name: str) -> tuple[Destination, ...]:
        """A person's own addresses, the first way first; empty when settings name none."""
        return self.people.get(plain_name(name), ())
