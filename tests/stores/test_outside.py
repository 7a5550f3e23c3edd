"""Received requests, silences, heartbeats, and what Docker knew of a deploy, on a real journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firstfive.incident.signals import Beat, BeatState, Deploy, Signal, SignalKind
from firstfive.incident.triage.silences import Silence
from firstfive.ports import Heartbeat, Outcome, Received, Transaction
from firstfive.stores import open_journal

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SIGNAL = Signal(
    kind=SignalKind.ALERT, source="alertmanager", subject="redis", firing=True, text="down", at=T0, labels=(("a", "b"),)
)
DEPLOY = Deploy(
    subject="web",
    version="1.4.2",
    previous="1.4.1",
    at=T0,
    source="docker",
    image_id="sha256:" + "a" * 64,
    previous_image_id="sha256:" + "b" * 64,
    files=("/opt/a.yml", "/opt/b.yml"),
    container="nickapp-web",
)
REQUEST = Received(
    id=0,
    key="k1",
    source="alertmanager",
    at=T0,
    body=b"{}",
    seen=(SIGNAL, DEPLOY, Beat(name="backup", at=T0)),
    state="waiting",
)


@pytest.fixture
def through(tmp_path: Path) -> Callable[..., Any]:
    """Runs functions of a transaction one after another, each in a journal opened anew: what counts is what is on disk."""

    def run(*steps: Callable[[Transaction], Any]) -> list[Any]:
        async def all_of_them() -> list[Any]:
            found = []
            for step in steps:
                journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
                try:
                    found.append(await journal.write(step))
                finally:
                    await journal.close()
            return found

        return asyncio.run(all_of_them())

    return run


def test_a_request_is_kept_once_and_waits_until_it_is_sorted(through) -> None:
    outcome = Outcome(fingerprint="f", subject="redis", verdict="declared", why="it is down", incident="INC-1")
    first, again, waiting, _, after, kept = through(
        lambda tx: tx.receive(REQUEST),
        lambda tx: tx.receive(replace(REQUEST, body=b"other")),
        lambda tx: tx.waiting(10),
        lambda tx: tx.sorted_out(1, (outcome,)),
        lambda tx: tx.waiting(10),
        lambda tx: tx.received(1),
    )
    assert (first, again) == ((1, True), (1, False))
    assert waiting == (replace(REQUEST, id=1),)
    assert after == ()
    assert kept == replace(REQUEST, id=1, state="sorted", outcomes=(outcome,))


def test_what_was_not_recognised_stays_so_when_it_is_sorted(through) -> None:
    *_, kept, newest = through(
        lambda tx: tx.receive(replace(REQUEST, seen=(), state="unrecognised")),
        lambda tx: tx.sorted_out(1, ()),
        lambda tx: tx.received(1),
        lambda tx: tx.recent(5),
    )
    assert kept.state == "unrecognised"
    assert newest == (kept,)


def test_an_alert_says_what_was_made_of_it(through) -> None:
    _, one, silenced, none = through(
        lambda tx: tx.see(SIGNAL, "", "silenced", "maintenance"),
        lambda tx: tx.alert(SIGNAL.fingerprint),
        lambda tx: tx.alerts("silenced"),
        lambda tx: (tx.alerts("backlog"), tx.alert("nobody")),
    )
    assert (one.verdict, one.why, one.signal) == ("silenced", "maintenance", SIGNAL)
    assert silenced == (one,)
    assert none == ((), None)


def test_a_deploy_keeps_what_docker_knew(through) -> None:
    recorded, ledger = through(lambda tx: tx.record_deploy(DEPLOY), lambda tx: tx.deploys())
    assert recorded is True
    assert ledger == (DEPLOY,)


def test_a_silence_ends_by_itself_and_can_be_changed(through) -> None:
    hour = Silence(
        id="s1",
        matchers=(("alertname", "=~", "Redis.*"),),
        starts=T0,
        ends=T0 + timedelta(hours=1),
        by="ann",
        comment="move",
    )
    *_, in_force, over, changed = through(
        lambda tx: tx.silence(hour),
        lambda tx: tx.silences(T0 + timedelta(minutes=59)),
        lambda tx: tx.silences(T0 + timedelta(minutes=60)),
        lambda tx: (tx.silence(replace(hour, ends=T0)), tx.silences(T0))[1],
    )
    assert (in_force, over, changed) == ((hour,), (), ())


def test_heartbeats_keep_what_they_said_when_their_period_changes(through) -> None:
    five = Heartbeat(name="backup", every=timedelta(minutes=5), grace=timedelta(minutes=1), since=T0)
    fresh, beaten, changed = through(
        lambda tx: (tx.heartbeat(five), tx.heartbeats())[1],
        lambda tx: (tx.beat(Beat(name="backup", at=T0, state=BeatState.FAIL, text="exit 2")), tx.heartbeats())[1],
        lambda tx: (tx.heartbeat(replace(five, every=timedelta(hours=1))), tx.heartbeats())[1],
    )
    assert fresh == (five,)
    assert beaten == (replace(five, last=T0, state="failed", text="exit 2"),)
    assert changed == (replace(beaten[0], every=timedelta(hours=1)),)


def test_a_heartbeat_that_nobody_described_is_kept_with_a_day_s_patience(through) -> None:
    ((kept,),) = through(lambda tx: (tx.beat(Beat(name="cron", at=T0)), tx.heartbeats())[1])
    assert (kept.name, kept.every, kept.last, kept.state) == ("cron", timedelta(hours=25), T0, "ok")
