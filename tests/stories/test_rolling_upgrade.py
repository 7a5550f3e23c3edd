"""Two versions beside each other on one PostgreSQL, an incident open all the while: what the older cannot read waits for the newer.

The newer program is today's tree with a new kind of event, a new kind of work and a higher number; where it says so, a newer schema too.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firstfive.stores import schema
from stories.nodes import SOURCE, Node, Site, site, soon

pytestmark = [pytest.mark.process]

NUMBER = "99.0.0"
MIGRATION = '''
"""A newer table."""
import sqlalchemy as sa
from alembic import op
revision = "9000"
down_revision = "{newest}"
def upgrade() -> None:
    op.create_table("newer", sa.Column("id", sa.Text(), primary_key=True))
'''


def changed(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text()
    for before, after in pairs:
        assert before in text, f"{path.name} has no {before!r}"
        text = text.replace(before, after)
    path.write_text(text)


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newer program: notes are events of another kind, and steps are rows of another kind of work."""
    root = tmp_path_factory.mktemp("newer") / "src"
    shutil.copytree(SOURCE, root, ignore=shutil.ignore_patterns("__pycache__"))
    for path in root.rglob("*.py"):
        text = path.read_text()
        if re.search(r"\bNoted\b", text):
            path.write_text(re.sub(r"\bNoted\b", "Remarked", text))
    package = root / "firstfive"
    changed(
        package / "stores" / "codec.py",
        (
            "UPGRADES: dict[str, Callable[[Plain], Plain]] = {}",
            'UPGRADES: dict[str, Callable[[Plain], Plain]] = {"Noted": lambda row: {**row, "type": "Remarked"}}',
        ),
    )
    changed(
        package / "engine" / "advance.py",
        ('    "step": od.RunStep,\n', '    "step": od.RunStep,\n    "step/2": od.RunStep,\n'),
    )
    number = re.search(r'__version__ = "[^"]+"', (package / "__init__.py").read_text())
    assert number
    changed(package / "__init__.py", (number[0], f'__version__ = "{NUMBER}"'))
    return root


def upgraded(here: Site, node: Node, source: Path, name: str = "") -> Node:
    """The same node with another program, as an upgrade in its place leaves it."""
    node.stop()
    node.environment = {"PYTHONPATH": str(source)}
    node.start()
    soon(node.known)
    return node


def the_incident(node: Node) -> Any:
    found = node.call("GET", "/incidents")["incidents"]
    return node.call("GET", f"/incidents/{found[-1]['id']}") if found else None


def waiting(node: Node) -> Any:
    incident = the_incident(node)
    return incident if incident and incident["waiting"] else None


def approved(node: Node) -> str:
    incident = soon(lambda: waiting(node))
    run = incident["waiting"][0]
    node.call("POST", f"/incidents/{incident['id']}/approve", {"by": "ada", "run": run["run"], "sha256": run["sha256"]})
    return str(incident["id"])


def ended(node: Node, name: str) -> Any:
    rows = node.call("GET", f"/incidents/{name}")["timeline"]
    return [row for row in rows if row["kind"] == "StepFinished" and "Restart" in row["text"]]


def behind(here: Site) -> list[tuple[Any, ...]]:
    return here.sql("SELECT version FROM node WHERE behind")


def holds(here: Site, source: Path) -> None:
    """The newest program proves every chain."""
    said = f"from firstfive.stores import open_journal; assert open_journal({here.database!r}, read_only=True).verify() == ()"
    subprocess.run([sys.executable, "-c", said], check=True, env={"PYTHONPATH": str(source)}, timeout=60)


@pytest.mark.timeout(240)
def test_one_node_after_the_other_is_upgraded_while_an_incident_is_open(tmp_path: Path, newer: Path) -> None:
    with site(tmp_path, 2, seconds=1) as here:
        older, other = here.nodes
        incident = soon(lambda: waiting(older))
        upgraded(here, other, newer)
        older.call("POST", f"/incidents/{incident['id']}/note", {"by": "ada", "text": "said by the older"})
        other.call("POST", f"/incidents/{incident['id']}/note", {"by": "ada", "text": "said by the newer"})
        approved(other)
        soon(lambda: ended(other, incident["id"]))
        assert here.ran == ["begun", "done"]
        soon(lambda: not here.sql("SELECT kind FROM work WHERE kind LIKE 'step%' AND state <> 'done'"))
        soon(lambda: behind(here), within=30)
        owners = "SELECT DISTINCT node.version FROM duty JOIN node ON node.boot = duty.owner WHERE duty.until > 0"
        soon(
            lambda: here.sql(owners) == [(NUMBER,)], within=30
        )  # what is looked at is looked at by who can read what it leads to
        assert older.call("GET", "/incidents")["incidents"] == [], "it answers, and leaves what it cannot read"
        status, said = older.ask("GET", f"/api/v1/incidents/{incident['id']}")
        assert status == 503
        assert b"newer version" in said
        upgraded(here, older, newer)
        texts = [row["text"] for row in the_incident(older)["timeline"]]
        assert any("said by the older" in text for text in texts)
        assert any("said by the newer" in text for text in texts)
        soon(lambda: not behind(here), within=30)
        holds(here, newer)


