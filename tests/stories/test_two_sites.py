"""A second site watches the first: the first asks for the second's heartbeat as long as it lives, and its silence is an incident there."""

from __future__ import annotations

from pathlib import Path

import pytest

from stories.nodes import PAGE, Node, soon

pytestmark = [pytest.mark.process]

TOKEN = "a-token-of-the-first-site-" + "x" * 12


def made(folder: Path, more: str) -> Node:
    """A site of one machine and a file, whose page watches a port on which nobody listens."""
    vault = folder / "vault"
    vault.mkdir(parents=True)
    (folder / "work").mkdir()
    (vault / "Incident Response.md").write_text(PAGE.replace("PORT", "9").replace("SECONDS", "1"))
    return Node(
        name=folder.name,
        folder=folder,
        database=f"sqlite:///{folder / 'state' / 'journal.db'}",
        home=folder,
        vault=vault,
        work=folder / "work",
        more=more,
        environment={"BEAT": TOKEN},
    )


def told(node: Node) -> list[str]:
    """The incident that holds the silence."""
    alerts = node.call("GET", "/alerts")["alerts"]
    return [one["incident"] for one in alerts if one["subject"] == "first-site" and one["incident"]]


@pytest.mark.timeout(300)
def test_the_silence_of_one_site_is_an_incident_at_the_other(tmp_path: Path) -> None:
    second = made(
        tmp_path / "second",
        '[intake.tokens]\nany = "BEAT"\n[heartbeats.first-site]\nevery = "5s"\ngrace = "5s"\n',
    )
    second.start()
    try:
        port = soon(second.known, within=120)["port"]
        address = f"http://127.0.0.1:{port}/hooks/beat/{TOKEN}/first-site"
        first = made(tmp_path / "first", f'[notify]\nheartbeat = "{address}"\n')
        first.start()
        try:

            def heard() -> list[str]:
                return [b["name"] for b in second.call("GET", "/heartbeats")["heartbeats"] if b["last"]]

            assert soon(heard, within=120) == ["first-site"]
            first.kill()
        finally:
            first.stop()
        assert soon(lambda: told(second), within=90)
    finally:
        second.stop()
