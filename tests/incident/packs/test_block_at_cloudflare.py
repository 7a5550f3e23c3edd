"""A block at the edge: one rule with its end in it, made once, found, taken away; the token seen by nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.errors import Refused
from firstfive.incident.packs.block import How, block
from firstfive.incident.packs.packed import Packed
from incident.packs.edge import TOKEN, Edge, edge

ZONE = "0123456789abcdef0123456789abcdef"
NOW = datetime.now(UTC)
END = int((NOW + timedelta(hours=1)).timestamp())
OTHER: dict[str, object] = {"id": "theirs", "action": "log", "description": "somebody else's", "expression": "true"}

pytestmark = pytest.mark.skipif(
    os.environ.get("CI") != "true" and (shutil.which("jq") is None or shutil.which("curl") is None),
    reason="jq and curl are needed",
)


@pytest.fixture
def zone() -> Iterator[Edge]:
    with edge(ZONE) as there:
        yield there


def packed(there: Edge, address: str = "198.51.100.7") -> Packed:
    return block(address, expires=timedelta(hours=1), now=NOW, how=How.CLOUDFLARE, zone=ZONE, api=there.url)


def run(script: str, *, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SSH_") and not k.lower().endswith("_proxy")}
    if token:
        environment["CLOUDFLARE_API_TOKEN"] = token
    return subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_first_rule_of_a_zone_is_made_found_and_taken_away(zone: Edge) -> None:
    made = packed(zone)
    for _ in range(2):
        ran = run(made.script)
        assert ran.returncode == 0, ran.stderr
    assert zone.rules is not None
    assert [rule["expression"] for rule in zone.rules] == [
        f"(ip.src eq 198.51.100.7 and http.request.timestamp.sec lt {END})"
    ]
    shown = run(made.verify)
    assert shown.returncode == 0, shown.stderr
    assert "s left" in shown.stdout
    for _ in range(2):
        assert run(made.undo).returncode == 0
    assert zone.rules == []
    assert run(made.verify).returncode != 0


def test_it_stands_before_the_rules_that_are_there_and_spares_them(zone: Edge) -> None:
    zone.rules = [OTHER]
    made = packed(zone, "2001:db8:9::/48")
    assert run(made.script).returncode == 0
    assert len(zone.rules) == 2
    assert zone.rules[0]["expression"] == f"(ip.src in {{2001:db8:9::/48}} and http.request.timestamp.sec lt {END})"
    assert run(made.undo).returncode == 0
    assert zone.rules == [OTHER]


@pytest.mark.parametrize(
    ("token", "broken", "said"),
    [
        ("wrong", False, "Invalid access token"),
        (TOKEN, True, "the edge is broken"),
        ("", False, "CLOUDFLARE_API_TOKEN"),
    ],
)
def test_what_the_edge_refuses_is_said_and_nothing_is_made(zone: Edge, token: str, broken: bool, said: str) -> None:
    zone.broken = broken
    for script in (packed(zone).script, packed(zone).undo):
        ran = run(script, token=token)
        assert ran.returncode != 0
        assert said in ran.stderr
    assert not any(asked.startswith(("POST", "DELETE")) for asked in zone.asked)


def test_the_operator_is_not_blocked_there_either(zone: Edge) -> None:
    ran = run(f"export SSH_CONNECTION='198.51.100.7 50000 198.51.100.1 22'\n{packed(zone).script}")
    assert ran.returncode == 1
    assert "not blocked: 198.51.100.7" in ran.stderr
    assert zone.rules is None


def test_the_token_is_in_no_script_and_no_output(zone: Edge) -> None:
    made = packed(zone)
    ran = run(made.script)
    assert ran.returncode == 0
    for text in (made.script, made.undo, made.verify, ran.stdout, ran.stderr):
        assert TOKEN not in text


@pytest.mark.parametrize("zone_id", ["", "shop.example", "0" * 31, "0" * 32 + "/../x", "$(id)"])
def test_a_zone_that_is_none_is_refused(zone_id: str) -> None:
    with pytest.raises(Refused, match="no zone"):
        block("198.51.100.7", expires=timedelta(hours=1), now=NOW, how=How.CLOUDFLARE, zone=zone_id)
