"""Never a script for an address that must not be blocked: private, special, too wide, the operator's own, or a proxy's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstfive.errors import Refused
from firstfive.incident.packs.addresses import WIDEST, Network, blockable, proxies
from firstfive.incident.packs.block import How, block

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOCUMENTATION = [
    ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
]

v4 = st.ip_addresses(v=4)
v6 = st.ip_addresses(v=6) | st.integers(0, 2**125 - 1).map(lambda n: IPv6Address((1 << 125) + n))
addresses = v4 | v6


def networks() -> st.SearchStrategy[Network]:
    def network(address: IPv4Address | IPv6Address, off: int) -> Network:
        return ip_network((address, max(0, address.max_prefixlen - off)), strict=False)

    return st.builds(network, addresses, st.integers(0, 90))


def documented(network: Network) -> bool:
    return any(n.version == network.version and network.subnet_of(n) for n in DOCUMENTATION)  # type: ignore[arg-type]


def passes(text: str, never: tuple[Network, ...] = (), how: How = How.NFTABLES) -> Network | None:
    """The network that a script was written for, or None when it was refused."""
    try:
        packed = block(text, expires=timedelta(hours=1), now=NOW, never=never, how=how, zone="0" * 32)
    except Refused:
        return None
    assert packed.script
    return blockable(text, never=never, at_the_edge=how is How.CLOUDFLARE)


@given(networks(), st.sampled_from(How))
def test_what_is_blocked_is_public_and_narrow(network: Network, how: How) -> None:
    passed = passes(str(network), how=how)
    if passed is not None:
        assert passed.prefixlen >= WIDEST[passed.version]
        assert documented(passed) or (passed[0].is_global and passed[-1].is_global and not passed.is_multicast)
        if how is not How.CLOUDFLARE:
            assert not any(n.version == passed.version and n.overlaps(passed) for _, n in proxies())  # type: ignore[arg-type]


@given(addresses, networks(), st.sampled_from(How))
def test_no_network_that_holds_one_of_ours_is_blocked(
    address: IPv4Address | IPv6Address, own: Network, how: How
) -> None:
    for inside in (own, ip_network(address)):
        for wider in range(min(8, inside.prefixlen)):
            around = inside.supernet(prefixlen_diff=wider)
            assert passes(str(around), never=(own, ip_network(address)), how=how) is None


@given(v4, st.integers(0, 32))
def test_an_address_in_its_mapped_form_is_judged_as_itself(address: IPv4Address, prefix: int) -> None:
    network = IPv4Network((address, prefix), strict=False)
    mapped = f"::ffff:{network.network_address}/{96 + prefix}"
    assert passes(mapped) == passes(str(network))
    own = IPv6Network(mapped)
    assert passes(str(network), never=(own,)) is None


@given(st.text(max_size=40))
def test_any_other_text_is_refused_and_never_becomes_bash(text: str) -> None:
    try:
        ip_address(text.strip())
    except ValueError:
        if "/" not in text:
            assert passes(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10.1.2.3", "is private"),
        ("172.17.0.1", "Docker's own networks"),
        ("192.168.1.4", "is private"),
        ("127.0.0.6", "is loopback"),
        ("::1", "is loopback"),
        ("169.254.169.254", "metadata of clouds"),
        ("fe80::1", "is link-local"),
        ("fd00::5", "is private"),
        ("224.0.0.1", "is multicast"),
        ("ff02::1", "is multicast"),
        ("0.0.0.0", "means this host"),
        ("255.255.255.255", "is reserved"),
        ("100.64.3.4", "shared address space"),
        ("::ffff:10.1.2.3", "is private"),
        ("64:ff9b::a00:1", "translation of IPv4"),
        ("2002:a00:1::1", "tunnel of IPv4"),
        ("2001:0:1::1", "reserved for protocols"),
        ("4000::1", "no public client"),
        ("104.16.0.9", "is Cloudflare"),
        ("2606:4700::1111", "is Cloudflare"),
        ("198.51.100.7/24", "host bits"),
        ("198.51.0.0/16", "too wide"),
        ("2001:db8::/32", "too wide"),
        ("0.0.0.0/0", "too wide"),
        ("fe80::1%eth0", "with a zone"),
        ("203.0.113.7; reboot", "no address"),
        ("", "no address"),
        ("203.0.113.07", "no address"),
    ],
)
def test_each_refusal_says_why(text: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        block(text, expires=timedelta(hours=1), now=NOW)


def test_the_operators_own_address_and_everything_around_it_is_refused() -> None:
    own = (ip_network("203.0.113.0/28"),)
    for text in ("203.0.113.7", "203.0.113.0/24", "::ffff:203.0.113.7"):
        with pytest.raises(Refused, match="the operator's own"):
            block(text, expires=timedelta(hours=1), now=NOW, never=own)
    assert passes("203.0.113.16", never=own) == ip_network("203.0.113.16/32")


def test_at_cloudflare_itself_its_own_range_may_be_named() -> None:
    assert passes("104.16.0.9", how=How.CLOUDFLARE) == ip_network("104.16.0.9/32")
