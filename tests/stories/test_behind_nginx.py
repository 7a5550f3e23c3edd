"""Two nodes behind a real nginx with the documented file: room, API, senders and streams go through it, and on when a node dies.

A client asks from an address of loopback; nginx keeps each address at one node.
"""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from postgres.cluster import Cluster, begun, ended
from stories.front import NAME, Front, free_port, fronted
from stories.nodes import Node, Site, site, soon

pytestmark = [pytest.mark.process]

A_MOMENT = 3.0  # seconds after a kill in which something that was on its way may fail
OWN = {"Sec_Fetch_Site": "same-origin"}


@dataclass(slots=True, kw_only=True)
class Place:
    """The nodes, the nginx before them, the key of the room, and the cookie of an admin who signed in through nginx."""

    here: Site
    front: Front
    key: str
    cookie: str = ""

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **more: Any) -> tuple[int, Any]:
        """One call of the API through nginx."""
        status, _, said = self.front.ask(method, f"/api/v1{path}", body, Authorization=f"Bearer {self.key}", **more)
        with contextlib.suppress(ValueError):
            return status, json.loads(said)
        return status, said

    def good(self, method: str, path: str, body: dict[str, Any] | None = None, **more: Any) -> Any:
        status, said = self.call(method, path, body, **more)
        assert status < 400, said
        return said

    def source_of(self, node: Node) -> str:
        """An address that is answered by this node now."""
        found = self.found(node)
        assert found, f"nginx sends nobody to {node.name}"
        return found

    def found(self, node: Node) -> str:
        """The same, or nothing."""
        assert node.process is not None
        for number in range(1, 60):
            source = f"127.0.1.{number}"
            status, _, said = self.front.ask("GET", "/api/v1/nodes", source=source, Cookie=self.cookie)
            if status == 200:
                answering = [one["process"] for one in json.loads(said)["nodes"] if one["this"]]
                if answering == [node.process.pid]:
                    return source
        return ""


@contextlib.contextmanager
def placed(folder: Path, *, server: Cluster | None = None) -> Iterator[Place]:
    """Two nodes that listen beyond this machine, as far as they know, each at an address of loopback of its own."""
    ports = {"node-1": ("127.0.0.2", free_port("127.0.0.2")), "node-2": ("127.0.0.3", free_port("127.0.0.3"))}
    with site(folder, 0, seconds=1, server=server) as here:
        here.nodes = [
            Node(
                name=name,
                folder=folder / name,
                database=here.database,
                home=folder / "home",
                vault=folder / "vault",
                work=folder / "work",
                listen=f'host = "{host}"\nport = {port}\naddress = "https://{NAME}"\nbehind_proxy = true\nproxies = ["127.0.0.1"]',
            )
            for name, (host, port) in ports.items()
        ]
        for node in here.nodes:
            node.start()
        known = [soon(node.known, within=180) for node in here.nodes]
        assert known[0]["key"] == known[1]["key"]
        with fronted(folder / "nginx", {name: f"{host}:{port}" for name, (host, port) in ports.items()}) as front:
            place = Place(here=here, front=front, key=known[0]["key"])
            place.cookie = signed_in(place)
            yield place


