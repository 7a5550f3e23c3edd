"""`firstfive learn` at the front door."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.door import Ask
from firstfive.app import open_program, read_handbook
from firstfive.incident import events as ev
from firstfive.incident.records import Run
from firstfive.settings import load

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def test_an_incident_that_went_by_the_page_teaches_nothing(ask: Ask, vault: Path) -> None:
    assert ask("declare", "the shop is shut").code == 0
    said = ask("learn", "INC-1")
    assert (said.code, said.out) == (0, "The timeline shows nothing that the page lacks.\n")
    assert ask("learn", "INC-9").code != 0


def test_a_step_that_failed_is_offered_as_a_diff_and_the_page_stays(ask: Ask, vault: Path) -> None:
    assert ask("declare", "the shop is shut").code == 0
    settings = load(vault=vault, config=None)
    step = read_handbook(settings).runbooks[0].steps[0]
    asyncio.run(_fail(settings, step.id))
    before = {page: page.read_bytes() for page in vault.glob("*.md")}
    (page,) = ask("learn", "INC-1", "--json").json["pages"]
    assert [edit["why"] for edit in page["edits"]] == [f"{step.title!r} did not end well in INC-1: exit 1"]
    assert "+# INC-1: this did not end well (exit 1)\n" in page["diff"]
    assert ask("learn", "INC-1").out.startswith(f"--- a/{page['page']}\n")
    assert {page: page.read_bytes() for page in vault.glob("*.md")} == before


def test_what_was_learnt_is_written_on_request_and_only_once(ask: Ask, vault: Path) -> None:
    assert ask("declare", "the shop is shut").code == 0
    settings = load(vault=vault, config=None)
    asyncio.run(_fail(settings, read_handbook(settings).runbooks[0].steps[0].id))
    (page,) = vault.glob("*.md")
    before = page.read_bytes()
    page.chmod(0o640)
    said = ask("learn", "INC-1", "--apply", "--json").json
    assert said["applied"]
    after = page.read_bytes()
    assert b"# INC-1: this did not end well (exit 1)\n" in after
    assert page.stat().st_mode & 0o777 == 0o640
    kept = [line for line in after.splitlines(keepends=True) if b"INC-1" not in line and b"**Drill" not in line]
    assert [line for line in kept if line.strip()] == [
        line for line in before.splitlines(keepends=True) if line.strip()
    ]
    assert ask("learn", "INC-1", "--apply").out.startswith("The timeline shows nothing")


async def _fail(settings, step: str) -> None:
    program = await open_program(settings, notifiers=(), log=lambda _: None)
    run = Run(
        id="r1", step=step, target="local", script="false", environment=(), sha256="0" * 64, changing=False,
        timeout=timedelta(seconds=5),
    )  # fmt: skip
    over = ev.StepFinished(
        run="r1", step=step, exit_code=1, output="", dropped=0, took=timedelta(seconds=1), met=False, why="exit 1"
    )
    try:
        await program.engine.journal.write(
            lambda tx: tx.append("INC-1", "firstfive", (ev.StepStarted(run=run), over), AT)
        )
    finally:
        await program.close()
