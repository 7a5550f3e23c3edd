"""The rule of an exchange, case by case: what people do to a container gets time, what it does by itself gets none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstfive.probes.docker.exchange import Around, Sight, exchanged, sight_of

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
GRACE = timedelta(seconds=20)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def around(lasted: float = 1, asked: float | None = None, successor: float | None = None) -> Around:
    return Around(
        now=NOW,
        lasted=timedelta(seconds=lasted),
        asked=None if asked is None else ago(asked),
        successor=None if successor is None else ago(successor),
    )


UP = Sight(status="running", made=ago(9000), started=ago(9000))
FRESH = Sight(status="running", made=ago(8), started=ago(7))
ENDED = Sight(status="exited", made=ago(9000), started=ago(9000), ended=ago(2), exit_code=143)
CASES = [
    (UP, around(), False, "it has been up long, and nobody touches it"),
    (UP, around(asked=3), True, "it was asked to stop and drains"),
    (UP, around(asked=21), False, "it was asked to stop long ago and hangs"),
    (UP, around(successor=4), True, "Compose has made its successor"),
    (UP, around(successor=25), False, "a successor that never takes over"),
    (FRESH, around(), True, "started, and not listening yet"),
    (replace(FRESH, started=ago(20)), around(), False, "it had its time"),
    (replace(FRESH, restarts=1), around(), False, "Docker had to start it again: a crash, not a deploy"),
    (replace(UP, restarts=3), around(successor=2), True, "crashes of last week do not spoil today's deploy"),
    (replace(FRESH, oom=True), around(), False, "killed for want of memory"),
    (
        replace(FRESH, health="starting", started=ago(60)),
        around(),
        False,
        "its health check gives it no more than others",
    ),
    (
        replace(FRESH, health="starting", started=ago(60), patience=timedelta(seconds=90)),
        around(60),
        True,
        "its own health check says that it takes ninety seconds",
    ),
    (
        replace(FRESH, health="healthy", started=ago(60), patience=timedelta(seconds=90)),
        around(60),
        False,
        "and it has come up since",
    ),
    (replace(FRESH, health="unhealthy"), around(successor=1), False, "its own health check gives it up"),
    (Sight(), around(4), True, "between the old one and the new one"),
    (Sight(), around(20), False, "removed, and nothing came"),
    (Sight(), around(25, successor=3), True, "removed, and what comes was made a moment ago"),
    (Sight(status="created", made=ago(6)), around(), True, "about to start"),
    (Sight(status="created", made=ago(6), error="address already in use"), around(), False, "it cannot start"),
    (Sight(status="created", made=ago(30)), around(), False, "made, and nobody started it"),
    (ENDED, around(), True, "stopped a moment ago, its successor is on the way"),
    (replace(ENDED, exit_code=1), around(asked=3), True, "asked to stop, and it called that an error"),
    (replace(ENDED, exit_code=1), around(), False, "it ended by itself"),
    (replace(ENDED, ended=ago(6)), around(), False, "stopped, and nothing follows"),
    (replace(ENDED, exit_code=137, oom=True), around(), False, "killed for want of memory, and nobody starts it"),
    (replace(ENDED, exit_code=1), around(successor=3), True, "it falls as its successor comes"),
    (Sight(status="restarting", exit_code=1), around(), False, "a crash loop is trouble at once"),
    (Sight(status="paused"), around(), False, "no deploy pauses anything"),
    (FRESH, around(lasted=120), False, "whatever Docker says, this long is trouble"),
]


@pytest.mark.parametrize(("sight", "known", "expected", "because"), CASES, ids=[row[3] for row in CASES])
def test_it_counts_as_an_exchange_or_not(sight: Sight, known: Around, expected: bool, because: str) -> None:
    assert exchanged(sight, known, GRACE) is expected, because


def test_a_shorter_time_for_deploys_shortens_every_excuse() -> None:
    short = timedelta(seconds=1)
    assert not exchanged(ENDED, around(), short)
    assert not exchanged(FRESH, around(), short)
    assert exchanged(replace(ENDED, ended=ago(0.5)), around(), short)


def test_what_inspect_says_is_read_with_the_start_period_in_nanoseconds() -> None:
    inspected: dict[str, Any] = {
        "Created": "2026-11-23T02:59:52.123456789Z",
        "RestartCount": 2,
        "State": {
            "Status": "running",
            "StartedAt": "2026-11-23T02:59:53.5Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            "ExitCode": 0,
            "Health": {"Status": "starting"},
        },
        "Config": {"Healthcheck": {"Test": ["CMD", "true"], "StartPeriod": 45_000_000_000}},
    }
    assert sight_of(inspected) == Sight(
        status="running",
        made=datetime(2026, 11, 23, 2, 59, 52, 123456, tzinfo=UTC),
        started=datetime(2026, 11, 23, 2, 59, 53, 500000, tzinfo=UTC),
        restarts=2,
        health="starting",
        patience=timedelta(seconds=45),
    )
    assert sight_of(None) == Sight()
