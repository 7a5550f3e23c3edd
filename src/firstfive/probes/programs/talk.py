"""A connection to a program, bounded in time, and the words for why there is none.

Used by the probes beside it. It goes only where the guard of all looks over the network allows, to the address that was judged, so that
a name cannot lead elsewhere between the judgement and the connection.
"""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta

from firstfive.errors import FirstfiveError
from firstfive.probes.network.address import Guard, NoSuchName, Place
from firstfive.probes.network.reach import NotReached, reach

# A database, a cache or a gateway stands on a private network nearly always, and its name comes from the settings or the host's own
# environment file, never from a page's link or an alert. Metadata addresses, link-local and multicast stay out.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "::1/128", "fc00::/7")


class Gone(Exception):
    """The program is in trouble; the text says how."""


def place_of_program(address: str, default: int) -> Place:
    """`host:port`, `[v6]:port` or a bare host. Raises FirstfiveError for anything else."""
    host, _, port = address.rpartition(":") if ":" in address and not address.endswith("]") else (address, "", "")
    host = host.strip("[]")
    if not host or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        raise FirstfiveError(f"{address!r} is no address", remedy='write address = "host:port"')
    return Place(host=host, port=int(port) if port else default)


async def line_to(place: Place, guard: Guard, *, patience: timedelta) -> socket.socket:
    """A connected, non-blocking socket. Raises Gone when there is none, FirstfiveError when nobody can know or the guard refuses."""
    try:
        return await reach(place, Guard(networks=(*guard.networks, *PRIVATE)), patience=patience)
    except (NotReached, NoSuchName) as problem:
        raise Gone(str(problem)) from None


async def connected(
    place: Place, guard: Guard, *, patience: timedelta
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An open connection as streams. Raises as `line_to` does."""
    held = await line_to(place, guard, patience=patience)
    try:
        return await asyncio.open_connection(sock=held)
    except BaseException:
        held.close()
        raise
