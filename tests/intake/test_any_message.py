"""Generated messages against every door of a real server: no 5xx but 503, every answer durable, the program still there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from firstfive.intake import SENDERS
from intake.serving import Served, serving

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("intake-any"), pytest.mark.timeout(1200)]

TEXT: dict[str, Any] = {"type": ["string", "number", "boolean", "null", "object", "array"]}
ALERT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"enum": ["firing", "resolved", "other", None, 7]},
        "labels": {"type": "object", "additionalProperties": TEXT},
        "annotations": {"type": "object", "additionalProperties": TEXT},
        "startsAt": {"anyOf": [{"type": "string", "format": "date-time"}, TEXT]},
        "endsAt": {"anyOf": [{"type": "string", "format": "date-time"}, TEXT]},
        "fingerprint": TEXT,
    },
}


def objects(*names: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**dict.fromkeys(names, TEXT), **more}}


BODIES: dict[str, dict[str, Any]] = {
    "alertmanager": objects("version", "groupKey", "status", alerts={"type": "array", "items": ALERT}),
    "grafana": objects("title", "state", alerts={"type": "array", "items": ALERT}),
    "prometheus": {"type": "array", "items": ALERT},
    "sentry": objects(
        "action", "id", "culprit", "message", data=objects(event=objects("title", "tags"), issue=objects("id"))
    ),
    "glitchtip": objects(
        "alias", "text", attachments={"type": "array", "items": objects("title", "title_link", "fields")}
    ),
    "uptime_kuma": objects("msg", heartbeat=objects("status", "time", "msg"), monitor=objects("id", "name", "tags")),
    "healthchecks": objects("code", "status", "now", check=objects("name", "tags")),
    "github": objects(
        "action",
        deployment_status=objects("state"),
        workflow_run=objects("conclusion"),
        repository=objects("full_name"),
    ),
    "gitlab": objects("object_kind", "status", "status_changed_at", project=objects("path_with_namespace")),
    "registry": objects(
        push_data=objects("tag", "pushed_at"), events={"type": "array", "items": objects("action", "target")}
    ),
    "generic": objects("title", "message", "status", "severity", "labels", "dedup"),
    "deploy": objects("service", "version", "status", "finished_at"),
    "report": objects("text", "reporter", "feature"),
    "beat": TEXT,
    "pagerduty": objects(
        "event_action", "dedup_key", "links", payload=objects("summary", "source", "severity", "timestamp")
    ),
    "pagerduty_change": objects("links", payload=objects("summary", "timestamp", "custom_details")),
}


def path_of(sender: str) -> str:
    fixed = {
        "pagerduty": "/v2/enqueue",
        "pagerduty_change": "/v2/change/enqueue",
        "prometheus": "/api/v2/alerts",
        "beat": "/beat/job",
    }
    return fixed.get(sender, f"/hooks/{sender}")


def described() -> dict[str, Any]:
    """The doors as OpenAPI 3.1."""
    answers = {code: {"description": "an answer"} for code in ("200", "202", "413", "503")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "intake", "version": "1"},
        "paths": {
            path_of(sender): {
                "post": {
                    "operationId": sender,
                    "requestBody": {"content": {"application/json": {"schema": BODIES[sender]}}},
                    "responses": answers,
                }
            }
            for sender in sorted(SENDERS)
        },
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("any") / "vault") as one:
        yield one


def test_every_sender_has_a_description() -> None:
    assert set(BODIES) == set(SENDERS)


def tried(served: Served, sender: str, examples: int) -> None:
    import schemathesis
    from hypothesis import HealthCheck, given, settings

    operation = schemathesis.openapi.from_dict(described())[path_of(sender)]["POST"]

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        import msgspec

        body = case.body
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body) if _plain(body) else b""
        status, answer = served.ask("POST", path_of(sender), raw)
        assert status in (200, 202, 413, 503), (status, answer, raw[:500])

    one()
    assert served.process.poll() is None
    last = served.get("/signals?limit=1")["signals"]
    if last:
        assert served.sorted_request(last[0]["id"])["state"] in ("sorted", "unrecognised")


def _plain(body: Any) -> bool:
    return isinstance(body, dict | list | str | int | float | bool) or body is None


@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_a_few_generated_messages(served: Served, sender: str) -> None:
    tried(served, sender, 15)


@pytest.mark.soak
@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_two_thousand_generated_messages(served: Served, sender: str) -> None:
    tried(served, sender, 2000)
