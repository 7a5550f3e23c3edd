"""Sentry and Bugsink in the shapes that their APIs answer in, and every way in which they do not."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from firstfive.errors import FirstfiveError
from firstfive.probes.trackers import Bugsink, Sentry

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=15)


@contextmanager
def serving(answers: dict[str, tuple[int, Any]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    asked: list[tuple[str, str]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            status, value = next((found for path, found in answers.items() if self.path.startswith(path)), (404, {}))
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/stolen")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def issue(title: str, count: str, first: datetime, last: datetime) -> dict[str, Any]:
    return {
        "id": "1",
        "title": title,
        "count": count,
        "firstSeen": first.isoformat(),
        "lastSeen": last.isoformat(),
        "permalink": "https://s/1",
    }


def test_sentry_tells_what_was_seen_lately_most_events_first() -> None:
    rows = [
        issue("old and quiet", "900", NOW - timedelta(days=9), NOW - timedelta(hours=2)),
        issue("old and loud", "40", NOW - timedelta(days=9), NOW),
        issue("new", "400", NOW - timedelta(minutes=5), NOW),
        "nonsense",
    ]
    with serving({"/api/0/organizations/acme/issues/": (200, rows)}) as (url, asked):
        found = asyncio.run(Sentry(name="s", url=url, organisation="acme", project="7", token="t0ken").spikes(SINCE))
    assert [(spike.title, spike.count, spike.new) for spike in found] == [
        ("new", 400, True),
        ("old and loud", 40, False),
    ]
    assert "project=7" in asked[0][0]
    assert asked[0][1] == "Bearer t0ken"


def test_bugsink_is_paged_until_what_is_old() -> None:
    def row(kind: str, count: int, last: datetime, **more: Any) -> dict[str, Any]:
        seen = {"first_seen": (last - timedelta(days=1)).isoformat(), "last_seen": last.isoformat()}
        return {
            "id": kind,
            "calculated_type": kind,
            "calculated_value": "boom",
            "digested_event_count": count,
            **seen,
            **more,
        }

    first = {
        "next": "http://elsewhere.example/api/canonical/0/issues/page2",
        "results": [row("A", 3, NOW), row("M", 9, NOW, is_muted=True)],
    }
    second = {"next": None, "results": [row("B", 5, NOW), row("C", 7, NOW - timedelta(hours=1))]}
    with serving({"/api/canonical/0/issues/page2": (200, second), "/api/canonical/0/issues/": (200, first)}) as (
        url,
        asked,
    ):
        found = asyncio.run(Bugsink(name="b", url=url, project="1", token="t").spikes(SINCE))
    assert [spike.title for spike in found] == ["B: boom", "A: boom"]
    assert len(asked) == 2, "the next page is asked of the same server, wherever its link points"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {}, "does not know the token"),
        (403, {}, "may not read this project"),
        (404, {}, "no such organisation or project"),
        (429, {}, "come back later"),
        (500, {}, "in trouble itself"),
        (302, {}, "a redirect is not followed"),
        (200, b"<html>sign in</html>", "a page instead of data"),
        (200, b"[" * 100_000, "a page instead of data"),
        (200, b"[" * 9_000_000, "larger than 8 MiB"),
    ],
)
def test_a_tracker_that_does_not_say_is_named_and_its_token_is_not(status: int, body: Any, words: str) -> None:
    with serving({"/": (status, body)}) as (url, _), pytest.raises(FirstfiveError, match=words) as told:
        asyncio.run(Sentry(name="s", url=url, organisation="acme", project="7", token="t0ken").spikes(SINCE))
    assert "t0ken" not in str(told.value)


def test_nobody_there() -> None:
    with pytest.raises(FirstfiveError, match="does not answer"):
        asyncio.run(Bugsink(name="b", url="http://127.0.0.1:1", project="1", token="t").spikes(SINCE))
