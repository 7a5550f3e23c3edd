"""Many viewers of one room: each gets every entry once and in order, one that does not read holds up nobody, and one look serves all."""

from __future__ import annotations

import asyncio
import http.client
import random
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from documents.story import OPENING
from firstfive.errors import JournalError
from firstfive.incident import events as ev
from firstfive.web.live import channel
from incident.builders import Line
from web.client import BEARER, KEY
from web.live.crowd import ENTRY, Viewer, crowd
from web.room import Room
from web.served import Served, serving, stream

LIVE = "/incidents/INC-1/live"
MANY = 60
LONG = "the queue is long \N{FIRE} " * 15


def opened() -> Room:
    room = Room()
    room.tell("INC-1", OPENING)
    return room


def length(served: Served) -> int:
    return int(served.within(lambda: len(served.room.lines["INC-1"])))


def soon(true: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def notes(count: int) -> list[Line]:
    return [(100.0, "ana", ev.Noted(text=f"{number} {LONG}")) for number in range(count)]


async def noted(served: Served, count: int = 1) -> None:
    await asyncio.to_thread(served.tell, *notes(count))


async def all_had(viewers: list[Viewer], whole: int) -> None:
    async with asyncio.timeout(20):
        while any(not one.had or one.had[-1] < whole for one in viewers):
            await asyncio.sleep(0.02)


def rest(slow: socket.socket) -> int:
    """How many whole entries there were before the connection was cut."""
    got = b""
    with slow, suppress(ConnectionResetError):
        slow.settimeout(10)
        while block := slow.recv(1 << 16):
            got += block
    return len(ENTRY.findall(got))


def test_sixty_viewers_who_come_and_go_while_it_grows_lose_nothing_and_get_nothing_twice() -> None:
    chance = random.Random(8)

    async def restless(viewer: Viewer, until: asyncio.Event) -> None:
        while not until.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(viewer.come(), chance.uniform(0.01, 0.5))
        await viewer.come()

    async def run(served: Served) -> list[Viewer]:
        viewers, until = [Viewer(port=served.port, path=LIVE) for _ in range(MANY)], asyncio.Event()
        coming = [asyncio.create_task(restless(viewer, until)) for viewer in viewers]
        for _ in range(80):
            await noted(served)
            await asyncio.sleep(0.02)
        until.set()
        await all_had(viewers, length(served))
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
        return viewers

    with serving(opened()) as served:
        viewers = asyncio.run(run(served))
        whole = list(range(1, length(served) + 1))
        assert sum(viewer.times for viewer in viewers) > 3 * MANY, "they did come and go"
        assert [viewer.had for viewer in viewers if viewer.had != whole] == []
        soon(lambda: served.within(lambda: not served.room.ears))


def test_one_look_serves_everybody_and_nobody_costs_a_look_while_nothing_happens() -> None:
    async def run(served: Served) -> tuple[int, int]:
        had = length(served)
        async with crowd(MANY, served.port, LIVE, had - 1) as viewers:
            await all_had(viewers, had)
            before = served.room.looks
            await asyncio.sleep(0.5)
            idle, before = served.room.looks - before, served.room.looks
            for number in range(5):
                await noted(served)
                await all_had(viewers, had + number + 1)
            return idle, served.room.looks - before

    with serving(opened()) as served:
        assert asyncio.run(run(served)) == (0, 5)


def test_who_reads_nothing_is_let_go_and_comes_back_while_the_others_hear_everything_at_once() -> None:
    async def run(served: Served) -> None:
        had, worst = length(served), 0.0
        channels = served.app.state.streams.channels
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", served.port))
        slow.sendall(
            f"GET {LIVE}?after={had} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
        )
        async with crowd(5, served.port, LIVE, had) as viewers, asyncio.timeout(60):
            while not served.within(lambda: "INC-1" in channels and len(channels["INC-1"].here) == 6):
                await asyncio.sleep(0.02)
            while served.within(lambda: len(channels["INC-1"].viewers)) == 6:
                begun = time.monotonic()
                await noted(served, 50)
                await all_had(viewers, length(served))
                worst = max(worst, time.monotonic() - begun)
            got = await asyncio.to_thread(rest, slow)
            assert worst < 2
            assert 0 < got < length(served) - had, "it had a part, and was cut off in the middle"
            assert length(served) - had < 2000, "little waits for whoever does not read"
            assert {tuple(viewer.had) for viewer in viewers} == {tuple(range(had + 1, length(served) + 1))}
        with stream(served.port, LIVE, last=str(had + got)) as again:
            assert again.entries(1)[0]["seq"] == had + got + 1

    with serving(opened()) as served:
        asyncio.run(run(served))


def test_who_hangs_up_while_they_come_disturbs_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    async def run(served: Served) -> None:
        def knock() -> None:
            with socket.create_connection(("127.0.0.1", served.port)) as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.sendall(f"GET {LIVE} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
                time.sleep(random.uniform(0, 0.004))

        async with crowd(5, served.port, LIVE, 0) as viewers:
            for _ in range(10):
                await asyncio.gather(*(asyncio.to_thread(knock) for _ in range(40)), noted(served, 20))
            await all_had(viewers, length(served))
            assert {tuple(viewer.had) for viewer in viewers} == {tuple(range(1, length(served) + 1))}

    with serving(opened()) as served:
        asyncio.run(run(served))
        soon(lambda: served.within(lambda: not served.room.ears))
    assert capfd.readouterr().err == ""


def test_who_reads_slowly_at_the_beginning_of_a_long_timeline_is_given_time() -> None:
    with serving(opened()) as served:
        served.tell(*notes(2000))
        whole = length(served)
        with stream(served.port, LIVE) as live:
            time.sleep(0.5)
            for _ in range(10):
                served.tell(*notes(50))
            assert [row["seq"] for row in live.entries(whole + 500)] == list(range(1, whole + 501))


def test_a_sign_of_life_comes_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "PING_EVERY", 0.05)
    with serving(opened()) as served, stream(served.port, f"{LIVE}?after={length(served)}") as live:
        assert [live.next() for _ in range(4)] == [{"event": "ping", "data": ""}] * 4


def test_what_is_told_is_a_sign_of_life_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "PING_EVERY", 2.0)
    with serving(opened()) as served, stream(served.port, f"{LIVE}?after={length(served)}") as live:
        begun = time.monotonic()
        assert live.next()["event"] == "ping"
        for number in range(6):
            time.sleep(max(0, begun + 0.5 * number - time.monotonic()))
            served.tell((100.0 + number, "ana", ev.Noted(text="still here")))
            assert live.next()["event"] == "entry"
        told = time.monotonic()
        assert live.next()["event"] == "ping"
        assert 1.5 < time.monotonic() - told < 4, "a silence of one interval, not less"


def test_a_journal_that_cannot_be_read_ends_the_streams_and_they_go_on_where_they_were() -> None:
    room = opened()
    with serving(room) as served, stream(served.port, f"{LIVE}?after={length(served)}") as live:
        live.next()
        had = length(served)
        served.within(lambda: setattr(room, "broken", JournalError("the disk is full", remedy="free some")))
        served.within(lambda: [ear("INC-1") for ear in tuple(room.ears)])
        assert live.answer.read() == b""
        with stream(served.port, LIVE) as refused:
            assert refused.answer.status == 503
        served.within(lambda: setattr(room, "broken", None))
        served.tell((100.0, "ana", ev.Noted(text="it is back")))
        with stream(served.port, LIVE, last=str(had)) as again:
            assert again.entries(1)[0]["text"] == "ana notes: it is back"


def test_a_head_request_is_answered_and_ends() -> None:
    with serving(opened()) as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
        for _ in range(2):
            connection.request("HEAD", LIVE, headers=BEARER)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
            assert answer.headers["content-type"].startswith("text/event-stream")
        connection.close()