@dataclass(slots=True)
class Asked:
    """What somebody got who never stops asking: (when it was asked, status or 0, how long it took)."""

    answers: list[tuple[float, int, float]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def reads(self, place: Place, source: str) -> None:
        while not self.over.wait(0.05):
            self._one(lambda: place.call("GET", "/incidents", source=source)[0])

    def writes(self, place: Place, source: str, incident: str) -> None:
        """A note after the other. One that got no answer is not said again: what was not acknowledged is nobody's loss here."""
        number = 0
        while not self.over.wait(0.1):
            number += 1
            said = {"by": "ada", "text": f"note {source}.{number}."}
            status = self._one(lambda s=said: place.call("POST", f"/incidents/{incident}/note", s, source=source)[0])  # type: ignore[misc]
            if status < 300 and status:
                self.kept.append(said["text"])

    def _one(self, ask: Any) -> int:
        began = time.monotonic()
        try:
            status = int(ask())
        except OSError:
            status = 0
        self.answers.append((began, status, time.monotonic() - began))
        return status

    def bad(self) -> list[tuple[float, int, float]]:
        return [one for one in self.answers if not 200 <= one[1] < 300]


@dataclass(slots=True, kw_only=True)
class Viewer:
    """Follows an incident through nginx as a browser does: comes back at once with what it had last. `ended` is how often it had to."""

    place: Place
    incident: str
    source: str
    seen: list[tuple[int, str]] = field(default_factory=list)
    ended: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    refused: list[str] = field(default_factory=list)

    def follow(self) -> None:
        last = ""
        while not self.over.is_set():
            try:
                path = f"/api/v1/incidents/{self.incident}/live"
                key = {"Authorization": f"Bearer {self.place.key}"}
                with self.place.front.stream(path, source=self.source, last=last, **key) as events:
                    for last, data in events:
                        self.seen.append((int(last), data))
                        if self.over.is_set():
                            return
            except (OSError, AssertionError) as problem:
                self.refused.append(str(problem)[:200])
                time.sleep(0.2)
            self.ended += 1

    def holds(self, word: str) -> bool:
        return any(word in data for _, data in self.seen)


@pytest.mark.timeout(300)
def test_room_api_senders_and_streams_go_through_and_a_killed_node_is_a_moment(tmp_path: Path) -> None:
    with placed(tmp_path) as place:
        here, front = place.here, place.front
        first, second = (place.source_of(node) for node in here.nodes)
        incident = place.good("POST", "/incidents", {"by": "ada", "title": "through nginx", "level": 1}, source=first)[
            "id"
        ]
        is_known(place, first)
        is_known(place, second)
        heard_at_once(place, incident, first, second)
        alert = {"title": "Backup older than 24h", "service": "db", "severity": "hygiene", "dedup": "b"}
        status, _, said = front.ask("POST", "/hooks/generic", alert, source=second, Authorization=f"Bearer {place.key}")
        assert status == 202, said
        soon(lambda: [a for a in place.good("GET", "/alerts")["alerts"] if a["subject"] == "db"])

        asked, viewers = Asked(), [Viewer(place=place, incident=incident, source=s) for s in (first, second)]
        going = [threading.Thread(target=one.follow, daemon=True) for one in viewers]
        for source in (first, second):
            going.append(threading.Thread(target=asked.reads, args=(place, source), daemon=True))
            going.append(threading.Thread(target=asked.writes, args=(place, source, incident), daemon=True))
        for one in going:
            one.start()
        kills: list[float] = []
        for node, source in zip(here.nodes, (first, second), strict=True):
            for one in here.nodes:  # nginx knows both again: a node that came back is asked within five seconds
                soon(lambda n=one: place.found(n))  # type: ignore[misc]
            time.sleep(1)
            kills.append(time.monotonic())
            node.kill()
            place.good("GET", "/incidents", source=source)  # the very next request
            time.sleep(5)
            node.start()
            soon(node.known, within=180)
        asked.over.set()
        for one in going[2:]:
            one.join(timeout=60)
        place.good("POST", f"/incidents/{incident}/note", {"by": "ada", "text": "the last word"})
        for viewer in viewers:
            soon(lambda v=viewer: v.holds("the last word"))  # type: ignore[misc]
            viewer.over.set()

        late = [one for one in asked.bad() if not any(0 <= one[0] + one[2] - at < A_MOMENT for at in kills)]
        assert late == [], "nothing fails but what was on its way to the node that died"
        assert len(asked.bad()) <= 8, f"four people ask, one thing at a time: {asked.bad()}"
        assert len(asked.answers) > 60
        whole = place.good("GET", f"/incidents/{incident}")["timeline"]
        for viewer in viewers:
            numbers = [number for number, _ in viewer.seen]
            assert numbers == list(range(1, numbers[-1] + 1)), "no entry lost, none told twice"
            assert 1 <= viewer.ended <= 3, viewer.refused
        said = [entry["text"] for entry in whole]
        assert [text for text in asked.kept if sum(text in one for one in said) != 1] == []


def signed_in(place: Place) -> str:
    """A person signs in by the name that nginx answers to; their cookie."""
    told = json.loads(soon(lambda: next((line for line in _said(place.here.nodes[0]) if '"welcome"' in line), None)))
    password = quote("a long word for the test 17")
    body = f"password={password}&again={password}"
    status, headers, said = place.front.ask("POST", urlsplit(told["welcome"]).path, body, **OWN)
    assert status == 303, said
    cookie = next(value for name, value in headers.items() if name.lower() == "set-cookie")
    assert cookie.startswith("__Host-firstfive=")
    return cookie.partition(";")[0]


def is_known(place: Place, source: str) -> None:
    """Who signed in at one node is known at this one too; a stranger is led to the form."""
    status, _, said = place.front.ask("GET", "/", source=source, Cookie=place.cookie)
    assert status == 200, said
    assert place.front.ask("GET", "/", source=source)[0] == 303


def _said(node: Node) -> list[str]:
    return (Path(node.folder) / "log").read_text().splitlines()


def heard_at_once(place: Place, incident: str, first: str, second: str) -> None:
    """A stream through one node tells what is said at the other, and nginx holds nothing back."""
    key = {"Authorization": f"Bearer {place.key}"}
    with place.front.stream(f"/api/v1/incidents/{incident}/live", source=first, **key) as events:
        next(events)
        began = time.monotonic()
        place.good("POST", f"/incidents/{incident}/note", {"by": "ada", "text": "said at the other"}, source=second)
        assert any("said at the other" in data for _, data in events)
        assert time.monotonic() - began < 5


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_node_that_stands_still_and_a_database_that_is_away_are_bounded(tmp_path: Path) -> None:
    server = begun()
    try:
        with placed(tmp_path, server=server) as place:
            still = place.here.nodes[0]
            source, other = place.source_of(still), place.source_of(place.here.nodes[1])
            still.signal(signal.SIGSTOP)
            began, answers = time.monotonic(), []
            asking = [
                threading.Thread(target=lambda: answers.append(place.call("GET", "/incidents", source=source)[0]))
                for _ in range(3)
            ]
            for one in asking:
                one.start()
            assert place.call("GET", "/incidents", source=other)[0] == 200
            for one in asking:
                one.join(timeout=90)
            assert answers == [200, 200, 200], "nginx waits, and then asks the other"
            assert time.monotonic() - began < 25 + 15
            began = time.monotonic()
            assert place.call("GET", "/incidents", source=source)[0] == 200
            assert time.monotonic() - began < 5, "nginx has learned it"
            still.signal(signal.SIGCONT)
            soon(lambda: place.found(still))

            server.stop()
            for one_of in (source, other):
                status, said = place.call("GET", "/incidents", source=one_of)
                assert status == 503, "what the nodes say about their database arrives"
                assert "PostgreSQL is not reached" in json.dumps(said)
            server.start()
            began = time.monotonic()
            for one_of in (source, other):
                soon(lambda s=one_of: place.call("GET", "/incidents", source=s)[0] == 200, within=30)  # type: ignore[misc]
            assert time.monotonic() - began < 10
    finally:
        ended(server)
