"""Two nodes on one PostgreSQL: one incident, whoever is asked; who dies in the middle of a change is taken over, and nothing runs twice."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstfive.stores import open_journal
from stories.nodes import Node, Site, site, soon

pytestmark = [pytest.mark.process]


def the_incident(node: Node) -> dict[str, Any] | None:
    found = node.call("GET", "/incidents")["incidents"]
    return node.call("GET", f"/incidents/{found[0]['id']}") if found else None


def waiting(node: Node) -> dict[str, Any] | None:
    incident = the_incident(node)
    return incident if incident and incident["waiting"] else None


def approved(node: Node) -> dict[str, Any]:
    incident = soon(lambda: waiting(node))
    run = incident["waiting"][0]
    node.call("POST", f"/incidents/{incident['id']}/approve", {"by": "ada", "run": run["run"], "sha256": run["sha256"]})
    return incident


def other_than(here: Site, node: Node) -> Node:
    return next(one for one in here.nodes if one is not node)


def steps_of(node: Node, kind: str) -> list[dict[str, Any]]:
    incident = the_incident(node)
    assert incident is not None
    return [entry for entry in incident["timeline"] if entry["kind"] == kind and "Restart" in entry["text"]]


def holds(here: Site) -> bool:
    journal = open_journal(here.database, read_only=True)
    try:
        return journal.verify() == ()
    finally:
        asyncio.run(journal.close())


def test_a_node_killed_in_the_middle_of_a_change_is_taken_over_and_the_change_runs_once(tmp_path: Path) -> None:
    with site(tmp_path, 2) as here:
        first, second = here.nodes
        approved(second)
        soon(lambda: here.ran)
        mine = soon(lambda: here.doing("step"))
        began = time.monotonic()
        mine.kill()
        left = other_than(here, mine)
        soon(lambda: steps_of(left, "StepFinished"))
        assert time.monotonic() - began < 30, "a lease of 15 s, and what the step still took"
        assert here.ran == ["begun", "done"]
        assert len(steps_of(left, "StepStarted")) == 1
        assert len(left.call("GET", "/incidents")["incidents"]) == 1, "both nodes saw the same trouble"
        assert holds(here)
        left.stop()
        assert here.sql("SELECT count(*) FROM work WHERE state = 'leased'") == [(0,)], "a node that leaves hands back"
        assert first is not second


def test_a_node_that_was_stopped_past_its_lease_writes_nothing_when_it_wakes(tmp_path: Path) -> None:
    with site(tmp_path, 2, seconds=3) as here:
        approved(here.nodes[0])
        soon(lambda: here.ran)
        zombie = soon(lambda: here.doing("step"))
        zombie.signal(signal.SIGSTOP)
        left = other_than(here, zombie)
        soon(lambda: steps_of(left, "StepFinished"))
        zombie.signal(signal.SIGCONT)
        soon(lambda: the_incident(zombie))
        time.sleep(2)
        assert here.ran == ["begun", "done"]
        assert len(steps_of(left, "StepFinished")) == 1
        assert holds(here)


def test_what_is_said_to_one_node_is_seen_on_the_other_at_once(tmp_path: Path) -> None:
    with site(tmp_path, 2) as here:
        one, other = here.nodes
        assert one.process is not None
        incident = soon(lambda: waiting(one))
        one.call("POST", f"/incidents/{incident['id']}/note", {"by": "ada", "text": "said on one"})
        seen = other.call("GET", f"/incidents/{incident['id']}")
        assert any("said on one" in entry["text"] for entry in seen["timeline"])
        told = one.call("GET", "/nodes")
        assert told["shared"] is True
        assert [node["alive"] for node in told["nodes"]] == [True, True]
        assert [node["process"] for node in told["nodes"] if node["this"]] == [one.process.pid]
        page = other.ask("GET", "/nodes")[1].decode()
        assert all(node["boot"][:8] in page for node in told["nodes"])
        shared_out = "SELECT owner FROM duty WHERE owner <> '' GROUP BY owner"
        soon(lambda: len(here.sql(shared_out)) == 2, within=20)  # both look after something


def test_two_nodes_with_different_vaults_are_told_what_differs(tmp_path: Path) -> None:
    with site(tmp_path, 1) as here:
        page = (tmp_path / "vault" / "Incident Response.md").read_text()
        vault = tmp_path / "another vault"
        vault.mkdir()
        (vault / "Incident Response.md").write_text(page.replace("15 min", "20 min"))
        (first,) = here.nodes
        other = replace(first, name="other", folder=tmp_path / "other", vault=vault, process=None)
        here.nodes.append(other)
        other.start()
        log = tmp_path / "other" / "log"
        told = soon(lambda: next((one for one in log.read_text().splitlines() if "follows another page" in one), ""))
        assert "(Incident Response.md from line 7 on); give all nodes the same vault" in told
