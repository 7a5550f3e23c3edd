"""Mail servers, the payment gateway and a team's own queries."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from firstfive.errors import FirstfiveError
from firstfive.ports import Output
from firstfive.probes.programs import Query, Shkeeper, Smtp
from probes.programs.conversation import NOW, Talk, answering, free_port, look_at, looked

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


# --------------------------------------------------------------------------------------------------------------- drips


@pytest.mark.parametrize(
    ("opening", "make"),
    [
        (
            b"220-",
            lambda port: Smtp(name="m", symptom="s", address=f"127.0.0.1:{port}", patience=timedelta(seconds=0.2)),
        ),
        (
            b"HTTP/1.1 200 OK\r\n",
            lambda port: Shkeeper(
                name="g", symptom="s", url=f"http://127.0.0.1:{port}", patience=timedelta(seconds=0.2)
            ),
        ),
    ],
    ids=["smtp", "shkeeper"],
)
def test_a_peer_that_drips_its_bytes_keeps_no_thread(opening: bytes, make: Any) -> None:
    """More looks than there are threads, and a thread is still to be had at once."""
    ends: list[float] = []

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(opening)
        for _ in range(300):
            writer.write(b"2")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def story() -> None:
        async with answering(drip) as port:
            found = await asyncio.gather(*(make(port).look(NOW) for _ in range(12)))
            assert all(signal.firing for (signal,) in found)
            loop = asyncio.get_running_loop()
            began = loop.time()
            await asyncio.to_thread(lambda: None)
            ends.append(loop.time() - began)

    asyncio.run(story())
    assert ends[0] < 5
