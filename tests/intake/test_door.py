"""The senders' door on a real server: who gets in, what is answered, and that the answer leads to the reason."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from intake import fixtures as fx
from intake.serving import Served, serving

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("intake-door")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("door") / "vault") as one:
        yield one


def accepted(served: Served, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    status, answer = served.ask("POST", path, body, headers)
    assert status == 202, answer
    assert answer["explain_url"].endswith(f"/signals/{answer['id']}")
    return served.sorted_request(answer["id"])


@pytest.mark.parametrize("sender", sorted(fx.BODIES))
def test_every_sender_is_taken_in_and_told_why(served: Served, sender: str) -> None:
    for body in fx.BODIES[sender]:
        path = {"pagerduty": "/v2/enqueue", "pagerduty_change": "/v2/change/enqueue"}.get(sender, f"/hooks/{sender}")
        headers = {}
        if sender == "prometheus":
            status, answer = served.ask("POST", "/api/v2/alerts", body)
            assert (status, answer) == (200, "")
            continue
        seen = accepted(served, path, body, headers)
        assert seen["state"] == "sorted", seen
        assert served.ask("GET", f"/signals/{seen['id']}")[0] == 200
        for outcome in seen["outcomes"]:
            assert outcome["why"], seen


def test_an_alert_declares_with_the_runbook_that_it_shows_and_the_severity_that_the_team_mapped(served: Served) -> None:
    alert = {**fx.FIRING, "fingerprint": "f00", "annotations": {"summary": "NOAUTH Authentication required."}}
    seen = accepted(served, "/hooks/alertmanager", {**fx.ALERTMANAGER, "alerts": [alert]})
    (outcome,) = seen["outcomes"]
    assert outcome["verdict"] in ("declared", "joined")
    assert "NOAUTH Authentication required, as in 3.1 Redis unreachable" in outcome["why"]
    again = accepted(served, "/hooks/alertmanager", {**fx.ALERTMANAGER, "alerts": [alert], "x": "a later repeat"})
    assert again["outcomes"][0]["verdict"] == "repeated"
    assert again["outcomes"][0]["incident"] == outcome["incident"]


@pytest.mark.parametrize(
    ("path", "headers", "status", "why"),
    [
        ("/hooks/alertmanager", {"Authorization": "Bearer am-secret-token"}, 202, "its own token"),
        ("/hooks/alertmanager/am-secret-token", {"Authorization": ""}, 202, "in the path"),
        ("/hooks/alertmanager?token=am-secret-token", {"Authorization": ""}, 202, "in the query"),
        ("/hooks/grafana", {"Authorization": "Bearer am-secret-token"}, 401, "of another sender"),
        ("/hooks/grafana", {"Authorization": ""}, 401, "none"),
        ("/hooks/nobody", {}, 404, "a sender that does not exist"),
        ("/api/v2/alerts", {"Authorization": "Bearer wrong"}, 401, "a wrong one on the short way"),
        (
            "/hooks/alertmanager",
            {"Authorization": "Bearer am-secret-token", "Content-Type": "image/png"},
            202,
            "a content type that lies",
        ),
    ],
)
def test_who_is_let_in(served: Served, path: str, headers: dict[str, str], status: int, why: str) -> None:
    assert served.ask("POST", path, {"alerts": []}, headers)[0] == status, why


def test_a_signature_is_over_the_raw_bytes(served: Served) -> None:
    body = json.dumps(fx.GITHUB_DEPLOYMENT, indent=3).encode()
    mac = "sha256=" + hmac.new(b"gh-secret", body, hashlib.sha256).hexdigest()
    headers = {
        "Authorization": "",
        "X-GitHub-Event": "deployment_status",
        "X-Hub-Signature-256": mac,
        "X-GitHub-Delivery": "d-1",
    }
    first = served.ask("POST", "/hooks/github", body, headers)
    assert first[0] == 202
    assert served.ask("POST", "/hooks/github", body, headers)[1]["id"] == first[1]["id"], "a delivery counts once"
    assert served.ask("POST", "/hooks/github", body + b" ", headers)[0] == 401


def test_what_nobody_understands_is_kept_and_seen(served: Served) -> None:
    seen = accepted(served, "/hooks/grafana", b"<xml>no</xml>")
    assert seen["state"] == "unrecognised"
    assert seen["body"] == "<xml>no</xml>"
    assert seen["outcomes"][0]["verdict"] in ("declared", "joined", "repeated")


def test_what_nobody_understands_stays_so_when_it_may_hold_a_secret(served: Served) -> None:
    seen = accepted(served, "/hooks/grafana", b"<xml>password=hunter2hunter2</xml>")
    assert seen["state"] == "unrecognised"
    assert "hunter2" not in json.dumps(seen)


def test_a_secret_in_a_message_is_neither_stored_nor_shown(served: Served) -> None:
    seen = accepted(
        served,
        "/hooks/generic",
        {"title": "login of redis://app:hunter2hunter2@redis failed", "password": "tr0ub4dor&3"},
    )
    whole = json.dumps(seen)
    assert "hunter2" not in whole
    assert "tr0ub4dor" not in whole
    for file in (served.vault / ".firstfive").glob("journal.db*"):
        assert b"hunter2" not in file.read_bytes()


def test_simulate_tells_and_keeps_nothing(served: Served) -> None:
    accepted(served, "/hooks/generic", {"title": "something before"})
    before = served.get("/signals")["signals"][0]["id"]
    status, told = served.ask(
        "POST", "/hooks/generic?simulate=1", {"title": "never seen before", "severity": "critical"}
    )
    assert status == 200
    assert told["simulated"] is True
    assert told["outcomes"][0]["why"]
    assert served.get("/signals")["signals"][0]["id"] == before
    assert "never seen before" not in json.dumps(served.get("/alerts"))


def test_more_than_a_mebibyte_is_refused_whatever_length_is_claimed(served: Served) -> None:
    assert served.ask("POST", "/hooks/generic", b"x" * (1024 * 1024 + 1))[0] == 413
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    parts = (b"y" * 65536 for _ in range(20))
    connection.request("POST", "/hooks/generic", parts, {"Authorization": f"Bearer {served.key}"}, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_beat_is_a_plain_get_and_its_name_may_come_with_a_token_in_the_path(served: Served) -> None:
    assert served.ask("GET", "/beat/nightly")[0] == 202
    assert served.ask("GET", f"/hooks/beat/{served.key}/weekly/fail", headers={"Authorization": ""})[0] == 202
    beats = served.until(lambda: {b["name"]: b["state"] for b in served.get("/heartbeats")["heartbeats"]})
    served.until(lambda: "weekly" in {b["name"] for b in served.get("/heartbeats")["heartbeats"]})
    assert beats["nightly"] == "ok"
    assert served.key not in json.dumps(served.get("/signals"))


def _raw(served: Served, data: bytes, *, pieces: int = 1) -> bytes:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
        step = max(1, len(data) // pieces)
        for start in range(0, len(data), step):
            line.sendall(data[start : start + step])
        line.settimeout(3)
        got = b""
        try:
            while part := line.recv(65536):
                got += part
        except TimeoutError:
            pass
        return got


def _post(served: Served, body: bytes, more: bytes = b"") -> bytes:
    head = b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%sContent-Length: %d\r\n\r\n"
    return head % (served.key.encode(), more, len(body)) + body


def test_the_short_way_and_the_long_way_answer_the_same(served: Served) -> None:
    one = json.dumps([{"labels": {"alertname": "lane-1"}}]).encode()
    two = json.dumps([{"labels": {"alertname": "lane-2"}}]).encode()
    three = json.dumps([{"labels": {"alertname": "lane-3"}}]).encode()
    assert _raw(served, _post(served, one)).startswith(b"HTTP/1.1 200 ")
    assert _raw(served, _post(served, two), pieces=7).startswith(b"HTTP/1.1 200 "), "in pieces uvicorn reads it"
    several = _raw(
        served,
        _post(served, three)
        + b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        + _post(served, one, b"Connection: close\r\n"),
    )
    assert several.count(b"HTTP/1.1 200 ") == 3, several
    names = served.until(
        lambda: {a["subject"] for a in served.get("/alerts")["alerts"]} >= {"lane-1", "lane-2", "lane-3"}
    )
    assert names


@pytest.mark.parametrize(
    "head",
    [
        b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n[]",
        b"POST /api/v2/alerts HTTP/1.1\r\nAuthorization: Bearer KEY\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n[]",
        b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: -2\r\n\r\n[]",
        b"POST /api/v2/alerts HTTP/1.1\r\nAuthorization: Bearer KEY\r\n Content-Length: 2\r\n\r\n[]",
    ],
)
def test_a_crooked_head_never_goes_the_short_way(served: Served, head: bytes) -> None:
    answer = _raw(served, head.replace(b"KEY", served.key.encode()))
    assert not answer.startswith(b"HTTP/1.1 200"), answer


def test_the_pages_show_it(served: Served) -> None:
    accepted(served, "/hooks/generic", {"title": "to be shown"})
    for path in ("/signals", "/signals/1"):
        status, page = served.ask("GET", path)
        assert status == 200
        assert "<h1>" in page
    assert served.ask("GET", "/signals/999999")[0] == 404
    assert served.ask("GET", "/signals/abc")[0] == 404
