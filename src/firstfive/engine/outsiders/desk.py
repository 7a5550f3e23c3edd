"""What people ask about the outside: silences, heartbeats, the backlog, and what was made of each request of a sender.

Used by `web` and `cli` through the engine. Decides nothing about signals; `sort` does.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from firstfive.engine.requests import person
from firstfive.errors import Exit, Refused
from firstfive.incident.signals import Observation
from firstfive.incident.triage.silences import Matcher, Silence, matching, refuse_pattern
from firstfive.ports import Alert, Heartbeat, Letter, Outcome, Received

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

LONGEST_SILENCE = timedelta(days=366)
MOST_MATCHERS = 20
MOST_REQUESTS = 1001


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The desk for everything that is not an incident yet."""

    engine: Engine

    # ----------------------------------------------------------------------------------------------------- messages

    async def letters(self, limit: int) -> tuple[Letter, ...]:
        """Messages that were given up, then those that wait, by when they are due."""
        return await self.engine.journal.read(lambda tx: tx.outbox(limit))

    async def again(self, key: str) -> None:
        """Try a message once more that was given up. Raises Refused when there is none of that key."""
        now = self.engine.clock.now()
        if not await self.engine.journal.write(lambda tx: tx.revive(key, now)):
            raise Refused("no message of that key was given up", remedy="firstfive outbox lists them")

    # ---------------------------------------------------------------------------------------------------- silences

    async def silences(self) -> tuple[Silence, ...]:
        """Silences that are not over, the one that ends first first."""
        now = self.engine.clock.now()
        return await self.engine.journal.read(lambda tx: tx.silences(now))

    async def silence(
        self,
        by: str,
        matchers: Sequence[Matcher],
        *,
        ends: datetime,
        starts: datetime | None = None,
        comment: str = "",
        maintenance: bool = False,
        id_: str = "",
    ) -> Silence:
        """Add a silence, or change the one of that id. Every silence ends; raises Refused for one that would not, or match all."""
        now = self.engine.clock.now()
        starts = starts or now
        line = self.engine.tools.redactor.line
        if not matchers or len(matchers) > MOST_MATCHERS:
            raise Refused(
                "a silence needs at least one matcher, and at most 20",
                remedy='such as alertname="RedisDown"',
                exit_code=Exit.USAGE,
            )
        for _, operator, value in matchers:
            if "~" in operator:
                refuse_pattern(value)
        if all(_matches_nothing_there(matcher) for matcher in matchers):
            raise Refused(
                "these matchers would silence every signal", remedy="name what is to be silent", exit_code=Exit.USAGE
            )
        if ends <= max(starts, now):
            raise Refused("a silence ends after it begins, and not in the past", exit_code=Exit.USAGE)
        if ends - starts > LONGEST_SILENCE:
            raise Refused("a silence lasts a year at most", remedy="mend the alert instead", exit_code=Exit.USAGE)
        made = Silence(
            id=id_ or secrets.token_hex(4),
            matchers=tuple((line(n, width=100), o, line(v, width=400)) for n, o, v in matchers),
            starts=starts,
            ends=ends,
            by=person(by),
            comment=line(comment),
            maintenance=maintenance,
        )
        await self.engine.journal.write(lambda tx: tx.silence(made))
        return made

    async def end_silence(self, silence_id: str) -> Silence:
        """End it now; what it hid is sorted again within seconds. Raises Refused when there is none of that id."""
        now = self.engine.clock.now()
        found = next((s for s in await self.silences() if s.id == silence_id), None)
        if found is None:
            raise Refused(
                f"there is no silence {silence_id} in force",
                remedy="firstfive silence list shows them",
                exit_code=Exit.USAGE,
            )
        ended = replace(found, starts=min(found.starts, now), ends=now)
        await self.engine.journal.write(lambda tx: tx.silence(ended))
        return ended

    async def covered(self, alert: Alert) -> Silence | None:
        """The silence that covers an alert now."""
        now = self.engine.clock.now()
        return matching(await self.silences(), alert.signal, now)

    # ----------------------------------------------------------------------------------------------------- requests

    async def alerts(self, verdict: str = "") -> tuple[Alert, ...]:
        """The last state of every fingerprint, or of those of which this was made."""
        return await self.engine.journal.read(lambda tx: tx.alerts(verdict))

    async def received(self, received_id: int) -> Received:
        """One request and what was made of it. Raises Refused when there is none of that id."""
        found = await self.engine.journal.read(lambda tx: tx.received(received_id))
        if found is None:
            raise Refused(
                f"no request {received_id} is kept", remedy="firstfive signals lists the newest", exit_code=Exit.USAGE
            )
        return found

    async def recent(self, limit: int = 50, before: int | None = None) -> tuple[Received, ...]:
        """The newest requests, or those older than number `before`; newest first."""
        return await self.engine.journal.read(lambda tx: tx.recent(max(1, min(limit, MOST_REQUESTS)), before))

    async def preview(self, seen: Sequence[Observation]) -> tuple[Outcome, ...]:
        """What would be made of these now; nothing is kept."""
        return await self.engine.preview(seen)

    # --------------------------------------------------------------------------------------------------- heartbeats

    async def heartbeats(self) -> tuple[Heartbeat, ...]:
        """Every heartbeat by name."""
        return await self.engine.journal.read(lambda tx: tx.heartbeats())

    async def expect(self, name: str, every: timedelta, grace: timedelta) -> None:
        """From now on this heartbeat must come; one that is known keeps what it last said."""
        now = self.engine.clock.now()
        await self.engine.journal.write(
            lambda tx: tx.heartbeat(Heartbeat(name=name, every=every, grace=grace, since=now))
        )


def _matches_nothing_there(matcher: Matcher) -> bool:
    """Whether a matcher also holds for a label that is missing."""
    _, operator, value = matcher
    match operator:
        case "=":
            return value == ""
        case "!=":
            return value != ""
        case "=~":
            return re.fullmatch(value, "") is not None
        case _:
            return re.fullmatch(value, "") is None
