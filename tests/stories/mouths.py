"""A server that dies at a boundary of its outbox and is started again, and the two places that it tells: what arrived there, how often."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import random
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import programs
from notifiers.recorded import Asked, Recorded, Reply, serving
from stories.dying_mouth import BOUNDARIES

DYING = Path(__file__).resolve().with_name("dying_mouth.py")
ROOT = DYING.parents[2]
PAGE = ROOT / "examples" / "demo" / "vault" / "Incident Response.md"
PATIENCE = 60.0
SLOW = 0.3


@dataclass(slots=True)
class Room:
    """A homeserver that knows a transaction by its id, as Matrix wants it: the same again is the same event."""

    events: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, asked: Asked) -> Reply:
        if "/send/" not in asked.path:
            return 200, {}, {"next_batch": "s1"}
        txn = asked.path.rpartition("/")[2]
        with self.lock:
            if txn not in self.events:
                self.events[txn] = f"$e{len(self.events) + 1}"
                self.keys.append(asked.json()["org.firstfive.key"])
            return 200, {}, {"event_id": self.events[txn]}


def slow_webhook(asked: Asked) -> Reply:
    time.sleep(SLOW)
    return 204, {}, b""


@dataclass(slots=True)
class Crashed:
    """`died` is whether it died at all; `room` are the keys that stand in the Matrix room, `hook` how often the webhook got each id."""

    died: bool
    room: list[str]
    hook: Counter[str]

    @property
    def wanted(self) -> set[str]:
        """The ids that the webhook should have, out of the keys that the room has: each notice goes to both, a page only to the first
        way, since somebody takes it before the second is tried.
        """
        return {hook_id(key.replace(">chat:", ">hook:")) for key in self.room if ":notice:" in key}

    def twice(self) -> int:
        """How many deliveries to the webhook were one too many."""
        return sum(count - 1 for count in self.hook.values())


def hook_id(key: str) -> str:
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:32]}"


@dataclass(slots=True)
class Server:
    """`firstfive serve` on a folder; it may die, and is started again as it is."""

    folder: Path
    room_url: str
    token: str
    room: str
    hook_url: str
    running: subprocess.Popen[str] | None = None

    def prepare(self) -> None:
        vault = self.folder / "vault"
        vault.mkdir(parents=True)
        (vault / PAGE.name).write_bytes(PAGE.read_bytes())
        (self.folder / "secrets.env").write_text(f"CHAT={self.token}\nHOOK=a-secret\n")
        (self.folder / "firstfive.toml").write_text(
            'vault = "vault"\nstate = "state"\n[listen]\nport = 0\n[targets.local]\nenv_file = "secrets.env"\n'
            f'[notifiers.chat]\nkind = "matrix"\nurl = "{self.room_url}"\ntoken_env = "CHAT"\nroom = "{self.room}"\n'
            f'[notifiers.hook]\nkind = "webhook"\nurl = "{self.hook_url}"\nsecret_env = "HOOK"\n'
        )

    def start(self, *dying: str) -> None:
        program = (str(DYING), *dying) if dying else programs.PROGRAM
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
        words = ("--config", str(self.folder / "firstfive.toml"), "--json")
        with (self.folder / "serve.log").open("ab") as log:
            self.running = programs.spawn(self.folder, *words, program=program, settings=environment, out=log, err=log)
        until = time.monotonic() + PATIENCE
        while programs.told(self.running, self.folder / "state") is None:
            assert time.monotonic() < until, self.log()
            if self.dead():
                return
            time.sleep(0.02)

    def log(self) -> str:
        return (self.folder / "serve.log").read_text()[-3000:]

    def dead(self) -> bool:
        return self.running is None or self.running.poll() is not None

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer, None when the server is away."""
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, KeyError):
            known = json.loads((self.folder / "state" / "server.json").read_text())
            connection = http.client.HTTPConnection("127.0.0.1", known["port"], timeout=10)
            headers = {"Authorization": f"Bearer {known['key']}", "Content-Type": "application/json"}
            with contextlib.closing(connection):
                connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
                response = connection.getresponse()
                told = json.loads(response.read())
                return told if response.status < 400 else None
        return None

    def quiet(self) -> bool:
        """Whether it was declared, paged, taken and updated, and no notice waits; the page's second way would come after 45 seconds."""
        told = self.call("GET", "/outbox")
        kinds = self.kinds()
        done = kinds["NoticeSent"] >= 2 and kinds["Paged"] >= 1 and kinds["Acknowledged"] >= 1
        return told is not None and all(row["urgent"] for row in told["outbox"]) and done

    def kinds(self) -> Counter[str]:
        """What stands on the timeline, by kind; empty while there is none."""
        newest = self.call("GET", "/incidents/INC-1")
        return Counter(entry["kind"] for entry in newest["timeline"]) if newest else Counter()

    def play(self) -> None:
        """The person's part: declare, take it once paged, ask for an update. Asking again is harmless when an answer got lost."""
        kinds = self.kinds()
        if not kinds:
            listed = self.call("GET", "/incidents?all=1")
            if listed is not None and not listed["incidents"]:
                self.call("POST", "/incidents", {"by": "kim", "title": "the shop is down", "level": 1})
        elif kinds["Paged"] and not kinds["Acknowledged"]:
            self.call("POST", "/incidents/INC-1/ack", {"by": "kim"})
        elif kinds["Acknowledged"] and not kinds["UpdateAsked"]:
            self.call("POST", "/incidents/INC-1/update", {"by": "kim", "text": "we look into it"})

    def end(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.kill()
            self.running.wait(timeout=10)


def played(server: Server, boundary: str, number: int) -> bool:
    """Declare, ask for an update, let it die and come back, until nothing waits any more; whether it died."""
    server.prepare()
    died = False
    try:
        server.start(boundary, str(number))
        until = time.monotonic() + PATIENCE
        while not server.quiet():
            assert time.monotonic() < until, server.log()
            if server.dead():
                assert not died, f"it ended twice\n{server.log()}"
                died = True
                server.start()
            server.play()
            time.sleep(0.1)
    finally:
        server.end()
    return died


def crashed(folder: Path, boundary: str, number: int) -> Crashed:
    """One crash beside a room that knows repeats and a slow webhook."""
    room = Room()
    with serving(room.answer) as chat, serving(slow_webhook) as hook:
        server = Server(folder=folder, room_url=chat.url, token="t", room="!ops:shop.example", hook_url=hook.url)
        died = played(server, boundary, number)
        return Crashed(died=died, room=room.keys, hook=ids(hook))


def ids(hook: Recorded) -> Counter[str]:
    return Counter(asked.headers["webhook-id"] for asked in hook.asked)


def chosen(seed: int) -> tuple[str, int]:
    """A boundary and a passing of it, the same for the same seed."""
    draw = random.Random(seed)
    return draw.choice(BOUNDARIES), draw.randint(1, 5)
