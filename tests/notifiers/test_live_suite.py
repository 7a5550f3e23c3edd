"""The suite that asks services for real: here against recorded shapes. It asks nothing without --live, and fails when it asks nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from notifiers import recorded
from notifiers.recorded import Asked, Reply

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.process


def run(*words: str, **variables: str) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LIVE_", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "tests/live", "-p", "no:cacheprovider", "-p", "no:randomly", *words]
    done = subprocess.run(
        command, cwd=ROOT, env={**plain, **variables}, capture_output=True, text=True, timeout=100, check=False
    )
    return done.stdout + done.stderr


def test_without_live_nothing_is_asked() -> None:
    said = run(LIVE_NTFY_TOPIC="ops", LIVE_NTFY_URL="http://127.0.0.1:1")
    assert "sends real messages: pytest tests/live --live" in said
    assert " passed" not in said
    assert " failed" not in said


def test_with_live_and_no_variable_it_fails_and_names_them() -> None:
    said = run("--live", "-k", "there_is_a_service or delivers")
    assert "1 failed" in said
    assert "LIVE_SLACK_TOKEN" in said


def void_or(answer: object) -> object:
    """The recorded answer, but a void token is refused as the service refuses it."""

    def given(asked: Asked) -> Reply:
        held = asked.headers.get("authorization", "") + asked.path + asked.body.decode("utf-8", "replace")
        if "a-token-that-opens-nothing" in held:
            return (200, {}, {"ok": False, "error": "invalid_auth"}) if "chat." in asked.path else (401, {}, {})
        if asked.path.endswith("getUpdates"):
            return 200, {}, {"ok": True, "result": []}
        return answer(asked)  # type: ignore[operator, no-any-return]

    return given


def test_with_live_each_service_that_is_named_is_asked_for_every_promise() -> None:
    with ExitStack() as stack:
        urls = {
            name: stack.enter_context(recorded.serving(void_or(getattr(recorded, kind)()))).url  # type: ignore[arg-type]
            for name, kind in {
                "SLACK": "slack",
                "TELEGRAM": "telegram",
                "NTFY": "ntfy",
                "PAGERDUTY": "pagerduty",
                "WEBHOOK": "plain",
            }.items()
        }
        said = run(
            "--live",
            **{f"LIVE_{name}_URL": url for name, url in urls.items()},
            LIVE_SLACK_TOKEN="xoxb-1",
            LIVE_SLACK_CHANNEL="C1",
            LIVE_TELEGRAM_TOKEN="1:x",
            LIVE_TELEGRAM_CHAT="-100",
            LIVE_NTFY_TOPIC="ops",
            LIVE_PAGERDUTY_KEY="k",
            LIVE_WEBHOOK_SECRET="s",
        )
    assert " failed" not in said, said
    assert "mail is not asked: set LIVE_MAIL_HOST, LIVE_MAIL_SENDER, LIVE_MAIL_TO" in said
    assert "set LIVE_SLACK_APP_TOKEN" in said
    passed = int(said.rpartition(" passed")[0].rsplit(" ", 1)[-1])
    assert passed >= 5 * 11
