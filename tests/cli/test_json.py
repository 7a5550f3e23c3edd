"""`--json` on every command: one JSON object (or one a line) on standard output, for good answers and for errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.door import PROTOCOLS, Ask
from firstfive.cli.commands import COMMANDS

ONE_A_LINE = {"risk", "timeline"}

# Each command once with good input and once with bad; INC-1 is open and payments-down#4 waits in it.
CALLS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "init": (("fresh",), ("nowhere",)),
    "check": ((), ("nowhere",)),
    "fmt": ((), ("nowhere",)),
    "risk": (("-c", "ls"), ()),
    "explain": (("3.1",), ("9.9",)),
    "serve": ((), ("--port", "x")),
    "status": (("INC-1",), ("INC-9",)),
    "room": ((), ("INC-9",)),
    "declare": (("slow",), (" ",)),
    "report": (("slow",), (" ",)),
    "ack": (("INC-1",), ("INC-9",)),
    "hypothesis": (("INC-1", "disk"), ("INC-1", "")),
    "severity": (("INC-1", "2", "why"), ("INC-1", "2", "")),
    "note": (("INC-1", "hello"), ("INC-1", "")),
    "update": (("INC-1", "hello"), ("INC-1", "")),
    "public": (
        ("INC-1", "We are looking. Next update in 30 minutes.", "--status", "investigating", "--component", "Chat"),
        ("INC-1", "Soon.", "--status", "monitoring"),
    ),
    "status-page": (("public",), ()),
    "resolve": (("INC-1",), ("INC-9",)),
    "run": (("INC-1", "shop-down#4"), ("INC-1", "nothing#1")),
    "approve": (("INC-1", "--yes"), ("INC-1", "nothing#1", "--yes")),
    "decline": (("INC-1",), ("INC-1", "nothing#1")),
    "undo": ((), ("INC-1",)),
    "settle": ((), ("INC-9", "x", "--ran")),
    "block": (("INC-1", "203.0.113.7"), ("INC-1", "10.0.0.1")),
    "evidence": (("INC-1", "--container", "web"), ("INC-1", "--container", "a b")),
    "disable-account": (
        ("INC-1", "mallory@shop.example", "--container", "mongo", "--database", "shop"),
        ("INC-1", "mallory@shop.example", "--container", "mongo", "--database", "$x"),
    ),
    "mend-websocket": ((), ("INC-9",)),
    "resume-updater": ((), ("INC-1",)),
    "pack": (("--out", "offline"), ("--vault", "nowhere")),
    "break-glass": ((), ("nowhere.json",)),
    "merge": ((), ("nowhere.log", "INC-1")),
    "signals": ((), ("99",)),
    "silence": (("list",), ("add", "nonsense")),
    "heartbeat": (("backup", "--every", "1d"), ("backup",)),
    "simulate": (("message.json", "--as", "generic"), ("message.json", "--as", "nobody")),
    "outbox": ((), ("--again", "nothing")),
    "scan": (("app.log",), ("nowhere.log",)),
    "offenders": (("access.log",), ("nowhere.log",)),
    "nodes": ((), ("--vault", "nowhere")),
    "resume": ((), ("INC-9",)),
    "migrate": ((), ("--from", "mysql://db/x", "--to", "sqlite:///x.db")),
    "account": (("list",), ("role", "nobody", "admin")),
    "token": (("list",), ("revoke", "nothing")),
    "oncall": ((), ("--at", "nonsense")),
    "oncall-import": (("rota.json",), ("nowhere.json",)),
    "output": (("INC-1", "shop-down#1"), ("INC-9", "shop-down#1")),
    "timeline": (("INC-1",), ("INC-9",)),
    "postmortem": ((), ("INC-9",)),
    "postmortem-check": ((), ("nowhere.md",)),
    "actions": ((), ("--on", "someday")),
    "learn": (("INC-1",), ("INC-9",)),
    "coverage": ((), ("--vault", "nowhere")),
    "close": (("INC-1",), ("INC-9",)),
    "metrics": ((), ("--since", "ever")),
    "history": ((), ("--since", "ever")),
    "search": (("shop",), ("...",)),
    "backup": ((), ("--vault", "nowhere")),
    "restore": ((), ("firstfive.toml",)),
    "export": (("INC-1", "--out", "carried.ndjson"), ("INC-9", "--out", "x.ndjson")),
    "import": ((), ("message.json",)),
    "demo": ((), ("--lab", "--stay")),
    "drill": (("list",), ("run", "nothing")),
    "verify": ((), ("--vault", "nowhere")),
    "doctor": ((), ("--vault", "nowhere")),
    "completion": (("bash",), ("tcsh",)),
}
# Shown elsewhere with good input: they need a server or a run whose outcome nobody knows.
GOOD_ELSEWHERE = {
    "output": "test_whole_output.py",
    "demo": "practice/test_demo.py",
    "room": "terminal/test_plain.py",
    "serve": "test_serve.py",
    "settle": "test_incident_commands.py",
    "undo": "test_incident_commands.py",
    "break-glass": "test_break_glass.py",
    "merge": "test_break_glass.py",
    "mend-websocket": "test_changes.py",
    "resume-updater": "test_changes.py",
    "postmortem": "test_incident_commands.py",
    "restore": "afterwards/test_backup.py",
    "resume": "../stories/test_a_restored_journal.py",
    "migrate": "several/test_nodes.py",
    "import": "afterwards/test_carry.py",
}


@pytest.fixture(autouse=True)
def standing(ask: Ask, vault: Path) -> None:
    (vault / "fresh").mkdir()
    (vault / "fresh" / "Incident.md").write_text("# Incident\n")
    (vault / "app.log").write_text("2026-11-23T03:00:00Z redis NOAUTH\n")
    (vault / "access.log").write_text('8.8.8.8 - - [23/Nov/2026:03:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-"\n')
    (vault / "rota.json").write_text('{"schedules": [], "shifts": []}')
    (vault / "message.json").write_text('{"title": "the disk is full"}')
    with (vault / "firstfive.toml").open("a") as settings:
        settings.write('[status_page]\nname = "Shop"\nurl = "https://status.example.com"\ncomponents = ["Chat"]\n')
    assert ask("declare", "the shop is shut").code == 0
    assert ask("run", "INC-1", "payments-down#4").code == 0


def test_the_table_holds_every_command() -> None:
    assert set(CALLS) == set(COMMANDS) - PROTOCOLS
    here = Path(__file__).parent
    for name, file in GOOD_ELSEWHERE.items():
        assert f'"{name}"' in (here / file).read_text(), name


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - set(GOOD_ELSEWHERE) - PROTOCOLS))
def test_a_good_answer(ask: Ask, name: str) -> None:
    said = ask(name, *CALLS[name][0], "--json")
    assert said.code == (1 if name == "doctor" else 0), said.err
    lines = said.out.splitlines()
    assert len(lines) == 1 or name in ONE_A_LINE
    for line in lines:
        told = json.loads(line)
        assert name == "timeline" or told["schema"] == "firstfive/1"
        assert "error" not in told


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - PROTOCOLS))
def test_an_error(ask: Ask, name: str) -> None:
    said = ask(name, *CALLS[name][1], "--json")
    assert said.code in (1, 2, 8)
    told = said.json
    assert set(told) == {"schema", "error"}
    assert set(told["error"]) == {"code", "what", "where", "remedy"}
    assert told["error"]["what"].strip()
    assert told["error"]["remedy"].strip(), "an error says what to do"
    assert "Traceback" not in said.err
