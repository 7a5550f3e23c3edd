"""`firstfive nodes`, `migrate` and `doctor` on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from cli.door import Ask
from firstfive.stores import open_journal
from firstfive.stores.postgres import PostgresJournal
from postgres.cluster import cluster


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Incident Response.md").write_text(
        "# Incident Response\n\n## 3.1 Slow\n\n**Symptoms.** Logs show `SLOW`.\n"
    )
    return folder


def test_a_journal_in_a_file_has_no_nodes(ask: Ask, vault: Path) -> None:
    assert "One process owns this journal" in ask("nodes", "--vault", str(vault)).out


def test_nodes_are_shown_with_what_they_look_after_and_by_the_doctor(ask: Ask, vault: Path) -> None:
    url = cluster().journal()
    (vault / "firstfive.toml").write_text(f'database = "{url}"\n')
    node = open_journal(url)
    assert isinstance(node, PostgresJournal)
    assert node.nodes is not None
    try:
        node.nodes.show(page="abcdef")
        node.nodes.want(["redis"])
        shown = ask("nodes", "--vault", str(vault)).out
        assert "alive" in shown
        assert "looks after redis" in shown
        (told,) = json.loads(ask("nodes", "--vault", str(vault), "--json").out)["nodes"]
        assert (told["page"], told["looks"], told["alive"]) == ("abcdef", ["redis"], True)
        assert f"node {node.owner[:8]}" in ask("doctor", "--vault", str(vault)).out
    finally:
        asyncio.run(node.close())
    assert "No node was ever here" in ask("nodes", "--vault", str(vault)).out


def test_a_journal_is_moved_and_goes_on_there(ask: Ask, vault: Path) -> None:
    assert ask("declare", "the shop is shut", "--vault", str(vault)).code == 0
    url = cluster().database()
    file = f"sqlite:///{vault / '.firstfive' / 'journal.db'}"
    said = ask("migrate", "--from", file, "--to", url, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["open"] == 1
    (vault / "firstfive.toml").write_text(f'database = "{url}"\n')
    assert "the shop is shut" in ask("status", "--vault", str(vault)).out
    assert ask("ack", "INC-1", "--vault", str(vault)).code == 0
    assert ask("verify", "--vault", str(vault)).code == 0
    again = ask("migrate", "--from", file, "--to", url)
    assert again.code != 0
    assert "holds 1 incidents already" in again.err


def test_changes_do_not_go_on_before_the_hosts_were_asked(ask: Ask, vault: Path) -> None:
    ask("declare", "the shop is shut")
    assert ask("resume", "INC-1", "--note", "I looked at the host").code == 8
    assert ask("nodes", "restored", "--why", "put back from last night").code == 0
    said = ask("resume", "INC-1", "--note", "I looked at the host")
    assert (said.code, "still being asked what ran" in said.err) == (8, True), said.err
