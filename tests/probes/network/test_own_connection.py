"""Our own network in trouble: lived through in network namespaces, in which nothing but the way out differs.

They need root; a laptop skips them aloud, a machine with CI=true never does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ALLOWED = os.geteuid() == 0 and shutil.which("unshare") and shutil.which("ip")
if os.environ.get("CI") == "true":
    ALLOWED = ALLOWED and subprocess.run(["unshare", "-n", "-m", "true"], check=False).returncode == 0
    assert ALLOWED, "these tests need root, unshare and ip; they are never skipped here"
elif ALLOWED:
    ALLOWED = subprocess.run(["unshare", "-n", "-m", "true"], check=False, capture_output=True).returncode == 0
pytestmark = pytest.mark.skipif(not ALLOWED, reason="needs root and network namespaces: own connection NOT tested")

# A way out into nothing: packets leave for a neighbour whom nobody is, and never come back.
LOST = """
ip link set lo up
ip link add out type veth peer name void
ip addr add 198.51.100.2/24 dev out
ip link set out up
ip link set void up
ip neigh add 198.51.100.1 lladdr 02:00:00:00:00:01 dev out nud permanent
ip route add default via 198.51.100.1
"""
CUT = "ip link set lo up\n"
LOOK = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
sys.path.insert(0, sys.argv[1])
from firstfive.errors import FirstfiveError
from firstfive.probes.network import Http, Tcp, Websocket
from firstfive.probes.network.own_connection import own_connection
from probes.network.peers import NameServer
PATIENCE = timedelta(seconds=1)

async def main() -> None:
    looks = (
        Http(name="h", symptom="s", url="http://203.0.113.5/", patience=PATIENCE),
        Tcp(name="t", symptom="s", address="203.0.113.5:80", patience=PATIENCE),
        Websocket(name="w", symptom="", url="ws://203.0.113.5/", patience=PATIENCE),
        Tcp(name="g", symptom="s", address="9.9.9.9:80", patience=PATIENCE),
        Http(name="n", symptom="s", url="http://shop.example/", patience=timedelta(seconds=20)),
    )
    for look in looks:
        try:
            (seen,) = await look.look(datetime(2026, 11, 23, tzinfo=UTC))
            print(look.name, "firing" if seen.firing else "well", seen.text, sep="|")
        except FirstfiveError as problem:
            print(look.name, "unknown", problem.what, sep="|")
    if sys.argv[3] == "cut":
        return
    own_connection().note(ip_address("198.51.100.9"))
    (seen,) = await looks[1].look(datetime(2026, 11, 23, tzinfo=UTC))
    print("reached", "firing" if seen.firing else "well", seen.text, sep="|")

if sys.argv[2] in ("answering", "lost"):
    from firstfive.probes.network import resolver
    server = NameServer({})
    resolver.PATIENCE = 10.0
    server.lost = sys.argv[2] == "lost"
    resolver.PORT = server.port
asyncio.run(main())
"""


def looks_in(setup: str, folder: Path, resolver: str) -> dict[str, tuple[str, str]]:
    """What each look tells in a network of its own."""
    (folder / "look.py").write_text(LOOK)
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n" if resolver else "")
    tests = Path(__file__).resolve().parents[2]
    look = f"exec {sys.executable} {folder}/look.py {tests} {resolver or 'none'} {'cut' if setup == CUT else 'out'}"
    script = f"set -e\nmount --bind {folder}/resolv.conf /etc/resolv.conf\n{setup}\n{look}"
    done = subprocess.run(
        ["unshare", "-n", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = (line.split("|", 2) for line in done.stdout.splitlines())
    return {name: (verdict, text) for name, verdict, text in rows}


def test_without_a_route_nobody_knows(tmp_path: Path) -> None:
    seen = looks_in(CUT, tmp_path, "silent")
    assert {name: verdict for name, (verdict, _) in seen.items()} == dict.fromkeys("htwgn", "unknown")
    assert "no route to 203.0.113.5" in seen["h"][1]
    assert "our own resolver does not answer" in seen["n"][1]


def test_with_a_way_out_but_silent_resolvers_nobody_knows(tmp_path: Path) -> None:
    seen = looks_in(LOST, tmp_path, "silent")
    assert seen.pop("reached") == ("firing", "no connection within 1 s"), "something else outside was reached just now"
    assert {name: verdict for name, (verdict, _) in seen.items()} == dict.fromkeys("htwgn", "unknown")
    assert "no resolver of this machine answers" in seen["h"][1]


def test_when_our_resolver_answers_it_is_the_other_side(tmp_path: Path) -> None:
    seen = looks_in(LOST, tmp_path, "answering")
    assert seen["h"] == ("firing", "no connection within 1 s")
    assert seen["t"] == ("firing", "no connection within 1 s")
    assert seen["w"] == ("firing", "no connection within 1 s")
    assert seen["g"] == ("firing", "no connection within 1 s")


def test_a_resolver_that_lost_the_world_vouches_for_neighbours_only(tmp_path: Path) -> None:
    seen = looks_in(LOST, tmp_path, "lost")
    assert seen["t"] == ("firing", "no connection within 1 s")
    assert seen["g"][0] == "unknown"
    assert "no resolver of this machine answers" in seen["g"][1]


def test_where_no_resolver_is_named_only_the_route_counts(tmp_path: Path) -> None:
    seen = looks_in(LOST, tmp_path, "")
    assert seen["h"][0] == "firing"
