"""Servers on free ports of loopback for tests of looks over the network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Script = Callable[[socket.socket, bytes], None]


def heard(connection: socket.socket) -> bytes:
    """The head of a request, or what came before the other side hung up."""
    head = b""
    while b"\r\n\r\n" not in head:
        block = connection.recv(4096)
        if not block:
            break
        head += block
    return head


@contextmanager
def speaking(script: Script, *, listens: bool = True) -> Iterator[tuple[int, list[bytes]]]:
    """A server that answers each connection with `script`; yields its port and the heads that it heard."""
    heads: list[bytes] = []
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(20)
            head = heard(connection) if listens else connection.recv(4096)
            heads.append(head)
            script(connection, head)

    def serve() -> None:
        talks: list[threading.Thread] = []
        while not stop.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                talks.append(threading.Thread(target=one, args=(connection,), daemon=True))
                talks[-1].start()
        for talk in talks:
            talk.join(30)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], heads
    finally:
        stop.set()
        thread.join(60)
        listener.close()


def saying(*blocks: bytes) -> Script:
    """Sends these bytes and hangs up."""

    def script(connection: socket.socket, _: bytes) -> None:
        for block in blocks:
            connection.sendall(block)

    return script


Zone = dict[tuple[str, str], list[str]]


class NameServer:
    """A resolver on loopback over UDP: answers from `zone`, fails below the names in `failing`, and is deaf while `silent`."""

    def __init__(self, zone: Zone) -> None:
        self.zone, self.silent, self.lost = zone, False, False
        self.failing: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while not self.stop.is_set():
            try:
                packet, sender = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            if not self.silent:
                self.socket.sendto(self._answer(packet), sender)

    def _answer(self, packet: bytes) -> bytes:
        question = dns.message.from_wire(packet)
        name = question.question[0].name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        self.asked.append((name, kind))
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.RA
        rows = self.zone.get((name, kind))
        if self.lost or any(name == f or name.endswith(f".{f}") for f in self.failing):
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif rows:
            reply.answer.append(dns.rrset.from_text(f"{name}.", 0, "IN", kind, *rows))
        elif not any(known == name for known, _ in self.zone):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()

    def close(self) -> None:
        self.stop.set()
        self.thread.join(30)
        self.socket.close()
