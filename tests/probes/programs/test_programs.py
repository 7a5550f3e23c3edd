"""Programs asked in their own language: the real ones where they can be had, and hostile ones."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal
from firstfive.ports import Output
from firstfive.probes.programs import Mongo, Query, Redis, Shkeeper, Smtp

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SHORT = timedelta(seconds=0.6)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def looked(probe: Any) -> Signal:
    (signal,) = asyncio.run(probe.look(NOW))
    assert isinstance(signal, Signal)
    return signal


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(talk: Talk) -> AsyncIterator[int]:
    async def safely(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(safely, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def look_at(talk: Talk, make: Callable[[int], Any]) -> Signal:
    async def story() -> Signal:
        async with answering(talk) as port:
            (signal,) = await asyncio.wait_for(make(port).look(NOW), 10)
            assert isinstance(signal, Signal)
            return signal

    return asyncio.run(story())


# --------------------------------------------------------------------------------------------------------------- redis


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server is missing, and in CI nothing is skipped")
        pytest.skip("LOUD: redis-server is not installed")
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    words = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--requirepass",
        "s3cret-of-redis",
        "--dir",
        str(folder),
    ]
    running = subprocess.Popen(
        [program, *words, "--maxmemory", "2mb"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield port
    running.terminate()
    running.wait(timeout=20)


def command(port: int, *words: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        for call in (("AUTH", "s3cret-of-redis"), words):
            line.sendall(f"*{len(call)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in call))
            answer = line.recv(65536)
        return answer


@pytest.mark.xdist_group("redis")
def test_redis_well_without_password_with_a_wrong_one_and_full(redis_port: int) -> None:
    address = f"127.0.0.1:{redis_port}"
    well = looked(Redis(name="r", symptom="s", address=address, password="s3cret-of-redis"))
    assert (well.firing, well.text[:4]) == (False, "PONG")
    none = looked(Redis(name="r", symptom="s", address=address))
    assert (none.firing, none.family) == (True, "redis auth")
    assert "NOAUTH" in none.text
    wrong = looked(Redis(name="r", symptom="s", address=address, password="another"))
    assert (wrong.firing, wrong.family) == (True, "redis auth")
    assert "WRONGPASS" in wrong.text
    assert none.fingerprint == wrong.fingerprint == well.fingerprint
    command(redis_port, "CONFIG", "SET", "maxmemory-policy", "noeviction")
    for number in range(400):
        if b"OOM" in command(redis_port, "SET", f"k{number}", "x" * 20_000):
            break
    full = looked(Redis(name="r", symptom="s", address=address, password="s3cret-of-redis"))
    assert (full.firing, full.family) == (True, "redis memory full"), full.text
    command(redis_port, "FLUSHALL")
    assert not looked(Redis(name="r", symptom="s", address=address, password="s3cret-of-redis")).firing


@pytest.mark.parametrize(
    "make",
    [
        lambda port: Redis(name="r", symptom="s", address=f"127.0.0.1:{port}", patience=SHORT),
        lambda port: Mongo(name="m", symptom="s", address=f"127.0.0.1:{port}", patience=SHORT),
        lambda port: Smtp(name="m", symptom="s", address=f"127.0.0.1:{port}", patience=SHORT),
        lambda port: Shkeeper(name="g", symptom="s", url=f"http://127.0.0.1:{port}", patience=SHORT),
    ],
    ids=["redis", "mongo", "smtp", "shkeeper"],
)
class TestHostile:
    """Whatever the other side does, there is an answer, soon, in words, with nothing kept of it."""

    def test_nobody_listens(self, make: Any) -> None:
        found = looked(make(free_port()))
        assert found.firing
        assert "connection refused" in found.text
        assert found.family

    def test_it_never_says_a_word(self, make: Any) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(3)

        found = look_at(silent, make)
        assert found.firing
        assert "no answer within" in found.text

    def test_it_hangs_up(self, make: Any) -> None:
        async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)

        assert look_at(rude, make).firing

    def test_it_says_nonsense_without_end(self, make: Any) -> None:
        async def mad(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for _ in range(400):
                writer.write(os.urandom(65536))
                await writer.drain()

        found = look_at(mad, make)
        assert found.firing
        assert len(found.text) < 600

    def test_an_address_that_is_none_is_said_not_guessed(self, make: Any) -> None:
        with pytest.raises(FirstfiveError, match="is no address"):
            looked(make(99999999))


@pytest.mark.parametrize(
    "probe",
    [
        Redis(name="r", symptom="s", address="redis-of-compose:6379"),
        Mongo(name="m", symptom="s", address="mongodb-of-compose"),
        Smtp(name="m", symptom="s", address="mail-of-compose:25"),
        Shkeeper(name="g", symptom="s", url="http://shkeeper-of-compose:5000"),
    ],
    ids=["redis", "mongo", "smtp", "shkeeper"],
)
def test_a_name_of_the_compose_network_is_unknown_from_the_host_and_not_down(probe: Any) -> None:
    with pytest.raises(FirstfiveError, match=r"Compose network|our own resolver"):
        looked(probe)


# --------------------------------------------------------------------------------------------------------------- mongo


def document(**fields: Any) -> bytes:
    body = b""
    for name, value in fields.items():
        key = name.encode() + b"\x00"
        if isinstance(value, bool):
            body += b"\x08" + key + bytes([value])
        elif isinstance(value, float):
            body += b"\x01" + key + struct.pack("<d", value)
        elif isinstance(value, bytes):
            body += b"\x03" + key + value
        elif value is None:
            body += b"\x0a" + key
        else:
            raw = str(value).encode() + b"\x00"
            body += b"\x02" + key + struct.pack("<i", len(raw)) + raw
    return struct.pack("<i", len(body) + 5) + body + b"\x00"


def mongod(*answers: bytes) -> Talk:
    """A stand-in that reads OP_MSG and answers in the real server's shape: no mongod is to be had from Debian or PyPI."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            (length, request, _, kind) = struct.unpack("<iiii", await reader.readexactly(16))
            assert kind == 2013
            body = await reader.readexactly(length - 16)
            assert b"$db" in body
            out = struct.pack("<IB", 0, 0) + answer
            writer.write(struct.pack("<iiii", 16 + len(out), 7, request, 2013) + out)
            await writer.drain()

    return talk


