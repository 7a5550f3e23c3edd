"""What the fire found: a page that this node never saw is loaded where a deadline needs it; a try that was undone concludes nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from firstfive.app import Program, open_program
from firstfive.ports import Received
from firstfive.settings import load
from postgres.cluster import cluster
from stories.nodes import PAGE

ALERT = {"status": "firing", "labels": {"alertname": "A"}, "fingerprint": "A", "startsAt": "2026-01-01T00:00:00Z"}


async def opened(folder: Path, database: str, *, page: str = "") -> Program:
    vault = folder / "vault"
    vault.mkdir(parents=True)
    (vault / "Incident Response.md").write_text(PAGE.replace("PORT", "9").replace("SECONDS", "1") + page)
    config = folder / "firstfive.toml"
    config.write_text(
        f'vault = "{vault}"\nstate = "{folder / "state"}"\ndatabase = "{database}"\n[targets.local]\nworkdir = "{folder}"\n'
    )
    return await open_program(load(config=config), notifiers=(), log=lambda text: None)


def test_deadlines_of_an_incident_under_a_page_that_this_node_never_saw_are_kept(tmp_path: Path) -> None:
    url = cluster().journal()
    name = url.rpartition("/")[2]

    async def story() -> None:
        other = await opened(tmp_path / "other", url, page="\n<!-- another page -->\n")
        mine = await opened(tmp_path / "mine", url)
        try:
            made = await mine.engine.declare("ada", "web is down", 1)
            assert made.declared is not None
            assert made.declared.handbook != other.engine.handbook.digest
            await asyncio.to_thread(cluster().sql, "DELETE FROM work WHERE kind <> 'wake'", name)
            await asyncio.to_thread(cluster().sql, "UPDATE work SET due = 0", name)
            count = "SELECT count(*) FROM work WHERE kind = 'wake' AND state <> 'done' AND due = 0"
            assert cluster().sql(count, name)[0][0] >= 1
            assert made.declared.handbook not in other.shelf
            assert await other.engine.turn() >= 1
            await other.engine.settle()
            assert other.engine.complaints == []
            assert cluster().sql(count, name) == [(0,)]
            assert made.declared.handbook in other.shelf
        finally:
            await mine.close()
            await other.close()

    asyncio.run(story())


def test_a_batch_that_the_database_undid_is_concluded_from_the_beginning(tmp_path: Path) -> None:
    """The first try to write what was made of a request fails as it does when two transactions meet; a sequence remembers that."""
    url = cluster().journal()
    undone = """
        CREATE SEQUENCE tries;
        CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF nextval('tries') = 1 THEN RAISE EXCEPTION 'another transaction came between' USING ERRCODE = '40001'; END IF;
          RETURN NEW; END $$;
        CREATE TRIGGER undo BEFORE UPDATE ON received FOR EACH ROW EXECUTE FUNCTION undo();
    """

    async def story() -> tuple[Received | None, tuple[str, ...], int]:
        node = await opened(tmp_path, url)
        try:
            await asyncio.to_thread(cluster().sql, undone, url.rpartition("/")[2])
            body = json.dumps({"alerts": [ALERT]}).encode()
            one = Received(
                id=0,
                key="k",
                source="alertmanager",
                at=node.engine.clock.now(),
                body=body,
                seen=(),
                state="waiting",
                asked='["POST","",{},{}]',
            )
            number, _ = await node.journal.keep(one)
            assert await node.inbox.sort_waiting() == 1
            kept = await node.journal.read(lambda tx: tx.received(number))
            tries = int(str(cluster().sql("SELECT last_value FROM tries", url.rpartition("/")[2])[0][0]))
            return kept, await node.engine.recent_ids(), tries
        finally:
            await node.close()

    kept, incidents, tries = asyncio.run(story())
    assert kept is not None
    assert tries == 2, "it was undone once and done over"
    assert [outcome.verdict for outcome in kept.outcomes] == ["declared"], "the first try made it no repeat of itself"
    assert incidents == ("INC-1",)
