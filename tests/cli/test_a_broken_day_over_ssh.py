"""No server runs and the host is behind ssh: looks are taken there, a bundle runs its steps there, and its log is taken in later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.door import Ask
from sshd.server import Bench, bench, needed

pytestmark = pytest.mark.process

PAGE = """\
# Incidents

## 3. Common incidents

### 3.1 Shop down

**Symptoms.** It is down.

**Runbook.**

```bash
# 1. Look at it
cat state; pwd

# 2. Start it again
echo started >> state; touch "$STATE_FILE"
```
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Bench]:
    needed()
    made = bench(tmp_path / "sshd", extra=f"SetEnv XDG_STATE_HOME={tmp_path}/there\n")
    yield made
    made.server.stop()


@pytest.fixture
def shop(host: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder on the host; the vault is where commands are given."""
    folder, vault = tmp_path / "shop", tmp_path / "vault"
    folder.mkdir()
    vault.mkdir()
    (folder / "state").write_text("stopped\n")
    (vault / "Incidents.md").write_text(PAGE)
    (vault / "firstfive.toml").write_text(
        f'[targets.prod]\nkind = "ssh"\nhost = "prod"\nworkdir = "{folder}"\nconfig_file = "{host.config}"\n'
        f'[targets.prod.environment]\nSTATE_FILE = "{folder}/touched"\n'
    )
    monkeypatch.chdir(vault)
    return folder


def test_a_look_goes_over_ssh_and_writes_nothing_down(ask: Ask, shop: Path, host: Bench) -> None:
    ask("declare", "the shop is down", "--severity", "1")
    before = {path: path.read_bytes() for path in Path(".firstfive").glob("journal.db*")}
    said = ask("run", "INC-1", "shop-down#1")
    assert "no server runs, so this process looks on prod; nothing is written down" in said.err
    assert said.out == f"shop-down#1 on prod: exit 0\nstopped\n{shop}\n"
    assert host.server.log.read_text().count("Accepted publickey") == 1
    assert before
    assert {path: path.read_bytes() for path in before} == before, "the journal was only read"
    assert not (shop.parent / "there").exists(), "a look leaves nothing in the run journal of the host"


def test_a_journal_that_is_broken_does_not_stop_a_look(ask: Ask, shop: Path) -> None:
    ask("declare", "the shop is down", "--severity", "1")
    for path in Path(".firstfive").glob("*.db*"):
        path.write_bytes(b"no database")
    said = ask("run", "INC-1", "shop-down#1")
    assert (said.code, "stopped" in said.out) == (0, True), said.err


def test_a_bundle_runs_a_change_there_once_and_its_log_is_taken_in(ask: Ask, shop: Path) -> None:
    ask("declare", "the shop is down", "--severity", "1")
    assert ask("pack", "--out", "offline").code == 0
    bundle = "offline/firstfive-bundle.json"
    asked = ask("break-glass", bundle, "shop-down#2", typed="n\n")
    assert "nothing was run" in asked.err
    assert "echo started >> state" in asked.err
    assert not (shop / "touched").exists()
    done = ask("break-glass", bundle, "shop-down#2", "--yes", "--json")
    assert done.json["exit_code"] == 0, done.err
    assert (shop / "state").read_text() == "stopped\nstarted\n"
    (runs,) = [path for path in (shop.parent / "there/firstfive").rglob("BG-*") if path.is_dir()]
    assert (runs / "rc").read_text().startswith("0 ")
    merged = ask("merge", "offline/firstfive-break-glass.log", "INC-1")
    assert "2 of 2 rows" in merged.out, merged.out + merged.err
    assert "0 of 2 rows" in ask("merge", "offline/firstfive-break-glass.log", "INC-1").out
    told = ask("timeline", "INC-1").out
    assert told.count("finished as expected: exit 0") == 1, told


def test_a_host_that_is_away_is_said_and_nothing_is_written_as_run(ask: Ask, shop: Path, host: Bench) -> None:
    assert ask("pack", "--out", "offline").code == 0
    host.server.stop()
    said = ask("break-glass", "offline/firstfive-bundle.json", "shop-down#2", "--yes")
    assert said.code != 0
    assert "could not be reached" in said.err
    assert "nothing was run" in said.err
    rows = [json.loads(line) for line in Path("offline/firstfive-break-glass.log").read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["started", "not begun"]
