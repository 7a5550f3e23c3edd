"""The command line of drills where no lab is: it lists, refuses, and plays a recording at the table."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from firstfive.cli.line import settings_of
from firstfive.cli.practice.drill import _served, drill
from firstfive.errors import FirstfiveError

PAGE = """\
# Incidents

## 3.1 Backend down

**Symptoms.** The backend is down.

**Drill.** `backend-bad-deploy`

**Runbook.**

```bash
# 1. Look
docker ps
```

## 3.3 Redis unreachable

**Symptoms.** Redis is gone.

**Drill.** `redis-on-fire`

**Runbook.**

```bash
# 1. Look
docker ps
```
"""
SEEN = {
    "id": "INC-1",
    "level": 2,
    "signals": [{"at": "2026-11-23T03:00:00+00:00", "subject": "redis:6379", "text": "refused"}],
    "checks": [{"answer": "good", "title": "Health", "evidence": "200"}],
    "runbooks": [{"number": "3.1", "title": "Backend down"}, {"number": "3.3", "title": "Redis unreachable"}],
}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "Incidents.md").write_text(PAGE)
    (tmp_path / "firstfive.toml").write_text("")
    return tmp_path


def run(vault: Path, *words: str, said: str = "") -> tuple[int, str, Any]:
    done = CliRunner().invoke(drill, [*words, "--config", str(vault / "firstfive.toml")], input=said)
    return done.exit_code, done.output, done.exception


def test_the_list_says_what_fits_and_which_drill_nobody_knows(vault: Path) -> None:
    code, told, _ = run(vault, "list")
    assert code == 0
    assert "redis-stopped" in told
    assert "3.3 Redis unreachable; not proven yet" in told
    assert "The page names the drill redis-on-fire, which nobody knows." in told


REFUSED = [
    (("run",), "name one fault, or --all"),
    (("run", "redis-stopped", "--all"), "name one fault, or --all"),
    (("run", "redis-stopped", "--due"), "name one fault, or --all"),
    (("run", "--due"), "a drill needs the server"),
    (("run", "--due", "--mode", "tabletop"), "a tabletop plays one fault"),
    (("run", "redis-stoped"), "there is no fault 'redis-stoped'"),
    (("run", "redis-stopped"), "a drill needs the server"),
    (("run", "redis-stopped", "--mode", "tabletop"), "nothing was recorded of redis-stopped"),
]


@pytest.mark.parametrize(("words", "what"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_what_cannot_be_drilled_is_said_and_nothing_is_left(vault: Path, words: tuple[str, ...], what: str) -> None:
    _, told, problem = run(vault, *words)
    weekend = datetime.now(UTC).weekday() >= 5  # nobody is to drill then
    if "--due" in words and len(words) != 3 and weekend:
        assert "no drill is due today" in told
    else:
        assert what in str(problem)
    assert not (vault / ".firstfive/drill.json").exists()


def test_two_drills_at_once_are_one_too_many(vault: Path) -> None:
    (vault / ".firstfive").mkdir()
    held = os.open(vault / ".firstfive/drill.lock", os.O_RDWR | os.O_CREAT)
    os.write(held, b"4242\n")
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        _, _, problem = run(vault, "heal")
    finally:
        os.close(held)
    assert "a drill is on already, by process 4242" in str(problem)
    assert run(vault, "heal")[1] == "nothing was left in place\n"


def test_a_server_that_ends_under_a_drill_is_said_and_nobody_answers_in_its_place(vault: Path) -> None:
    settings = settings_of(vault, None)
    server = subprocess.Popen(["sleep", "60"])
    settings.state.mkdir()
    known = {"pid": server.pid, "host": "127.0.0.1", "port": 1, "key": "k"}
    (settings.state / "server.json").write_text(json.dumps(known))

    async def drilled() -> None:
        _served(settings, "GET", "/incidents", None)

    try:
        with pytest.raises(FirstfiveError) as alive:
            asyncio.run(drilled())
    finally:
        server.terminate()
        server.wait()
    assert "none runs on these settings" not in alive.value.what, "it is asked as long as it is there"
    with pytest.raises(FirstfiveError, match="a drill needs the server that it is about, and none runs"):
        asyncio.run(drilled())


def test_healing_what_was_left_needs_a_lab(vault: Path) -> None:
    (vault / ".firstfive").mkdir()
    note = vault / ".firstfive/drill.json"
    note.write_text(json.dumps({"fault": "redis-stopped", "target": "local", "at": "", "pid": 1}))
    _, _, problem = run(vault, "heal")
    assert "is no lab" in str(problem)
    assert note.exists(), "it is not forgotten either"


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [("2\n3.3\nlook at the container\n", 0, "**passed**"), ("1\n3.1\nwait\n", 1, "right is 3.3 Redis unreachable")],
)
def test_at_the_table_people_say_what_it_is(vault: Path, said: str, code: int, words: str) -> None:
    kept = vault / ".firstfive/drills"
    kept.mkdir(parents=True)
    (kept / "2026-11-23T030000-redis-stopped.seen").write_text(json.dumps(SEEN))
    got, told, _ = run(vault, "run", "redis-stopped", "--mode", "tabletop", said=said)
    assert (got, words in told) == (code, True), told
    assert "redis:6379: refused" in told
    history = run(vault, "history")[1]
    assert "1 drills" in history


def test_the_schedule_names_a_day_for_what_fits_the_page(vault: Path) -> None:
    faults = [row["fault"] for row in json.loads(run(vault, "schedule", "--json")[1])["schedule"]]
    assert faults[0] == "backend-bad-deploy", "what the page itself names comes first"
    assert "redis-stopped" in faults
    assert "mongo-stopped" not in faults, "no runbook of the page is about it"
    assert "BEGIN:VEVENT" in run(vault, "schedule", "--ical")[1]


def test_coverage_tells_what_nothing_showed_with_the_edit_until_a_later_drill_shows_it(vault: Path) -> None:
    from firstfive.cli.afterwards.coverage import coverage

    def asked() -> tuple[str, list[dict[str, Any]]]:
        config = ["--config", str(vault / "firstfive.toml")]
        text = CliRunner().invoke(coverage, config)
        data = CliRunner().invoke(coverage, [*config, "--json"])
        assert (text.exit_code, data.exit_code) == (0, 0), text.output + data.output
        return text.output, json.loads(data.stdout)["gaps"]

    def drilled(at: str, incident: str, mode: str = "auto") -> None:
        folder = vault / ".firstfive/drills"
        folder.mkdir(parents=True, exist_ok=True)
        one = {"fault": "redis-stopped", "what": "Redis was stopped", "at": at, "hurt": at, "mode": mode, "page": "p"}
        one |= {"incident": incident, "mended": "", "marks": []}
        (folder / f"{at}.json").write_text(json.dumps(one))

    assert asked()[1] == []
    drilled("2026-11-20T03:00:00+00:00", "")
    text, (gap,) = asked()
    assert "GAP: redis-stopped was drilled on 2026-11-20 and no symptom of the page showed it" in text
    assert (
        "-**Symptoms.** Redis is gone.\n+**Symptoms.** Redis is gone. Backend logs show `getaddrinfo ENOTFOUND redis`"
        in text
    )
    assert gap["diff"].startswith("--- a/Incidents.md\n")
    page = vault / "Incidents.md"
    page.write_text(
        page.read_text().replace(
            "Redis is gone.",
            "Redis is gone. Backend logs show `getaddrinfo ENOTFOUND redis` or `ECONNREFUSED redis:6379`.",
        )
    )
    assert "drill it again" in asked()[0]
    drilled("2026-11-21T03:00:00+00:00", "INC-2", "tabletop")
    assert len(asked()[1]) == 1, "what people say at a table shows nothing"
    drilled("2026-11-22T03:00:00+00:00", "INC-3")
    assert asked()[1] == []
