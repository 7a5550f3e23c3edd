"""A journal that was put back to an earlier moment: open incidents pause, the hosts are asked, and a person lets changes go on.

On a file with `firstfive backup` and `restore`, and on a real PostgreSQL that is put back from an older copy of its folder
beneath running nodes.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from postgres.cluster import Cluster, begun, ended
from stories.nodes import SOURCE, Node, Site, site, soon

pytestmark = [pytest.mark.process]
STEP = "web-down#2"


def the_incident(node: Node, name: str = "") -> Any:
    if not name:
        found = node.call("GET", "/incidents")["incidents"]
        return node.call("GET", f"/incidents/{found[-1]['id']}") if found else None
    return node.call("GET", f"/incidents/{name}")


def waiting(node: Node) -> Any:
    incident = the_incident(node)
    return incident if incident and incident["waiting"] else None


def say(node: Node, name: str, verb: str, **fields: object) -> Any:
    return node.call("POST", f"/incidents/{name}/{verb}", {"by": "ada", **fields})


def approve(node: Node, name: str) -> str:
    row = soon(lambda: waiting(node))["waiting"][0]
    say(node, name, "approve", run=row["run"], sha256=row["sha256"])
    return str(row["run"])


def ends(node: Node, name: str) -> list[str]:
    rows = the_incident(node, name)["timeline"]
    return [row["text"] for row in rows if row["kind"] == "StepFinished" and "Restart" in row["text"]]


def changed_once_more(here: Site, node: Node, name: str) -> str:
    """One change more, which the copy will know nothing of."""
    before = len(ends(node, name))
    say(node, name, "run", step=STEP)
    run = approve(node, name)
    soon(lambda: len(ends(node, name)) > before)
    return run


def paused_and_asked(node: Node, name: str, forgotten: str) -> Any:
    """The incident once the hosts were asked: it says what they know, and approvals are refused."""

    def asked() -> Any:
        rows = the_incident(node, name)["timeline"]
        return rows if any(row["kind"] == "HostsAsked" for row in rows) else None

    rows = soon(asked)
    assert len([r for r in rows if r["kind"] == "HostsAsked"]) == 1, [(r["at"], r["text"]) for r in rows[-30:]]
    (told,) = [row["text"] for row in rows if row["kind"] == "HostsAsked"]
    assert forgotten in told, "\n".join(f"{r['at'][11:]} {r['kind']} {r['text']}" for r in rows[-25:])
    assert "exit 0" in told
    (paused,) = [row["text"] for row in rows if row["kind"] == "JournalRestored"]
    assert "what was asked for or approved before is void" in paused
    say(node, name, "run", step=STEP)
    row = soon(lambda: waiting(node))["waiting"][0]
    assert row["run"] != forgotten, "a number that was forgotten is never used for something else"
    said = {"by": "ada", "run": row["run"], "sha256": row["sha256"]}
    status, answer = node.ask("POST", f"/api/v1/incidents/{name}/approve", said)
    assert status in (403, 409), answer
    assert b"nothing is changed" in answer
    assert b"firstfive resume" in answer
    return rows


def goes_on(here: Site, node: Node, name: str) -> None:
    ran = len(here.ran)
    status, answer = node.ask("POST", f"/api/v1/incidents/{name}/resume", {"by": "ada", "note": " "})
    assert status in (400, 422), answer
    firstfive(node, "resume", name, "--note", "the second restart ran; the web is still down")
    approve(node, name)
    soon(lambda: len(here.ran) == ran + 2)
    texts = [row["text"] for row in the_incident(node, name)["timeline"]]
    assert any("ada lets changes go on: the second restart ran" in text for text in texts)


def firstfive(node: Node, *words: str) -> str:
    argv = [sys.executable, "-m", "firstfive", *words, "--config", str(node.folder / "firstfive.toml")]
    environment = {"PYTHONPATH": str(SOURCE), "HOME": str(node.home), "PATH": "/usr/bin:/bin", "FIRSTFIVE_USER": "ada"}
    done = subprocess.run(
        argv, env=environment, cwd=node.folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(240)
def test_a_copy_of_a_file_that_is_put_back_pauses_what_is_open(tmp_path: Path) -> None:
    with site(tmp_path, 1, seconds=0.2) as here:
        (node,) = here.nodes
        node.stop()
        node.database = f"sqlite:///{node.folder / 'state' / 'journal.db'}"
        node.start()
        name = soon(lambda: waiting(node))["id"]
        approve(node, name)
        soon(lambda: ends(node, name))
        copy = node.folder / "copy.tar.gz"
        firstfive(node, "backup", str(copy))
        forgotten = changed_once_more(here, node, name)
        assert here.ran == ["begun", "done"] * 2
        node.stop()
        said = firstfive(node, "restore", str(copy), "--replace")
        assert "Changes of open incidents wait until a person looked" in said
        node.start()
        soon(node.known)
        paused_and_asked(node, name, forgotten)
        goes_on(here, node, name)
        assert here.ran == ["begun", "done"] * 3
        declared = node.call("POST", "/incidents", {"by": "ada", "title": "another", "level": 1})
        assert declared["id"] == "INC-102", "numbers that may have been forgotten are left out"


@pytest.mark.timeout(240)
def test_an_older_file_in_its_place_is_noticed_without_a_word(tmp_path: Path) -> None:
    with site(tmp_path, 1, seconds=0.2) as here:
        (node,) = here.nodes
        node.stop()
        journal = node.folder / "state" / "journal.db"
        node.database = f"sqlite:///{journal}"
        node.start()
        name = soon(lambda: waiting(node))["id"]
        node.stop()
        older = journal.read_bytes()
        node.start()
        soon(node.known)
        approve(node, name)
        soon(lambda: ends(node, name))
        node.stop()
        journal.write_bytes(older)
        node.start()
        soon(node.known)
        paused_and_asked(node, name, f"{name}.web-down.2.1")
        log = (node.folder / "log").read_text()
        assert "was written here and is gone, so the journal was put back to an earlier moment" in log


@pytest.fixture
def server() -> Any:
    own: Cluster = begun()
    yield own
    ended(own)


def put_back(server: Cluster, copy: Path) -> None:
    """The folder of the database as it was, beneath nodes that run: what a restore from a snapshot does."""
    server.stop(signal.SIGQUIT)
    shutil.rmtree(server.folder / "data")
    subprocess.run(["cp", "-a", str(copy), str(server.folder / "data")], check=True)
    server.start()


@pytest.mark.timeout(300)
def test_a_postgresql_put_back_from_an_older_copy_is_noticed_beneath_running_nodes(
    tmp_path: Path, server: Cluster
) -> None:
    with site(tmp_path, 2, seconds=0.2, server=server) as here:
        node, other = here.nodes
        name = soon(lambda: waiting(node))["id"]
        approve(node, name)
        soon(lambda: ends(node, name))
        server.stop()
        copy = server.folder / "copy"
        subprocess.run(["cp", "-a", str(server.folder / "data"), str(copy)], check=True)
        server.start()
        forgotten = changed_once_more(here, other, name)
        say(other, name, "run", step=STEP)  # asked, not approved: the copy knows nothing of it
        put_back(server, copy)
        for one in (
            here.nodes
        ):  # each ends, since what it remembers may be of a time that is gone; its supervisor starts it again
            assert one.process is not None
            assert one.process.wait(timeout=60) == 1
            assert "this node begins anew" in (one.folder / "log").read_text()
            one.start()
        for one in here.nodes:
            soon(one.known)
        paused_and_asked(node, name, forgotten)
        goes_on(here, other, name)
        assert here.ran == ["begun", "done"] * 3
        assert len(here.sql("SELECT value FROM shared WHERE name = 'epoch'")) == 1
        (pauses,) = here.sql("SELECT count(*) FROM event WHERE type = 'JournalRestored'")
        assert pauses == (1,), "two nodes noticed it, and it is said once"


@pytest.mark.timeout(300)
def test_a_standby_that_is_promoted_may_have_missed_something_so_it_pauses_too(tmp_path: Path, server: Cluster) -> None:
    with site(tmp_path, 1, seconds=0.2, server=server) as here:
        (node,) = here.nodes
        name = soon(lambda: waiting(node))["id"]
        node.stop()
        server.stop()
        (server.folder / "data" / "standby.signal").touch()
        shutil.chown(server.folder / "data" / "standby.signal", "postgres", "postgres")
        server.start()
        program = str(server.programs / "pg_ctl")
        words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", program]
        subprocess.run(
            [*words, "promote", "-D", str(server.folder / "data"), "-w"], check=True, capture_output=True, cwd="/"
        )
        node.start()
        soon(node.known)
        rows = soon(lambda: [r for r in the_incident(node, name)["timeline"] if r["kind"] == "JournalRestored"])
        assert "PostgreSQL went from timeline 1 to 2 (a failover or a restore)" in rows[0]["text"]


def test_somebody_says_that_it_was_restored_where_nobody_could_notice(tmp_path: Path) -> None:
    with site(tmp_path, 1, seconds=0.2) as here:
        (node,) = here.nodes
        name = soon(lambda: waiting(node))["id"]
        said = firstfive(node, "nodes", "restored", "--why", "the provider restored last night's snapshot")
        assert "New incidents begin at INC-102" in said
        rows = soon(lambda: [r for r in the_incident(node, name)["timeline"] if r["kind"] == "JournalRestored"])
        assert "last night's snapshot" in rows[0]["text"]
        soon(lambda: [r for r in the_incident(node, name)["timeline"] if r["kind"] == "HostsAsked"])
        page = node.ask("GET", f"/incidents/{name}?text=1")[1].decode()
        assert "last night&#39;s snapshot" in page
        assert "firstfive resume" in page
