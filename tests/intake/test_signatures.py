"""Who is let in: tokens wherever senders put them, signatures over the raw bytes, and nobody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.intake import Asked, Credentials, presented, refused

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
BODY = b'{"a": 1}'
KEYS = Credentials(
    masters=("room-key",),
    tokens={"alertmanager": "am-token", "any": "any-token"},
    secrets={"github": "gh", "sentry": "se", "gitlab": "gl", "generic": "whsec_" + base64.b64encode(b"hooks").decode()},
)


def asked(headers: dict[str, str], query: dict[str, str] | None = None) -> Asked:
    return Asked(method="POST", path="", headers=headers, query=query or {}, body=BODY, at=NOW)


def standard(at: datetime = NOW, body: bytes = BODY, key: bytes = b"hooks") -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    mac = base64.b64encode(hmac.new(key, f"m1.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
    return {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": f"v1,AAAA v1,{mac}"}


def mac(secret: bytes) -> str:
    return hmac.new(secret, BODY, hashlib.sha256).hexdigest()


CASES = [
    ("alertmanager", {"authorization": "Bearer am-token"}, {}, "", "its own token"),
    ("alertmanager", {"authorization": "bearer room-key"}, {}, "", "the room's key opens all"),
    (
        "alertmanager",
        {"authorization": "Basic " + base64.b64encode(b"prometheus:am-token").decode()},
        {},
        "",
        "as a basic password",
    ),
    ("alertmanager", {}, {"token": "am-token"}, "", "in the query"),
    ("alertmanager", {"x-firstfive-token": "any-token"}, {}, "", "one for any sender"),
    ("grafana", {"authorization": "Bearer am-token"}, {}, "the token is wrong", "another sender's"),
    ("grafana", {}, {}, "no token was given", "nothing"),
    ("grafana", {"authorization": "Basic ????"}, {}, "no token was given", "no base64"),
    ("grafana", {"authorization": "Bearer ünïcode"}, {}, "the token is wrong", "odd letters"),
    ("github", {"x-hub-signature-256": "sha256=" + mac(b"gh")}, {}, "", "GitHub signs"),
    (
        "github",
        {"x-hub-signature-256": "sha256=" + mac(b"no")},
        {},
        "the signature does not hold",
        "with another secret",
    ),
    ("github", {"authorization": "Bearer any-token"}, {}, "it is not signed", "who must sign is not let in by a token"),
    ("github", {"authorization": "Bearer room-key"}, {}, "", "but by the room's key"),
    ("sentry", {"sentry-hook-signature": mac(b"se")}, {}, "", "Sentry signs"),
    ("sentry", {"sentry-hook-signature": mac(b"se")[:-1]}, {}, "the signature does not hold", "cut short"),
    ("gitlab", {"x-gitlab-token": "gl"}, {}, "", "GitLab sends its secret"),
    ("generic", standard(), {}, "", "Standard Webhooks, one of two signatures"),
    (
        "generic",
        standard(NOW - timedelta(minutes=6)),
        {},
        "it was signed more than five minutes away from now",
        "a replay",
    ),
    (
        "generic",
        standard(NOW + timedelta(minutes=6)),
        {},
        "it was signed more than five minutes away from now",
        "from the future",
    ),
    ("generic", standard(body=b"other"), {}, "the signature does not hold", "of other bytes"),
    ("generic", {**standard(), "webhook-timestamp": "soon"}, {}, "webhook-timestamp is no time", "no time"),
]


@pytest.mark.parametrize(("sender", "headers", "query", "why", "case"), CASES, ids=[row[-1] for row in CASES])
def test_who_is_let_in(sender: str, headers: dict[str, str], query: dict[str, str], why: str, case: str) -> None:
    one = asked(headers, query)
    assert refused(sender, one, KEYS, presented(one)) == why, case


def test_a_token_may_stand_in_the_path_or_in_the_body() -> None:
    one = asked({})
    assert refused("alertmanager", one, KEYS, presented(one, "am-token")) == ""
    assert refused("pagerduty", one, KEYS, presented(one, "", "any-token")) == ""
