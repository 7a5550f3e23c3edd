"""Three hosts on one machine, each in a network namespace of its own: a client, a host that publishes a port, and a container.

The client is 203.0.113.7 and 2001:db8:1::7; the host forwards what comes to its port 8443 to the container's port 80, as Docker does for a
published port. Real packets, the real packet filter, and nothing outside is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

CLIENT, HOST, CONTAINER = "203.0.113.7", "203.0.113.1", "10.77.0.2"
CLIENT6, HOST6 = "2001:db8:1::7", "2001:db8:1::1"
SERVED, PUBLISHED, SSH = 8080, 8443, 22

_SERVE = """
import socket, sys
held = []
server = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening", flush=True)
while True:
    held.append(server.accept()[0])
    held[-1].sendall(b"here")
"""
_CALL = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=0.7) as there:
        sys.exit(0 if there.recv(4) == b"here" else 1)
except OSError:
    sys.exit(1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The three namespaces, and what is done in them."""

    client: str
    host: str
    container: str

    def inside(self, where: str, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            ["ip", "netns", "exec", where, *words], capture_output=True, text=True, timeout=30, check=False, **more
        )

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A script of a pack, on the host."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SSH_")}
        return self.inside(self.host, "bash", "-c", script, env=clean | environment)

    def must(self, script: str, **environment: str) -> str:
        ran = self.run(script, **environment)
        assert ran.returncode == 0, ran.stderr
        return str(ran.stdout)

    def reaches(self, port: int, address: str = HOST) -> bool:
        """Whether the client gets an answer from this port of the host."""
        return self.inside(self.client, sys.executable, "-c", _CALL, address, str(port)).returncode == 0

    def reaches_within(self, port: int, seconds: float, address: str = HOST) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.reaches(port, address):
                return True
        return False


def why_not() -> str:
    """Why it cannot be built here; empty when it can."""
    if os.geteuid() != 0:
        return "network namespaces can be made by root only"
    for program in ("ip", "nft", "iptables", "ip6tables"):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            return f"{program} is not installed (tests/prepare installs it)"
    tried = subprocess.run(["unshare", "--net", "nft", "list", "ruleset"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"no packet filter in a namespace here: {tried.stderr.strip()[:200]}"


def need() -> None:
    """Skip with the reason where it cannot be built; in CI that is a failure."""
    reason = why_not()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"the tests of blocks must run in CI: {reason}")
    if reason:
        pytest.skip(reason)


@contextmanager
def three_hosts() -> Iterator[Place]:
    """The place, with its servers listening; gone at the end."""
    need()
    mark = f"ff{os.getpid()}"
    place = Place(client=f"{mark}c", host=f"{mark}h", container=f"{mark}d")
    servers: list[subprocess.Popen[str]] = []
    try:
        for name in (place.client, place.host, place.container):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _wire(place.client, place.host, "toclient", (f"{CLIENT}/24", f"{CLIENT6}/64"), (f"{HOST}/24", f"{HOST6}/64"))
        _wire(place.container, place.host, "docker", (f"{CONTAINER}/24",), ("10.77.0.1/24",))
        _ip("-n", place.container, "route", "add", "default", "via", "10.77.0.1")
        place.must(
            "sysctl -qw net.ipv4.ip_forward=1; iptables -w -N DOCKER-USER; iptables -w -A FORWARD -j DOCKER-USER;"
            f" iptables -w -t nat -A PREROUTING -p tcp --dport {PUBLISHED} -j DNAT --to-destination {CONTAINER}:80"
        )
        for where, port in ((place.host, SERVED), (place.host, SSH), (place.container, 80)):
            servers.append(_serve(where, port))
        yield place
    finally:
        for server in servers:
            server.kill()
            server.communicate()
        for name in (place.client, place.host, place.container):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _wire(one: str, other: str, name: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    _ip("link", "add", name, "netns", other, "type", "veth", "peer", "name", "eth0", "netns", one)
    for where, device, addresses in ((one, "eth0", ours), (other, name, theirs)):
        for address in addresses:
            _ip("-n", where, "address", "add", address, "dev", device, *(("nodad",) if ":" in address else ()))
        _ip("-n", where, "link", "set", device, "up")


def _serve(where: str, port: int) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        ["ip", "netns", "exec", where, sys.executable, "-c", _SERVE, str(port)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    assert server.stdout.readline().strip() == "listening"
    return server
