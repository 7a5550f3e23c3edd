"""What a container's state means, as a table: shapes as `docker inspect` gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from firstfive.probes.docker.judge import Look, judge, look_at

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def look(seconds: float = 0, **changes: object) -> Look:
    fields: dict = {
        "at": T0 + timedelta(seconds=seconds),
        "id": "c1",
        "status": "running",
        "started": "2026-11-22T00:00:00",
    }
    return Look(**{**fields, **changes})


LOOKS = [
    ((look(),), "", "", "it runs"),
    ((look(oom=True),), "", "", "the mark of an old out-of-memory kill proves nothing"),
    ((look(restarts=7),), "", "", "restarts of long ago neither"),
    (
        (look(restarts=7), look(2, restarts=8, started="b"), look(4, restarts=9, started="c")),
        "restarted 2 times in 4 s although it shows running",
        "container keeps restarting",
        "a crash loop that shows as Up",
    ),
    ((look(restarts=7), look(121, restarts=9, started="c")), "", "", "two restarts further apart are not one"),
    ((look(), look(2, restarts=1, started="b")), "", "", "one restart is a restart"),
    (
        (look(), look(2, started="b", asked=1), look(60, started="c", asked=1)),
        "",
        "",
        "two that somebody asked for are no crash loop",
    ),
    (
        (look(), look(2, started="b", asked=1), look(60, started="c"), look(70, started="d")),
        "restarted 2 times in 70 s although it shows running",
        "container keeps restarting",
        "what it does after that by itself counts",
    ),
    (
        (look(), look(2, restarts=1, started="b", oom=True)),
        "was killed for want of memory and started again",
        "container out of memory",
        "one restart by the kernel is told",
    ),
    (
        (look(), look(2, started="b"), look(4, started="c")),
        "restarted 2 times",
        "container keeps restarting",
        "by its start, too",
    ),
    ((look(restarts=5), look(2, id="c2", started="b")), "", "", "a container made anew counts from nothing"),
    (
        (look(status="restarting", exit_code=1, restarts=3),),
        "Restarting (1), 3 times",
        "container keeps restarting",
        "Docker says so",
    ),
    ((look(status="created", started=""),), "", "", "made a moment ago, not started yet"),
    (
        (look(status="created", started=""), look(4, status="created", started="")),
        "created (0)",
        "container stopped",
        "made, and never started",
    ),
    (
        (look(status="exited", exit_code=137, oom=True),),
        "exited (137), killed for want of memory",
        "container out of memory",
        "OOM",
    ),
    ((look(status="exited"),), "exited (0)", "container stopped", "stopped by hand is down, too"),
    (
        (look(status="created", exit_code=128, error="driver failed: address already in use"),),
        "could not start: driver failed: address already in use",
        "container cannot start",
        "a port that is taken",
    ),
    ((look(status="dead", exit_code=1),), "dead (1)", "container stopped", "dead"),
    ((look(health="unhealthy"),), "its own health check", "container unhealthy", "unhealthy"),
    ((look(health="starting"),), "", "", "starting is not unhealthy"),
    (
        (look(restarts=7, ends=(T0 - timedelta(seconds=40), T0 - timedelta(seconds=4))),),
        "restarted 2 times in 40 s although it shows running",
        "container keeps restarting",
        "Docker's events tell at the first look",
    ),
    ((look(ends=(T0 - timedelta(seconds=121), T0)),), "", "", "an end of long ago is over"),
    ((look(), look(2, id="", status="")), "no such container", "container gone", "gone"),
]


@pytest.mark.parametrize(("looks", "words", "family", "because"), LOOKS, ids=[row[3] for row in LOOKS])
def test_what_a_container_s_state_means(looks, words, family, because) -> None:
    found = judge(looks)
    assert words in found.words if words else not found.words, because
    assert found.family == family


def test_an_answer_with_fields_missing_is_read_as_far_as_it_goes() -> None:
    assert look_at(None, T0, {}) == Look(at=T0)
    assert look_at({"Id": "c1", "State": {"Status": "running", "Health": None}}, T0, {}).status == "running"
    assert look_at({}, T0, {}).status == ""
