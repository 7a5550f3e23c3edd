"""What a step said is kept whole where a timeline holds both ends of it: read again by a command, carried, and proved."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
import zlib
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

import programs
from cli.door import Ask, page, process

pytestmark = pytest.mark.process

PAGE = """# Incident Response

## 1. Severity

| Level | Definition | Example | Response time | Update cadence |
|---|---|---|---|---|
| **Sev 1** | Nobody can buy | The shop is shut | Immediate | Every 15 min |

## 3. Runbooks

### 3.1 Shop down

**Symptoms:** the shop is shut.

1. Look at what it says:
```bash
echo token=abcdefghij; seq 1 60000
```
2. Look at very much:
```bash
seq 1 1000000
```
"""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault in which the two looks of INC-1 have run."""
    folder = page(tmp_path_factory.mktemp("whole") / "vault", PAGE)
    (folder / "firstfive.toml").write_text("[listen]\nport = 0\n")
    running = programs.start(folder)
    try:
        assert process("declare", "the shop is shut", "--severity", "1", cwd=folder).code == 0
        for step in ("shop-down#1", "shop-down#2"):
            assert process("run", "INC-1", step, cwd=folder).code == 0
        until = time.monotonic() + 60
        while process("output", "INC-1", "shop-down#2", cwd=folder).code != 0:
            assert time.monotonic() < until
    finally:
        programs.end(running)
    return folder


@pytest.fixture
def told(ended: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to do harm to."""
    folder = tmp_path / "vault"
    shutil.copytree(ended, folder)
    monkeypatch.chdir(folder)
    return folder


ALL = "token=[redacted]\n" + "".join(f"{n}\n" for n in range(1, 60001))


def test_all_of_it_is_read_again_and_its_hash_stands_in_the_timeline(ask: Ask, told: Path) -> None:
    said = ask("output", "INC-1", "shop-down#1", "--json").json
    assert (said["output"], said["dropped"], said["exit_code"]) == (ALL, 0, 0)
    assert said["sha256"] == sha256(ALL.encode()).hexdigest()
    rows = [json.loads(line) for line in ask("timeline", "INC-1", "--json").out.splitlines()]
    (ended,) = [row["data"] for row in rows if row["type"] == "StepFinished" and row["data"]["run"] == said["run"]]
    assert ended["attached"] == said["sha256"]
    assert len(ended["output"]) < 70_000
    assert f"[... {ended['dropped']} bytes left out ...]" in ended["output"]
    text = ask("output", "INC-1", said["run"])
    assert text.out.startswith(f"{said['run']}, 20")
    assert text.out.endswith("Z: exit 0\n" + ALL)


def test_of_very_much_both_ends_are_kept_and_what_is_missing_is_counted(ask: Ask, told: Path) -> None:
    said = ask("output", "INC-1", "shop-down#2", "--json").json
    whole = "".join(f"{n}\n" for n in range(1, 1_000_001))
    kept, gap = said["output"].rsplit("\n[... ", 1)
    assert gap == f"{said['dropped']} bytes before the end were left out ...]\n"
    assert len(kept) + said["dropped"] == len(whole)
    assert whole.startswith(kept[: len(kept) // 2])
    assert whole.endswith(kept[len(kept) // 2 :])


def test_what_is_not_there_is_said(ask: Ask, told: Path) -> None:
    assert ask("output", "INC-1", "shop-down#9").err == (
        "error: INC-1 has no finished run shop-down#9\n  help: these ended: shop-down#1, shop-down#2\n"
    )
    assert "there is no incident INC-7" in ask("output", "INC-7", "shop-down#1").err


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("DELETE FROM attachment", "the whole output of {run} is missing"),
        ("UPDATE attachment SET body = x'00'", "the whole output of {run} is not the one that was kept"),
        ("UPDATE attachment SET body = :other", "the whole output of {run} is not the one that was kept"),
    ],
    ids=["taken out", "torn", "another text"],
)
def test_an_output_that_was_altered_is_named(ask: Ask, told: Path, harm: str, said: str) -> None:
    assert ask("verify").out == "Every chain holds.\n"
    run = ask("output", "INC-1", "shop-down#1", "--json").json["run"]
    with closing(sqlite3.connect(told / ".firstfive" / "journal.db")) as journal, journal:
        journal.execute(f"{harm} WHERE run = :run", {"run": run, "other": zlib.compress(b"nothing happened")})
    found = ask("verify")
    assert found.code == 1
    assert found.out.rstrip().endswith(said.format(run=run))


def test_it_is_carried_to_another_installation_and_proved_there(ask: Ask, told: Path, tmp_path: Path) -> None:
    assert ask("resolve", "INC-1", "--cause", "a look").code == 0
    before = ask("output", "INC-1", "shop-down#1", "--json").json
    carried = tmp_path / "carried.ndjson"
    assert ask("export", "--out", str(carried)).code == 0
    lines = carried.read_text().splitlines()
    shutil.rmtree(told / ".firstfive")
    assert ask("declare", "one of this installation").code == 0
    for rows, why in (
        ([line for line in lines if '"output_of"' not in line], "INC-1: the output of .* is missing"),
        (
            [line.replace("30000", "30001") for line in lines],
            "INC-1: the output of .* is not the one that its entry tells of",
        ),
    ):
        carried.write_text("\n".join(rows) + "\n")
        said = ask("import", str(carried))
        assert said.code != 0
        assert re.search(why, said.err), said.err
    carried.write_text("\n".join(lines) + "\n")
    assert ask("import", str(carried)).code == 0
    after = ask("output", "INC-2", "shop-down#1", "--json").json
    assert (after["output"], after["sha256"]) == (before["output"], before["sha256"])
    assert ask("verify").out == "Every chain holds.\n"


def test_a_copy_of_everything_holds_it(ask: Ask, told: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.tar.gz"
    assert ask("backup", str(copy)).code == 0
    shutil.rmtree(told / ".firstfive")
    assert ask("restore", str(copy)).code == 0
    assert ask("output", "INC-1", "shop-down#1", "--json").json["output"] == ALL
