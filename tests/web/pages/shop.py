"""A real `firstfive serve` on a vault with a past: incidents, deploys, post-mortems and a schedule, or with nothing at all."""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from documents.good_postmortem import GOOD
from documents.story import AFTERWARDS, WHOLE
from firstfive.app import read_handbook
from firstfive.documents.drill import Card, Mark
from firstfive.incident import events as ev
from firstfive.incident.signals import Deploy
from firstfive.ports import Transaction
from firstfive.settings import load
from firstfive.stores import open_journal
from incident.builders import T0, declared
from programs import end, start

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
LONG = "a-very-long-word-without-any-space-" * 6
MANY = 200
PAGE = """# Incident Response

## Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | All is shut | 15 min | The door is locked |
| **Sev 2** | Much is shut | 1 hour | A window is locked |

## 3.1 Backend down

**Symptoms.** The door is locked.

**Runbook.**

```bash
# 1. Look
echo looked

# 2. Open it
touch opened
```
"""
SETTINGS = "[listen]\nport = 0\n"
ROTA = """
[people.ann]
email = "ann@example.org"

[oncall.primary]
people = ["ann", "bob"]
zone = "Europe/Berlin"
from = 2026-01-05

[oncall.office]
zone = "Europe/Berlin"
[[oncall.office.layers]]
name = "office"
people = ["bob"]
from = 2026-01-05
every = "day"
only = ["Mon-Fri 09:00-17:00"]
"""
NOTE = GOOD.replace("Document the roll-back in the runbook", f"{EVIL} {LONG}")


def vault(folder: Path, *, past: bool, many: int = MANY) -> Path:
    """A vault to serve; with a `past` of `many` incidents, or none."""
    folder.mkdir(parents=True)
    (folder / "Incident Response.md").write_text(PAGE)
    (folder / "firstfive.toml").write_text(SETTINGS + (ROTA if past else ""))
    if past:
        (folder / "postmortems").mkdir()
        (folder / "postmortems" / "2026-06-01-checkout.md").write_text(NOTE)
        (folder / "postmortems" / "broken.md").write_bytes(b"---\ntitle: [\n---\n")
        digest = read_handbook(load(vault=folder)).digest  # the server keeps this page when it starts
        with ThreadPoolExecutor(1) as aside:  # a browser has a loop of its own in this thread
            aside.submit(lambda: asyncio.run(_remember(folder / ".firstfive", digest, many))).result()
        _practise(folder / ".firstfive" / "drills")
    return folder


def _practise(folder: Path) -> None:
    """Four drills of one fault, of which the third failed and said hostile words."""
    folder.mkdir()
    for n in range(1, 5):
        words = f"{EVIL} {LONG}" if n == 3 else "seen by the health address"
        marks = (
            Mark(name="detected", met=True, why=words, seconds=n * 0.5),
            Mark(name="mitigated", met=n != 3, why=words),
            Mark(name="post-mortem", met=None, why="the page asks for none"),
        )
        card = Card(
            fault="backend-bad-deploy",
            what=words,
            at=f"2026-06-0{n}T09:00:00+00:00",
            hurt=f"2026-06-0{n}T09:00:01+00:00",
            mode="auto",
            page="d1",
            incident="INC-1",
            mended=words,
            marks=marks,
        )
        (folder / f"2026060{n}.json").write_text(json.dumps(card.to_json()))


async def _remember(state: Path, digest: str, many: int) -> None:
    state.mkdir()
    journal = open_journal(f"sqlite:///{state / 'journal.db'}")

    def write(tx: Transaction) -> None:
        for n in range(many):
            began = T0 - timedelta(hours=9 * (many - n))
            name = tx.open_incident(began)
            titled = declared(
                n % 2 + 1,
                title=(f"{EVIL} {LONG}" if n == many - 1 else f"Shop down {n}"),
                started_at=began,
                handbook=digest,
            )
            for row in (*WHOLE, *AFTERWARDS):
                event: Any = titled if isinstance(row[-1], ev.Declared) else row[-1]
                by = str(row[1]) if len(row) == 3 else ev.SELF
                tx.append(name, by, [event], began + timedelta(seconds=float(row[0]) * (1 + n % 7)))
            tx.close_incident(name)
            tx.record_deploy(
                Deploy(subject=f"shop-{EVIL}", version=f"1.{n}", previous=f"1.{n - 1}", at=began, source="docker")
            )

    try:
        await journal.write(write)
    finally:
        await journal.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A served vault."""

    port: int
    key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, str, str]:
        """Status, media type and text of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.key}"})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("content-type", ""), answer.read().decode()
        finally:
            connection.close()

    def post(self, path: str, fields: Mapping[str, Any]) -> Any:
        """One call that changes something, and its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(fields), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            assert answer.status < 300, text
            return json.loads(text or "{}")
        finally:
            connection.close()

    def trouble(self) -> str:
        """The id of an open incident with hostile words everywhere and a change that waits for a yes; a sender spoke too."""
        self.post("/hooks/generic", {"title": f"{EVIL} {LONG}", "status": "firing"})
        made = self.post("/api/v1/incidents", {"by": "sam", "title": f"{EVIL} {LONG}", "level": 1, "why": EVIL})
        at, book = f"/api/v1/incidents/{made['id']}", self.json("handbook")["runbooks"][0]
        for verb, fields in (
            ("note", {"text": f"{EVIL} {LONG}"}),
            ("hypothesis", {"text": f"{EVIL} {LONG}"}),
            ("run", {"step": book["steps"][1]["id"]}),
        ):
            self.post(f"{at}/{verb}", {"by": EVIL[:60], **fields})
        return str(made["id"])

    def json(self, path: str) -> Any:
        """One answer of the API that is good."""
        status, media, text = self.get(f"/api/v1/{path}")
        assert (status, media) == (200, "application/json"), text
        return json.loads(text)


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """Serve the vault until the block is left."""
    running = start(folder, out=subprocess.DEVNULL, err=subprocess.DEVNULL)
    try:
        told = json.loads((folder / ".firstfive" / "server.json").read_text())
        yield Shop(port=told["port"], key=told["key"])
    finally:
        end(running)
