"""A node beside others: refused where a step could run on the wrong machine, and told when pages differ."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstfive.app import several
from firstfive.errors import SettingsError
from firstfive.settings import load
from firstfive.stores import open_journal
from firstfive.stores.postgres import PostgresJournal
from incident import builders as b
from postgres.cluster import cluster

NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


@pytest.fixture
def node() -> Iterator[PostgresJournal]:
    journal = open_journal(cluster().journal())
    assert isinstance(journal, PostgresJournal)
    yield journal
    asyncio.run(journal.close())


def beside(node: PostgresJournal, *, host: str, local: bool, age: int = 0) -> None:
    """Another node that was heard `age` seconds ago."""
    cluster().sql(
        "INSERT INTO node (boot, host, process, version, beat, page, local) "
        f"VALUES ('other', '{host}', 1, '0', {NOW} - {age} * 1000000, 'another page', {local})",
        node.where.rpartition("/")[2],
    )


def settings(folder: Path, kind: str):
    target = 'kind = "local"' if kind == "local" else 'kind = "ssh"\nhost = "prod"'
    (folder / "firstfive.toml").write_text(f"[targets.prod]\n{target}\n")
    return load(vault=folder)


@pytest.mark.parametrize(
    ("kind", "local", "age", "refused", "because"),
    [
        ("local", False, 0, "targets.prod is this machine", "our steps would run on another machine there"),
        ("ssh", True, 0, "elsewhere has a target that is itself", "its steps would run on another machine here"),
        ("ssh", False, 0, "", "every host has a name that all nodes know"),
        ("local", True, 60, "", "that node is gone"),
    ],
)
def test_this_machine_is_no_target_for_nodes_on_several(
    tmp_path: Path, node: PostgresJournal, kind: str, local: bool, age: int, refused: str, because: str
) -> None:
    beside(node, host="elsewhere", local=local, age=age)
    if not refused:
        several.refuse_apart(settings(tmp_path, kind), node.nodes)
        return
    with pytest.raises(SettingsError, match=refused) as caught:
        several.refuse_apart(settings(tmp_path, kind), node.nodes)
    assert 'kind = "ssh"' in caught.value.remedy, because


def test_a_node_that_follows_another_page_is_told_of(node: PostgresJournal) -> None:
    beside(node, host="elsewhere", local=False)
    told: list[str] = []
    ours = b.handbook(digest="our page")
    asyncio.run(several.take_share(node.nodes, ours, ("redis",), told.append, node))
    assert told == ["node other on elsewhere follows another page; give all nodes the same vault"]


def test_alone_nothing_is_shared(tmp_path: Path) -> None:
    made = settings(tmp_path, "local")
    made.state.mkdir()
    several.refuse_apart(made, None)
    assert several.holder(None)("anything")
    assert several.key_of(made, None, "links.key") == several.key_of(made, None, "links.key")