HELLO = document(
    isWritablePrimary=True, topologyVersion=document(a=1.0), maxBsonObjectSize=1.0, me="h:27017", x=None, ok=1.0
)


@pytest.mark.parametrize(
    ("answers", "firing", "words"),
    [
        ((HELLO, document(ok=1.0)), False, "ping ok, primary"),
        (
            (document(isWritablePrimary=False, secondary=True, setName="rs0", ok=1.0), document(ok=1.0)),
            False,
            "not the primary",
        ),
        ((document(setName="rs0", ok=1.0), document(ok=1.0)), True, "no state to serve in"),
        ((HELLO, document(ok=0.0, errmsg="shutting down")), True, "shutting down"),
        ((HELLO, b"\x05\x00\x00"), True, "does not speak as MongoDB does"),
        ((b"\x09\x00\x00\x00\x01ab\x00\x00", document(ok=1.0)), True, "does not speak as MongoDB does"),
    ],
)
def test_mongo(answers: tuple[bytes, ...], firing: bool, words: str) -> None:
    found = look_at(mongod(*answers), lambda port: Mongo(name="m", symptom="s", address=f"127.0.0.1:{port}"))
    assert found.firing is firing
    assert words in found.text


# ---------------------------------------------------------------------------------------------------------------- mail


def test_a_real_mail_server_takes_the_sign_in_and_refuses_a_wrong_one() -> None:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    class Nobody:
        async def handle_DATA(self, *_: object) -> str:
            raise AssertionError("no mail is ever sent")

    def check(server: object, session: object, envelope: object, mechanism: str, data: Any) -> Any:
        return AuthResult(success=(data.login, data.password) == (b"shop", b"right-password"), handled=False)

    controller = Controller(
        Nobody(),
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=check,
        auth_require_tls=False,
        auth_required=False,
    )
    controller.start()
    try:
        port = controller.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        address = f"127.0.0.1:{port}"
        well = looked(Smtp(name="m", symptom="s", address=address, user="shop", password="right-password"))
        assert not well.firing, well.text
        wrong = looked(Smtp(name="m", symptom="s", address=address, user="shop", password="rotated"))
        assert wrong.firing
        assert "the sign-in is refused: 535" in wrong.text
        assert "rotated" not in repr(wrong)
        assert not looked(Smtp(name="m", symptom="s", address=address)).firing
    finally:
        controller.stop()


