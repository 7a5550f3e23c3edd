"""Messages in the shape in which each sender really sends them; the values are made up."""

from __future__ import annotations

import json
from typing import Any

FIRING = {
    "status": "firing",
    "labels": {"alertname": "RedisDown", "severity": "critical", "instance": "redis:9121", "job": "redis"},
    "annotations": {"summary": "redis does not answer", "runbook_url": "https://wiki.example/ir#33-redis-unreachable"},
    "startsAt": "2026-11-23T02:58:00.123456789Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.example:9090/graph?g0.expr=redis_up",
    "fingerprint": "4c3a1f0e9b8d7c6a",
}
ALERTMANAGER: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="RedisDown"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "firstfive",
    "groupLabels": {"alertname": "RedisDown"},
    "commonLabels": {"alertname": "RedisDown", "severity": "critical"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example:9093",
    "alerts": [FIRING],
}
RESOLVED = {
    **ALERTMANAGER,
    "status": "resolved",
    "alerts": [{**FIRING, "status": "resolved", "endsAt": "2026-11-23T03:10:00Z"}],
}
GRAFANA = {
    **ALERTMANAGER,
    "version": "1",
    "orgId": 1,
    "title": "[FIRING:1] RedisDown",
    "state": "alerting",
    "message": "**Firing**",
    "externalURL": "https://grafana.example/",
    "alerts": [
        {**FIRING, "generatorURL": "?orgId=1", "values": {"A": 3}, "valueString": "[ var='A' value=3 ]", "panelURL": ""}
    ],
}
POSTED = [
    {
        "labels": FIRING["labels"],
        "annotations": {"summary": "redis does not answer"},
        "startsAt": "2026-11-23T02:58:00Z",
        "endsAt": "2026-11-23T03:04:00Z",
        "generatorURL": "http://prometheus.example:9090/g",
    }
]
PAGERDUTY = {
    "routing_key": "0123456789abcdef0123456789abcdef",
    "event_action": "trigger",
    "dedup_key": "redis/down",
    "client": "zabbix",
    "client_url": "https://zabbix.example/1",
    "links": [{"href": "https://zabbix.example/2", "text": "more"}],
    "payload": {
        "summary": "redis is down",
        "source": "prod-1",
        "severity": "critical",
        "component": "redis",
        "timestamp": "2026-11-23T02:59:00+00:00",
        "custom_details": {"ping": "none"},
    },
}
PAGERDUTY_CHANGE = {
    "routing_key": "0123456789abcdef0123456789abcdef",
    "payload": {
        "summary": "Deployed shop 1.4.2",
        "source": "ci",
        "timestamp": "2026-11-23T02:50:00Z",
        "custom_details": {"service": "shop", "version": "1.4.2", "author": "kim"},
    },
    "links": [{"href": "https://ci.example/7", "text": "build"}],
}
SENTRY_EVENT = {
    "action": "triggered",
    "actor": {"id": "sentry", "name": "Sentry", "type": "application"},
    "installation": {"uuid": "a8e5d37a"},
    "data": {
        "event": {
            "event_id": "e4874d66",
            "title": "MongoNetworkError: connection timed out",
            "culprit": "GET /api/items",
            "level": "error",
            "datetime": "2026-11-23T02:59:30.000Z",
            "environment": "production",
            "issue_id": "1170820242",
            "metadata": {"type": "MongoNetworkError", "value": "connection timed out"},
            "tags": [["browser", "Chrome"], ["server_name", "web-1"]],
            "web_url": "https://sentry.example/i/1",
        },
        "triggered_rule": "Very important rule",
    },
}
SENTRY_METRIC = {
    "action": "critical",
    "data": {
        "metric_alert": {
            "id": "5",
            "title": "errors",
            "alert_rule": {"id": "7", "name": "High error rate", "environment": "prod"},
        },
        "description_title": "Critical: High error rate",
        "description_text": "1000 events in the last 10 minutes",
        "web_url": "https://sentry.example/m/5",
    },
}
SENTRY_ISSUE = {
    "action": "resolved",
    "data": {
        "issue": {
            "id": "1170820242",
            "shortId": "SHOP-1",
            "title": "MongoNetworkError",
            "culprit": "GET /api/items",
            "level": "error",
            "status": "resolved",
            "lastSeen": "2026-11-23T03:00:00Z",
            "project": {"slug": "shop"},
        }
    },
}
SENTRY_LEGACY = {
    "id": "27379932",
    "project": "shop",
    "project_name": "Shop",
    "project_slug": "shop",
    "logger": None,
    "level": "error",
    "culprit": "raven.scripts.runner in main",
    "message": "This is an example exception",
    "url": "https://sentry.example/27379932",
    "triggering_rules": [],
    "event": {"event_id": "x", "title": "Example", "tags": [{"key": "os", "value": "linux"}]},
}
GLITCHTIP = {
    "alias": "GlitchTip",
    "text": "GlitchTip Alert",
    "attachments": [
        {
            "title": "SMTPError: Invalid login",
            "title_link": "https://glitchtip.example/1",
            "text": "sendmail in mailer",
            "color": "#e52b50",
            "fields": [{"title": "Project", "value": "shop", "short": True}],
        }
    ],
}
KUMA = {
    "heartbeat": {
        "monitorID": 3,
        "status": 0,
        "time": "2026-11-23 02:59:40.112",
        "msg": "connect ECONNREFUSED",
        "important": True,
        "duration": 61,
        "timezone": "UTC",
        "timezoneOffset": "+00:00",
        "localDateTime": "2026-11-23 02:59:40",
    },
    "monitor": {
        "id": 3,
        "name": "shop health",
        "type": "http",
        "url": "https://amn.gg/api/health",
        "hostname": None,
        "tags": [{"name": "team", "value": "web"}],
        "pathName": "shop / health",
    },
    "msg": "[shop health] [🔴 Down] connect ECONNREFUSED",
}
KUMA_TEST = {"heartbeat": None, "monitor": None, "msg": "Testing"}
HEALTHCHECKS = {
    "code": "f618072a-7bde-4eee-af63-71a77c5723bc",
    "status": "down",
    "now": "2026-11-23T02:59:50+00:00",
    "exitstatus": "",
    "body": "",
    "check": {
        "name": "nightly backup",
        "slug": "nightly-backup",
        "tags": "backup prod",
        "grace": 3600,
        "status": "down",
        "last_ping": "2026-11-22T01:00:00+00:00",
    },
}
GITHUB_DEPLOYMENT = {
    "action": "created",
    "deployment_status": {
        "id": 1,
        "state": "success",
        "environment": "production",
        "target_url": "https://ci.example/9",
        "created_at": "2026-11-23T02:40:00Z",
    },
    "deployment": {
        "id": 2,
        "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e",
        "ref": "v1.4.2",
        "task": "deploy",
        "environment": "production",
        "creator": {"login": "kim"},
    },
    "repository": {"full_name": "acme/shop"},
}
GITHUB_WORKFLOW = {
    "action": "completed",
    "workflow": {"name": "Deploy to production", "path": ".github/workflows/deploy.yml"},
    "workflow_run": {
        "id": 3,
        "name": "Deploy to production",
        "head_branch": "main",
        "head_sha": "0123456789abcdef",
        "conclusion": "failure",
        "html_url": "https://github.example/3",
        "updated_at": "2026-11-23T02:41:00Z",
    },
    "repository": {"full_name": "acme/shop"},
}
GITHUB_PACKAGE = {
    "action": "published",
    "registry_package": {
        "name": "shop",
        "ecosystem": "CONTAINER",
        "html_url": "https://github.example/p",
        "package_version": {
            "version": "sha256:abc",
            "package_url": "ghcr.example/acme/shop:1.4.2",
            "container_metadata": {"tag": {"name": "1.4.2", "digest": "sha256:" + "a" * 64}},
        },
    },
    "repository": {"full_name": "acme/shop"},
}
GITLAB = {
    "object_kind": "deployment",
    "status": "success",
    "status_changed_at": "2026-11-23 03:50:00 +0100",
    "deployment_id": 15,
    "deployable_id": 796,
    "deployable_url": None,
    "environment": "production",
    "environment_slug": "production",
    "project": {"path_with_namespace": "acme/shop", "web_url": "https://gitlab.example/acme/shop"},
    "short_sha": "279484c0",
    "user": {"name": "Kim", "username": "kim"},
    "commit_url": "https://gitlab.example/c/279484c0",
    "commit_title": "Add new file",
}
DOCKER_HUB = {
    "callback_url": "https://hub.example/hook/1",
    "push_data": {"pushed_at": 1795402200, "pusher": "kim", "tag": "latest"},
    "repository": {
        "repo_name": "acme/shop",
        "name": "shop",
        "namespace": "acme",
        "repo_url": "https://hub.example/r/acme/shop",
    },
}
DISTRIBUTION = {
    "events": [
        {
            "id": "320678d8",
            "timestamp": "2026-11-23T02:45:00.123456789Z",
            "action": "push",
            "target": {"digest": "sha256:" + "b" * 64, "repository": "shop", "tag": "1.4.2"},
            "request": {"host": "registry:5000"},
        },
        {
            "id": "320678d9",
            "timestamp": "2026-11-23T02:45:01Z",
            "action": "pull",
            "target": {"repository": "shop", "tag": "1.4.1"},
        },
        {
            "id": "320678da",
            "timestamp": "2026-11-23T02:45:02Z",
            "action": "push",
            "target": {"repository": "shop", "digest": "sha256:cc"},
        },
    ]
}
GENERIC = {
    "title": "disk is filling",
    "message": "/var at 91 %",
    "severity": "sev3",
    "fingerprint": "disk-var",
    "labels": {"host": "prod-1"},
    "event_link": "https://mon.example/1",
}
DEPLOY = {
    "service": "shop",
    "version": "1.4.2",
    "sha": "0123456789abcdef",
    "previous": "1.4.1",
    "actor": "kim",
    "url": "https://ci.example/1",
    "finished_at": "2026-11-23T02:44:00Z",
}
REPORT = {"text": "checkout shows Payment unavailable", "reporter": "sales", "feature": "checkout"}

BODIES: dict[str, list[Any]] = {
    "alertmanager": [ALERTMANAGER, RESOLVED, {**ALERTMANAGER, "version": "1"}],
    "grafana": [GRAFANA],
    "prometheus": [POSTED],
    "pagerduty": [PAGERDUTY, {**PAGERDUTY, "event_action": "resolve"}, {**PAGERDUTY, "event_action": "acknowledge"}],
    "pagerduty_change": [PAGERDUTY_CHANGE],
    "sentry": [SENTRY_EVENT, SENTRY_METRIC, SENTRY_ISSUE, SENTRY_LEGACY],
    "glitchtip": [GLITCHTIP],
    "uptime_kuma": [KUMA, KUMA_TEST],
    "healthchecks": [HEALTHCHECKS],
    "github": [GITHUB_DEPLOYMENT, GITHUB_WORKFLOW, GITHUB_PACKAGE],
    "gitlab": [GITLAB],
    "registry": [DOCKER_HUB, DISTRIBUTION],
    "generic": [GENERIC],
    "deploy": [DEPLOY],
    "report": [REPORT],
    "beat": [],
}


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()
