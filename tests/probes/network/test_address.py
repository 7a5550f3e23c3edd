"""The guard: what a name leads to is looked at when it is public, or when somebody wrote it down on purpose."""

from __future__ import annotations

import asyncio
import socket
import threading
from datetime import timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstfive.errors import FirstfiveError
from firstfive.probes.network import address as address_module
from firstfive.probes.network.address import Address, Guard, NoSuchName, Place, place_at, place_of

SECOND = timedelta(seconds=1)


def find(host: str, *networks: str) -> tuple[Address, ...]:
    return asyncio.run(Guard(networks=networks).find(Place(host=host, port=80), patience=timedelta(seconds=20)))


def leading_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def answer(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("127.8.9.10", "all of 127/8 is loopback"),
        ("10.0.0.5", "private"),
        ("172.18.0.3", "a container network"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "shared between a provider and its customers"),
        ("192.0.0.8", "the dummy address, public to Python 3.11"),
        ("198.18.0.1", "for measurements inside a lab"),
        ("::1", "loopback"),
        ("fd12::1", "private"),
        ("::ffff:127.0.0.1", "loopback in IPv6 clothes"),
        ("::ffff:10.0.0.1", "private in IPv6 clothes"),
        ("64:ff9b::7f00:1", "NAT64 of loopback, public to Python 3.11"),
        ("64:ff9b::808:808", "NAT64: where it ends is decided by a translator inside"),
        ("2002:7f00:1::", "6to4 of loopback, public to Python 3.11"),
        ("2002:808:808::", "6to4: a relay decides"),
        ("2001::1", "Teredo"),
    ],
)
def test_a_name_that_leads_inside_is_refused_unless_settings_allow_it(
    monkeypatch: pytest.MonkeyPatch, address: str, why: str
) -> None:
    leading_to(monkeypatch, address)
    with pytest.raises(FirstfiveError) as refused:
        find("shop.example")
    assert "is not a public address" in refused.value.what, why
    assert f'allow = ["{ip_address(address)}/' in refused.value.remedy
    everywhere = ("0.0.0.0/0", "::/0")
    assert find("shop.example", *everywhere) == (ip_address(address),), "settings allow it"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("169.254.169.254", "the metadata of clouds"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("fd00:ec2::254", "the metadata of a cloud over IPv6"),
        ("100.100.100.200", "the metadata of another cloud"),
        ("0.0.0.0", "this host, whatever it is"),
        ("::", "this host, whatever it is"),
        ("::ffff:169.254.169.254", "metadata in IPv6 clothes"),
        ("64:ff9b::a9fe:a9fe", "metadata through NAT64"),
        ("2002:a9fe:a9fe::1", "metadata through 6to4"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "broadcast"),
    ],
)
def test_some_addresses_are_never_looked_at(monkeypatch: pytest.MonkeyPatch, address: str, why: str) -> None:
    leading_to(monkeypatch, address)
    for host in ("shop.example", address):
        with pytest.raises(FirstfiveError) as refused:
            find(host, "0.0.0.0/0", "::/0")
        assert "never looked at" in refused.value.what, why


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "::1", "fd12::1", "::ffff:10.0.0.1"])
def test_an_address_that_is_written_down_may_be_looked_at(host: str) -> None:
    assert find(host) == (ip_address(host),)


def test_localhost_means_this_machine_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(a.is_loopback for a in find("localhost"))
    leading_to(monkeypatch, "10.0.0.5")
    with pytest.raises(FirstfiveError):
        find("localhost")


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "127.1", "0177.0.0.1"])
def test_other_spellings_are_what_they_resolve_to(host: str) -> None:
    with pytest.raises(FirstfiveError) as refused:
        find(host)
    assert "127.0.0.1 is not a public address" in refused.value.what
    assert find(host, "127.0.0.0/8") == (ip_address("127.0.0.1"),)


def test_of_several_addresses_only_the_allowed_ones_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    leading_to(monkeypatch, "10.0.0.5", "9.9.9.9", "169.254.169.254", "2620:fe::fe")
    assert find("shop.example") == (ip_address("9.9.9.9"), ip_address("2620:fe::fe"))


