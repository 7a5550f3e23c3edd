"""Whether a container is in trouble, from what Docker says of it now and said a moment ago.

Called by `containers`. Pure: the rules and their words. A container that keeps crashing reads `Up` most of the time, and the mark of an
out-of-memory kill stays after a good restart, so one look at one field proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

# Two restarts within this span are a crash loop; one restart after an out-of-memory kill counts that long as well.
WINDOW = timedelta(minutes=2)
MADE = timedelta(seconds=3)  # from a container's making to its start, on a busy machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What Docker said of one container at `at` (aware UTC); `id` is empty when there was none of that name.

    `ends` are the instants at which it ended by itself since the look before, as Docker's events tell, and `asked` is how often it ended
    then because somebody asked it to: who restarts a container makes no crash loop.
    """

    at: datetime
    id: str = ""
    status: str = ""
    exit_code: int = 0
    restarts: int = 0
    started: str = ""
    oom: bool = False
    error: str = ""
    health: str = ""
    ends: tuple[datetime, ...] = ()
    asked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong, in words, and which kind of trouble it is; empty words: it is well."""

    words: str
    family: str = ""


def look_at(
    inspected: Mapping[str, Any] | None,
    at: datetime,
    ends: Mapping[str, tuple[datetime, ...]],
    asked: Mapping[str, int] = MappingProxyType({}),
) -> Look:
    """A look out of the answer to `docker inspect` and the ends by container id; None means that there is no such container."""
    if inspected is None:
        return Look(at=at)
    state = inspected.get("State") or {}
    return Look(
        at=at,
        id=str(inspected.get("Id", "")),
        status=str(state.get("Status", "")),
        exit_code=int(state.get("ExitCode") or 0),
        restarts=int(inspected.get("RestartCount") or 0),
        started=str(state.get("StartedAt", "")),
        oom=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        health=str((state.get("Health") or {}).get("Status", "")),
        ends=ends.get(str(inspected.get("Id", "")), ()),
        asked=asked.get(str(inspected.get("Id", "")), 0),
    )


def judge(looks: Sequence[Look]) -> Trouble:
    """What the newest look means beside the earlier ones, oldest first; those of other containers of that name are left out."""
    now = looks[-1]
    if not now.id:
        return Trouble(words="there is no such container any more", family="container gone")
    if now.status == "restarting":
        return Trouble(
            words=f"Restarting ({now.exit_code}), {_times(now.restarts)}", family="container keeps restarting"
        )
    if (
        now.status == "created"
        and not now.error
        and now.at - min(look.at for look in looks if look.id == now.id) <= MADE
    ):
        return Trouble(words="")  # made anew and not started yet, as in every deploy
    if now.status in ("exited", "dead", "created"):
        return _stopped(now)
    if now.status == "paused":
        return Trouble(words="paused", family="container paused")
    mine = [look for look in looks if look.id == now.id and now.at - look.at <= WINDOW]
    begun = len({look.started for look in mine if look.started}) - 1 - sum(look.asked for look in mine)
    ends = sorted({end for look in mine for end in look.ends if now.at - end <= WINDOW})
    grown = max(now.restarts - mine[0].restarts, begun, len(ends))
    if grown >= 2:
        span = int((now.at - min([mine[0].at, *ends])).total_seconds())
        return Trouble(
            words=f"restarted {_times(grown)} in {span} s although it shows running",
            family="container keeps restarting",
        )
    if grown == 1 and now.oom:
        return Trouble(words="was killed for want of memory and started again", family="container out of memory")
    if now.health == "unhealthy":
        return Trouble(words="running, and its own health check says unhealthy", family="container unhealthy")
    return Trouble(words="")


def _stopped(now: Look) -> Trouble:
    if now.error:
        return Trouble(words=f"could not start: {now.error}", family="container cannot start")
    if now.oom:
        return Trouble(words=f"exited ({now.exit_code}), killed for want of memory", family="container out of memory")
    return Trouble(words=f"{now.status} ({now.exit_code})", family="container stopped")


def well(now: Look) -> str:
    """A container without trouble, in words."""
    health = f", {now.health}" if now.health else ""
    return f"running since {now.started[:19]}Z{health}" if now.started else now.status


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
