"""The settings as people see them: where everything is, and no secret in any form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firstfive.app.shelf.chosen import told
from firstfive.settings import FILE, load

SECRETS = {
    "MATRIX_TOKEN": "matrix-token-5f1c",
    "HOOK_URL": "https://hooks.example.org/services/hook-secret-77",
    "HOOK_SECRET": "hook-signing-secret",
    "SENTRY_TOKEN": "sentry-token-0a",
    "GRAFANA_TOKEN": "grafana-token-b1",
    "FORGE_TOKEN": "forge-token-c2",
    "OIDC_SECRET": "oidc-secret-d3",
    "JOURNAL": "postgresql://firstfive:journal-pass-e4@db/firstfive",
}
TEXT = """
database_env = "JOURNAL"
[targets.prod]
kind = "local"
environment = { REDIS_PASSWORD = "redis-pass-f5" }
[notify]
heartbeat = "https://hc.example.org/ping/heartbeat-uuid-a6"
[notifiers.chat]
kind = "matrix"
url = "https://matrix.example.org"
token_env = "MATRIX_TOKEN"
room = "!ops:example.org"
[notifiers.push]
kind = "ntfy"
topic = "topic-is-a-secret"
[notifiers.hook]
kind = "webhook"
url_env = "HOOK_URL"
secret_env = "HOOK_SECRET"
[notifiers.lost]
kind = "slack"
token_env = "NOBODY_SET_THIS"
channel = "#ops"
[trackers.sentry]
url = "https://sentry.example.org"
organisation = "shop"
project = "1"
token_env = "SENTRY_TOKEN"
[intake.tokens]
grafana = "GRAFANA_TOKEN"
[forge]
kind = "github"
project = "shop/web"
token_env = "FORGE_TOKEN"
[people.ann]
email = "ann@example.org"
ntfy = "ann-topic-is-a-secret"
[status_page]
name = "Shop"
url = "https://status.example.org"
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_text(TEXT)
    return json.dumps(told(load()))


@pytest.mark.parametrize(
    "secret",
    [
        "matrix-token-5f1c",
        "hook-secret-77",
        "hook-signing-secret",
        "sentry-token-0a",
        "grafana-token-b1",
        "forge-token-c2",
        "journal-pass-e4",
        "redis-pass-f5",
        "heartbeat-uuid-a6",
        "topic-is-a-secret",
    ],
)
def test_no_secret_is_said(said: str, secret: str) -> None:
    assert secret not in said


@pytest.mark.parametrize(
    "words",
    [
        "matrix; room !ops:example.org; token set, not shown; url https://matrix.example.org",
        "webhook; secret set, not shown; url https://hooks.example.org",
        "NOBODY_SET_THIS: named, and not set: this tells nobody",
        "https://hc.example.org",
        "REDIS_PASSWORD",
        "reached by email, ntfy",
        "github shop/web, token set, not shown",
    ],
)
def test_where_everything_is_and_what_is_missing_is_said(said: str, words: str) -> None:
    assert words in said


def test_without_a_file_the_defaults_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = told(load())
    assert shown["file"] is None
    rows = {row["key"]: row["value"] for section in shown["sections"] for row in section["rows"]}
    assert (rows["port"], rows["resolve_after"]) == ("8455", "10 m")
