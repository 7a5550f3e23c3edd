"""Harm goes only where settings and the host both say lab, is written down first, and comes out again."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError, Refused
from firstfive.faults import FAULTS, Fault, Lab, Standing, by_name, named_on
from firstfive.targets.local import Local
from page import NAME

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DOCKER = """#!/bin/sh
echo "$*" >> docker.log
case "$*" in *firstfive.lab*nickapp-backend*) echo "$LABEL" ;; *127.0.0.1:5000/shop@sha256:0aff*) echo sha256:1d ;; esac
"""


def fault(inject: str = "touch harmed\n", heal: str = "rm -f harmed\n") -> Fault:
    return Fault(
        name="backend-missing-env",
        what="a file is there",
        runbook="backend",
        level=1,
        inject=inject,
        seen="test -e harmed",
        heal=heal,
        mends="remove it",
        symptom="A file is there.",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the mark of a lab, and a `docker` that writes down what it is asked."""
    stack = tmp_path / "stack"
    (stack / ".firstfive-lab/as-new").mkdir(parents=True)
    (stack / ".firstfive-lab/repository").write_text("127.0.0.1:5000/shop\n")
    (stack / ".firstfive-lab/digest").write_text("sha256:0aff\n")
    (stack / ".firstfive-lab/as-new/.env").write_text("PORT=5000\n")
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin/docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    return stack


def lab(folder: Path, *, allowed: bool = True, label: str = "1") -> Lab:
    environment = {"PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}", "LABEL": label}
    target = Local(name="lab", workdir=folder, runs=folder.parent / "runs", environment=environment)
    return Lab(target=target, allowed=allowed, note=folder.parent / "state/drill.json")


@pytest.mark.parametrize(
    ("allowed", "label", "marked", "words"),
    [
        (False, "1", True, "settings do not say so"),
        (True, "1", False, "there is no .firstfive-lab"),
        (True, "", True, "does not carry the label"),
        (True, "2", True, "does not carry the label"),
    ],
)
def test_what_is_not_marked_is_not_touched(folder: Path, allowed: bool, label: str, marked: bool, words: str) -> None:
    if not marked:
        (folder / ".firstfive-lab").rename(folder / "elsewhere")
    place = lab(folder, allowed=allowed, label=label)
    with pytest.raises(Refused, match=words):
        asyncio.run(place.inject(fault(), NOW))
    assert not (folder / "harmed").exists()
    assert place.standing() is None


def test_the_note_is_there_before_the_harm(folder: Path) -> None:
    asyncio.run(lab(folder).inject(fault(f"cp '{folder.parent}/state/drill.json' seen.json\ntouch harmed\n"), NOW))
    assert "backend-missing-env" in (folder / "seen.json").read_text()
    assert asyncio.run(lab(folder).hurts(fault()))


def test_healing_brings_files_and_release_back_and_may_run_twice(folder: Path) -> None:
    place = lab(folder)
    (folder / ".env").write_text("PORT=1\n")
    asyncio.run(place.inject(fault(), NOW))
    for _ in range(2):
        asyncio.run(place.undo(fault()))
    assert not (folder / "harmed").exists()
    assert (folder / ".env").read_text() == "PORT=5000\n"
    assert "tag sha256:1d 127.0.0.1:5000/shop:latest" in (folder / "docker.log").read_text()


def test_healing_needs_the_mark_too(folder: Path) -> None:
    (folder / ".firstfive-lab").rename(folder / "elsewhere")
    with pytest.raises(FirstfiveError, match="could not be healed"):
        asyncio.run(lab(folder).undo(fault()))
    with pytest.raises(Refused):
        asyncio.run(lab(folder, allowed=False).undo(fault()))


def test_a_note_that_cannot_be_read_is_healed_all_the_same(folder: Path) -> None:
    place = lab(folder)
    place.write(Standing(fault="gone-since", target="lab", at="", pid=1))
    assert place.left() is not None
    place.note.write_text("{half")
    assert place.left() is not None
    place.clear()
    assert place.left() is None


def test_a_fault_that_does_not_go_in_says_so_and_stays_noted(folder: Path) -> None:
    place = lab(folder)
    with pytest.raises(FirstfiveError, match="did not go in: no way"):
        asyncio.run(place.inject(fault("echo no way; false\ntouch harmed\n"), NOW))
    assert not (folder / "harmed").exists()
    assert place.left() is not None


def test_every_incident_of_the_page_has_faults() -> None:
    assert len({one.name for one in FAULTS}) == len(FAULTS)
    titles = ("Backend down", "MongoDB unreachable", "Redis unreachable", "SHKeeper API down", "Email delivery failure")
    for title in (*titles, "WebSocket disconnect storm", "Suspicious activity / abuse"):
        fitting = [one.name for one in FAULTS if one.fits(title)]
        assert len(fitting) >= 2, title
    with pytest.raises(FirstfiveError, match="there is no fault"):
        by_name("redis-stoped")


def test_the_corrected_page_names_a_drill_for_each_runbook() -> None:
    page = Path(__file__).resolve().parents[2] / "examples/compose/vault-corrected" / NAME
    named = named_on(page.read_text(encoding="utf-8"))
    assert len(named) == 7
    assert {by_name(name).name for name in named} == set(named)
