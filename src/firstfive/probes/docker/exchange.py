"""Whether a container is just being exchanged: what people do to it gets time, what it does by itself gets none.

Called by `turning`. Pure: the rule and its times. Asked to stop, removed, made anew and started are acts of a deploy, and while they go on
the address behind fails without being in trouble. An end that nobody asked for, a restart by policy, a kill for want of memory, a start
that fails and a health check that says unhealthy are the container's own, and trouble at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LEAVES = timedelta(seconds=5)  # from a stop to what follows it in a deploy; a container that stays stopped is no deploy
LONGEST = timedelta(minutes=2)  # whatever Docker says, trouble that has lasted this long is trouble
ASKED = frozenset({0, 130, 137, 143})  # how a process ends that was asked to


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What Docker says of one container; instants are aware UTC by the Engine's clock, None for what never was.

    `status` is empty where no container has the name. `patience` is the start period of its own health check, zero without one.
    """

    status: str = ""
    made: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    exit_code: int = 0
    restarts: int = 0
    oom: bool = False
    error: str = ""
    health: str = ""
    patience: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known beside it: when it was last asked to stop, when a newer container of the same service was made, and how long the
    trouble in question has lasted.
    """

    now: datetime
    lasted: timedelta
    asked: datetime | None = None
    successor: datetime | None = None


def sight_of(inspected: Mapping[str, Any] | None) -> Sight:
    """Out of the answer to `docker inspect`; None means that there is no such container."""
    if inspected is None:
        return Sight()
    state = inspected.get("State") or {}
    check = (inspected.get("Config") or {}).get("Healthcheck") or {}
    return Sight(
        status=str(state.get("Status", "")),
        made=instant(inspected.get("Created")),
        started=instant(state.get("StartedAt")),
        ended=instant(state.get("FinishedAt")),
        exit_code=int(state.get("ExitCode") or 0),
        restarts=int(inspected.get("RestartCount") or 0),
        oom=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        health=str((state.get("Health") or {}).get("Status", "")),
        patience=min(LONGEST, timedelta(microseconds=int(check.get("StartPeriod") or 0) // 1000)),
    )


def exchanged(sight: Sight, around: Around, grace: timedelta) -> bool:
    """Whether what is wrong with it, or with the address behind which it stands, may be a deploy that goes on."""
    if around.lasted >= LONGEST or sight.error or sight.health == "unhealthy":
        return False
    if _within(around.successor, grace, around.now):
        return True
    match sight.status:
        case "":  # nothing removes itself
            return around.lasted < grace
        case "created":
            return _within(sight.made, grace, around.now)
        case "exited":
            asked = around.asked is not None or sight.exit_code in ASKED
            return asked and not sight.oom and _within(sight.ended, min(LEAVES, grace), around.now)
        case "running":
            given = max(grace, sight.patience) if sight.health == "starting" else grace
            by_hand = not sight.restarts and not sight.oom  # Docker counts its own restarts since somebody started it
            return (by_hand and _within(sight.started, given, around.now)) or _within(around.asked, grace, around.now)
        case _:
            return False


def instant(told: object) -> datetime | None:
    """Docker's way to write an instant; None for its zero."""
    text = str(told or "")
    if not text or text.startswith("0001-"):
        return None
    try:
        return datetime.fromisoformat(text.rstrip("Z")[:26]).replace(tzinfo=UTC)
    except ValueError:
        return None


def _within(since: datetime | None, span: timedelta, now: datetime) -> bool:
    return since is not None and now - since < span
