"""The way from a request to its socket: ASGI has none, and a thousand viewers of one room are given the same bytes.

`serve` puts `reaching` around uvicorn's protocol; `channel` writes to the transports. What is written here are whole events, each a chunk
of the answer that uvicorn began.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from starlette.types import Scope

from firstfive.errors import FirstfiveError

PROTOCOL = "firstfive.protocol"
WAITS_IN_KERNEL = 64 * 1024
UNHEARD_MS = 60_000
LAST_CHUNK = b"0\r\n\r\n"


def reaching(behind: Callable[..., Any]) -> Callable[..., Any]:
    """A protocol factory as uvicorn calls it, whose requests carry their protocol in the state that uvicorn gives to each."""

    def made(**given: Any) -> Any:
        protocol = behind(**given)
        protocol.app_state = {**protocol.app_state, PROTOCOL: protocol}
        return protocol

    return made


def wire_of(scope: Scope) -> asyncio.Transport:
    """The transport of a request, plain or TLS. Little waits in the kernel for a viewer, and for who acknowledges nothing a minute long
    the connection ends: both come back and say what they had. Raises FirstfiveError under a server that does not tell.
    """
    protocol = scope.get("state", {}).get(PROTOCOL)
    if protocol is None:
        raise FirstfiveError(
            "this server cannot stream: it does not tell the socket of a request",
            remedy="run the room with `firstfive serve`",
        )
    transport: asyncio.Transport = protocol.transport
    plain = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WAITS_IN_KERNEL)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
    return transport


def chunk(events: bytes) -> bytes:
    """Events as a chunk of an answer (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(events), events)
