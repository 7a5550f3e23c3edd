"""What happened can be proved by whoever only has the commands: the chain, its export, and copies that were made before the mending."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cli.door import ROOT, Ask, environment

pytestmark = pytest.mark.process


@pytest.fixture
def told(ask: Ask, vault: Path) -> Path:
    """INC-1 with five entries."""
    ask("declare", "the shop is shut")
    ask("ack", "INC-1")
    for text in ("one", "two", "three"):
        ask("note", "INC-1", text)
    return vault


ALTERED = [
    (
        "one word of a row",
        "UPDATE event SET data = replace(data, 'one', 'won') WHERE seq = 3",
        "INC-1, entry 3: its hash does not follow from its content and the entry before it",
    ),
    ("a row in the middle taken out", "DELETE FROM event WHERE seq = 3", "INC-1, entry 3: missing, entry 4 comes next"),
    ("the first row taken out", "DELETE FROM event WHERE seq = 1", "INC-1, entry 1: missing, entry 2 comes next"),
    (
        "the last row taken out",
        "DELETE FROM event WHERE seq = 5",
        "INC-1, entry 5: missing, the timeline once had 5 entries",
    ),
    ("all of it taken out", "DELETE FROM event", "INC-1, entry 1: missing, the timeline once had 5 entries"),
    (
        "two rows swapped",
        "UPDATE event SET seq = 99 WHERE seq = 3; UPDATE event SET seq = 3 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = 99",
        "INC-1, entry 3: its hash does not follow from its content and the entry before it",
    ),
    (
        "who said it",
        "UPDATE event SET by = 'kim' WHERE seq = 4",
        "INC-1, entry 4: its hash does not follow from its content and the entry before it",
    ),
]


@pytest.mark.parametrize(("_what", "harm", "said"), ALTERED, ids=[row[0] for row in ALTERED])
def test_verify_says_where_a_timeline_was_altered(ask: Ask, told: Path, _what: str, harm: str, said: str) -> None:
    assert ask("verify").out == "Every chain holds.\n"
    with closing(sqlite3.connect(told / ".firstfive" / "journal.db")) as journal:
        for (trigger,) in journal.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            journal.execute(f"DROP TRIGGER {trigger}")
        journal.executescript(harm)
    found = ask("verify")
    assert (found.code, found.out.splitlines()) == (1, [said])


def test_an_altered_timeline_is_not_shown_or_carried_as_if_it_held(ask: Ask, told: Path) -> None:
    with closing(sqlite3.connect(told / ".firstfive" / "journal.db")) as journal:
        for (trigger,) in journal.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            journal.execute(f"DROP TRIGGER {trigger}")
        journal.executescript("UPDATE event SET data = replace(data, 'one', 'won') WHERE seq = 3")
    for words in (("timeline", "INC-1"), ("timeline", "INC-1", "--json")):
        said = ask(*words)
        assert "won" in said.out
        assert (said.code, said.err) == (
            1,
            "error: INC-1 is not as it was written: entry 3, or one before it, was altered or taken out\n"
            "  help: firstfive verify proves every timeline; put back the newest copy that it accepts\n",
        )
    carried = ask("export", "--out", "carried")
    assert (carried.code, (told / "carried").exists()) == (1, False)
    assert carried.err.startswith("error: INC-1, entry 3: its hash does not follow")


def test_an_export_proves_itself_with_nothing_but_sha256(ask: Ask, told: Path) -> None:
    lines = ask("timeline", "INC-1", "--json").out.splitlines()
    before = "0" * 64
    for line in lines:
        row = json.loads(line)
        kept = row.pop("hash")
        exact = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert hashlib.sha256((before + exact).encode()).hexdigest() == kept
        before = kept
    assert len(lines) == 5


def test_evidence_is_copied_below_var_incidents_with_a_manifest_that_proves_it(ask: Ask, told: Path) -> None:
    (told.parent / "shop").mkdir()  # where the target's steps begin
    log = told / "access.log"
    log.write_text("203.0.113.7 GET /api/auth/login 401\n" * 3)
    assert ask("evidence", "INC-1", "--file", str(log)).code == 0
    assert ask("approve", "INC-1", "evidence.1", "--yes").code == 0
    # A folder of its own in the place of /var/incidents, and no network.
    look = "cd /var/incidents/*-INC-1/*/ && pwd && ls && sha256sum -c MANIFEST.sha256 && stat -c '%a %n' . *"
    program = f'mount -t tmpfs none /var && mkdir /var/incidents && "$0" "$1" 0 >&2 && {look}'
    ran = subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-c", program, sys.executable, str(ROOT / "tests" / "cli" / "due.py")],
        cwd=told,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr + ask("timeline", "INC-1").out
    assert "access.log: OK" in ran.stdout, ran.stdout
    assert ran.stdout.startswith("/var/incidents/2")
    (ended,) = [
        entry["data"]["output"]
        for entry in map(json.loads, ask("timeline", "INC-1", "--json").out.splitlines())
        if entry["type"] == "StepFinished" and entry["data"]["step"] == "evidence.1"
    ]
    assert ended.splitlines()[-1].split()[-1].endswith("MANIFEST.sha256")
