"""A bad release crash-loops on a real engine: seen, declared, the way back planned from the ledger, approved, and well again."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firstfive.app import Program, open_program
from firstfive.documents.sentence import sentence
from firstfive.incident import events as ev
from firstfive.incident.timeline import Incident
from firstfive.notifiers.console import Console
from firstfive.settings import load
from lab.engine import Lab, engine
from sshd.server import bench, needed

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("engine"), pytest.mark.timeout(180)]

SLEEPS = "trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.2; done\n"
COMPOSE = """\
services:
  backend:
    container_name: nickapp-backend
    image: nickapp-backend:latest
    network_mode: none
    restart: unless-stopped
  watchtower:
    container_name: watchtower
    image: watchtower:latest
    network_mode: none
"""
PAGE = """\
# Incidents

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|---|---|---|---|
| **Sev 1** | The shop is down | 15 min | backend container in crashloop |

## 2. First 5 minutes

1. **Containers.** `docker ps --format "{{.Names}} {{.Status}}"`
2. **Recent deploy?** Was the `:latest` tag moved in the last 30 min? If yes, **roll back first**.

## 3. Common incidents

### 3.1 Backend down

**Symptoms.** `nickapp-backend` shows `Restarting` in `docker ps`.

**Runbook.**

```bash
# 1. Last lines
docker logs --tail=20 nickapp-backend

# 2. If recent deploy: roll back
sed -i 's|:latest|:<previous-version>|' docker-compose.production.yml
docker compose up -d nickapp-backend
```
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with (
        tempfile.TemporaryDirectory(prefix="ff-", ignore_cleanup_errors=True) as folder,
        engine(Path(folder)) as running,
    ):
        yield running


def release(lab: Lab, folder: Path, tag: str, script: str, *words: str) -> None:
    lab.release("nickapp-backend", tag, script)
    lab.docker("tag", f"nickapp-backend:{tag}", "nickapp-backend:latest")
    lab.compose(folder, "up", "-d", *words)


async def until(wanted: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = await wanted()
        if found:
            return found
        await asyncio.sleep(0.2)
    raise AssertionError(f"not within {seconds:g} s: {what}")


@pytest.mark.parametrize("way", ["here", "over ssh"])
def test_from_the_crash_loop_to_the_image_that_ran_before(lab: Lab, tmp_path: Path, way: str) -> None:
    lab.tidy()
    lab.release("watchtower", "latest", SLEEPS)
    (tmp_path / "docker-compose.production.yml").write_text(COMPOSE)
    (tmp_path / "Incidents.md").write_text(PAGE)
    environment = "".join(f'{name} = "{lab.environment[name]}"\n' for name in ("DOCKER_HOST", "DOCKER_CONFIG"))
    release(lab, tmp_path, "1.4.1", SLEEPS + "# 1.4.1\n")
    with _reached(tmp_path, way) as table:
        (tmp_path / "firstfive.toml").write_text(
            f'[timing]\nprobe_interval = "500ms"\nresolve_after = "1s"\n[docker]\npin_images = true\n'
            f'[targets.shop]\ndocker = "{lab.socket}"\n{table}[targets.shop.environment]\n{environment}'
        )
        asyncio.run(_lived_through(lab, tmp_path))


@contextmanager
def _reached(folder: Path, way: str) -> Iterator[str]:
    """How the settings name the host of the shop: this machine, or one behind a real sshd."""
    if way == "here":
        yield ""
        return
    needed()
    host = bench(folder / "sshd", extra=f"SetEnv XDG_STATE_HOME={folder}\n")
    try:
        yield f'kind = "ssh"\nhost = "prod"\nworkdir = "{folder}"\nconfig_file = "{host.config}"\n'
    finally:
        host.server.stop()


async def _lived_through(lab: Lab, folder: Path) -> None:
    import sys

    logged: list[str] = []
    settings = load(config=folder / "firstfive.toml")
    program = await open_program(settings, notifiers=(Console(sys.stdout),), log=logged.append)
    stop = asyncio.Event()
    running = asyncio.create_task(program.run(stop))
    try:
        await until(lambda: _ledger(program), "the baseline of the ledger")
        await asyncio.to_thread(release, lab, folder, "1.4.2", "/bin/busybox sleep 0.3; exit 3\n", "backend")
        waiting = await until(lambda: _waiting(program), "a request to go back", 15)
        assert "pins nickapp-backend:1.4.1 on line 4" in waiting.why
        assert waiting.missing == ()
        incident = await _newest(program)
        assert incident.plan is not None
        assert incident.plan.paused == ("watchtower",)
        assert incident.rollback is not None
        assert "before this was declared" in incident.rollback.why
        yes = ev.Approved(run=waiting.run.id, sha256=waiting.run.sha256)
        await program.engine.say(incident.id, "sam", yes)
        over = await until(lambda: _resolved(program), f"the end; said: {logged}", 90)
        assert over.attempts[waiting.run.id].met
        assert "nickapp-backend:1.4.1" in (folder / "docker-compose.production.yml").read_text()
    except AssertionError:
        state = await program.engine.incident("INC-1")
        print(*(f"{e.at:%S.%f} {sentence(e, program.engine.handbook)}" for e in state.entries), *logged, sep="\n")
        raise
    finally:
        stop.set()
        await running
        await program.close()


async def _ledger(program: Program) -> Any:
    return await program.journal.read(lambda tx: tx.deploys())


async def _newest(program: Program) -> Incident:
    return (await program.engine.open_incidents())[0]


async def _waiting(program: Program) -> Any:
    standing = await program.engine.open_incidents()
    asked = [a for i in standing for a in i.waiting() if i.plan is not None]
    return asked[0] if asked else None


async def _resolved(program: Program) -> Incident | None:
    ids = await program.engine.recent_ids()
    state = await program.engine.incident(ids[0])
    return state if state.resolved_at is not None else None