@pytest.mark.parametrize(
    ("errno", "known"),
    [
        (socket.EAI_NONAME, True),
        (socket.EAI_NODATA, True),
        (socket.EAI_AGAIN, False),
        (socket.EAI_FAIL, False),
        (socket.EAI_SYSTEM, False),
    ],
)
def test_a_name_that_does_not_exist_is_known_and_a_silent_resolver_is_not(
    monkeypatch: pytest.MonkeyPatch, errno: int, known: bool
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(errno, "no")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(NoSuchName if known else FirstfiveError):
        find("shop.example")


def test_a_short_name_fires_only_when_it_was_known_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    monkeypatch.setattr(address_module, "_MET", set())
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(FirstfiveError) as unknown:
        find("redis")
    assert "known only inside its network" in unknown.value.what
    leading_to(monkeypatch, "127.0.0.1")
    find("redis", "127.0.0.0/8")
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(NoSuchName):
        find("redis")


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hung = threading.Event()

    def hang(*_: object, **__: object) -> None:
        hung.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "no")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(FirstfiveError) as unknown:
            asyncio.run(Guard().find(Place(host="shop.example", port=80), patience=timedelta(milliseconds=50)))
    finally:
        hung.set()
    assert "nobody knows" in unknown.value.what


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "..", "sh\udcffop"])
def test_what_cannot_be_a_name_is_no_name(host: str) -> None:
    with pytest.raises(NoSuchName):
        find(host)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://shop.example/health", "shop.example:443"),
        ("http://shop.example:8080", "shop.example:8080"),
        ("ws://[::1]/socket", "[::1]:80"),
        ("wss://SHOP.example/", "shop.example:443"),
    ],
)
def test_a_url_names_a_place(url: str, place: str) -> None:
    assert str(place_of(url)) == place


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/",
        "file:///etc/passwd",
        "https:///health",
        "http://[::1",
        "http://shop.example:99999/",
        "https://user:secret@shop.example/",
        "http://1.2.3.4\\@127.0.0.1/",
        "gopher://shop.example/",
    ],
)
def test_a_url_that_cannot_be_asked_is_said(url: str) -> None:
    with pytest.raises(FirstfiveError) as said:
        place_of(url)
    assert "secret" not in str(said.value), "a password is not told on"


@pytest.mark.parametrize(
    ("address", "place"), [("redis:6379", "redis:6379"), ("[::1]:25", "[::1]:25"), ("10.0.0.1:1", "10.0.0.1:1")]
)
def test_an_address_is_a_host_and_a_port(address: str, place: str) -> None:
    assert str(place_at(address)) == place


@pytest.mark.parametrize("address", ["redis", ":6379", "redis:0", "redis:70000", "a:1/x", "u@redis:1", "::1:25"])
def test_an_address_without_host_or_port_is_said(address: str) -> None:
    with pytest.raises(FirstfiveError):
        place_at(address)


def test_a_name_with_other_letters_is_said_with_its_name_in_the_dns() -> None:
    with pytest.raises(FirstfiveError) as said:
        place_of("https://läden.example/")
    assert said.value.remedy == "write its name as xn--lden-loa.example"


@given(st.one_of(st.text(), st.from_regex(r"(https?|wss?)://[^ ]{0,30}", fullmatch=True)))
def test_no_text_at_all_surprises_it(text: str) -> None:
    for read in (place_of, place_at):
        try:
            place = read(text)
        except FirstfiveError:
            continue
        assert place.host
        assert 0 < place.port < 65536


@given(st.ip_addresses(), st.lists(st.sampled_from(["10.0.0.0/8", "::/0", "0.0.0.0/0"]), max_size=2))
def test_an_address_is_allowed_whole_or_refused_with_a_reason(found: Address, networks: list[str]) -> None:
    guard = Guard(networks=tuple(networks))
    why = guard.refuses(found, "shop.example")
    assert why == "" or str(found) in why or "never looked at" in why
    if why and "never" not in why:
        assert guard.refuses(found, str(found)) == "", "written down, it may be looked at"
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        assert "never looked at" in why
    if found.is_loopback and not networks:
        assert why