def test_a_well_mail_server_is_asked_once_a_minute_only() -> None:
    asked = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            writer.write(b"250 ok\r\n" if not line.startswith(b"QUIT") else b"221 bye\r\n")

    async def story() -> None:
        async with answering(talk) as port:
            probe = Smtp(name="m", symptom="s", address=f"127.0.0.1:{port}")
            for seconds in (0, 5, 59, 61):
                await probe.look(NOW + timedelta(seconds=seconds))

    asyncio.run(story())
    assert asked == 2


# ------------------------------------------------------------------------------------------------------------- gateway


def gateway(
    *,
    crypto: str = '{"status":"success","crypto":["BTC"],"crypto_list":["BTC"]}',
    status: int = 200,
    keyed: str = '{"status":"success","invoices":[]}',
) -> Talk:
    """The real API's routes and shapes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        path = head.split(" ")[1]
        body = crypto
        if path.startswith("/api/v1/invoices/"):
            body = keyed if "x-shkeeper-api-key: right" in head else '{"status":"error","message":"Bad API key"}'
        elif path != "/api/v1/crypto":
            body, code = '{"code":404,"status":"Not Found"}', 404
            writer.write(
                f"HTTP/1.1 {code} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
            )
            return
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())

    return talk


@pytest.mark.parametrize(
    ("talk", "key", "firing", "words"),
    [
        (gateway(), "right", False, "1 coins are online and the key is taken"),
        (gateway(), "", False, "the key was not tried"),
        (gateway(), "wrong", True, "it refuses our key: Bad API key"),
        (gateway(crypto='{"status":"success","crypto":[],"crypto_list":[]}'), "right", True, "no coin is online"),
        (gateway(status=500), "right", True, "HTTP 500"),
        (gateway(crypto="<html>"), "right", True, "no JSON"),
        (gateway(crypto='["a"]'), "right", True, "something else"),
        (gateway(crypto='{"status":"success","crypto":5}'), "right", True, "no coin is online"),
    ],
)
def test_the_gateway_is_judged_by_what_it_says(talk: Talk, key: str, firing: bool, words: str) -> None:
    found = look_at(talk, lambda port: Shkeeper(name="g", symptom="s", url=f"http://127.0.0.1:{port}", key=key))
    assert (found.firing, words in found.text) == (firing, True), found.text
    assert "right" not in found.text


# --------------------------------------------------------------------------------------------------------------- query


class Host:
    """A target that prints what it is told."""

    name = "prod"

    def __init__(self, text: str, code: int = 0) -> None:
        self.text, self.code, self.asked = text, code, 0

    async def look(self, script: str, **_: object) -> Output:
        self.asked += 1
        return Output(exit_code=self.code, text=self.text, stdout=self.text, dropped=0, took=timedelta(0))


@pytest.mark.parametrize(
    ("printed", "firing", "words"),
    [
        ("0\n", False, "0 stuck payments"),
        ("17\n", True, "17 stuck payments, more than 5"),
        ("found 6 of them", True, "6 stuck payments"),
    ],
)
def test_a_query_compares_the_first_number(printed: str, firing: bool, words: str) -> None:
    found = looked(
        Query(name="q", symptom="s", target=Host(printed), command="count", more_than=5, unit="stuck payments")
    )  # type: ignore[arg-type]
    assert (found.firing, words in found.text) == (firing, True)


@pytest.mark.parametrize("host", [Host("switched to db marketplace;\n"), Host("7", code=1), Host("")])
def test_a_query_without_a_number_is_unknown_and_not_well(host: Host) -> None:
    with pytest.raises(FirstfiveError, match="gives no number"):
        looked(Query(name="q", symptom="s", target=host, command="count"))  # type: ignore[arg-type]
