"""What a step says is seen while it runs, newest lines only, and no secret in two halves."""

from __future__ import annotations

import asyncio
from pathlib import Path

from firstfive.engine.redact import Redactor
from firstfive.engine.steps.aloud import KEPT, SHOWN, Aloud
from firstfive.incident.records import Run
from firstfive.targets.local import Local
from incident.builders import run


def said(aloud: Aloud, incident: str = "INC-1") -> list[tuple[str, str]]:
    return [(one.run, one.text) for one in aloud.of(incident)]


def aloud() -> Aloud:
    return Aloud(redactor=Redactor(["s3cr3t-value"]))


def heard_of(board: Aloud, *blocks: str) -> str:
    async def play() -> str:
        hear = board.begin("INC-1", "r1", "down#2")
        for block in blocks:
            hear(block)
        return said(board)[0][1]

    return asyncio.run(play())


def test_whole_lines_are_shown_and_the_rest_waits() -> None:
    assert heard_of(aloud(), "pulling\nhal", "f\nno") == "pulling\nhalf\n"


def test_a_secret_that_comes_in_two_blocks_is_never_shown() -> None:
    assert "s3cr" not in heard_of(aloud(), "key s3cr", "3t-value\n")
    assert "hunter" not in heard_of(aloud(), "PASSWORD=hun", "ter2\n")


def test_a_secret_cut_by_what_is_kept_is_never_shown() -> None:
    filler = "x" * 99 + "\n"
    for shift in range(0, 60, 7):
        text = heard_of(aloud(), "PASSWORD=" + "a" * 40 + "q" * shift + "\n" + filler * (KEPT // 100))
        assert "aaaa" not in text


def test_of_much_only_the_newest_lines_are_shown() -> None:
    text = heard_of(aloud(), *(f"line {n}\n" for n in range(100_000)))
    assert text.endswith("line 99999\n")
    assert text.startswith("line ")
    assert len(text) <= SHOWN


def test_another_incident_and_a_run_that_ended_say_nothing() -> None:
    board = aloud()
    heard_of(board, "up\n")
    assert said(board, "INC-2") == []
    board.end("r1")
    assert said(board) == []


def test_whoever_follows_hears_of_it_and_is_not_flooded() -> None:
    board, ears = aloud(), list[str]()

    async def play() -> None:
        stop = board.follow(ears.append)
        hear = board.begin("INC-1", "r1", "down#2")
        for number in range(1000):
            hear(f"{number}\n")
        await asyncio.sleep(0.6)
        stop()
        hear("more\n")
        await asyncio.sleep(0.4)

    asyncio.run(play())
    assert ears == ["INC-1"]


def test_a_real_step_is_heard_before_it_ends(tmp_path: Path) -> None:
    board = aloud()
    place = Local(name="local", workdir=tmp_path, runs=tmp_path / "runs", environment={"PATH": "/usr/bin:/bin"})
    gate = tmp_path / "gate"
    slow: Run = run(script=f"echo begun; until [ -e {gate} ]; do sleep 0.1; done; echo over", target="local")

    async def play() -> tuple[str, str]:
        hear = board.begin("INC-1", slow.id, slow.step)
        running = asyncio.create_task(place.run(slow, hear))
        for _ in range(200):
            await asyncio.sleep(0.05)
            if said(board)[0][1]:
                break
        early = said(board)[0][1]
        gate.touch()
        return early, (await running).text

    assert asyncio.run(play()) == ("begun\n", "begun\nover\n")
