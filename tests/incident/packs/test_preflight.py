"""The comparison that the host makes in bash is the one that Python makes, for every pair of a network and an address."""

from __future__ import annotations

import random
import subprocess
from ipaddress import ip_address, ip_network

from firstfive.incident.packs.preflight import preflight

SEED, ROUNDS = 7, 400


def some_address(rng: random.Random, version: int) -> str:
    bits = 32 if version == 4 else 128
    number = rng.getrandbits(bits)
    if (
        version == 6 and rng.random() < 0.6
    ):  # runs of zeros, so that :: stands at the front, in the middle and at the end
        low = rng.randrange(0, 113, 16)
        number &= ~(((1 << rng.choice((16, 32, 64))) - 1) << low)
    return str(ip_address(number.to_bytes(bits // 8, "big")))


def test_bash_and_python_agree_on_what_a_network_holds() -> None:
    rng = random.Random(SEED)
    script, wanted = [], []
    for _ in range(ROUNDS):
        version = rng.choice((4, 6))
        widest, full = (24, 32) if version == 4 else (48, 128)
        network = ip_network((some_address(rng, version), rng.randint(widest, full)), strict=False)
        address = some_address(rng, rng.choice((4, 6)))
        if rng.random() < 0.7:  # near: one bit of an address of the network turned, or none
            inside = (
                int(network.network_address)
                | rng.getrandbits(network.max_prefixlen - network.prefixlen or 1) % network.num_addresses
            )
            address = str(ip_address((inside ^ rng.choice((0, 1 << rng.randrange(full)))).to_bytes(full // 8, "big")))
        lines = preflight(network).split("mine() {")
        script.append(f"{lines[0]}\nif outside {address}; then echo out; else echo in; fi")
        wanted.append("in" if ip_address(address) in network else "out")
    whole = "\n".join(script)
    ran = subprocess.run(["bash", "-euf"], input=whole, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == wanted
    assert {"in", "out"} == set(wanted)


def test_what_cannot_be_compared_counts_as_inside() -> None:
    lines = preflight(ip_network("203.0.113.7")).split("mine() {")
    for text in ("1.2.3", "1.2.3.4.5", "1:2:3:4:5:6:7:8:9", "1.2.3.x"):
        ran = subprocess.run(
            ["bash", "-euf", "-c", f"{lines[0]}\nif outside {text}; then echo out; else echo in; fi"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stdout != "out\n"
