"""The cable to a host is pulled while a change runs there: real sshd behind a bastion, in network namespaces, with our own limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstfive.app import Program, open_program
from firstfive.incident import events as ev
from firstfive.incident.timeline import Attempt
from firstfive.settings import load
from sshd.network import Network, lay, take_up
from sshd.server import needed

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

UNKNOWN_WITHIN, KNOWN_WITHIN = 30.0, 15.0
PAGE = """\
# Incidents

## 3. Common incidents

### 3.1 Shop down

**Symptoms.** It is down.

**Runbook.**

```bash
# 1. Start it again
echo ran >> log; until [ -e go ]; do sleep 0.05; done; touch ended
```
"""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    needed(root=True)
    made = lay(tmp_path)
    yield made
    take_up(made)


def test_it_is_unknown_within_half_a_minute_and_known_soon_after_the_cable_is_back(
    network: Network, tmp_path: Path
) -> None:
    (tmp_path / "Incidents.md").write_text(PAGE)
    (tmp_path / "firstfive.toml").write_text(
        f'[targets.prod]\nkind = "ssh"\nhost = "prod"\nworkdir = "{tmp_path}"\nconfig_file = "{network.config}"\n'
    )
    asyncio.run(_parted(network, tmp_path))
    assert (tmp_path / "log").read_text() == "ran\n"


async def _parted(network: Network, folder: Path) -> None:
    program = await open_program(load(config=folder / "firstfive.toml"), notifiers=(), log=lambda _: None)
    stop = asyncio.Event()
    running = asyncio.create_task(program.run(stop))
    try:
        incident = (await program.engine.declare("sam", "the shop is down")).id
        await program.engine.say(incident, "sam", ev.StepRequested(step="shop-down#1"))
        run = (await _state(program, incident, "asked", 20)).run
        await program.engine.say(incident, "sam", ev.Approved(run=run.id, sha256=run.sha256))
        while not (folder / "log").exists():
            await asyncio.sleep(0.05)
        network.partition()
        await _state(program, incident, "unknown", UNKNOWN_WITHIN)
        (folder / "go").touch()
        while not (folder / "ended").exists():
            await asyncio.sleep(0.05)
        network.heal()
        known = await _state(program, incident, "finished", KNOWN_WITHIN)
        assert (known.exit_code, known.met) == (0, True)
    finally:
        stop.set()
        await running
        await program.close()


async def _state(program: Program, incident: str, wanted: str, seconds: float) -> Attempt:
    until, seen = time.monotonic() + seconds, ""
    while time.monotonic() < until:
        attempts = tuple((await program.engine.incident(incident)).attempts.values())
        if attempts and attempts[-1].state == wanted:
            return attempts[-1]
        seen = str([a.state for a in attempts])
        await asyncio.sleep(0.1)
    raise AssertionError(f"not {wanted} within {seconds:g} s, it was {seen}")