@pytest.mark.timeout(240)
def test_going_back_to_the_older_strands_nothing(tmp_path: Path, newer: Path) -> None:
    with site(tmp_path, 2, seconds=1) as here:
        older, other = here.nodes
        for node in here.nodes:
            upgraded(here, node, newer)
        incident = soon(lambda: waiting(older))
        other.call("POST", f"/incidents/{incident['id']}/note", {"by": "ada", "text": "said by the newer"})
        other.stop()
        older.stop()
        here.sql(
            "INSERT INTO work (key, incident, kind, state, due, fence, tries, data)"
            f" SELECT 'later', '{incident['id']}', 'wake/2', 'ready', 0, 0, 0, '\\x7b7d'"
        )
        upgraded(here, older, SOURCE)
        soon(lambda: behind(here), within=30)
        alert = {"title": "Search is slow", "service": "search", "severity": "critical"}
        assert older.ask("POST", "/hooks/generic", alert)[0] == 202
        found = soon(lambda: older.call("GET", "/incidents")["incidents"])
        assert [one["title"] for one in found] == ["search Search is slow"], "alone, it goes on declaring what it hears"
        name = found[0]["id"]
        older.call("POST", f"/incidents/{name}/run", {"by": "ada", "step": "web-down#2"})
        older.call("POST", f"/incidents/{name}/note", {"by": "ada", "text": "said by the older"})
        run = soon(lambda: older.call("GET", f"/incidents/{name}")["waiting"])[0]
        older.call("POST", f"/incidents/{name}/approve", {"by": "ada", "run": run["run"], "sha256": run["sha256"]})
        soon(lambda: ended(older, name))
        assert here.sql("SELECT state, tries FROM work WHERE key = 'later'") == [("ready", 0)], (
            "it waits for a newer node"
        )
        upgraded(here, other, newer)
        soon(lambda: other.call("GET", f"/incidents/{incident['id']}"))
        first = soon(lambda: other.call("GET", f"/incidents/{incident['id']}")["waiting"])[0]
        said = {"by": "ada", "run": first["run"], "sha256": first["sha256"]}
        other.call("POST", f"/incidents/{incident['id']}/approve", said)
        soon(lambda: ended(other, incident["id"]))
        assert here.ran == ["begun", "done"] * 2
        holds(here, newer)


@pytest.mark.timeout(240)
def test_a_newer_schema_is_made_beside_an_older_node_that_goes_on_and_is_not_started_again(
    tmp_path: Path, newer: Path
) -> None:
    root = tmp_path / "newest" / "src"
    shutil.copytree(newer, root)
    stores = root / "firstfive" / "stores"
    (stores / "migrations" / "versions" / "v9000_newer.py").write_text(MIGRATION.format(newest=schema.NEWEST))
    changed(stores / "schema.py", (f'"{schema.NEWEST}")', f'"{schema.NEWEST}", "9000")'))
    with site(tmp_path / "site", 2, seconds=1) as here:
        older, other = here.nodes
        incident = soon(lambda: waiting(older))
        upgraded(here, other, root)
        older.call("POST", f"/incidents/{incident['id']}/note", {"by": "ada", "text": "the older goes on"})
        assert any("goes on" in row["text"] for row in the_incident(other)["timeline"])
        older.stop()
        older.environment = {}
        (older.folder / "log").write_text("")
        older.start()
        assert older.process is not None
        assert older.process.wait(timeout=120) != 0
        said = (older.folder / "log").read_text()
        assert (
            f"a newer version of Firstfive wrote this journal (schema 9000, known here up to {schema.NEWEST})" in said
        )
        assert "start that version again; nodes are upgraded one after the other" in said


def test_each_kind_of_work_holds_what_this_version_says() -> None:
    """Whoever changes one of these payloads gives the kind a new name, such as `step/2`: older nodes then leave it to newer ones."""
    import msgspec

    from firstfive.engine.advance import KINDS

    shown = {
        kind: " ".join(field.name for field in msgspec.inspect.type_info(made).fields) for kind, made in KINDS.items()
    }  # type: ignore[union-attr]
    assert shown == {
        "check": "check",
        "plan": "step",
        "mends": "number",
        "step": "run",
        "notice": "kind number channel",
        "remind": "what number to text person run",
        "page": "number role contact channel why",
        "deliver": "channel title text since urgent notice paged reminded person run notifier address siblings spare own",
        "postmortem": "path due",
        "readback": "path number",
        "hosts": "epoch",
        "wake": "at why",
    }
    run = msgspec.inspect.type_info(KINDS["step"]).fields[0].type.fields  # type: ignore[union-attr]
    names = "id step target script environment sha256 changing timeout destructive first undo undoes"
    assert " ".join(field.name for field in run) == names
