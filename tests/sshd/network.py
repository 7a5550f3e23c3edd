"""A small network of namespaces: we reach a bastion over one cable, and only the bastion reaches the target. Needs root."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sshd.server import ME, Server, keygen


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """`bastion` and `target` serve; `config` knows the aliases `prod` (through the bastion) and `direct` (which leads nowhere)."""

    bastion: Server
    target: Server
    config: Path
    known: Path
    cable: str  # our end of the cable to the bastion

    def partition(self) -> None:
        """Pull the cable; nobody is told."""
        _ip("link", "set", self.cable, "down")

    def heal(self) -> None:
        """Put it back."""
        _ip("link", "set", self.cable, "up")


def lay(folder: Path) -> Network:
    """Make the namespaces and cables, start both servers."""
    number = os.getpid() % 60000
    left, right = f"ffb{number}", f"fft{number}"
    net = f"10.{200 + number % 50}.{number // 50 % 250}"
    for name in (left, right):
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")
    _ip("link", "add", f"ffa{number}", "type", "veth", "peer", "name", "near", "netns", left)
    _ip("link", "add", "far", "netns", left, "type", "veth", "peer", "name", "near", "netns", right)
    _ip("addr", "add", f"{net}.1/30", "dev", f"ffa{number}")
    _ip("link", "set", f"ffa{number}", "up")
    _ip("-n", left, "addr", "add", f"{net}.2/30", "dev", "near")
    _ip("-n", left, "addr", "add", f"{net}.5/30", "dev", "far")
    _ip("-n", right, "addr", "add", f"{net}.6/30", "dev", "near")
    for name, device in ((left, "near"), (left, "far"), (right, "near")):
        _ip("-n", name, "link", "set", device, "up")
    key = keygen(folder / "id_ed25519")
    public = key.with_suffix(".pub")
    bastion = Server(folder=folder / "b", authorized=public, address=f"{net}.2", port=2201, namespace=left).start()
    target = Server(folder=folder / "t", authorized=public, address=f"{net}.6", port=2202, namespace=right)
    target.extra = f"SetEnv XDG_STATE_HOME={folder}/state\n"
    target.start()
    known, config = folder / "known_hosts", folder / "config"
    known.write_text(bastion.public() + target.public())
    everyone = f"Host *\n  User {ME}\n  IdentityFile {key}\n  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n"
    config.write_text(
        f"Host prod direct\n  HostName {net}.6\n  Port 2202\nHost prod\n  ProxyJump bastion\n"
        f"Host bastion\n  HostName {net}.2\n  Port 2201\n{everyone}"
    )
    return Network(bastion=bastion, target=target, config=config, known=known, cable=f"ffa{number}")


def take_up(network: Network) -> None:
    """Stop both servers and remove what `lay` made."""
    for server in (network.target, network.bastion):
        server.stop()
        _ip("netns", "del", server.namespace)
    subprocess.run(["ip", "link", "del", network.cable], check=False, capture_output=True)
