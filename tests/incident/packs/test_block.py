"""A block drops the offender's packets, wherever they go, lapses by itself, and is taken back exactly."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.errors import Refused
from firstfive.incident.packs.block import How, block
from firstfive.shell.risk import Verdict, judge
from incident.packs.network import (
    CLIENT,
    CLIENT6,
    HOST,
    HOST6,
    PUBLISHED,
    SERVED,
    Place,
    three_hosts,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONE = "0123456789abcdef0123456789abcdef"
PATIENCE = 40.0  # seconds until a block of ten has surely lapsed


@pytest.fixture(scope="module")
def hosts() -> Iterator[Place]:
    with three_hosts() as place:
        yield place


@pytest.fixture
def place(hosts: Place) -> Iterator[Place]:
    """The hosts with nothing blocked."""
    yield hosts
    hosts.must("nft delete table inet firstfive 2>/dev/null; iptables -w -F DOCKER-USER")


def test_it_drops_what_comes_to_the_host_and_what_comes_to_a_published_port(place: Place) -> None:
    assert place.reaches_within(SERVED, PATIENCE)
    assert place.reaches_within(PUBLISHED, PATIENCE)
    packed = block(CLIENT, expires=HOUR, now=NOW)
    place.must(packed.script)
    assert not place.reaches(SERVED)
    assert not place.reaches(PUBLISHED)
    assert f"{CLIENT} timeout 1h expires 59m" in place.must(packed.verify)


def test_it_lapses_by_itself(place: Place) -> None:
    packed = block(CLIENT, expires=timedelta(seconds=2), now=NOW)
    place.must(packed.script)
    assert place.reaches_within(PUBLISHED, PATIENCE)
    assert place.run(packed.verify).returncode == 1


def test_run_twice_it_is_one_block_with_its_full_time_again(place: Place) -> None:
    short = block(CLIENT, expires=timedelta(seconds=30), now=NOW)
    place.must(short.script)
    place.must(block(CLIENT, expires=HOUR, now=NOW).script)
    assert place.must(short.verify).count(CLIENT) == 1
    assert "timeout 1h" in place.must(short.verify)
    assert place.must("nft list chain inet firstfive incoming").count("counter") == 2


def test_the_undo_takes_back_that_one_and_no_other(place: Place) -> None:
    mine, other = block(CLIENT, expires=HOUR, now=NOW), block("198.51.100.0/24", expires=HOUR, now=NOW)
    place.must(mine.script)
    place.must(other.script)
    place.must(mine.undo)
    assert place.reaches_within(PUBLISHED, PATIENCE)
    assert place.run(mine.verify).returncode == 1
    assert "198.51.100.0/24 timeout 1h" in place.must(other.verify)


@pytest.mark.parametrize("network", [CLIENT6, "2001:db8:1::4/126"])
def test_the_newer_family_is_blocked_too(place: Place, network: str) -> None:
    assert place.reaches_within(SERVED, PATIENCE, HOST6)
    packed = block(network, expires=HOUR, now=NOW)
    place.must(packed.script)
    assert not place.reaches(SERVED, HOST6)
    assert place.reaches_within(SERVED, PATIENCE, HOST), "the other family is somebody else"
    assert network in place.must(packed.verify)
    place.must(packed.undo)
    assert place.reaches_within(SERVED, PATIENCE, HOST6)


def test_the_chain_of_docker_drops_for_published_ports_only_and_knows_its_end(place: Place) -> None:
    start = datetime.now(UTC)
    packed = block(CLIENT, expires=timedelta(seconds=10), now=start, how=How.DOCKER_USER)
    place.must(packed.script)
    place.must(packed.script)
    assert place.must("iptables -w -S DOCKER-USER").count("-j DROP") == 1
    assert not place.reaches(PUBLISHED)
    assert place.reaches_within(SERVED, PATIENCE), "what the host itself serves is not Docker's to filter"
    assert CLIENT in place.must(packed.verify)
    assert place.reaches_within(PUBLISHED, PATIENCE)
    assert place.run(packed.verify).returncode == 1


def test_the_chain_of_docker_is_cleared_of_that_rule(place: Place) -> None:
    packed = block(CLIENT, expires=HOUR, now=datetime.now(UTC), how=How.DOCKER_USER)
    place.must(packed.script)
    place.must(packed.undo)
    assert place.reaches_within(PUBLISHED, PATIENCE)
    assert "DROP" not in place.must("iptables -w -S DOCKER-USER")


def test_where_docker_keeps_no_chain_nothing_is_done(place: Place) -> None:
    packed = block("2001:db8:1::7", expires=HOUR, now=datetime.now(UTC), how=How.DOCKER_USER)
    ran = place.run(packed.script)
    assert ran.returncode == 1
    assert "no chain DOCKER-USER" in ran.stderr


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (CLIENT, "it has an SSH connection to this host"),
        ("203.0.113.0/24", "the network holds that address"),
        (HOST, "it is the host's own address"),
        (CLIENT6, "it has an SSH connection, in the other family"),
        ("2001:db8:1::/48", "the network holds the host's address"),
    ],
)
def test_the_host_refuses_to_shut_out_whoever_is_connected(place: Place, address: str, why: str) -> None:
    call = "import socket,sys,time\nfor a in sys.argv[1:]: globals()[a] = socket.create_connection((a, 22)); globals()[a].recv(4)\n"
    words = [
        "ip",
        "netns",
        "exec",
        place.client,
        sys.executable,
        "-c",
        call + "print(1, flush=True); time.sleep(60)",
        HOST,
        HOST6,
    ]
    operator = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert operator.stdout is not None
        assert operator.stdout.readline()
        for how in (How.NFTABLES, How.DOCKER_USER, How.UFW):
            ran = place.run(block(address, expires=HOUR, now=datetime.now(UTC), how=how).script)
            assert ran.returncode == 1, why
            assert "not blocked" in ran.stderr
        assert place.run("nft list table inet firstfive").returncode != 0, "nothing was made"
    finally:
        operator.kill()
        operator.communicate()


@pytest.mark.parametrize(
    ("connection", "refused"),
    [
        ("198.51.100.9 50000 203.0.113.1 22", True),
        ("::ffff:198.51.100.9 50000 203.0.113.1 22", True),
        ("198.51.100.90 50000 203.0.113.1 22", False),
        ("2001:db8:5::1 50000 2001:db8:1::1 22", False),
        ("", False),
    ],
)
def test_the_address_that_the_script_came_from_is_never_blocked(place: Place, connection: str, refused: bool) -> None:
    ran = place.run(block("198.51.100.9", expires=HOUR, now=NOW).script, SSH_CONNECTION=connection)
    assert (ran.returncode == 1) is refused, ran.stderr


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("address", [CLIENT, "203.0.113.0/25", CLIENT6, "2001:db8:7::/48"])
def test_no_script_of_a_block_passes_for_one_that_only_looks(how: How, address: str) -> None:
    if how is How.NGINX and address.endswith("/48"):
        with pytest.raises(Refused, match="cannot be blocked at nginx"):
            block(address, expires=HOUR, now=NOW, how=how, file="/etc/nginx/blocks.inc")
        return
    packed = block(address, expires=HOUR, now=NOW, how=how, zone=ZONE, file="/etc/nginx/blocks.inc")
    assert judge(packed.script).verdict is Verdict.CHANGING
    assert judge(packed.undo).verdict >= Verdict.CHANGING
    if how is not How.CLOUDFLARE:
        assert judge(packed.verify).verdict is Verdict.READ_ONLY
    for script in (packed.script, packed.undo, packed.verify):
        assert script.startswith("set -euf -o pipefail\n")
        assert subprocess.run(["bash", "-n", "-c", script], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    "expires", [timedelta(0), timedelta(seconds=-5), timedelta(milliseconds=20), timedelta(days=31)]
)
def test_a_block_without_a_sane_end_is_refused(expires: timedelta) -> None:
    with pytest.raises(Refused, match="cannot last"):
        block(CLIENT, expires=expires, now=NOW)


def test_the_same_parameters_give_the_same_bytes() -> None:
    assert block(CLIENT, expires=HOUR, now=NOW, how=How.UFW) == block(CLIENT, expires=HOUR, now=NOW, how=How.UFW)


def test_a_block_that_would_be_over_is_not_begun(place: Place) -> None:
    ran = place.run(block(CLIENT, expires=HOUR, now=datetime(2020, 1, 1, tzinfo=UTC), how=How.DOCKER_USER).script)
    assert ran.returncode == 1
    assert "over already" in ran.stderr
