"""A connection to a program, bounded in time, and the words for why there is none.

Used by the probes beside it. A name that our own resolver cannot look up right now is nobody's fault but ours: unknown, not down.
"""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta

from firstfive.errors import FirstfiveError


class Gone(Exception):
    """The program is in trouble; the text says how."""


def host_and_port(address: str, default: int) -> tuple[str, int]:
    """`host:port`, `[v6]:port` or a bare host. Raises FirstfiveError for anything else."""
    host, _, port = address.rpartition(":") if ":" in address and not address.endswith("]") else (address, "", "")
    host = host.strip("[]")
    if not host or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        raise FirstfiveError(f"{address!r} is no address", remedy='write address = "host:port"')
    return host, int(port) if port else default


def unresolved(host: str, problem: socket.gaierror) -> str:
    """What a name that cannot be looked up means: words for a name that is gone.

    Raises FirstfiveError where nobody can know: our own resolver is silent, or the name has no dot and may be one of the Compose network,
    which does not resolve from the host although all is well.
    """
    if problem.errno in (socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_FAIL):
        raise FirstfiveError(f"{host} cannot be looked up: our own resolver does not answer, so nobody knows")
    if "." not in host.rstrip("."):
        raise FirstfiveError(
            f"{host} does not resolve from here; it may be a name of the Compose network only",
            remedy="set [probes.NAME] with an address that this machine reaches",
        )
    return f"the name {host} does not resolve"


async def connected(
    address: str, default: int, patience: timedelta
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An open connection. Raises Gone when there is none, FirstfiveError when nobody can know."""
    host, port = host_and_port(address, default)
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return await asyncio.open_connection(host, port)
    except TimeoutError:
        raise Gone(f"no connection within {patience.total_seconds():g} s") from None
    except socket.gaierror as problem:
        raise Gone(unresolved(host, problem)) from None
    except ConnectionRefusedError:
        raise Gone("connection refused") from None
    except OSError as problem:
        raise Gone(problem.strerror or str(problem)) from None
