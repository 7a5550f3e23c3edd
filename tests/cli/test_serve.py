"""`firstfive serve` as a process, and the commands that reach it over its API: the same words as without a server."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.door import Ask, environment
from programs import end, start

pytestmark = pytest.mark.process

PAGE = """# Incident Response

## Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | All is shut | 15 min | The door is locked |
| **Sev 2** | Much is shut | 1 hour | A window is locked |

## 3.1 Shop down

**Symptoms.** The door is locked.

**Runbook.**

```bash
# 1. Look
echo looked

# 2. Open it
touch opened
```

## Post-mortem template

```markdown
# Post-mortem
## Root cause
```
"""


@pytest.fixture
def quiet_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault whose page watches nothing, so that only people speak."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Incident Response.md").write_text(PAGE)
    (folder / "firstfive.toml").write_text("[listen]\nport = 0\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def server(quiet_vault: Path) -> Iterator[subprocess.Popen[str]]:
    running = start(quiet_vault, "--json")
    yield running
    end(running)


def test_serve_says_where_the_room_is(server: subprocess.Popen[str], quiet_vault: Path) -> None:
    assert server.stdout is not None
    told = json.loads(server.stdout.readline())
    known = quiet_vault / ".firstfive" / "server.json"
    kept = json.loads(known.read_text())
    assert told == {
        "schema": "firstfive/1",
        "url": f"http://127.0.0.1:{kept['port']}/",
        "sign_in": f"http://127.0.0.1:{kept['port']}/?key={kept['key']}",
        "pid": server.pid,
    }
    assert stat.S_IMODE(known.stat().st_mode) == 0o600, "the key is for the account only"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_on_a_signal_and_cleans_up(quiet_vault: Path, number: signal.Signals) -> None:
    running = start(quiet_vault)
    begun = time.monotonic()
    running.send_signal(number)
    out, err = running.communicate(timeout=20)
    assert time.monotonic() - begun < 6
    assert running.returncode == 0, err
    assert "Traceback" not in err
    assert out.startswith("The room: http://127.0.0.1:")
    assert not (quiet_vault / ".firstfive" / "server.json").exists()


def test_a_second_serve_is_refused(server: subprocess.Popen[str], ask: Ask) -> None:
    said = ask("serve", "--port", "0")
    assert said.code == 8
    assert said.err.startswith(f"error: process {server.pid} uses this journal\n")
    assert "  help: " in said.err


def test_a_whole_incident_by_commands_over_the_server(
    server: subprocess.Popen[str], quiet_vault: Path, ask: Ask
) -> None:
    assert ask("status").out == "No open incident.\n"
    said = ask("declare", "the shop is shut", "--severity", "1")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("INC-1  SEV-1  investigating  the shop is shut\n")
    assert ask("ack", "INC-1").code == 0
    assert ask("hypothesis", "INC-1", "nobody opened it").code == 0
    assert ask("run", "INC-1", "shop-down#2").code == 0
    assert not (quiet_vault / "opened").exists(), "a changing step waits"
    assert ask("status", "--all").out == (
        "INC-1  SEV-1  investigating  the shop is shut  (taken by sam, 1 waiting for approval)\n"
    )
    assert ask("status", "--json").json == ask("status", "--all", "--json").json
    said = ask("approve", "INC-1", "--yes")
    assert said.code == 0, said.err
    assert "  $ touch opened" in said.err
    until = time.monotonic() + 20
    while not (quiet_vault / "opened").exists():
        assert time.monotonic() < until, ask("status", "INC-1").out
        time.sleep(0.05)
    until = time.monotonic() + 20
    while ask("resolve", "INC-1", "--cause", "nobody opened it").code != 0:
        assert time.monotonic() < until, ask("status", "INC-1").out
        time.sleep(0.1)
    while ask("postmortem", "INC-1").code != 0:
        assert time.monotonic() < until, ask("status", "INC-1").out
        time.sleep(0.1)
    assert "nobody opened it" in Path(ask("postmortem", "INC-1", "--json").json["path"]).read_text()
    assert "sam" in ask("timeline", "INC-1").out
    assert ask("verify").out == "Every chain holds.\n"


REFUSED = [
    (("ack", "INC-9"), 8, "there is no incident INC-9"),
    (("note", "INC-1", ""), 2, "text is missing"),
    (("severity", "INC-1", "0", "x"), 2, "level must be a severity level: a number from the page's matrix"),
    (("approve", "INC-1", "--yes"), 8, "nothing waits for approval in INC-1"),
    (("settle", "INC-1", "x", "--ran"), 8, "the outcome of x is not in question"),
    (("declare", "x", "--severity", "7"), 2, "the page's matrix has no severity 7"),
]


def test_the_server_refuses_and_says_what_it_takes(server: subprocess.Popen[str], ask: Ask) -> None:
    ask("declare", "the shop is shut")
    for words, code, message in REFUSED:
        said = ask(*words)
        assert (said.code, said.out) == (code, ""), (words, said)
        assert said.err.splitlines()[0] == f"error: {message}"


def test_after_kill_nine_the_commands_go_on_without_it(
    server: subprocess.Popen[str], quiet_vault: Path, ask: Ask
) -> None:
    ask("declare", "the shop is shut")
    server.kill()
    server.wait()
    assert (quiet_vault / ".firstfive" / "server.json").exists()
    said = ask("note", "INC-1", "the server died")
    assert said.code == 0, said.err
    assert said.err.startswith("note: no server runs")
    assert "the server died" in ask("timeline", "INC-1").out


def test_the_doctor_sees_the_server(server: subprocess.Popen[str], ask: Ask) -> None:
    found = {f["what"]: f for f in ask("doctor", "--json").json["findings"]}
    assert found["server"]["ok"] is True
    assert found["server"]["found"].startswith("runs on 127.0.0.1:")


def test_ctrl_c_while_it_starts_is_quiet(quiet_vault: Path) -> None:
    running = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from firstfive.__main__ import main; print('in', flush=True); sys.exit(main(['serve']))",
        ],
        cwd=quiet_vault,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "in\n"
        time.sleep(0.3)
        os.kill(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=20)
    finally:
        running.kill()
    assert running.returncode in (0, 130)
    assert "Traceback" not in err


def test_the_log_of_a_broken_day_is_taken_in_while_the_server_runs(ask: Ask, quiet_vault: Path) -> None:
    assert ask("declare", "all is shut", "--severity", "1").code == 0
    assert ask("pack", "--out", "offline").code == 0
    assert ask("break-glass", "offline/firstfive-bundle.json", "shop-down#1").code == 0
    log = quiet_vault / "offline" / "firstfive-break-glass.log"
    running = start(quiet_vault)
    try:
        first = ask("merge", "offline/firstfive-break-glass.log", "INC-1")
        assert (first.code, "2 of 2 rows" in first.out) == (0, True), first.err
        again = ask("merge", "offline/firstfive-break-glass.log", "INC-1", "--json")
        assert (again.json["rows"], again.json["merged"]) == (2, 0)
        log.write_text(log.read_text().replace('"exit_code": 0', '"exit_code": 1'))
        altered = ask("merge", "offline/firstfive-break-glass.log", "INC-1")
        assert (altered.code, "the log:2" in altered.err, "not as it was written" in altered.err) == (1, True, True)
        nowhere = ask("merge", "offline/firstfive-break-glass.log", "INC-9")
        assert (nowhere.code, "INC-9" in nowhere.err) == (8, True)
    finally:
        end(running)
