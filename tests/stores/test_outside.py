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
        lambda tx: tx.receive(replace(REQUEST, seen=(), asked='{"method":"POST"}')),
        lambda tx: tx.sorted_out(1, (), seen=(SIGNAL,), state="unrecognised"),
        lambda tx: tx.received(1),
        lambda tx: tx.recent(5),
    )
    assert (kept.state, kept.seen, kept.asked) == ("unrecognised", (SIGNAL,), '{"method":"POST"}')
    assert newest == (kept,)


def test_the_shortest_way_keeps_a_request_once_too(tmp_path: Path) -> None:
    async def story() -> None:
        journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
        try:
            first = await asyncio.gather(*(journal.keep(replace(REQUEST, key=f"k{n % 50}")) for n in range(100)))
            assert sorted(n for n, fresh in first if fresh) == list(range(1, 51))
            assert {n for n, _ in first} == set(range(1, 51)), "a repeat is told the id of the first"
            assert await journal.read(lambda tx: tx.count_waiting()) == 50
            assert await journal.read(lambda tx: tx.received(1)) == replace(REQUEST, id=1, key="k0")
        finally:
            await journal.close()

    asyncio.run(story())


def test_old_requests_are_forgotten_but_never_one_that_waits(through) -> None:
    *_, gone, left = through(
        lambda tx: [tx.receive(replace(REQUEST, key=f"k{n}")) for n in range(3)],
        lambda tx: tx.sorted_out(1, ()),
        lambda tx: tx.forget(T0 + timedelta(days=1), 100),
        lambda tx: [r.id for r in tx.recent(9)],
    )
    assert (gone, left) == (1, [3, 2])


def test_an_alert_that_is_not_sent_again_lapses(through) -> None:
    until = T0 + timedelta(minutes=5)
    *_, before, after, over = through(
        lambda tx: tx.see(replace(SIGNAL, until=until), "", "ignored"),
        lambda tx: tx.lapsed(T0),
        lambda tx: [a.signal.until for a in tx.lapsed(until)],
        lambda tx: (tx.see(replace(SIGNAL, firing=False, until=until), "", "ignored"), tx.lapsed(until))[1],
    )
    assert (before, after, over) == ((), [until], ())


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
