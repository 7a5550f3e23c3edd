"""What a scan counts: the same as counting every line alone, whatever the log holds."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from firstfive.errors import FirstfiveError
from firstfive.probes.logs import blocks, scan, workers
from firstfive.probes.logs.patterns import Pattern, compiled
from firstfive.probes.logs.shares import PIECE
from firstfive.probes.logs.tally import shown
from firstfive.probes.logs.window import Window
from firstfive.probes.logs.workers import scan_log
from probes.logs.naive import NEWEST, counted, minutes


def literal(text: str, *, caseless: bool = False) -> Pattern:
    return Pattern(id=text, text=text, caseless=caseless)


def regex(text: str, *, caseless: bool = False) -> Pattern:
    return Pattern(id=text, text=text, regex=True, caseless=caseless)


def written(folder: Path, log: bytes, name: str = "a.log") -> Path:
    path = folder / name
    path.write_bytes(log)
    os.utime(path, (NEWEST.timestamp(), NEWEST.timestamp()))
    return path


STAMPS = (
    "2026-03-01T10:{m:02d}:{s:02d}.120Z web | {said}",
    '203.0.113.7 - - [01/Mar/2026:10:{m:02d}:{s:02d} +0000] "GET / HTTP/1.1" 200 1 "-" "{said}"',
    '{{"level":30,"time":17723592{m:02d}{s:02d}0,"msg":"{said}"}}',
    '{{"log":"{said}\\n","stream":"stdout","time":"2026-03-01T10:{m:02d}:{s:02d}.123456789Z"}}',
    "Mar  1 10:{m:02d}:{s:02d} host app[7]: {said}",
    "2026/03/01 10:{m:02d}:{s:02d} [error] 7#7: {said}",
    "1:M 01 Mar 2026 10:{m:02d}:{s:02d}.123 * {said}",
    "[2026-03-01 10:{m:02d}:{s:02d}] {said}",
    "    at {said} (app.js:1:2)",
)
WORDS = st.sampled_from(
    ["ERR", "err", "ERR ERR", "x1", "x42y", "🔌 on", "🔌", "a\x00b", "foo", "foobar", "", "\r", "NOAUTH", "é", "éé"]
)
LINES = st.builds(
    lambda stamp, minute, second, words, end: stamp.format(m=minute, s=second, said=" ".join(words)).encode() + end,
    st.sampled_from(STAMPS),
    st.integers(0, 59),
    st.integers(0, 59),
    st.lists(WORDS, max_size=4),
    st.sampled_from([b"", b"\r", b"\xff\xfe", b" foo", b" foo\r"]),
)
ANY_LINE = LINES | st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b""))
LITERALS = [literal(t) for t in ("ERR", "🔌", "foo", "a\x00b", "NOAUTH", " ", "é", "on\r")] + [
    literal("err", caseless=True)
]
REGEXES = [
    regex(text)
    for text in (
        r"x[0-9]+",
        r"\bfoo\b",
        r"fo+",
        r"[^a-z]ERR",
        r"ERR\s",
        r"(?:🔌|é){2}",
        "é+",
        r"^Mar",
        r"\dy",
        r".",
        r"a.b",
    )
] + [
    regex(r"(?<!foo)bar"),
    regex(r"(ERR) \1"),
    regex(r"no(?=auth)", caseless=True),
    regex(r"(?i:err)"),
    regex(r"o{,2}b"),
    regex(r"(?:ERR|NOAUTH)$"),
    regex(r"foo|x1"),
    regex(r"(?:foo)+b"),
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(ANY_LINE, max_size=60), last=st.sampled_from([b"", b"\n"]))
def test_counts_are_those_of_every_line_alone(tmp_path: Path, lines: list[bytes], last: bytes) -> None:
    log = b"\n".join(lines) + last
    assume(not log.startswith(b"\x1f\x8b"))  # a gzipped log begins so
    patterns = [*LITERALS, *REGEXES]
    found = minutes(scan_log(written(tmp_path, log), patterns))
    assert found == counted(log, patterns)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(ANY_LINE, min_size=1, max_size=60), size=st.integers(16, 400), ordered=st.booleans())
def test_counts_do_not_depend_on_where_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[bytes], size: int, ordered: bool
) -> None:
    log = b"\n".join(sorted(lines) if ordered else lines)
    assume(not log.startswith(b"\x1f\x8b"))
    whole = scan_log(written(tmp_path, log), LITERALS)
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(log))
    os.utime(packed, (NEWEST.timestamp(), NEWEST.timestamp()))
    monkeypatch.setattr(blocks, "BLOCK", size)
    for path in (tmp_path / "a.log", packed):
        again = scan_log(path, LITERALS)
        assert minutes(again) == minutes(whole)
        assert [one.samples for one in again.seen] == [one.samples for one in whole.seen]
        assert again.read == len(log)


def storm(lines: int, *, share: float, seed: int, backwards: bool = False) -> bytes:
    """Two hours whose middle is a storm of one literal, some lines holding it twice, some without a time."""
    chance = random.Random(seed)
    made = []
    for n in range(lines):
        minute = n * 120 // lines
        stormy = 30 <= minute < 90 and chance.random() < share
        said = (
            chance.choice(["🔌 on", "🔌 on 🔌 on", "🔌 on 🔌 off"])
            if stormy
            else chance.choice(["fine", "ERR", "🔌 off"])
        )
        if backwards and chance.random() < 0.01:
            minute = max(0, minute - 3)
        stamp = f"2026-03-01T{10 + minute // 60}:{minute % 60:02d}:00.000Z " if chance.random() < 0.8 else "    "
        made.append(f"{stamp}{said} {chance.getrandbits(64):016x}")
    return "\n".join(made).encode()


@pytest.mark.parametrize("backwards", [False, True], ids=["in time order", "now and then back in time"])
@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_a_storm_changes_no_count(tmp_path: Path, share: float, backwards: bool) -> None:
    log = storm(60_000, share=share, seed=int(share * 100), backwards=backwards)
    patterns = [literal("🔌 on"), literal("🔌"), literal("🔌 off"), literal("ERR"), regex(r"🔌 o[nx]")]
    tally = scan_log(written(tmp_path, log), patterns)
    expected = counted(log, patterns)
    if backwards:
        assert [one.lines for one in tally.seen] == [sum(one.values()) for one in expected]
    else:
        assert minutes(tally) == expected


def test_a_flooding_literal_leaves_the_machine_and_comes_back(tmp_path: Path) -> None:
    made = compiled([literal("🔌 on"), literal("ERR")])
    seen: list[frozenset[int]] = []

    class Watched:
        patterns, texts, owners, confirm, loose = made.patterns, made.texts, made.owners, made.confirm, made.loose
        guards = made.guards

        def scan(self, block: memoryview, hit: object, context: object, without: frozenset[int]) -> None:
            seen.append(without)
            made.scan(block, hit, context, without)  # type: ignore[arg-type]

    log = storm(120_000, share=1.0, seed=1)
    one = scan.Scan(patterns=Watched(), times=workers.Times(newest=NEWEST))  # type: ignore[arg-type]
    handle, size = blocks.opened(written(tmp_path, log))
    for block in blocks.plain(handle, 0, size, blocks.Reading()):
        one.take(block)
    os.close(handle)
    assert seen[0] == frozenset()
    assert frozenset({0}) in seen, "the storm was counted apart"
    assert minutes(one.tally) == counted(log, list(made.patterns))


def test_two_processes_count_as_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = storm(150_000, share=0.5, seed=5)
    path = written(tmp_path, log)
    alone = scan_log(path, LITERALS)
    monkeypatch.setattr(workers, "WORTH_SHARING", 1)
    monkeypatch.setattr("firstfive.probes.logs.shares.PIECE", 700_001)
    shared = scan_log(path, LITERALS, jobs=2, cache=tmp_path / "cache")
    assert minutes(shared) == minutes(alone)
    assert (shared.read, shared.cut) == (alone.read, alone.cut) == (len(log), 0)
    assert [one.samples for one in shared.seen] == [one.samples for one in alone.seen]
    assert PIECE > 1 << 20


def test_a_process_that_fails_is_told_and_nothing_is_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, storm(20_000, share=0.5, seed=5))
    monkeypatch.setattr(workers, "WORTH_SHARING", 1)
    monkeypatch.setattr("firstfive.probes.logs.shares.sys.executable", "/bin/false")
    with pytest.raises(FirstfiveError, match="reads its share of the log failed"):
        scan_log(path, LITERALS, jobs=2)


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
def test_ripgrep_counts_the_same_lines(tmp_path: Path) -> None:
    path = written(tmp_path, storm(30_000, share=0.5, seed=9))
    patterns = [
        literal("🔌 on"),
        literal("ERR"),
        regex(r"[0-9]{3}[a-f]$"),
        regex(r"^2026.*(?:on|off)"),
        literal("FINE", caseless=True),
    ]
    tally = scan_log(path, patterns)
    for pattern, seen in zip(patterns, tally.seen, strict=True):
        flags = (["--no-unicode"] if pattern.regex else ["-F"]) + (["-i"] if pattern.caseless else [])
        told = subprocess.run(["rg", "-a", "-c", *flags, "-e", pattern.text, path], capture_output=True, check=True)
        assert seen.lines == int(told.stdout), pattern.text


def long_line(size: int, word: bytes, at: int) -> bytes:
    return b"x" * at + word + b"x" * (size - at - len(word))


@pytest.mark.parametrize(
    ("size", "at", "lines", "cut", "why"),
    [
        (3 << 20, 2 << 20, 1, 0, "a line over the block is looked at whole"),
        (10 << 20, 1 << 20, 1, 1, "of a line over the limit the beginning counts"),
        (10 << 20, 9 << 20, 0, 1, "its end is not looked at, and that is said"),
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
def test_very_long_lines_are_bounded(
    tmp_path: Path, size: int, at: int, lines: int, cut: int, why: str, packed: bool
) -> None:
    log = b"ERR before\n" + long_line(size, b"NOAUTH", at) + b"\nERR after\n"
    path = written(tmp_path, gzip.compress(log, 1) if packed else log)
    tally = scan_log(path, [literal("NOAUTH"), literal("ERR")])
    assert (tally.seen[0].lines, tally.cut) == (lines, cut), why
    assert tally.seen[1].lines == 2, "the lines around it count"
    assert all(len(sample.text) <= 4096 for one in tally.seen for sample in one.samples)


@pytest.mark.parametrize(
    ("log", "lines", "why"),
    [
        (b"", 0, "an empty log"),
        (b"ERR", 1, "no line feed at the end"),
        (b"ERR\r\nERR\r\n", 2, "lines end as Windows ends them"),
        (b"\x00\x00ERR\x00\n\xff\xfe\x80 ERR\n", 2, "NUL and bytes that are no UTF-8"),
        (b"\n\n\nERR\n\n", 1, "empty lines"),
        (b"ER\nR\n", 0, "nothing runs over a line end"),
        (b"ERRERRERR\n", 1, "a line counts once"),
    ],
)
def test_odd_bytes(tmp_path: Path, log: bytes, lines: int, why: str) -> None:
    tally = scan_log(written(tmp_path, log), [literal("ERR"), regex(r"ERR(?:.*)$")])
    assert [one.lines for one in tally.seen] == [lines, lines], why


def test_samples_are_the_first_lines_as_safe_text(tmp_path: Path) -> None:
    log = b"".join(b"2026-03-01T10:00:00Z ERR %d \x1b[31m\xff\x07\n" % n for n in range(9))
    (seen,) = scan_log(written(tmp_path, log), [literal("ERR")]).seen
    assert [sample.text[21:26] for sample in seen.samples] == [f"ERR {n}" for n in range(5)]
    assert seen.samples[1].at == len(log) // 9
    assert all(sample.text.isprintable() for sample in seen.samples)
    assert shown(b"a\x1b[2Jb\x00c") == "a [2Jb c"


def test_a_bomb_ends_at_its_budget_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"ERR\n" * (4 << 20), 1))
    tally = scan_log(path, [literal("ERR")], budget=4 << 20)
    assert tally.read == 4 << 20
    assert tally.seen[0].lines == 1 << 20
    assert tally.unread == "stopped after 4194304 unpacked bytes: the log is larger than that, or made to be"


@pytest.mark.parametrize("keep", [10, 60, -1, -6], ids=lambda n: f"cut at {n}")
def test_a_damaged_gzip_gives_what_it_has_and_says_so(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"".join(b"ERR %d\n" % n for n in range(1000)))[:keep])
    tally = scan_log(path, [literal("ERR")])
    assert "damaged" in tally.unread
    assert tally.seen[0].lines <= 1000


def test_several_gzip_members_are_one_log(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"ERR 1\nER") + gzip.compress(b"R 2\n"))
    tally = scan_log(path, [literal("ERR")])
    assert (tally.seen[0].lines, tally.unread) == (2, "")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "it is no regular file"),
        (os.mkfifo, "it is no regular file"),
    ],
    ids=["missing", "a folder", "a pipe"],
)
def test_what_is_no_log_is_refused(tmp_path: Path, make: object, says: str) -> None:
    path = tmp_path / "x"
    make(path)  # type: ignore[operator]
    with pytest.raises(FirstfiveError, match=says) as refused:
        scan_log(path, [literal("ERR")])
    assert refused.value.where == str(path)
    assert "may read it" in refused.value.remedy


def test_a_window_counts_its_whole_minutes_only(tmp_path: Path) -> None:
    log = b"".join(
        b"2026-03-%02dT%02d:%02d:%02d.000Z ERR %0200d\n" % (1 + n // 1440, n // 60 % 24, n % 60, s, n)
        for n in range(2880)
        for s in (0, 20, 40)
    )
    path = written(tmp_path, log)
    since, until = (
        NEWEST.replace(month=3, day=1, hour=h, minute=m, second=s) for h, m, s in ((20, 5, 30), (20, 7, 10))
    )
    tally = scan_log(path, [literal("ERR")], window=Window(since=since, until=until))
    assert sorted(tally.seen[0].minutes.values()) == [3, 3, 3], "20:05, 20:06 and 20:07"
    assert tally.seen[0].samples[0].text.startswith("2026-03-01T20:05:00")
    assert tally.read < len(log), "the rest was not read"


def test_memory_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    line = b"2026-03-01T10:00:00.000Z ERR " + b"x" * 200 + b"\n"
    with path.open("wb") as out:
        for _ in range(60):
            out.write(line * 10_000)
    code = (
        "import re, sys; from pathlib import Path\n"
        "from firstfive.probes.logs.patterns import Pattern; from firstfive.probes.logs.workers import scan_log\n"
        "tally = scan_log(Path(sys.argv[1]), [Pattern(id='e', text='ERR'), Pattern(id='x', text='x[0-9]', regex=True)])\n"
        "print(tally.seen[0].lines, int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    told = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True, text=True).stdout.split()
    assert int(told[0]) == 600_000
    assert int(told[1]) <= 64, "MiB at a log of 130 MiB"
