"""Facts, conditions, needs and expectations that the author wrote into `#:` lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstfive.handbook.model import HttpSymptom
from firstfive.incident import events as ev
from stories.world import World

PAGE = b"""---
title: Shop
---

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | The shop is down | 15 min | health fails |

## 3. Incidents

### 3.1 Shop down

**Symptoms.** `http://127.0.0.1:9/api/health` times out or 5xx.

**Runbook.**

```bash
# 1. How many are queued?
#: id=count
#: fact queue.length: int = regex("(\\d+) waiting")
cat queue.txt

# 2. If the queue is long: drop it
#: when queue.length > 100
#: needs=count
rm -f queue.txt

# 3. Verify
#: expect stdout.contains("empty")
cat queue.txt
```
"""


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path, page=PAGE)
    yield made
    made.close()


def down(world: World) -> None:
    world.signal(world.symptom(HttpSymptom), text="connection refused")


def test_a_fact_of_the_page_decides_its_condition(world: World) -> None:
    world.host.answers = [("cat", "250 waiting\n", 0)]
    down(world)
    assert world.incident.value("queue.length") == 250
    (waiting,) = world.incident.waiting()
    assert waiting.doubts == ()
    assert waiting.run.script.strip() == "rm -f queue.txt"


def test_a_condition_that_does_not_hold_skips_the_step_with_its_reason(world: World) -> None:
    world.host.answers = [("cat", "3 waiting\n", 0)]
    down(world)
    assert world.incident.waiting() == ()
    skipped = [e.event for e in world.incident.entries if isinstance(e.event, ev.StepSkipped)]
    assert [s.step for s in skipped] == ["shop-down#2"]
    assert "queue.length" in skipped[0].why


def test_a_step_waits_until_what_it_needs_has_run_well(world: World) -> None:
    world.host.answers = [("cat", "cat: queue.txt: No such file", 1)]
    down(world)
    assert world.incident.waiting() == (), "step 1 failed, so step 2 does not even ask"


def test_an_expectation_of_the_page_decides_whether_it_is_verified(world: World) -> None:
    world.host.answers = [("cat", "250 waiting\n", 0)]
    down(world)
    world.approve()
    world.pass_(seconds=5)
    world.signal(world.symptom(HttpSymptom), firing=False)
    assert world.incident.verified_at is None, "the queue does not say that it is empty"
    world.host.answers = [("cat", "empty\n", 0)]
    world.say(ev.StepRequested(step="shop-down#3"))
    assert world.incident.verified_at is not None
