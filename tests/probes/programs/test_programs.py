"""Programs asked in their own language: the real ones where they can be had, and hostile ones."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from firstfive.errors import FirstfiveError
from firstfive.probes.programs import Mongo, Redis, Shkeeper, Smtp
from probes.programs.conversation import SHORT, Talk, free_port, look_at, looked

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
    with pytest.raises(FirstfiveError, match=r"known only inside its network|our own resolver"):
        looked(probe)


@pytest.mark.parametrize(
    "probe",
    [
        Redis(name="r", symptom="s", address="169.254.169.254:6379"),
        Mongo(name="m", symptom="s", address="[fd00:ec2::254]:27017"),
        Smtp(name="m", symptom="s", address="0.0.0.0:25"),
        Shkeeper(name="g", symptom="s", url="https://169.254.169.254"),
        Shkeeper(name="g", symptom="s", url="http://[::ffff:169.254.169.254]:80"),
    ],
    ids=["redis", "mongo", "smtp", "shkeeper", "shkeeper, mapped"],
)
def test_metadata_of_clouds_and_addresses_of_nobody_are_never_asked(probe: Any) -> None:
    with pytest.raises(FirstfiveError, match="is an address that is never looked at"):
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
