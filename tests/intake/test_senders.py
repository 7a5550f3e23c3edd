"""What each sender says is read as what it means; what nobody understands is an alert, never an error."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstfive.incident.signals import Beat, BeatState, Deploy, Signal, SignalKind
from firstfive.intake import SENDERS, Asked, Reading, read
from intake import fixtures as fx

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def asked(
    value: Any = None,
    *,
    body: bytes = b"",
    path: str = "",
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> Asked:
    return Asked(
        method="POST",
        path=path,
        headers=headers or {},
        query=query or {},
        body=body or (b"" if value is None else fx.raw(value)),
        at=NOW,
    )


def signal(sender: str, value: Any) -> Signal:
    found = read(sender, asked(value))
    assert not found.odd, found.odd
    (one,) = found.seen
    assert isinstance(one, Signal)
    return one


def deploy(sender: str, value: Any) -> Deploy:
    found = read(sender, asked(value))
    (one,) = found.seen
    assert isinstance(one, Deploy), found
    return one


SIGNALS = [
    (
        "alertmanager",
        fx.ALERTMANAGER,
        True,
        "RedisDown on redis:9121",
        "redis does not answer",
        "critical",
        "4c3a1f0e9b8d7c6a",
        "a group of one",
    ),
    (
        "alertmanager",
        fx.RESOLVED,
        False,
        "RedisDown on redis:9121",
        "redis does not answer",
        "critical",
        "4c3a1f0e9b8d7c6a",
        "it is over",
    ),
    (
        "grafana",
        fx.GRAFANA,
        True,
        "RedisDown on redis:9121",
        "redis does not answer",
        "critical",
        "4c3a1f0e9b8d7c6a",
        "Grafana calls itself version 1",
    ),
    ("pagerduty", fx.PAGERDUTY, True, "redis", "redis is down", "critical", "redis/down", "a trigger"),
    (
        "pagerduty",
        {**fx.PAGERDUTY, "event_action": "resolve"},
        False,
        "redis",
        "redis is down",
        "critical",
        "redis/down",
        "its end",
    ),
    (
        "sentry",
        fx.SENTRY_EVENT,
        True,
        "GET /api/items",
        "MongoNetworkError: connection timed out (rule: Very important rule)",
        "error",
        "issue:1170820242",
        "an issue alert",
    ),
    (
        "sentry",
        fx.SENTRY_METRIC,
        True,
        "High error rate",
        "1000 events in the last 10 minutes",
        "critical",
        "metric:7",
        "a metric alert",
    ),
    (
        "sentry",
        fx.SENTRY_ISSUE,
        False,
        "GET /api/items",
        "MongoNetworkError",
        "error",
        "issue:1170820242",
        "the same issue, resolved",
    ),
    (
        "sentry",
        fx.SENTRY_LEGACY,
        True,
        "raven.scripts.runner in main",
        "Example",
        "error",
        "issue:27379932",
        "the unsigned plugin",
    ),
    ("uptime_kuma", fx.KUMA, True, "shop health", "connect ECONNREFUSED", "", "monitor:3", "a monitor is down"),
    (
        "healthchecks",
        fx.HEALTHCHECKS,
        True,
        "nightly backup",
        "no ping came in time",
        "",
        "check:f618072a-7bde-4eee-af63-71a77c5723bc",
        "silence of somebody else's job",
    ),
    (
        "github",
        fx.GITHUB_WORKFLOW,
        True,
        "acme/shop",
        "workflow Deploy to production on main (0123456789ab): failure",
        "",
        "deploy:acme/shop",
        "a deploy that failed",
    ),
    (
        "generic",
        fx.GENERIC,
        True,
        "disk is filling",
        "disk is filling: /var at 91 %",
        "sev3",
        "disk-var",
        "our own shape",
    ),
]


@pytest.mark.parametrize(
    ("sender", "value", "firing", "subject", "text", "severity", "key", "why"),
    SIGNALS,
    ids=[row[-1] for row in SIGNALS],
)
def test_an_alert_is_read(sender, value, firing, subject, text, severity, key, why) -> None:
    found = signal(sender, value)
    assert (found.firing, found.subject, found.text, found.severity, found.key) == (
        firing,
        subject,
        text,
        severity,
        key,
    ), why
    assert found.at <= NOW
    assert found.kind is SignalKind.ALERT


DEPLOYS = [
    (
        "github",
        fx.GITHUB_DEPLOYMENT,
        "acme/shop",
        "v1.4.2 (f95f852bd8fc)",
        "kim",
        "2026-11-23T02:40:00+00:00",
        "a deployment that succeeded",
    ),
    ("github", fx.GITHUB_PACKAGE, "image shop", "1.4.2", "", "2026-11-23T03:00:00+00:00", "an image was published"),
    (
        "gitlab",
        fx.GITLAB,
        "acme/shop",
        "279484c0",
        "kim",
        "2026-11-23T02:50:00+00:00",
        "its time has a zone of its own",
    ),
    ("registry", fx.DOCKER_HUB, "image acme/shop", "latest", "kim", "2026-11-23T02:50:00+00:00", "Docker Hub"),
    (
        "registry",
        fx.DISTRIBUTION,
        "image shop",
        "1.4.2@sha256:bbbbbbbbbbbb",
        "",
        "2026-11-23T02:45:00.123456+00:00",
        "one push; a pull and a bare manifest say nothing",
    ),
    ("pagerduty_change", fx.PAGERDUTY_CHANGE, "shop", "1.4.2", "kim", "2026-11-23T02:50:00+00:00", "a change event"),
    ("deploy", fx.DEPLOY, "shop", "1.4.2 (0123456789ab)", "kim", "2026-11-23T02:44:00+00:00", "our own line of curl"),
]


@pytest.mark.parametrize(
    ("sender", "value", "subject", "version", "actor", "at", "why"), DEPLOYS, ids=[row[-1] for row in DEPLOYS]
)
def test_a_deploy_is_read(sender, value, subject, version, actor, at, why) -> None:
    found = deploy(sender, value)
    assert (found.subject, found.version, found.actor, found.at.isoformat()) == (subject, version, actor, at), why


@pytest.mark.parametrize(
    ("sender", "value", "why"),
    [
        (
            "pagerduty",
            {**fx.PAGERDUTY, "event_action": "acknowledge"},
            "who acknowledges elsewhere declares nothing here",
        ),
        ("uptime_kuma", fx.KUMA_TEST, "the test button"),
        ("uptime_kuma", {**fx.KUMA, "heartbeat": {**fx.KUMA["heartbeat"], "status": 3}}, "maintenance"),
        ("gitlab", {**fx.GITLAB, "status": "running"}, "it has only begun"),
        ("gitlab", {**fx.GITLAB, "object_kind": "push"}, "another hook"),
        ("github", {"zen": "Design for failure.", "hook_id": 1}, "a ping"),
        ("github", {**fx.GITHUB_WORKFLOW, "workflow": {"name": "Lint"}}, "a workflow that deploys nothing"),
        ("healthchecks", {**fx.HEALTHCHECKS, "status": "new"}, "neither up nor down"),
        ("deploy", {**fx.DEPLOY, "status": "started"}, "it has only begun"),
    ],
)
def test_what_is_understood_may_say_nothing(sender: str, value: Any, why: str) -> None:
    assert read(sender, asked(value)) == Reading(
        reply=read(sender, asked(value)).reply, key=read(sender, asked(value)).key
    ), why


def test_an_alert_posted_by_prometheus_holds_until_its_end() -> None:
    found = signal("prometheus", fx.POSTED)
    assert found.firing
    assert found.until == NOW + timedelta(minutes=4)
    over = signal("prometheus", [{**fx.POSTED[0], "endsAt": "2026-11-23T02:59:59Z"}])
    assert not over.firing
    assert over.fingerprint == found.fingerprint
    lasting = signal("prometheus", [{"labels": {"alertname": "x"}, "endsAt": "0001-01-01T00:00:00Z"}])
    assert lasting.firing
    assert lasting.until is None


def test_a_watchdog_is_a_heartbeat_and_no_alert() -> None:
    watchdog = {**fx.FIRING, "labels": {"alertname": "Watchdog", "severity": "none"}}
    (beat,) = read("alertmanager", asked({**fx.ALERTMANAGER, "commonLabels": {}, "alerts": [watchdog]})).seen
    assert isinstance(beat, Beat)
    assert (beat.name, beat.state) == ("alertmanager Watchdog", BeatState.OK)
    (gone,) = read("alertmanager", asked({**fx.ALERTMANAGER, "alerts": [{**watchdog, "status": "resolved"}]})).seen
    assert isinstance(gone, Beat)
    assert gone.state is BeatState.FAIL


def test_relative_and_empty_links_of_grafana_lead_somewhere() -> None:
    assert signal("grafana", fx.GRAFANA).link == "https://grafana.example/?orgId=1"
    assert signal("alertmanager", fx.ALERTMANAGER).runbook == "33-redis-unreachable"


@pytest.mark.parametrize(
    ("path", "state", "text"),
    [
        ("backup", BeatState.OK, "done"),
        ("backup/start", BeatState.START, "done"),
        ("backup/fail", BeatState.FAIL, "done"),
        ("backup/0", BeatState.OK, "done"),
        ("backup/3", BeatState.FAIL, "exit code 3: done"),
    ],
)
def test_a_beat_says_how_it_went(path: str, state: BeatState, text: str) -> None:
    assert read("beat", asked(body=b"done", path=path)).seen == (Beat(name="backup", at=NOW, state=state, text=text),)


@pytest.mark.parametrize("form", [b"service=shop&version=1.4.2", b'{"service":"shop","version":"1.4.2"}', b""])
def test_a_deploy_comes_as_form_json_or_query(form: bytes) -> None:
    query = {} if form else {"service": "shop", "version": "1.4.2"}
    (found,) = read("deploy", asked(body=form, query=query)).seen
    assert isinstance(found, Deploy)
    assert (found.subject, found.version) == ("shop", "1.4.2")


def test_kuma_in_its_form_mode_is_the_same_alert() -> None:
    from urllib.parse import urlencode

    body = urlencode({"data": json.dumps(fx.KUMA)}).encode()
    assert read("uptime_kuma", asked(body=body)).seen == read("uptime_kuma", asked(fx.KUMA)).seen


def test_pagerduty_is_answered_with_a_dedup_key() -> None:
    assert read("pagerduty", asked(fx.PAGERDUTY)).reply["dedup_key"] == "redis/down"
    without = {k: v for k, v in fx.PAGERDUTY.items() if k != "dedup_key"}
    assert len(read("pagerduty", asked(without)).reply["dedup_key"]) == 32


ODD = [
    (b"", "nothing at all"),
    (b"garbage", "no JSON"),
    (b"[1, 2", "JSON that ends in the middle"),
    (b'"words"', "a string"),
    (b"{}", "an empty object"),
    (b"[]", "an empty list"),
    (b"[" * 200 + b"]" * 200, "nested too deep"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested far too deep"),
    (b'{"alerts": "no list"}', "the right name, the wrong type"),
    (b'{"alerts": [1, null, "x", []]}', "a list of other things"),
    ('{"title": "\udcff"}'.encode("utf-8", "surrogateescape"), "bytes that are no UTF-8"),
    (b'{"text": "\\ud800"}', "half a surrogate pair"),
    (b"\x00\x01\x02\xff", "binary"),
    (b'{"startsAt": 1e400, "alerts": [{"startsAt": 1e308, "endsAt": -1, "labels": {"a": 1e999}}]}', "absurd numbers"),
]


@pytest.mark.parametrize("sender", sorted(SENDERS))
@pytest.mark.parametrize(("body", "why"), ODD, ids=[row[-1] for row in ODD])
def test_odd_content_is_an_alert_or_nothing_but_never_an_error(sender: str, body: bytes, why: str) -> None:
    found = read(sender, asked(body=body, path="job"))
    if found.odd:
        (one,) = found.seen
        assert isinstance(one, Signal)
        assert one.firing
        assert one.key == "unrecognised", why
        assert sender in one.text


def _broken(value: Any, pick: Any) -> Any:
    """A copy with one leaf replaced by something else."""
    value = copy.deepcopy(value)
    at, parent, key = value, None, None
    for _ in range(6):
        if isinstance(at, dict) and at:
            parent, key = at, pick(sorted(at))
        elif isinstance(at, list) and at:
            parent, key = at, pick(range(len(at)))
        else:
            break
        at = parent[key]
    if parent is not None:
        parent[key] = pick(
            [None, 7, -1.5, True, "", "x" * 5000, [], {}, [[["a", {}]]], {"a": {"b": []}}, "\u0000\u202e", 10**30]
        )
    return value


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_known_message_with_anything_wrong_in_it_is_still_read(data: st.DataObject) -> None:
    sender = data.draw(st.sampled_from(sorted(name for name in fx.BODIES if fx.BODIES[name])))
    value = data.draw(st.sampled_from(fx.BODIES[sender]))
    for _ in range(data.draw(st.integers(1, 4))):
        value = _broken(value, lambda options: data.draw(st.sampled_from(list(options))))
    found = read(sender, asked(value))
    for one in found.seen:
        assert one.at.tzinfo is not None
        if isinstance(one, Signal):
            assert len(one.fingerprint) == 16
            assert len(one.text) <= 5000
            assert len(one.labels) <= 60


def test_a_thousand_alerts_in_one_message_are_bounded_and_say_so() -> None:
    many = [{"labels": {"alertname": f"a{n}"}} for n in range(5000)]
    found = read("prometheus", asked(many))
    assert len(found.seen) == 2000
    last = found.seen[-1]
    assert isinstance(last, Signal)
    assert "3001 alerts more" in last.text
