"""Idempotency keys on real servers: killed between the deed and the answer, started anew, and two on one database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

import programs
from cli.door import ROOT, environment, process
from stories.nodes import Node, site
from web.pages.shop import PAGE

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

DYING = Path(__file__).with_name("dying_calls.py")
BODY = {"by": "sam", "title": "the shop is slow"}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Incident Response.md").write_text(PAGE)
    (folder / "firstfive.toml").write_text("[listen]\nport = 0\n")
    return folder


class Life:
    """One life of a server on the vault; with a `moment` it dies there."""

    def __init__(self, vault: Path, moment: str = "") -> None:
        program = (str(DYING), moment) if moment else programs.PROGRAM
        paths = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
        self.running = programs.start(vault, log=vault / "log", program=program, settings=environment(**paths))
        told = json.loads((vault / ".firstfive" / "server.json").read_text())
        self.url, self.key = f"http://127.0.0.1:{told['port']}/api/v1", told["key"]

    def post(self, path: str, body: dict[str, Any], key: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": key}
        return requests.post(f"{self.url}{path}", json=body, headers=headers, timeout=60)

    def get(self, path: str) -> Any:
        return requests.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {self.key}"}, timeout=60).json()

    def __enter__(self) -> Life:
        return self

    def __exit__(self, *_: object) -> None:
        programs.end(self.running)


@pytest.fixture
def ordinary(vault: Path) -> Iterator[Life]:
    with Life(vault) as life:
        yield life


def incidents(life: Life) -> list[str]:
    return [one["id"] for one in life.get("/incidents?all=1")["incidents"]]


@pytest.mark.parametrize("moment", ["taken", "done"])
def test_a_server_killed_at_a_declaration_declares_once(vault: Path, moment: str) -> None:
    with Life(vault, moment) as first:
        with pytest.raises(requests.ConnectionError):
            first.post("/incidents", BODY, "k1")
        assert first.running.wait(20) == -9
    with Life(vault) as second:
        again = second.post("/incidents", BODY, "k1")
        assert again.status_code == 201, again.text
        assert (again.headers.get("idempotency-replayed") == "true") is (moment == "done")
        assert again.json()["id"] == "INC-1"
        assert incidents(second) == ["INC-1"]
        once_more = second.post("/incidents", BODY, "k1")
        assert (once_more.status_code, once_more.json()["id"]) == (201, "INC-1")
        assert incidents(second) == ["INC-1"]
    assert process("verify", cwd=vault).code == 0


@pytest.mark.parametrize("moment", ["taken", "done"])
def test_a_server_killed_at_a_silence_makes_one(vault: Path, moment: str) -> None:
    body = {"by": "sam", "matchers": "alertname=x", "seconds": 3600}
    with Life(vault, moment) as first, pytest.raises(requests.ConnectionError):
        first.post("/silences", body, "k1")
    with Life(vault) as second:
        again = second.post("/silences", body, "k1")
        if moment == "taken":
            assert again.status_code == 201, again.text
        else:
            assert again.status_code == 409
            assert again.json()["what"] == "this call was done, and its answer is not kept"
        assert len(second.get("/silences")["silences"]) == 1


def test_after_a_restart_the_same_key_gets_the_same_answer(vault: Path) -> None:
    with Life(vault) as first:
        told = first.post("/incidents", BODY, "k1")
        assert first.post("/incidents/INC-1/note", {"by": "sam", "text": "seen"}, "k2").status_code == 200
        first.running.kill()
    with Life(vault) as second:
        again = second.post("/incidents", BODY, "k1")
        assert (again.status_code, again.content) == (201, told.content)
        assert second.post("/incidents", {**BODY, "title": "another"}, "k1").status_code == 422
        assert second.post("/incidents/INC-1/note", {"by": "sam", "text": "seen"}, "k2").status_code == 200
        texts = [entry["text"] for entry in second.get("/incidents/INC-1")["timeline"]]
        assert sum("seen" in text for text in texts) == 1
        assert incidents(second) == ["INC-1"]


def test_every_call_that_writes_a_timeline_leaves_its_mark(ordinary: Life, vault: Path) -> None:
    """What a crash would find: written, whatever way the call took through the program."""
    import sqlite3
    from contextlib import closing

    said: dict[str, dict[str, Any]] = {
        "/incidents": BODY,
        "/reports": {"by": "sam", "text": "no checkout"},
        "/incidents/INC-1/ack": {"by": "sam"},
        "/incidents/INC-1/offer": {"by": "sam", "pack": "block", "address": "203.0.113.9"},
        "/silences": {"by": "sam", "matchers": "alertname=x", "seconds": 60},
        "/heartbeats": {"name": "backup", "every": 3600},
        "/outbox/again": {"by": "sam", "key": "no such message"},
    }
    done = {path: ordinary.post(path, body, "k").status_code for path, body in said.items()}
    assert done["/incidents"] == 201
    with closing(sqlite3.connect(vault / ".firstfive" / "journal.db")) as looked:
        rows = looked.execute("SELECT count(*), count(incident), count(answer) FROM call").fetchone()
    good = [path for path, status in done.items() if status < 300]
    assert {"/incidents", "/reports", "/incidents/INC-1/ack", "/silences", "/heartbeats"} <= set(good)
    assert rows[0] == rows[2] == len(said), "each answer is kept, good or refused"
    assert rows[1] == sum(path.startswith(("/incidents", "/reports")) for path in good)


# ------------------------------------------------------------------------------------------------------------ two nodes


def declared(node: Node, key: str, title: str = "slow") -> tuple[int, Any]:
    body = {"by": "ada", "title": title}
    status, said = node.ask("POST", "/api/v1/incidents", body, patience=60, **{"Idempotency-Key": key})
    return status, json.loads(said)


def test_at_two_nodes_a_key_acts_once_wherever_it_is_sent(tmp_path: Path) -> None:
    with site(tmp_path, 2) as here:
        first, other = here.nodes
        one = declared(first, "k1")
        assert declared(other, "k1") == one
        assert declared(other, "k1", "another title")[0] == 422
        with ThreadPoolExecutor(16) as pool:
            for turn in range(5):
                asked = [pool.submit(declared, here.nodes[n % 2], f"turn {turn}", f"turn {turn}") for n in range(16)]
                told = [each.result() for each in asked]
                assert {status for status, _ in told} == {201}
                assert len({said["id"] for _, said in told}) == 1, "sixteen at once at two nodes are one incident"
                assert len({json.dumps(said) for _, said in told}) == 1, "and all get the same answer"
        titles = [row[0] for row in here.sql("SELECT data FROM event WHERE type = 'Declared'")]
        assert sum("turn" in title for title in titles) == 5


def test_a_call_whose_node_died_is_answered_by_the_other(tmp_path: Path) -> None:
    with site(tmp_path, 2) as here:
        first, other = here.nodes
        assert first.process is not None
        one = declared(first, "k1")
        boot = here.sql(f"SELECT boot FROM node WHERE process = {first.process.pid}")[0][0]
        first.kill()
        here.sql(f"UPDATE call SET state = 'acted', answer = NULL, owner = '{boot}'")
        status, said = declared(other, "k1")
        assert (status, said["id"]) == (201, one[1]["id"])
