"""The team's own copy command: no shell, a deadline, and a word on how it went."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.stores.published import Place, copy_out

HERE = {"PATH": os.environ["PATH"]}
HANGS = (
    "import subprocess, sys, time; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); time.sleep(600)"
)


def test_it_runs_in_the_folder_word_by_word_and_sees_only_what_it_is_given(tmp_path: Path) -> None:
    program = "import os, sys; open('out', 'w').write(repr((sys.argv[1:], sorted(os.environ), os.getcwd())))"
    done = copy_out(
        (sys.executable, "-c", program, "$HOME; id", "a b"), folder=tmp_path, environment={"ONLY": "x", "LC_ALL": "C"}
    )
    assert done.ok, done.why
    words, seen, where = eval((tmp_path / "out").read_text())
    assert (words, where) == (["$HOME; id", "a b"], str(tmp_path))
    assert set(seen) <= {"ONLY", "LC_ALL", "LC_CTYPE"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("/nonexistent/rsync", "x"), "/nonexistent/rsync cannot be started"),
        (("sh", "-c", "echo no route; exit 12"), "sh ended with 12: no route"),
        (("sh", "-c", "kill -9 $$"), "sh ended with -9"),
    ],
)
def test_a_copy_that_fails_says_why_and_raises_nothing(words: tuple[str, ...], why: str, tmp_path: Path) -> None:
    done = copy_out(words, folder=tmp_path, environment=HERE)
    assert not done.ok
    assert done.why.startswith(why)


def test_a_copy_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    program = HANGS.replace("print(p.pid, flush=True)", "open('pid', 'w').write(str(p.pid))")
    done = copy_out((sys.executable, "-c", program), folder=tmp_path, environment=HERE, within=timedelta(seconds=2))
    assert not done.ok
    assert done.why.startswith(f"{sys.executable} was ended after ")
    child = int((tmp_path / "pid").read_text())
    for _ in range(500):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split(")")[1]:
            return
        time.sleep(0.02)
    raise AssertionError("the grandchild lives")


def test_whoever_is_told_to_leave_is_not_kept_by_a_copy_that_hangs(tmp_path: Path) -> None:
    place = Place(folder=tmp_path, copy=("sleep", "600"), environment=HERE, within=timedelta(minutes=10))

    async def leave() -> None:
        putting = asyncio.create_task(place.put({"index.html": b"x"}))
        await asyncio.sleep(0.3)
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting

    began = time.monotonic()
    asyncio.run(leave())  # waits for its threads
    assert time.monotonic() - began < 30


def test_a_place_copies_when_something_changed_or_a_copy_is_owed(tmp_path: Path) -> None:
    place = Place(folder=tmp_path / "page", copy=("sh", "-c", "echo x >> ../copies"), environment=HERE)

    async def put(*, owed: bool = False) -> bool:
        return (await place.put({"index.html": b"x"}, copy_anyway=owed)).copied is not None

    assert [asyncio.run(put()), asyncio.run(put()), asyncio.run(put(owed=True))] == [True, False, True]
    assert (tmp_path / "copies").read_text() == "x\nx\n"
    silent = Place(folder=tmp_path / "other")
    assert asyncio.run(silent.put({"index.html": b"x"}, copy_anyway=True)).copied is None
