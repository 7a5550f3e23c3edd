"""A real Matrix server: threads, exactly once whatever is repeated, nothing that comes alive, reactions read back."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from firstfive.engine.telling.listening import Listening
from firstfive.notifiers.matrix import Matrix, Reaction
from firstfive.ports import Action, Delivered, GaveUp, Message, Retry
from notifiers.promises import PROMISES

HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive" / "synapse"
pytestmark = [pytest.mark.process, pytest.mark.xdist_group("synapse"), pytest.mark.timeout(180)]

if not (HOME / "locked.txt").is_file():
    if os.environ.get("CI"):
        pytest.fail("CI has no Synapse: tests/prepare makes its environment", pytrace=False)
    pytest.skip("no Synapse here: run tests/prepare", allow_module_level=True)


def call(method: str, url: str, token: str = "", body: Any = None) -> Any:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
        return json.load(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A homeserver with a bot, a person and a room that both are in."""

    url: str
    bot: str
    person: str
    room: str

    @property
    def matrix(self) -> Matrix:
        return Matrix(name="m", url=self.url, token=self.bot, room=self.room)

    def event(self, event_id: str) -> dict[str, Any]:
        path = f"{self.url}/_matrix/client/v3/rooms/{quote(self.room)}/event/{quote(event_id)}"
        found: dict[str, Any] = call("GET", path, self.person)
        return found

    def messages(self) -> list[dict[str, Any]]:
        path = f"{self.url}/_matrix/client/v3/rooms/{quote(self.room)}/messages?dir=b&limit=100"
        return [row for row in call("GET", path, self.person)["chunk"] if row["type"] == "m.room.message"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("synapse")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    python = str(HOME / "bin" / "python")
    words = [python, "-m", "synapse.app.homeserver", "--server-name", "ff.test", "--config-path", "homeserver.yaml"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    made = [*words, "--generate-config", "--report-stats=no"]
    subprocess.run(made, cwd=home, env=environment, check=True, capture_output=True, timeout=60)
    config = home / "homeserver.yaml"
    text = config.read_text().replace("port: 8008", f"port: {port}").replace("      - ::1\n", "")
    text = text.replace("    - ::1\n", "").replace('  - server_name: "matrix.org"', "  []")
    text += "\nenable_registration: true\nenable_registration_without_verification: true\nsuppress_key_server_warning: true\n"
    text += "rc_message: {per_second: 1000, burst_count: 1000}\nrc_registration: {per_second: 100, burst_count: 100}\n"
    text += "rc_room_creation: {per_second: 100, burst_count: 100}\n"
    text += "rc_login: {address: {per_second: 100, burst_count: 100}}\n"
    config.write_text(re.sub(r"trusted_key_servers:\n\s+\[\]", "trusted_key_servers: []", text))
    running = subprocess.Popen(
        [python, "-m", "synapse.app.homeserver", "-c", "homeserver.yaml"],
        cwd=home,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _answers(port, running)
        bot, person = (_registered(url, name) for name in ("firstfive", "ana"))
        room = call("POST", f"{url}/_matrix/client/v3/createRoom", bot, {"preset": "public_chat", "name": "ops"})
        call("POST", f"{url}/_matrix/client/v3/join/{quote(room['room_id'])}", person, {})
        yield Server(url=url, bot=bot, person=person, room=room["room_id"])
    finally:
        running.terminate()
        running.wait(timeout=30)


def _answers(port: int, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        assert running.poll() is None, "Synapse ended"
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.3)
    raise AssertionError("Synapse did not open its port")


def _registered(url: str, name: str) -> str:
    body = {"username": name, "password": "a-long-password-1", "auth": {"type": "m.login.dummy"}}
    return str(call("POST", f"{url}/_matrix/client/v3/register", "", body)["access_token"])


def message(**changes: Any) -> Message:
    fields: dict[str, Any] = {
        "key": "INC-1:notice:initial:1>m",
        "thread": "INC-1",
        "channel": "#incidents",
        "title": "INC-1 SEV-1 initial notice",
        "text": "Status: investigating\nOn-call: @ana",
        "actions": (Action(label="I have it", url="https://ops.example/act/abc.def"),),
    }
    return Message(**{**fields, **changes})


def sent(server: Server, **changes: Any) -> str:
    found = asyncio.run(server.matrix.send(message(**changes)))
    assert isinstance(found, Delivered), found
    return found.reference


@pytest.mark.parametrize("promise", PROMISES)
def test_it_keeps_every_promise(server: Server, promise: str) -> None:
    asyncio.run(PROMISES[promise](server.matrix, f"p{list(PROMISES).index(promise)}"))


def test_a_thread_begins_and_is_answered(server: Server) -> None:
    root = sent(server, key="a")
    reply = sent(server, key="b", root=root)
    relation = server.event(reply)["content"]["m.relates_to"]
    assert (relation["rel_type"], relation["event_id"]) == ("m.thread", root)
    content = server.event(root)["content"]
    assert "I have it: https://ops.example/act/abc.def" in content["body"]
    assert content["msgtype"] == "m.notice"
    assert server.event(sent(server, key="c", urgent=True))["content"]["msgtype"] == "m.text"


def test_the_same_message_sent_ten_times_at_once_arrives_once(server: Server) -> None:
    async def ten() -> set[str]:
        found = await asyncio.gather(*(server.matrix.send(message(key="once")) for _ in range(10)))
        return {one.reference for one in found if isinstance(one, Delivered)}

    assert len(asyncio.run(ten())) == 1
    assert len([m for m in server.messages() if m["content"].get("org.firstfive.key") == "once"]) == 1


def test_nobody_is_called_by_what_stands_in_a_text(server: Server) -> None:
    event = server.event(sent(server, key="d", text="@room @ana:ff.test <b>x</b> <script>1</script>"))
    assert event["content"]["m.mentions"] == {}
    assert "<script>" not in event["content"]["formatted_body"]
    assert "&lt;b&gt;" in event["content"]["formatted_body"]


def test_long_and_odd_texts_arrive(server: Server) -> None:
    for number, text in enumerate(["x" * 100_000, "🔥" * 10_000, "<&>" * 9000, "🔥 مرحبا", "\x00\x1b[31m", ""]):
        sent(server, key=f"odd-{number}", text=text)


def test_what_it_refuses_and_what_does_not_answer_are_told_apart(server: Server) -> None:
    wrong = asyncio.run(replace(server.matrix, token="void").send(message(key="e")))
    assert isinstance(wrong, GaveUp)
    stranger = asyncio.run(server.matrix.send(message(key="f", address="!nowhere:ff.test")))
    assert isinstance(stranger, GaveUp)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        gone = replace(server.matrix, url=f"http://127.0.0.1:{one.getsockname()[1]}")
        assert isinstance(asyncio.run(gone.send(message(key="g"))), Retry)


def test_a_reaction_is_read_back_with_who_gave_it(server: Server) -> None:
    root = sent(server, key="h")
    none, since = asyncio.run(server.matrix.reactions(""))
    assert none == ()
    body = {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "👀"}}
    path = f"{server.url}/_matrix/client/v3/rooms/{quote(server.room)}/send/m.reaction/t1"
    call("PUT", path, server.person, body)
    following, heard = since, list[Reaction]()
    for _ in range(10):  # the server answers a question that it was asked before from its cache
        fresh, following = asyncio.run(server.matrix.reactions(following))
        heard += [one for one in fresh if one.event == root]
        if heard:
            break
    (found,) = heard
    assert (found.room, found.event, found.sender, found.sign) == (server.room, root, "@ana:ff.test", "👀")
    assert following != since


def reacted(server: Server, event: str, txn: str) -> None:
    body = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": "👍"}}
    call("PUT", f"{server.url}/_matrix/client/v3/rooms/{quote(server.room)}/send/m.reaction/{txn}", server.person, body)


@pytest.mark.parametrize(
    ("alias", "key", "said", "because"),
    [
        ("@ana:ff.test", "INC-7:page:1:ana!m", [("INC-7", "ana")], "whoever settings know acknowledges"),
        ("@kim:ff.test", "INC-7:page:1:ana!m2", [], "a stranger acknowledges nothing"),
        ("@ana:ff.test", "INC-7:notice:initial:1>m", [], "a notice is no page"),
        ("@ana:ff.test", "INC-7:page:1:ana!m3", [], "an account that is disabled takes none"),
    ],
)
def test_a_reaction_to_a_page_takes_the_incident(
    server: Server, alias: str, key: str, said: list[tuple[str, str]], because: str
) -> None:
    heard: list[tuple[str, str]] = []
    told: list[str] = []

    async def say(incident: str, by: str, event: Any) -> Any:
        heard.append((incident, by))

    async def play() -> None:
        stop = asyncio.Event()
        known = {alias: "ana"}
        listening = Listening(
            matrix=server.matrix,
            known=lambda sender: known.get(sender, ""),
            say=say,
            log=told.append,
            barred=lambda person: "the account of ana is disabled" if "disabled" in because else "",
        )
        event = (await server.matrix.send(message(key=key))).reference
        running = asyncio.create_task(listening.run(stop))
        await asyncio.sleep(2)
        await asyncio.to_thread(reacted, server, event, f"t-{key}")
        for _ in range(40):
            await asyncio.sleep(0.25)
            if heard or told:
                break
        stop.set()
        await asyncio.wait_for(running, 20)

    asyncio.run(play())
    assert heard == said, because
