"""Our own network: whether a look that cannot connect says anything about the other side.

Asked by looks after a connection failed. It sends nothing but one DNS question for a name that does not exist to the resolvers of
this machine, and only when nothing outside was reached lately.
"""

from __future__ import annotations

import asyncio
import socket
import weakref
from dataclasses import dataclass, field
from functools import lru_cache

from firstfive.errors import FirstfiveError
from firstfive.probes.network.address import Address, embedded
from firstfive.probes.network.resolver import resolvers_silent

LATELY = 15.0
KEPT = 2.0


@dataclass(slots=True, kw_only=True)
class OwnConnection:
    """What the looks of this process know together about our own network; times are the loop's, in seconds.

    Both are kept apart for addresses in the world and for those near (not public): who reaches the world reaches its neighbours.
    """

    reached: dict[bool, float] = field(default_factory=dict)
    asked: dict[bool, tuple[float, str]] = field(default_factory=dict)
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def note(self, address: Address) -> None:
        """A connection to this address stood, or was refused by it: the way out works."""
        if leaves(address):
            self.reached[_near(address)] = asyncio.get_running_loop().time()

    async def vouch(self, address: Address) -> None:
        """Return when a failure to connect there is the other side's. Raises FirstfiveError when it may be ours.

        It may be ours when this machine has no route to the address, or when nothing outside was reached lately and none of our
        resolvers answers: one that fails for the world's names is answer enough for an address that is not public.
        """
        if not leaves(address):
            return
        if not routed(address):
            raise FirstfiveError(
                f"this machine has no route to {address}: its own network is gone, so nobody knows",
                remedy="check the network of this machine: ip route",
            )
        loop, near = asyncio.get_running_loop(), _near(address)
        if any(loop.time() - at < LATELY for of_near, at in self.reached.items() if near or not of_near):
            return
        async with self._busy:
            at, silent = self.asked.get(near, (float("-inf"), ""))
            if loop.time() - at > KEPT:
                silent = await resolvers_silent(near=near)
                self.asked[near] = (loop.time(), silent)
        if silent:
            raise FirstfiveError(
                f"nothing outside is reached and {silent}: our own network seems gone, so nobody knows",
                remedy="check the network and /etc/resolv.conf of this machine",
            )


@lru_cache(maxsize=16384)
def leaves(address: Address) -> bool:
    """Whether a packet to it leaves this machine."""
    return not embedded(address).is_loopback


@lru_cache(maxsize=16384)
def _near(address: Address) -> bool:
    return not embedded(address).is_global


def routed(address: Address) -> bool:
    """Whether this machine knows a way to the address; the kernel is asked, nothing is sent."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((str(address), 53))
    except OSError:
        return False
    return True


_OF_LOOP: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, OwnConnection] = weakref.WeakKeyDictionary()


def own_connection() -> OwnConnection:
    """What the running loop's looks know together."""
    loop = asyncio.get_running_loop()
    found = _OF_LOOP.get(loop)
    if found is None:
        found = _OF_LOOP[loop] = OwnConnection()
    return found
