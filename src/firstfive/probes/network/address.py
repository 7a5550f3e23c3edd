"""The guard: which address a name leads to, and whether a look may go there.

Asked by every look over the network before it connects. It looks a name up once and hands out exactly the addresses that are
allowed; it never connects itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import queue
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from firstfive.errors import FirstfiveError

Address = IPv4Address | IPv6Address

PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}

# Networks that `is_global` of Python 3.11 takes for public although a packet to them ends somewhere private: NAT64 (RFC 6052), 6to4
# (RFC 3056), the IPv4 dummy address (RFC 7600), shared address space (RFC 6598), Teredo (RFC 4380).
INSIDE = tuple(
    ipaddress.ip_network(n)
    for n in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "192.0.0.0/24", "100.64.0.0/10", "2001::/32")
)
# Never, whoever names them: "this host", link-local with the metadata of clouds, multicast, broadcast.
NEVER = tuple(
    ipaddress.ip_network(n)
    for n in (
        "0.0.0.0/8",
        "::/128",
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::/32",
        "100.100.100.200/32",
        "224.0.0.0/4",
        "ff00::/8",
        "255.255.255.255/32",
    )
)
SILENT = frozenset({socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_FAIL, socket.EAI_MEMORY})
LOOKUPS = 16
TRIES = 3  # addresses of one name that are tried in one look


_MET: set[str] = set()  # names without a dot that led somewhere once: when one vanishes, so did its container
Asked = queue.SimpleQueue[tuple["Place", "asyncio.Future[list[Address]]"]]


class NoSuchName(Exception):
    """The name does not exist: whoever depends on it is in trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A host as the page or the settings write it (without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        """As it is written in an address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Which addresses may be looked at. `networks` are those of `probes.allow`, as `10.0.0.0/8`.

    Public addresses may. Others may when the page or the settings write the address itself or `localhost`, or when `networks` hold
    it. Link-local and metadata addresses, multicast and 0.0.0.0 never.
    """

    networks: tuple[str, ...] = ()

    def refuses(self, address: Address, host: str) -> str:
        """Why a look at `host` may not go to `address`; empty when it may."""
        return _verdict(self.networks, address, host)

    async def find(self, place: Place, *, patience: timedelta) -> tuple[Address, ...]:
        """The addresses of a place that may be looked at, the first three in the order in which the system prefers them.

        Raises NoSuchName when the name does not exist, and FirstfiveError when nobody knows: our own resolver is silent for
        `patience`, a name without a dot was never known here, or the guard refuses every address.
        """
        literal = _literal(place.host)
        found = (literal,) if literal else await _look_up(place, patience)
        allowed = tuple(a for a in found if not self.refuses(a, place.host))
        if allowed:
            return allowed[:TRIES]
        raise FirstfiveError(
            f"{place.host} is not looked at: {self.refuses(found[0], place.host)}",
            remedy=f'write the address itself, or let settings allow it: [probes] allow = ["{found[0]}/{found[0].max_prefixlen}"]'
            if not _never(found[0])
            else "write the address that it serves on; this one is never asked",
        )


@lru_cache(maxsize=16384)
def _verdict(networks: tuple[str, ...], address: Address, host: str) -> str:
    both = {address, embedded(address)}
    if _never(address):
        return f"{address} is an address that is never looked at"
    if _names(host, address):
        return ""
    if any(one in ipaddress.ip_network(network) for one in both for network in networks):
        return ""
    if all(one.is_global for one in both) and not any(one in network for one in both for network in INSIDE):
        return ""
    return f"{address} is not a public address"


def _never(address: Address) -> bool:
    return any(one in network for one in (address, embedded(address)) for network in NEVER)


@lru_cache(maxsize=16384)
def place_of(url: str) -> Place:
    """The host and port of a URL. Raises FirstfiveError when it names none, another scheme than http and ws, or a password."""
    try:
        parts = urlsplit(url)
        port = parts.port if parts.port is not None else PORTS.get(parts.scheme, 0)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in PORTS or not parts.hostname or not port:
        raise FirstfiveError(
            f"{url} is no address that can be asked", remedy="write http://host/path or https://host/path"
        )
    if "@" in parts.netloc or "\\" in url:
        raise FirstfiveError(
            f"an address of {parts.hostname} holds a user name", remedy="write it without: looks send no password"
        )
    if not parts.hostname.isascii():
        raise FirstfiveError(
            f"{url} has letters in its name that the DNS does not know", remedy=_in_dns(parts.hostname)
        )
    return Place(host=parts.hostname, port=port)


def place_at(address: str) -> Place:
    """`host:port` or `[v6]:port`. Raises FirstfiveError when it is neither."""
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.path or "@" in address:
        raise FirstfiveError(f"{address!r} names no host and port", remedy='write address = "host:port"')
    return Place(host=host, port=port)


def _in_dns(host: str) -> str:
    try:
        return f"write its name as {host.encode('idna').decode()}"
    except UnicodeError:
        return "mend its name on the page or in the settings"


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries (mapped, NAT64 or 6to4), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in INSIDE[0]:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def _names(host: str, address: Address) -> bool:
    """Whether the words of the page or the settings name this address literally."""
    if host.lower() == "localhost":
        return address.is_loopback
    literal = _literal(host)
    return literal is not None and literal == address


@lru_cache(maxsize=16384)
def _literal(host: str) -> Address | None:
    """The address when `host` is one in its usual form; 127.1, 0x7f.1 and 2130706433 are not."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


async def _look_up(place: Place, patience: timedelta) -> Sequence[Address]:
    """Ask the system's own resolver, in a thread that is left behind when it is silent."""
    answer: asyncio.Future[list[Address]] = asyncio.get_running_loop().create_future()
    _asked().put((place, answer))
    try:
        found = await asyncio.wait_for(answer, patience.total_seconds())
    except socket.gaierror as problem:
        if problem.errno in SILENT:
            raise _unknown(place.host) from None
        if "." not in place.host and place.host not in _MET:
            raise FirstfiveError(
                f"{place.host} is not known on this machine: a container's name is known only inside its network",
                remedy="write an address that this machine can reach",
            ) from None
        raise NoSuchName(f"the name {place.host} does not resolve") from None
    except ValueError:
        raise NoSuchName(f"{place.host} is no name") from None
    except (TimeoutError, OSError):
        raise _unknown(place.host) from None
    if "." not in place.host:
        _MET.add(place.host)
    return found


@cache
def _asked() -> Asked:
    """The queue of the threads that look names up; they are few, and none holds up the end of the process."""
    asked: Asked = queue.SimpleQueue()
    for number in range(LOOKUPS):
        threading.Thread(target=_answer, args=(asked,), name=f"look-up-{number}", daemon=True).start()
    return asked


def _answer(asked: Asked) -> None:
    while True:
        place, answer = asked.get()
        if answer.done():
            continue
        try:
            rows = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            outcome: list[Address] | Exception = list(dict.fromkeys(ipaddress.ip_address(row[4][0]) for row in rows))
        except (OSError, ValueError) as problem:
            outcome = problem
        with contextlib.suppress(RuntimeError):  # the loop that asked is closed
            answer.get_loop().call_soon_threadsafe(_settle, answer, outcome)


def _settle(answer: asyncio.Future[list[Address]], outcome: list[Address] | Exception) -> None:
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


def _unknown(host: str) -> FirstfiveError:
    return FirstfiveError(
        f"{host} cannot be looked up: our own resolver does not answer, so nobody knows",
        remedy="check the network and /etc/resolv.conf of this machine",
    )
