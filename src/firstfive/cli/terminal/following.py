"""What is new in one incident, as it comes: from the server's live stream, from the journal while there is no server.

Made by `plain` and `screen`; a thread of its own listens, and whoever made it takes what was heard. Comes back by itself after every
loss and says what it had, so that no entry is lost; entries that were told already may come again after a server was restored from a
copy, and the caller tells them apart by number and hash.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic
from urllib.parse import quote

from firstfive.cli.line import Server, View, connected, server_of
from firstfive.cli.terminal.reach import Reach
from firstfive.errors import FirstfiveError

SILENCE = 40.0  # the server gives a sign of life every 15 s
SOON, LATER = 0.3, 5.0
LOOK_EVERY = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """One entry of the timeline, as the API gives it."""

    row: View


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The newest of what a running step says; whole each time."""

    run: str
    step: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where news come from now: "server", "journal" (read only), or "lost" while neither answers; and why."""

    state: str
    why: str = ""


Heard = NewEntry | Spoken | Link


@dataclass(slots=True, kw_only=True)
class Following:
    """One listener. `had` is the number of the newest entry that is known.

    `wake` is called in its thread whenever there is something to take; `heard_at` is when the last sign of life came (monotonic seconds).
    """

    reach: Reach
    incident: str
    had: int
    wake: Callable[[], None] = lambda: None
    heard_at: float = field(default_factory=monotonic)
    _news: SimpleQueue[Heard] = field(default_factory=SimpleQueue)
    _over: threading.Event = field(default_factory=threading.Event)
    _state: str = ""
    _line: http.client.HTTPConnection | None = None

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, name="following", daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._over.set()
        line = self._line
        if line is not None and line.sock is not None:
            with contextlib.suppress(OSError):
                line.sock.shutdown(2)

    def take(self) -> Iterator[Heard]:
        """What was heard since the last time, in order."""
        while True:
            try:
                yield self._news.get_nowait()
            except Empty:
                return

    def _tell(self, heard: Heard) -> None:
        if isinstance(heard, Link):
            if heard.state == self._state:
                return
            self._state = heard.state
        self._news.put(heard)
        self.wake()

    def _listen(self) -> None:
        pause = SOON
        while not self._over.is_set():
            server = server_of(self.reach.settings)
            begun = monotonic()
            try:
                if server is None:
                    self._look()
                else:
                    self._stream(server)
                    self._tell(Link(state="lost", why="the server ended the stream"))
            except (OSError, ValueError, AttributeError, http.client.HTTPException) as problem:
                self._tell(Link(state="lost", why=f"the server does not answer: {problem}"))
            except FirstfiveError as problem:
                self._tell(Link(state="lost", why=problem.what))
            pause = SOON if server is None or monotonic() - begun > LATER else min(2 * pause, LATER)
            self._over.wait(pause)

    # ------------------------------------------------------------------------------------------------- from the server

    def _stream(self, server: Server) -> None:
        line = self._line = connected(server, timeout=SILENCE)
        try:
            token = self.reach.settings.token or server.key
            headers = {
                "Authorization": f"Bearer {token}",
                "Last-Event-ID": str(self.had),
                "Accept": "text/event-stream",
            }
            line.request("GET", f"/incidents/{quote(self.incident, safe='')}/live", headers=headers)
            response = line.getresponse()
            if response.status != 200:
                raise FirstfiveError(f"the server lets nobody listen here: it answered {response.status}")
            for event, data in _events(response):
                if self._over.is_set():
                    return
                self.heard_at = monotonic()
                self._tell(Link(state="server"))
                self._of_stream(event, data)
        finally:
            self._line = None
            line.close()

    def _of_stream(self, event: str, data: str) -> None:
        if event == "entry":
            row = json.loads(data)
            self.had = int(row["seq"])
            self._tell(NewEntry(row=row))
        elif event == "output":
            said = json.loads(data)
            self._tell(Spoken(run=str(said["run"]), step=str(said["step"]), text=str(said["text"])))

    # ------------------------------------------------------------------------------------------------ from the journal

    def _look(self) -> None:
        """Look into the journal until a server is there again."""
        self._tell(Link(state="journal"))
        looked = 0.0
        while not self._over.is_set() and server_of(self.reach.settings) is None:
            if monotonic() - looked >= LOOK_EVERY:
                looked = monotonic()
                if self.reach.looking.grew(self.incident, self.had):
                    seen: View = self.reach.looking.seen(self.incident)
                    for row in seen["timeline"]:
                        if row["seq"] > self.had:
                            self.had = int(row["seq"])
                            self._tell(NewEntry(row=row))
                self.heard_at = monotonic()
            self._over.wait(SOON)


def _events(response: http.client.HTTPResponse) -> Iterator[tuple[str, str]]:
    """(event, data) of a stream of server-sent events."""
    event, data = "message", list[str]()
    while raw := response.readline():
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            yield event, "\n".join(data)
            event, data = "message", []
            continue
        name, _, value = text.partition(":")
        if name == "event":
            event = value.removeprefix(" ")
        elif name == "data":
            data.append(value.removeprefix(" "))
