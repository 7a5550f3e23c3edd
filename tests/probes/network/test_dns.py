"""A DNS look: the record stands, stands for something else, is missing, or nobody knows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal
from firstfive.probes.network import Dns
from firstfive.probes.network.resolver import resolvers_silent

from .peers import NameServer

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def dns(record: str = "A", value: str = "") -> Dns:
    return Dns(name="dns", symptom="s", domain="shop.example", record=record, value=value)


def look(probe: Dns, now: datetime = NOW) -> Signal:
    (seen,) = asyncio.run(probe.look(now))
    assert isinstance(seen, Signal)
    return seen


@pytest.mark.parametrize(
    ("record", "stands", "value", "firing", "why"),
    [
        ("A", ["192.0.2.1"], "", False, "it exists"),
        ("A", ["192.0.2.1", "192.0.2.2"], "192.0.2.2", False, "one of its rows is enough"),
        ("A", ["192.0.2.1"], "192.0.2.9", True, "it leads elsewhere"),
        ("AAAA", ["2001:db8::1"], "2001:DB8::1", False, "an address is the same in capitals"),
        ("CNAME", ["edge.example."], "Edge.example", False, "a name is the same in capitals and without its dot"),
        ("MX", ["10 mail.example."], "10 mail.example", False, "with its preference"),
        ("MX", ["10 mail.example."], "20 mail.example", True, "another preference"),
        ("TXT", ['"site-check=" "abc"'], "site-check=abc", False, "pieces are one text"),
        ("TXT", ['"site-check=abc"'], "site-check=ABC", True, "a text is not the same in capitals"),
        ("txt", ['"a"'], "a", False, "the kind may be written small"),
    ],
)
def test_a_record_stands_or_differs(
    names: NameServer, record: str, stands: list[str], value: str, firing: bool, why: str
) -> None:
    names.zone["shop.example", record.upper()] = stands
    seen = look(dns(record, value))
    assert seen.firing is firing, why
    assert seen.family == ("record differs" if firing else "")
    assert not firing or value in seen.text


def test_a_name_that_does_not_exist_is_missing(names: NameServer) -> None:
    seen = look(dns())
    assert (seen.firing, seen.text, seen.family) == (True, "the name shop.example does not exist", "record missing")


def test_a_name_without_that_record_is_missing(names: NameServer) -> None:
    names.zone["shop.example", "A"] = ["192.0.2.1"]
    assert look(dns("MX")).text == "shop.example has no MX record"


def test_failing_servers_of_the_name_are_the_names_trouble(names: NameServer) -> None:
    names.failing.add("example")
    seen = look(dns())
    assert (seen.firing, seen.text) == (True, "the servers of shop.example do not answer for it")
    assert any(name.endswith(".arpa") for name, _ in names.asked), "the resolver was asked something else first"


@pytest.mark.parametrize("how", ["silent", "lost"])
def test_our_own_resolver_in_trouble_declares_nothing(names: NameServer, how: str) -> None:
    setattr(names, how, True)
    with pytest.raises(FirstfiveError) as unknown:
        look(dns())
    assert "nobody knows" in unknown.value.what


def test_a_kind_that_is_none_is_said(names: NameServer) -> None:
    with pytest.raises(FirstfiveError) as said:
        look(dns("ADDRESS"))
    assert "ADDRESS" in said.value.what


def test_once_it_is_sure_it_asks_twice_a_minute(names: NameServer) -> None:
    names.zone["shop.example", "A"] = ["192.0.2.1"]
    probe = dns()
    seen = [look(probe, NOW + timedelta(seconds=2 * n)) for n in range(10)]
    assert len(names.asked) == 3
    assert [s.at for s in seen] == [NOW + timedelta(seconds=2 * n) for n in range(10)]
    names.zone.clear()
    later = NOW + timedelta(seconds=40)
    assert [look(probe, later + timedelta(seconds=n)).firing for n in range(2)] == [True, True]
    assert len(names.asked) == 5, "in doubt it asks each time"


@pytest.mark.parametrize(
    ("how", "near", "silent"),
    [
        ("", False, False),
        ("", True, False),
        ("lost", False, True),
        ("lost", True, False),
        ("silent", False, True),
        ("silent", True, True),
    ],
)
def test_a_resolver_that_lost_the_world_still_shows_that_the_network_around_works(
    names: NameServer, how: str, near: bool, silent: bool
) -> None:
    if how:
        setattr(names, how, True)
    assert bool(asyncio.run(resolvers_silent(near=near))) is silent
