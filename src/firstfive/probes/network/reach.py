"""One connection to a place that the guard allows, and why there is none.

Used by looks that speak no HTTP through curl. The socket belongs to whoever asked; nothing is sent.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from datetime import timedelta

from firstfive.probes.network.address import Address, Guard, Place
from firstfive.probes.network.own_connection import own_connection


class NotReached(Exception):
    """No connection, and it is not our own network's fault. The text says how it failed, `family` in words that are always the same."""

    def __init__(self, why: str, *, family: str) -> None:
        super().__init__(why)
        self.family = family


async def reach(place: Place, guard: Guard, *, patience: timedelta) -> socket.socket:
    """A connected, non-blocking socket. The addresses are tried in turn, each for its share of `patience`.

    Raises NotReached when the other side is at fault, NoSuchName when the name does not exist, and FirstfiveError when nobody can know.
    """
    addresses = await guard.find(place, patience=patience)
    share = patience.total_seconds() / len(addresses)
    ours, problem = own_connection(), OSError(errno.ECONNREFUSED, "")
    for address in addresses:
        try:
            connection = await _connect(address, place.port, share)
        except OSError as met:  # TimeoutError is one
            problem = met
            if met.errno == errno.ECONNREFUSED:
                ours.note(address)
        else:
            ours.note(address)
            return connection
    if problem.errno == errno.ECONNREFUSED:
        raise NotReached("connection refused", family="port refuses connections")
    await ours.vouch(addresses[-1])
    if isinstance(problem, TimeoutError) and problem.errno is None:
        raise NotReached(f"no connection within {patience.total_seconds():g} s", family="port times out")
    raise NotReached("the host is not reached", family="host not reached")


async def _connect(address: Address, port: int, seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(connection, (str(address), port)), seconds)
    except BaseException:
        connection.close()
        raise
    return connection
