"""A storm: what was answered 2xx is sorted in the end, whatever dies in between; one incident a group, and no page storm."""

from __future__ import annotations

import http.client
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from intake.serving import Served, begin, make_vault

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("intake-storm")]


def alert(number: int) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": f"Storm{number}", "severity": "critical"},
        "annotations": {"summary": "NOAUTH Authentication required" if number % 2 else "Invalid login: 535"},
        "startsAt": "2026-11-23T02:58:00Z",
        "fingerprint": f"fp{number}",
    }


class Sender(threading.Thread):
    """Posts at its pace until told to stop; remembers the fingerprints that were answered 2xx, and what else it was answered."""

    def __init__(self, served: Served, first: int, step: int, rate: float) -> None:
        super().__init__(daemon=True)
        self.served, self.number, self.step, self.rate = served, first, step, rate
        self.taken: set[str] = set()
        self.refused: list[int] = []
        self.slowest = 0.0
        self.sent = 0
        self.over = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=10)
        while not self.over.is_set():
            began = time.monotonic()
            mine = [self.number + n * self.step for n in range(3)]
            alerts = [alert(n) for n in (*mine, mine[0], mine[1])]  # five, two of them twice
            body = json.dumps({"version": "4", "status": "firing", "alerts": alerts, "n": self.sent}).encode()
            for _ in range(2):  # each message twice, as a sender that lost the answer does
                try:
                    connection.request(
                        "POST", "/hooks/alertmanager", body, {"Authorization": f"Bearer {self.served.key}"}
                    )
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status < 300:
                        self.taken |= {f"fp{n}" for n in mine}
                    else:
                        self.refused.append(answer.status)
                except (OSError, http.client.HTTPException):
                    connection.close()
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.sent += 2
            self.number += 3 * self.step
            self.over.wait(max(0.0, 1 / self.rate - (time.monotonic() - began)))
        connection.close()


def flood(served: Served, *, senders: int, seconds: float, rate: float, first: int = 0) -> list[Sender]:
    crowd = [Sender(served, first + n, senders, rate / senders / 2) for n in range(senders)]
    for one in crowd:
        one.start()
    time.sleep(seconds)
    return crowd


def ended(crowd: list[Sender]) -> set[str]:
    for one in crowd:
        one.over.set()
    for one in crowd:
        one.join(timeout=20)
        assert not one.is_alive()
    return {name for one in crowd for name in one.taken}


def check_nothing_lost(served: Served, taken: set[str]) -> None:
    """Every alert that was answered 2xx is known and has a verdict, and few incidents stand for all of them."""
    from firstfive.incident.signals import Signal, SignalKind

    def fingerprint(key: str) -> str:
        from datetime import UTC, datetime

        now = datetime.now(UTC)
        return Signal(
            kind=SignalKind.ALERT, source="alertmanager", subject="", firing=True, text="", at=now, key=key
        ).fingerprint

    wanted = {fingerprint(key) for key in taken}

    def settled() -> Any:
        if any(r["state"] == "waiting" for r in served.get("/signals?limit=500")["signals"]):
            return None
        status, alerts = served.ask("GET", "/api/v2/alerts")
        assert status == 200
        return alerts

    alerts = served.until(settled, seconds=60)
    assert {a["fingerprint"] for a in alerts} >= wanted
    incidents = served.get("/incidents?all=1")["incidents"]
    assert 1 <= len(incidents) <= 2, "two runbooks, so two groups at most"
    pages = sum(len(served.get(f"/incidents/{i['id']}")["pages"]) for i in incidents)
    assert pages <= 2 * len(incidents), "one page an incident, not one an alert"


def storm(folder: Path, *, seconds: float, rate: float) -> None:
    served = begin(make_vault(folder / "vault"))
    try:
        crowd = flood(served, senders=8, seconds=seconds, rate=rate)
        status, _ = served.ask("GET", "/api/v1/incidents")
        assert status == 200, "the room answers in the middle of it"
        taken = ended(crowd)
        assert not [code for one in crowd for code in one.refused if code != 503]
        assert len(taken) > 50
        check_nothing_lost(served, taken)
    finally:
        served.process.terminate()
        served.process.communicate(timeout=20)


def test_two_hundred_webhooks_a_second_half_of_them_twice(tmp_path: Path) -> None:
    storm(tmp_path, seconds=5, rate=200)


@pytest.mark.soak
def test_two_hundred_webhooks_a_second_for_a_minute(tmp_path: Path) -> None:
    storm(tmp_path, seconds=60, rate=200)


def test_kill_nine_in_the_middle_of_a_storm_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    vault = make_vault(tmp_path / "vault")
    taken: set[str] = set()
    for life in range(3):
        served = begin(vault)
        crowd = flood(served, senders=6, seconds=1.5, rate=150, first=life * 100_000)
        served.process.kill()
        taken |= ended(crowd)
        served.process.communicate(timeout=20)
        (vault / ".firstfive" / "server.json").unlink(missing_ok=True)
    served = begin(vault)
    try:
        assert len(taken) > 50
        check_nothing_lost(served, taken)
        assert served.process.poll() is None
    finally:
        served.process.terminate()
        served.process.communicate(timeout=20)
    from cli.door import process

    assert process("verify", cwd=vault).code == 0
