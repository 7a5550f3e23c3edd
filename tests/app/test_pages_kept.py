"""Old versions of the page: those that incidents need stay in memory, a few others too, and the rest is compiled again when asked for."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from firstfive.app.pages import SPARE, ensured, read_handbook, thinned
from firstfive.handbook.model import Handbook
from firstfive.settings import load
from firstfive.stores import open_journal

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAGE = """# Incident Response

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | Site fully down | 15 min | Web is down |
"""


def test_the_shelf_keeps_what_is_needed_and_the_newest_of_the_rest(tmp_path: Path) -> None:
    (tmp_path / "Incident Response.md").write_text(PAGE)
    page = read_handbook(load(vault=tmp_path))
    shelf = {f"page-{n}": page for n in range(SPARE + 30)}
    thinned(shelf, {"page-0", "page-5", f"page-{SPARE + 29}"})
    assert len(shelf) == SPARE + 3
    assert {"page-0", "page-5", f"page-{SPARE + 29}"} <= set(shelf)
    assert f"page-{SPARE + 28}" in shelf
    assert "page-1" not in shelf


def test_whoever_walks_through_a_year_of_pages_fills_no_memory(tmp_path: Path) -> None:
    (tmp_path / "Incident Response.md").write_text(PAGE)
    settings = load(vault=tmp_path)
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    shelf: dict[str, Handbook] = {}
    ensure = ensured(settings, journal, shelf, lambda: {"page-0"})

    async def story() -> None:
        sources = json.dumps({"Incident Response.md": PAGE}).encode()
        for n in range(SPARE + 15):
            await journal.write(lambda tx, n=n: tx.keep_handbook(f"page-{n}", sources, NOON))  # type: ignore[misc]
            await ensure(f"page-{n}")
        assert len(shelf) == SPARE + 1
        assert "page-0" in shelf
        assert "page-1" not in shelf
        await ensure("page-1")
        assert shelf["page-1"].digest == "page-1"
        await journal.close()

    asyncio.run(story())
