"""One observation after another through the real engine and journal: what is silenced, shelved, crowded, or asked of a tracker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident import events as ev
from firstfive.incident.records import Answer
from firstfive.incident.signals import Signal, SignalKind, Spike
from firstfive.incident.triage.silences import Silence
from stories.world import World

PAGE = b"""---
title: Shop
---

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | The shop is down | 15 min | health fails |
| **Sev 4** | No user impact | backlog | Backup older than 24h |

## 2. First 5 minutes

1. **Open Sentry.** Filter to the last 15 minutes for new issue spikes.

## 3. Incidents

### 3.1 Shop down

**Symptoms.** `http://127.0.0.1:9/api/health` times out or 5xx.

**Runbook.**

```bash {cwd=/srv}
# 1. Disk
df -h /
```
"""


@dataclass
class Errors:
    """A tracker with one answer."""

    found: Sequence[Spike] | None = None
    name: str = "errors"
    since: datetime | None = None

    async def spikes(self, since: datetime) -> Sequence[Spike]:
        self.since = since
        if self.found is None:
            raise FirstfiveError("the tracker answers 500")
        return self.found


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path, page=PAGE)
    yield made
    made.close()


def alert(world: World, subject: str = "redis", *, firing: bool = True, **more: object) -> str:
    seen = Signal(
        kind=SignalKind.ALERT, source="sender", subject=subject, firing=firing, text="down", at=world.clock.now()
    )
    why: str = world.do(lambda: world.engine.observe(replace(seen, **more)))
    world.work()
    return why


def held(world: World, verdict: str) -> list[str]:
    return [a.signal.subject for a in world.do(lambda: world.engine.journal.read(lambda tx: tx.alerts(verdict)))]


def incidents(world: World) -> int:
    return len(world.do(lambda: world.engine.journal.read(lambda tx: tx.incidents(only_open=False))))


def test_what_is_silenced_is_remembered_and_counts_the_moment_the_silence_is_over(world: World) -> None:
    until = world.clock.now() + timedelta(minutes=30)
    quiet = Silence(
        id="s1", matchers=(("subject", "=", "redis"),), starts=world.clock.now(), ends=until, by="ann", comment="move"
    )
    world.do(lambda: world.engine.journal.write(lambda tx: tx.silence(quiet)))
    assert "s1 by ann" in alert(world)
    assert (held(world, "silenced"), incidents(world)) == (["redis"], 0)
    world.pass_(minutes=31)
    alert(world)
    assert (held(world, "declared"), incidents(world)) == (["redis"], 1)


def test_hygiene_lies_in_the_backlog_once_and_wakes_nobody(world: World) -> None:
    for _ in range(3):
        alert(world, "backup", symptom="matrix.4.1")
    assert (held(world, "backlog"), incidents(world), world.channel.sent) == (["backup"], 0, [])


def test_a_storm_of_different_alerts_is_one_incident_and_a_bounded_timeline(world: World) -> None:
    for n in range(130):
        alert(world, f"host-{n}")
    assert incidents(world) == 1
    told = [e.event for e in world.incident.entries]
    assert len([e for e in told if isinstance(e, ev.SignalSeen)]) == 100
    assert len([e for e in told if isinstance(e, ev.Noted) and "100th kind" in e.text]) == 1
    assert len(held(world, "joined")) + len(held(world, "declared")) == 130, "every one of them is remembered"


SPIKES = [
    ((Spike(title="TypeError", count=9, first=None, last=None, new=True),), Answer.BAD, "1 new in 15 min", "a new one"),
    ((Spike(title="Old", count=9, first=None, last=None, new=False),), Answer.GOOD, "nothing new", "a known one"),
    ((), Answer.GOOD, "no error in 15 min", "none"),
    (None, Answer.UNKNOWN, "the tracker answers 500", "nobody knows"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "answer", "words", "because"), SPIKES, ids=[s[3] for s in SPIKES])
def test_error_spikes_are_asked_of_the_tracker_for_the_page_s_own_window(
    world: World, found, answer, words, because
) -> None:
    tracker = Errors(found=found)
    world.engine.tools = replace(world.engine.tools, trackers=(tracker,))
    began = world.clock.now()
    alert(world)
    (done,) = world.incident.checks.values()
    assert (done.answer, words in done.evidence) == (answer, True), done.evidence
    assert tracker.since == began - timedelta(minutes=15)


def test_a_step_in_a_folder_of_its_own_still_tells_its_facts(world: World) -> None:
    listing = "Filesystem Size Used Avail Use% Mounted on\n/dev/vda 100G 96G 4G 96% /\n"
    world.host.answers = [("df -h", listing, 0)]
    alert(world, symptom="shop-down.s1")
    assert any(script.startswith("cd -- /srv || exit\ndf -h /") for script in world.host.looks)
    assert world.incident.value("disk.used_pct") == 96
