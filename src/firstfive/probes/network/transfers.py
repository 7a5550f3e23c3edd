"""All HTTP requests of the process in one curl multi handle, driven by the event loop.

Asked by `Http`. Every request is a new connection to exactly the address it is given; nothing is followed, unpacked, sent along or
kept, and at most 1,000 are under way at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import weakref
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from firstfive.probes.network.address import Address

IN_FLIGHT = 1000
BODY_CAP = 64 * 1024
EVENTS = 512
TOGETHER = 0.025
# What curl waits for (CURL_POLL_*), in epoll's words.
POLL_REMOVE = 4
WANTED = (0, select.EPOLLIN, select.EPOLLOUT, select.EPOLLIN | select.EPOLLOUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GET of `url` at `address`. The body is kept, up to `BODY_CAP` bytes, when `body` is set; the certificate's end likewise.

    `connect` is how long the connection alone may take, when that is less than `patience`.
    `authorities` is a PEM file of the certificate authorities to trust instead of the system's.
    """

    url: str
    address: Address
    port: int
    patience: timedelta
    connect: timedelta | None = None
    body: bool = False
    certificate: bool = False
    authorities: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came: `status` is 0 when no answer began, `code` is curl's own (0 when the answer came whole) with its `words`.

    `connected` tells whether the connection stood, `errno` why it did not. `expires` is the end of the certificate as OpenSSL writes it.
    """

    status: int
    code: int
    words: str
    errno: int
    connected: bool
    milliseconds: int
    body: bytes
    expires: str = ""


@dataclass(slots=True, kw_only=True)
class _Asked:
    """A request under way."""

    request: Request
    answer: asyncio.Future[Answer]
    body: bytearray = field(default_factory=bytearray)
    taken: int = 0

    def take(self, block: bytes) -> int | None:
        self.taken += len(block)
        if self.request.body:
            self.body += block[: BODY_CAP - len(self.body)]
        return None if self.taken < BODY_CAP else 0


class Transfers:
    """The curl multi handle of one event loop."""

    __slots__ = (
        "__weakref__",
        "_asked",
        "_boarding",
        "_curl",
        "_departed",
        "_departure",
        "_epoll",
        "_expires",
        "_idle",
        "_multi",
        "_planned",
        "_room",
        "_sockets",
        "_timer",
    )

    def __init__(self) -> None:
        import pycurl

        self._curl: Any = pycurl
        self._multi: Any = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._wake)
        self._epoll = select.epoll()
        self._sockets: set[int] = set()
        self._asked: dict[Any, _Asked] = {}
        self._idle: dict[tuple[object, ...], list[Any]] = {}
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._boarding: list[Any] = []
        self._departed = float("-inf")
        self._departure: asyncio.Handle | None = None
        self._expires: float | None = None
        self._planned = 0.0
        self._timer: asyncio.Handle | None = None
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._ready)

    async def ask(self, request: Request) -> Answer:
        """One request; an answer whatever happens."""
        async with self._room:
            manner = (request.patience, request.connect, request.certificate, request.authorities)
            idle = self._idle.setdefault(manner, [])
            curl = idle.pop() if idle else self._handle(request)
            asked = _Asked(request=request, answer=asyncio.get_running_loop().create_future())
            curl.setopt(self._curl.URL, request.url.encode("utf-8", "surrogateescape"))
            curl.setopt(self._curl.CONNECT_TO, _exactly(request.address, request.port))
            curl.setopt(self._curl.WRITEFUNCTION, asked.take)
            self._asked[curl] = asked
            self._board(curl)
            try:
                return await asked.answer
            finally:
                if self._asked.pop(curl, None):  # given up by whoever asked
                    if curl in self._boarding:
                        self._boarding.remove(curl)
                    else:
                        self._multi.remove_handle(curl)
                    curl.close()
                else:
                    idle.append(curl)

    def _board(self, curl: Any) -> None:
        """Start it: at once when nothing started lately, else together with the others of these `TOGETHER` seconds.

        Ten that start together cost the processor a third of ten that each wake it.
        """
        self._boarding.append(curl)
        if self._departure is None:
            loop = asyncio.get_running_loop()
            self._departure = loop.call_at(max(loop.time(), self._departed + TOGETHER), self._depart)

    def _depart(self) -> None:
        self._departure = None
        self._departed = asyncio.get_running_loop().time()
        for curl in self._boarding:
            self._multi.add_handle(curl)
        self._boarding.clear()

    def _handle(self, request: Request) -> Any:
        """A handle for requests of this manner; it is kept and asked again."""
        our = self._curl
        curl = our.Curl()
        curl.setopt(our.PROTOCOLS, our.PROTO_HTTP | our.PROTO_HTTPS)
        curl.setopt(our.PROXY, "")
        curl.setopt(our.NOSIGNAL, 1)
        curl.setopt(our.FRESH_CONNECT, 1)
        curl.setopt(our.FORBID_REUSE, 1)
        curl.setopt(our.HTTP_VERSION, our.CURL_HTTP_VERSION_1_1)
        curl.setopt(our.TIMEOUT_MS, max(1, int(request.patience.total_seconds() * 1000)))
        if request.connect is not None:
            curl.setopt(our.CONNECTTIMEOUT_MS, max(1, int(request.connect.total_seconds() * 1000)))
        curl.setopt(our.USERAGENT, "firstfive")
        if request.certificate:
            curl.setopt(our.OPT_CERTINFO, 1)
        if request.authorities is not None:
            curl.setopt(our.CAINFO, str(request.authorities))
        return curl

    def _socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        """Curl says which socket it waits for, and for what."""
        if what == POLL_REMOVE:
            self._sockets.discard(fd)
            with contextlib.suppress(OSError):
                self._epoll.unregister(fd)
            return
        if fd in self._sockets:
            with contextlib.suppress(FileNotFoundError):  # closed without a word, and its number is in use again
                self._epoll.modify(fd, WANTED[what])
                return
        self._sockets.add(fd)
        self._epoll.register(fd, WANTED[what])

    def _wake(self, milliseconds: int) -> None:
        """Curl says when it wants to be woken; an earlier awakening that is already planned is kept."""
        if milliseconds < 0:
            self._expires = None
            return
        loop = asyncio.get_running_loop()
        self._expires = loop.time() + milliseconds / 1000
        if self._timer is None or self._planned > self._expires:
            if self._timer is not None:
                self._timer.cancel()
            self._planned = self._expires
            self._timer = loop.call_at(self._expires, self._tick) if milliseconds else loop.call_soon(self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._expires is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._expires:
            self._planned = self._expires
            self._timer = loop.call_at(self._expires, self._tick)
            return
        self._expires = None
        self._drain()  # what came while this process was busy is no timeout
        self._multi.socket_action(self._curl.SOCKET_TIMEOUT, 0)
        self._collect()

    def _ready(self) -> None:
        self._drain()
        self._collect()

    def _drain(self) -> None:
        curl, act = self._curl, self._multi.socket_action
        for fd, event in self._epoll.poll(0, EVENTS):
            act(
                fd,
                (curl.CSELECT_IN if event & (select.EPOLLIN | select.EPOLLHUP) else 0)
                | (curl.CSELECT_OUT if event & select.EPOLLOUT else 0)
                | (curl.CSELECT_ERR if event & select.EPOLLERR else 0),
            )

    def _collect(self) -> None:
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            for curl in good:
                self._finish(curl, 0, "")
            for curl, code, words in bad:
                self._finish(curl, code, words)

    def _finish(self, curl: Any, code: int, words: str) -> None:
        self._multi.remove_handle(curl)
        asked, our = self._asked.pop(curl), self._curl
        if asked.answer.done():
            return
        asked.answer.set_result(
            Answer(
                status=curl.getinfo(our.RESPONSE_CODE),
                code=code,
                words=words.strip(),
                errno=curl.getinfo(our.OS_ERRNO),
                connected=curl.getinfo(our.CONNECT_TIME) > 0,
                milliseconds=int(curl.getinfo(our.TOTAL_TIME) * 1000),
                body=bytes(asked.body),
                expires=_end(curl.getinfo(our.INFO_CERTINFO)) if asked.request.certificate else "",
            )
        )


@lru_cache(maxsize=16384)
def _exactly(address: Address, port: int) -> list[str]:
    """Whatever the URL's host, connect there: curl looks no name up."""
    return [f"::[{address}]:{port}" if address.version == 6 else f"::{address}:{port}"]


def _end(chain: list[list[tuple[str, str]]]) -> str:
    """When the server's own certificate ends, in OpenSSL's words."""
    return next((value for key, value in (chain[0] if chain else []) if key == "Expire date"), "")


_OF_LOOP: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Transfers] = weakref.WeakKeyDictionary()


def transfers() -> Transfers:
    """The one of the running loop."""
    loop = asyncio.get_running_loop()
    found = _OF_LOOP.get(loop)
    if found is None:
        found = _OF_LOOP[loop] = Transfers()
    return found
