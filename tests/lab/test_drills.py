"""Faults put into a real stack on the original page, unchanged: seen, declared, ranked, mended, told, healed, and scored."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from lab.stand import ROOT, Stand, stand
from page import original_page, original_path

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("lab"), pytest.mark.timeout(400)]

FAULTS = [
    # fault, words of what mends it, why this row
    ("redis-stopped", "own step redis-unreachable", "the page's command starts it again"),
    ("backend-missing-env", "an offered change, put-back.1", "the file is put back as it was when all was well"),
    ("smtp-refused", "outside: nothing here can mend it", "it is the provider's"),
    (
        "backend-bad-deploy",
        "roll-back",
        "the page rolls back first; last, since what follows a deploy looks like its doing",
    ),
]


def marks(card: dict[str, Any]) -> dict[str, Any]:
    return {mark["name"]: mark for mark in card["marks"]}


def test_faults_are_seen_and_answered_as_the_page_says() -> None:
    """One after the other and in this order, on one lab: a version of the files is a good one once it has stood for a while, what follows
    a deploy looks like its doing, and a real incident ends it all. Two more faults go in by hand and beside a real incident.
    """
    original_page()  # skips, or fails in CI, where the page is missing
    with (
        tempfile.TemporaryDirectory(prefix="ffl", ignore_cleanup_errors=True) as folder,
        stand(Path(folder), original_path()) as up,
    ):
        until_files_are_good(up)
        killed_and_healed(up)
        for fault, mended, because in FAULTS:
            answered(up, fault, mended, because)
        answered_by_hand(up)
        kept(up)
        gives_way_to_a_real_incident(up)


def until_files_are_good(up: Stand) -> None:
    """A version of the files is a good one once it has stood for four seconds without trouble; only then can it be put back."""
    until = time.monotonic() + 60
    while not list((up.note.parent / "kept").glob("*/*/good")):
        assert time.monotonic() < until, "no version of the files is kept as a good one"
        time.sleep(0.1)


def answered(up: Stand, fault: str, mended: str, because: str) -> None:
    more = ("--within", "12") if mended.startswith("outside") else ()
    _, answer = up.firstfive("drill", "run", fault, *more)
    assert "drills" in answer, f"{fault}: {answer}"
    (card,) = answer["drills"]
    if not card["passed"] or mended not in card["mended"]:
        whole = up.firstfive("status", card["incident"])[1] if card["incident"] else {"timeline": []}
        print(*(f"{entry['at'][11:22]} {entry['text'][:200]}" for entry in whole["timeline"]), sep="\n")
    seen = marks(card)
    failed = {name: mark["why"] for name, mark in seen.items() if mark["met"] is False and name != "detected"}
    assert not failed, f"{fault}, {because}: {failed}"
    assert seen["detected"]["seconds"] is not None
    assert seen["detected"]["seconds"] < 15, "five on a quiet machine; tests run beside others"
    assert mended in card["mended"], f"{fault}: {because}"


def killed_and_healed(up: Stand) -> None:
    """A drill that was killed is healed by the next command."""
    going = up.drilling("shkeeper-unreachable")
    owner = int((up.note.parent / "drill.lock").read_text())
    code, second = up.firstfive("drill", "run", "redis-stopped")
    assert (code, second["error"]["what"]) == (8, f"a drill is on already, by process {owner}")
    os.kill(owner, signal.SIGKILL)
    going.wait(20)
    code, answer = up.firstfive("drill", "heal")
    assert (code, answer.get("healed")) == (0, "shkeeper-unreachable"), answer
    assert not up.note.exists()
    _, again = up.firstfive("drill", "heal")
    assert again["healed"] is None


def answered_by_hand(up: Stand) -> None:
    """Hands-on: a person at the command line takes it, looks, approves the step that waits, and tells the others."""
    card = up.folder / "card.json"
    going = up.drilling("mongodb-stopped", "--mode", "hands-on", "--within", "90", "--json", out=card)
    incident = first_open(up)
    assert incident["drill"]
    name = incident["id"]
    assert up.firstfive("ack", name, "--by", "ann")[0] == 0
    until = time.monotonic() + 60
    while not (waiting := up.firstfive("status", name)[1]["waiting"]):
        assert time.monotonic() < until, "nothing waits"
    assert waiting[0]["step"].startswith("mongodb-unreachable")
    assert up.firstfive("approve", name, waiting[0]["step"], "--yes", "--by", "ann")[0] == 0
    assert up.firstfive("update", name, "MongoDB starts again", "--by", "ann")[0] == 0
    going.wait(150)
    (made,) = json.loads(card.read_text().splitlines()[0])["drills"]
    failed = {
        mark["name"]: mark["why"] for mark in made["marks"] if mark["met"] is False and mark["name"] != "detected"
    }
    assert (made["mode"], failed) == ("hands-on", {})
    assert "own step mongodb-unreachable" in made["mended"]


def first_open(up: Stand) -> dict[str, Any]:
    until = time.monotonic() + 60
    while True:
        listed = [row for row in up.firstfive("status")[1]["incidents"] if not row.get("resolved_at")]
        for row in listed:
            whole: dict[str, Any] = up.firstfive("status", row["id"])[1]
            if whole["resolved_at"] is None:
                return whole
        assert time.monotonic() < until, "nothing was declared"


def gives_way_to_a_real_incident(up: Stand) -> None:
    """A real incident begins beside a drill: the fault goes out at once, the drill's incident ends, and no further drill begins."""
    told = up.folder / "told"
    going = up.drilling("smtp-timeout", out=told)
    drilled = first_open(up)["id"]
    _, declared = up.firstfive("declare", "buyers cannot pay", "--severity", "1")
    assert going.wait(60) == 8
    said = told.read_text()
    assert f"{declared['id']} began during the drill and is real: buyers cannot pay" in said
    assert "the fault is out" in said
    assert not up.note.exists()
    assert up.healthy()
    ended = up.firstfive("status", drilled)[1]
    assert ended["resolved_at"] is not None
    assert any("the drill was called off" in entry["text"] for entry in ended["timeline"])
    code, refused = up.firstfive("drill", "run", "redis-stopped")
    assert code == 8
    assert refused["error"]["what"] == f"{declared['id']} is open and no drill: buyers cannot pay"
    assert not up.note.exists()


def kept(up: Stand) -> None:
    _, answer = up.firstfive("drill", "history")
    assert {card["fault"] for card in answer["drills"]} >= {"redis-stopped"}
    _, figures = up.firstfive("metrics")
    assert "redis" not in str(figures), "drills are left out of the metrics"


def test_the_tutorial_s_drills_are_run_here() -> None:
    tutorial = (ROOT / "docs/tutorials/first-drill.md").read_text(encoding="utf-8")
    named = set(re.findall(r"FAULT=([a-z0-9-]+)", tutorial))
    expected = {fault: mended for fault, mended, _ in FAULTS}
    assert named <= set(expected)
    assert "own step" in expected["redis-stopped"], "the tutorial says that the page mends it"
    assert "put-back" in expected["backend-missing-env"], "that an offer mends what the page has no command for"
    assert "outside" in expected["smtp-refused"], "and that nothing here mends this one"
