"""Access logs: exact rankings, and offenders while they offend."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.incident.signals import Signal
from firstfive.probes.logs.access.line import is_hidden
from firstfive.probes.logs.access.offenders import Offenders
from firstfive.probes.logs.access.rank import Question, rank
from firstfive.probes.logs.access.sockets import Sockets
from firstfive.probes.logs.window import Window

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def line(address: str, path: str = "/", status: int = 200, at: datetime = T0, method: str = "GET") -> str:
    return f'{address} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "{method} {path} HTTP/1.1" {status} 512 "-" "curl/8"\n'


def made(folder: Path, lines: list[str]) -> Path:
    path = folder / "access.log"
    path.write_text("".join(lines))
    return path


ADDRESSES = [
    "203.0.113.7",
    "8.8.8.8",
    "198.51.100.123",
    "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1",
    "2001:db8:aaaa:bbbb:cccc:dddd:eeee:2",
    "::1",
    "1.2.3.4",
]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_address_is_counted_exactly(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    r = random.Random(seed)
    chosen = [r.choice(ADDRESSES) for _ in range(r.randrange(1, 300))]
    path = made(tmp_path_factory.mktemp("rank"), [line(a) for a in chosen])
    assert rank(path, Question()).counts == dict(Counter(chosen))


def test_a_filter_counts_what_it_says_in_its_window(tmp_path: Path) -> None:
    lines = []
    for minute in range(180):
        at = T0 + timedelta(minutes=minute)
        lines += [
            line("8.8.8.8", at=at),
            line("203.0.113.7", "/api/auth/login?x=1", 401, at, "POST"),
            line("203.0.113.7", "/api/auth/login", 200, at, "POST"),
        ]
    path = made(tmp_path, lines)
    question = Question(
        path="/api/auth/login",
        statuses=frozenset({401}),
        method="POST",
        window=Window(since=T0 + timedelta(hours=1), until=T0 + timedelta(hours=2)),
    )
    found = rank(path, question)
    assert found.counts == {"203.0.113.7": 60}
    by_path = rank(path, Question(by="path", path="/api/"))
    assert by_path.top(2) == [("200 /api/auth/login", 180), ("401 /api/auth/login", 180)]


def test_gzip_and_two_processes_say_the_same(tmp_path: Path) -> None:
    r = random.Random(7)
    lines = [line(r.choice(ADDRESSES), at=T0 + timedelta(seconds=n // 50)) for n in range(700_000)]
    path = made(tmp_path, lines)
    packed = tmp_path / "access.log.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    alone = rank(path, Question())
    assert alone.lines == 700_000
    assert rank(path, Question(), jobs=2).counts == alone.counts == rank(packed, Question()).counts


def test_damage_and_bombs_end_the_reading_and_it_is_said(tmp_path: Path) -> None:
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(line("8.8.8.8").encode() * 5000)[:-20])
    assert "damaged" in rank(packed, Question()).unread
    packed.write_bytes(gzip.compress(b"\0" * 50_000_000))
    assert "stopped after" in rank(packed, Question(), budget=1_000_000).unread


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "172.17.0.1", "192.168.1.1", "::1", "fe80::1", "-", "unix:"]
)
def test_an_address_that_hides_the_real_one_is_nobody_to_block(address: str) -> None:
    assert is_hidden(address)
    assert not is_hidden("8.8.8.8")


class Lines:
    """Lines that were just written."""

    name = "access"

    def __init__(self) -> None:
        self.waiting = ""

    async def fresh(self, now: datetime) -> bytes:
        out, self.waiting = self.waiting, ""
        return out.encode()


def seen(probe: Offenders, lines: Lines, text: str, at: datetime = T0) -> Signal:
    lines.waiting = text
    (signal,) = asyncio.run(probe.look(at))
    assert isinstance(signal, Signal)
    return signal


def watching(lines: Lines) -> Offenders:
    return Offenders(
        name="o", symptom="s", lines=lines, path="/api/auth/login", more_than=10, window=timedelta(minutes=5)
    )


def test_one_address_that_is_refused_too_often_and_then_stops() -> None:
    lines = Lines()
    probe = watching(lines)
    assert not seen(probe, lines, line("8.8.8.8", "/api/auth/login", 401) * 10).firing
    found = seen(probe, lines, line("8.8.8.8", "/api/auth/login", 429))
    assert found.firing
    assert found.text == "8.8.8.8: more than 10 refusals in 5 min"
    assert seen(probe, lines, "", T0 + timedelta(seconds=14)).firing
    assert not seen(probe, lines, "", T0 + timedelta(seconds=16)).firing, "a flood that is silent for 15 s is over"
    assert seen(probe, lines, line("8.8.8.8", "/api/auth/login", 401), T0 + timedelta(seconds=20)).firing, "and goes on"


def test_a_trickle_is_over_after_ten_of_its_pauses() -> None:
    lines = Lines()
    probe = watching(lines)
    for n in range(11):
        found = seen(probe, lines, line("8.8.8.8", "/api/auth/login", 401), T0 + timedelta(seconds=10 * n))
    assert found.firing
    assert found.who == ("8.8.8.8",)
    assert seen(probe, lines, "", T0 + timedelta(seconds=199)).firing
    quiet = seen(probe, lines, "", T0 + timedelta(seconds=201))
    assert not quiet.firing
    assert "ten times the usual pause" in quiet.text
    assert quiet.who == ()


def test_many_addresses_each_below_the_limit() -> None:
    lines = Lines()
    probe = watching(lines)
    assert not seen(probe, lines, "".join(line(f"8.8.4.{n}", "/api/auth/login", 401) * 3 for n in range(15))).firing
    found = seen(probe, lines, "".join(line(f"8.8.5.{n}", "/api/auth/login", 401) * 3 for n in range(15)))
    assert found.firing
    assert "30 addresses were refused on /api/auth/login" in found.text


def crowd(net: str, numbers: range) -> str:
    return "".join(line(f"{net}.{n}", "/api/auth/login", 401) for n in numbers)


NETWORKS = [
    # what is in the log, the network that is named, why
    (crowd("8.8.4", range(7, 37)), ("8.8.4.0/26",), "the narrowest with room for as many again"),
    (crowd("8.8.4", range(7, 37)) + line("8.8.4.60", "/api/auth/login", 200), (), "somebody in it was let in"),
    (
        crowd("8.8.4", range(7, 37)) + line("8.8.4.160", "/api/auth/login", 200),
        ("8.8.4.0/26",),
        "the neighbours' customer",
    ),
    (crowd("8.8.4", range(12)) + crowd("8.8.5", range(12)), (), "no network holds most of them"),
    (crowd("10.1.2", range(30)), (), "private addresses hide the real ones"),
]


@pytest.mark.parametrize(("text", "who", "why"), NETWORKS, ids=[row[2] for row in NETWORKS])
def test_a_network_is_named_only_where_nobody_else_lives(text: str, who: tuple[str, ...], why: str) -> None:
    lines = Lines()
    found = seen(watching(lines), lines, text)
    assert found.firing
    assert found.who == who, why


def test_the_gateway_is_never_named_as_somebody_to_block() -> None:
    lines = Lines()
    found = seen(watching(lines), lines, line("172.17.0.1", "/api/auth/login", 401) * 50)
    assert found.firing
    assert "the real address is hidden" in found.text


def test_good_answers_and_other_paths_are_no_offence() -> None:
    lines = Lines()
    probe = watching(lines)
    assert not seen(
        probe,
        lines,
        line("8.8.8.8", "/api/auth/login", 200) * 500 + line("8.8.8.8", "/api/items", 401) * 500 + "garbage\n" * 50,
    ).firing


UP = "/socket.io/?EIO=4&transport=websocket&sid=1"
POLL = "/socket.io/?EIO=4&transport=polling&sid=1"


@pytest.mark.parametrize(
    ("text", "firing", "words", "why"),
    [
        (
            "".join(line(f"8.8.8.{n}", UP, 101) + line(f"8.8.8.{n}", POLL) * 4 for n in range(5)),
            False,
            "5 upgrades",
            "five clients that stay",
        ),
        (
            "".join(line(f"8.8.8.{n}", UP, 101) for n in range(200)),
            False,
            "200 upgrades",
            "many clients after a restart",
        ),
        (
            line("8.8.8.8", UP, 400) * 11 + line("8.8.8.8", POLL) * 50,
            True,
            "11 of 11 upgrades failed in the last minute, mostly with 400",
            "no Upgrade headers",
        ),
        (
            line("8.8.8.8", UP, 101) * 30,
            True,
            "clients connect again and again",
            "a read timeout below the ping interval",
        ),
        (line("172.17.0.1", UP, 101) * 30, False, "30 upgrades", "thirty clients behind Docker's gateway"),
        (line("172.17.0.1", UP, 101) * 130, True, "again and again", "a storm behind Docker's gateway"),
        (line("8.8.8.8", POLL) * 500, False, "0 upgrades", "polling alone"),
        (
            line("8.8.8.8", UP, 101).replace("curl/8", "firstfive") * 130,
            False,
            "0 upgrades",
            "our own look, which is no client",
        ),
        (
            line("8.8.8.8", UP, 502) * 20 + line("8.8.8.8", "/api/health", 502),
            False,
            "0 upgrades in the last minute, 0 failed",
            "the backend is gone for everybody",
        ),
        (line("8.8.8.8", UP, 502) * 20 + line("8.8.8.8", "/"), True, "mostly with 502", "gone for upgrades alone"),
        (
            line("8.8.8.8", UP, 504) * 20 + line("8.8.8.8", "/api/login", 504) * 3,
            False,
            "0 upgrades in the last minute, 0 failed",
            "the backend answers nobody",
        ),
        (
            line("8.8.8.8", UP, 504) * 20 + line("8.8.8.8", "/report", 504) * 2,
            True,
            "mostly with 504",
            "one slow page beside it",
        ),
        (
            line("8.8.8.8", UP, 504) * 20 + line("8.8.8.8", POLL, 504) * 20,
            True,
            "mostly with 504",
            "a read timeout below the ping interval, for those who poll as well",
        ),
    ],
)
def test_a_socket_storm_is_told_from_many_clients(text: str, firing: bool, words: str, why: str) -> None:
    lines = Lines()
    probe = Sockets(name="s", symptom="s", lines=lines)
    lines.waiting = text
    (found,) = asyncio.run(probe.look(T0))
    assert isinstance(found, Signal)
    assert (found.firing, words in found.text) == (firing, True), f"{why}: {found.text}"
    (later,) = asyncio.run(probe.look(T0 + timedelta(seconds=61)))
    assert isinstance(later, Signal)
    assert not later.firing


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (b"", "nothing"),
        (b"10.0.0.1 a\n" * 3 + b"10.0.0.2 b", "the last line lacks its end"),
        (b"2001:db8:aaaa:bbbb:cccc:dddd:eeee:1 a\n" * 40_000, "addresses longer than what is counted first"),
        (b"\n\n10.0.0.1 a\n\n", "empty lines"),
        (b"10.0.0.1 a\n" + b"x" * 9_000_000 + b"\n10.0.0.2 b\n", "a line that is too long to be one"),
        (b"10.0.0.1 a\n" + b"9.9.9.9 " + b"x" * 9_000_000, "a line that is too long and has no end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_gzipped_log_ranks_as_the_plain_one_does(tmp_path: Path, text: bytes, because: str) -> None:
    plain, packed = tmp_path / "a.log", tmp_path / "a.log.gz"
    plain.write_bytes(text)
    packed.write_bytes(gzip.compress(text, 1))
    one, other = rank(plain, Question()), rank(packed, Question())
    assert one.counts == other.counts, because
    assert one.top(2) == other.top(2) == sorted(one.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:2]
