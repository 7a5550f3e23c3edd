"""The end of a growing log: rotated, truncated, replaced, gone and back, half written, too fast."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.probes.logs import follow
from firstfive.probes.logs.follow import FileTail
from firstfive.probes.logs.symptom import LogSymptoms, Sought, Wanted

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("old line\n")
    return path


def fresh(tail: FileTail) -> bytes:
    return asyncio.run(tail.fresh(NOW))


def put(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_the_first_look_finds_the_end_and_then_only_what_is_new(log: Path) -> None:
    tail = FileTail(path=log)
    assert fresh(tail) == b""
    put(log, "one\ntwo\nthr")
    assert fresh(tail) == b"one\ntwo\n"
    put(log, "ee\n")
    assert fresh(tail) == b"three\n"
    assert fresh(tail) == b""
    tail.close()


def test_a_line_that_was_half_written_at_the_beginning_is_not_looked_at_from_its_middle(log: Path) -> None:
    put(log, "password=hun")
    tail = FileTail(path=log)
    fresh(tail)
    put(log, "ter2\nnext\n")
    assert fresh(tail) == b"next\n"
    tail.close()


def test_rotation_loses_no_line(log: Path) -> None:
    tail = FileTail(path=log)
    fresh(tail)
    put(log, "before\n")
    log.rename(log.with_suffix(".1"))
    put(log.with_suffix(".1"), "late, to the old file\nno end")
    log.write_text("after\n")
    assert fresh(tail) == b"before\nlate, to the old file\nno end\nafter\n"
    tail.close()


def test_a_half_line_at_the_beginning_and_then_a_rotation_leaves_nothing_stray(log: Path) -> None:
    put(log, "half")
    tail = FileTail(path=log)
    fresh(tail)
    log.rename(log.with_suffix(".1"))
    log.write_text("after\n")
    assert fresh(tail) == b"after\n"
    tail.close()


def test_copytruncate_begins_anew(log: Path) -> None:
    tail = FileTail(path=log)
    put(log, "x" * 100 + "\n")
    fresh(tail)
    os.truncate(log, 0)
    put(log, "new\n")
    assert fresh(tail) == b"new\n"
    tail.close()


def test_a_file_that_goes_and_comes_back_is_read_from_its_start(log: Path, tmp_path: Path) -> None:
    tail = FileTail(path=log)
    fresh(tail)
    log.unlink()
    assert fresh(tail) == b""
    log.write_text("back\n")
    assert fresh(tail) == b"back\n"
    missing = FileTail(path=tmp_path / "not.yet")
    assert fresh(missing) == b""
    (tmp_path / "not.yet").write_text("first\n")
    assert fresh(missing) == b"first\n"
    other = tmp_path / "other.log"
    other.write_text("elsewhere\n")
    log.unlink()
    log.symlink_to(other)
    assert fresh(tail) == b"elsewhere\n"
    tail.close()
    missing.close()


def test_more_than_one_look_takes_is_left_out_and_counted(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "BLOCK", 1000)
    tail = FileTail(path=log)
    fresh(tail)
    put(log, "".join(f"line {n:05}\n" for n in range(1000)))
    got = fresh(tail)
    assert got.endswith(b"line 00999\n")
    assert got.splitlines()[0].startswith(b"line ")
    assert len(got) <= 1000
    assert tail.left_out == 11 * 1000 - 1000
    tail.close()


def test_a_line_of_ten_megabytes_is_bounded(log: Path) -> None:
    tail = FileTail(path=log)
    fresh(tail)
    for _ in range(10):
        put(log, "y" * 1_000_000)
        assert fresh(tail) == b""
    put(log, "\nshort\n")
    got = fresh(tail)
    assert got.endswith(b"\nshort\n")
    assert len(got) < 2 * follow.LINE
    tail.close()


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    tail = FileTail(path=tmp_path)
    with pytest.raises(FirstfiveError, match="no regular file"):
        fresh(tail)
    tail.close()


REDIS = Wanted(
    symptom="redis.s1",
    sought=(
        Sought(text="NOAUTH"),
        Sought(text=r"getaddrinfo ENOTFOUND \S*redis", regex=True, family="redis unreachable"),
    ),
)
STORM = Wanted(
    symptom="storm.s1",
    sought=(Sought(text="User connected", turn=1), Sought(text="User disconnected", turn=-1)),
    per_minute=60,
    cycling=True,
)


def look(probe: LogSymptoms, at: datetime = NOW) -> dict[str, tuple[bool, str]]:
    return {s.symptom: (s.firing, s.text) for s in asyncio.run(probe.look(at))}  # type: ignore[union-attr]


def test_a_symptom_fires_on_its_own_words_or_its_family_s_and_says_which(log: Path) -> None:
    tail = FileTail(path=log)
    probe = LogSymptoms(name="app", lines=tail, wanted=[REDIS], quiet=timedelta(seconds=60))
    assert look(probe)["redis.s1"][0] is False
    put(log, "all is well\nError: getaddrinfo ENOTFOUND redis\n")
    firing, text = look(probe)["redis.s1"]
    assert firing
    assert text == "Error: getaddrinfo ENOTFOUND redis (family: redis unreachable)"
    put(log, "ReplyError: noauth Authentication required\n")
    assert look(probe)["redis.s1"] == (True, "ReplyError: noauth Authentication required")
    assert look(probe, NOW + timedelta(seconds=61))["redis.s1"][0] is False
    tail.close()


def test_what_one_look_could_not_take_is_said_once(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "BLOCK", 1000)
    tail = FileTail(path=log)
    probe = LogSymptoms(name="app", lines=tail, wanted=[REDIS])
    look(probe)
    put(log, ("x" * 99 + "\n") * 20 + "NOAUTH\n")
    assert look(probe)["redis.s1"] == (
        True,
        "NOAUTH; 1007 bytes before this were not looked at: more came than one look takes",
    )
    assert look(probe)["redis.s1"] == (True, "NOAUTH")
    tail.close()


def test_a_cycle_counts_turns_and_not_lines(log: Path) -> None:
    tail = FileTail(path=log)
    probe = LogSymptoms(name="app", lines=tail, wanted=[STORM], quiet=timedelta(seconds=30))
    look(probe)
    put(log, "🔌 User connected: 1\n" * 500)
    assert look(probe)["storm.s1"][0] is False, "many who come and stay are no storm"
    put(log, "🔌 User disconnected: 1\n" * 61)
    firing, text = look(probe)["storm.s1"]
    assert firing
    assert "61 turns" in text
    assert look(probe, NOW + timedelta(seconds=91))["storm.s1"][0] is False
    tail.close()


def test_a_line_that_shows_two_of_the_texts_is_one_line(log: Path) -> None:
    wanted = Wanted(
        symptom="s", sought=(Sought(text="request failed"), Sought(text="failed: E[A-Z]+", regex=True)), per_minute=7
    )
    tail = FileTail(path=log)
    probe = LogSymptoms(name="app", lines=tail, wanted=[wanted])
    look(probe)
    put(log, "request failed: ECONNREFUSED\n" * 6)
    assert look(probe)["s"][0] is False
    put(log, "request failed: ECONNREFUSED\n" * 2)
    assert look(probe)["s"][0] is True
    tail.close()


def test_bytes_that_are_no_text_do_no_harm(log: Path) -> None:
    tail = FileTail(path=log)
    probe = LogSymptoms(name="app", lines=tail, wanted=[REDIS])
    look(probe)
    with log.open("ab") as file:
        file.write(b"\xff\xfe\x00NOAUTH\x1b[31m\r\n" + os.urandom(200_000) + b"\n")
    firing, text = look(probe)["redis.s1"]
    assert firing
    assert text.isprintable()
    tail.close()
