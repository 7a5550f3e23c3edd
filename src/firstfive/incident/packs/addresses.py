"""Which addresses may be blocked at all: the gate before any script that drops somebody's packets.

Asked by `block` and `cloudflare`. Reads the published proxy ranges beside it; never asks a network.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from firstfive.errors import Refused

Network = IPv4Network | IPv6Network

WIDEST = {4: 24, 6: 48}  # prefix lengths; anything wider hits bystanders

# IANA's registries of special-purpose addresses. The documentation ranges are left out on purpose: nobody lives there, and drills use them.
_SPECIAL: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "means this host"),
    ("10.0.0.0/8", "is private"),
    ("100.64.0.0/10", "is shared address space of providers, private to them"),
    ("127.0.0.0/8", "is loopback: this host itself"),
    ("169.254.0.0/16", "is link-local, with the metadata of clouds in it"),
    ("172.16.0.0/12", "is private: Docker's own networks lie there"),
    ("192.0.0.0/24", "is reserved for protocols"),
    ("192.88.99.0/24", "is a relay of 6to4, not one client"),
    ("192.168.0.0/16", "is private"),
    ("198.18.0.0/15", "is reserved for measuring"),
    ("224.0.0.0/4", "is multicast"),
    ("240.0.0.0/4", "is reserved"),
    ("::/96", "is loopback, unspecified, or an old form of IPv4"),
    ("64:ff9b::/96", "is a translation of IPv4 (NAT64)"),
    ("2001::/23", "is reserved for protocols"),
    ("2002::/16", "is a tunnel of IPv4 (6to4)"),
    ("fc00::/7", "is private"),
    ("fe80::/10", "is link-local"),
    ("ff00::/8", "is multicast"),
)
_GLOBAL_V6 = IPv6Network("2000::/3")  # all that IANA has given out for single hosts of the public network
SPECIAL: tuple[tuple[Network, str], ...] = tuple((ip_network(text), why) for text, why in _SPECIAL)


def blockable(text: str, *, never: Iterable[Network] = (), at_the_edge: bool = False) -> Network:
    """The network that `text` names, an address being a network of one; mapped IPv4 comes back as IPv4.

    `never` holds the operator's own addresses, the hosts' and their proxies'. `at_the_edge` is for a block at the proxy itself, where
    its own ranges harm nobody behind it.

    Raises:
        Refused: when it is no address, too wide, not a public one, in `never`, or a published proxy's.
    """
    network = _read(text.strip())
    if network.prefixlen < WIDEST[network.version]:
        raise Refused(
            f"{network} is too wide to be blocked: {network.num_addresses} addresses",
            remedy=f"name a network of /{WIDEST[network.version]} or narrower, or the offender's own address",
        )
    for special, why in SPECIAL:
        if _overlap(network, special):
            raise Refused(
                f"{network} is never blocked: {special} {why}",
                remedy="look for the client's real address: behind a proxy or a published port the log names the hop before",
            )
    if network.version == 6 and not network.subnet_of(_GLOBAL_V6):
        raise Refused(
            f"{network} is never blocked: no public client has an address outside {_GLOBAL_V6}",
            remedy="name a public address",
        )
    for own in never:
        if _overlap(network, plain(own)):
            raise Refused(
                f"{network} is never blocked: {own} is the operator's own, a host's or a configured proxy's",
                remedy="blocking it would lock out whoever answers the incident; name the offender's own address",
            )
    if not at_the_edge:
        for name, theirs in proxies():
            if _overlap(network, theirs):
                raise Refused(
                    f"{network} is never blocked here: {theirs} is {name}, with everybody behind it",
                    remedy=f"find the client behind it (its forwarded address) and block that at {name}",
                )
    return network


def plain(network: Network) -> Network:
    """The same network, with IPv4 in an IPv6 form (`::ffff:203.0.113.0/120`) written as IPv4."""
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - 96))
    return network


@lru_cache(maxsize=1)
def proxies() -> tuple[tuple[str, Network], ...]:
    """Published networks of proxies, each with its owner's name."""
    text = files("firstfive.incident.packs").joinpath("proxies.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["proxy"]
    return tuple((row["name"], ip_network(network)) for row in rows for network in row["networks"])


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _read(text: str) -> Network:
    if "%" in text:
        raise Refused(
            f"{text[:60]!a} is an address with a zone: it belongs to one link and is never blocked",
            remedy="name a public address",
        )
    try:
        read = ip_network(text) if "/" in text else ip_network(ip_address(text))
    except ValueError as error:
        shown = text if text.isprintable() and len(text) <= 60 else f"{text[:60]!a}"
        raise Refused(
            f"“{shown}” is no address that can be blocked: {error}",
            remedy="give one IPv4 or IPv6 address, or a network as 203.0.113.0/24 without host bits",
        ) from None
    return plain(read)
