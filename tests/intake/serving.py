"""A served program for tests of senders: a real process on a free port of loopback, ended by its own process id."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.door import environment
from programs import start

PAGE = """# Incident Response

## Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | All is shut | 15 min | Shop down |
| **Sev 2** | Much is shut | 1 hour | Redis disk full |
| **Sev 3** | One thing is shut | next business day | Single failed webhook |
| **Sev 4** | Hygiene | backlog | Backup older than 24h |

## 3.1 Redis unreachable

**Symptoms.** Logs show `NOAUTH Authentication required`.

**Runbook.**

```bash
# 1. Look
echo looked
```

## 3.2 Mail broken

**Symptoms.** Logs show `Invalid login: 535`. Sev 2.

**Runbook.**

```bash
# 1. Look
echo looked
```
"""


@dataclass(slots=True)
class Served:
    """One program: where it listens, and how to ask it."""

    vault: Path
    process: subprocess.Popen[str]
    port: int
    key: str

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, sent, {"Authorization": f"Bearer {self.key}", **(headers or {})})
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(raw)
        except ValueError:
            return answer.status, raw.decode("utf-8", "replace")

    def get(self, path: str) -> Any:
        status, value = self.ask("GET", f"/api/v1{path}")
        assert status == 200, value
        return value

    def until(self, found: Callable[[], Any], *, seconds: float = 30) -> Any:
        """Wait until that says something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = found()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"nothing within {seconds} s")

    def sorted_request(self, number: int) -> Any:
        """A request once it has been sorted."""

        def look() -> Any:
            seen = self.get(f"/signals/{number}")
            return seen if seen["state"] != "waiting" else None

        return self.until(look)


def begin(vault: Path) -> Served:
    """Start the program of a vault."""
    secrets = environment(AM_TOKEN="am-secret-token", GH_SECRET="gh-secret")
    running = start(vault, "--json", log=vault / "log", out=subprocess.PIPE, settings=secrets)
    known = json.loads((vault / ".firstfive" / "server.json").read_text())
    return Served(vault=vault, process=running, port=known["port"], key=known["key"])


def make_vault(folder: Path, settings: str = "") -> Path:
    """A vault whose page watches nothing by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Incident Response.md").write_text(PAGE)
    (folder / "firstfive.toml").write_text(
        '[listen]\nport = 0\n[intake.tokens]\nalertmanager = "AM_TOKEN"\n[intake.secrets]\ngithub = "GH_SECRET"\n'
        "[severity]\ncritical = 1\nwarning = 3\n" + settings
    )
    return folder


@contextmanager
def serving(folder: Path, settings: str = "") -> Iterator[Served]:
    """A program for the length of a block."""
    served = begin(make_vault(folder, settings))
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.terminate()
        served.process.communicate(timeout=20)
