"""What each probe makes of what it sees."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from firstfive.incident.signals import Deploy, Signal
from firstfive.ports import Probe
from firstfive.probes.listing import Listing
from firstfive.probes.network import Http
from firstfive.probes.release_link import ReleaseLink
from firstfive.targets.local import Local

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def seen(probe: Probe, now: datetime = NOW) -> list[Signal | Deploy]:
    return list(asyncio.run(probe.look(now)))


def signals(probe: Probe, now: datetime = NOW) -> list[Signal]:
    return [s for s in seen(probe, now) if isinstance(s, Signal)]


@pytest.fixture
def answering():
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(self.path.strip("/")))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def http(url: str, *fails: str) -> Http:
    return Http(name="http", symptom="s/1", url=url, fails_when=frozenset(fails), patience=timedelta(seconds=1))


@pytest.mark.parametrize(
    ("status", "fails", "firing", "why"),
    [
        (200, ("timeout", "5xx"), False, "it is well"),
        (503, ("timeout", "5xx"), True, "a 5xx is what the page calls failing"),
        (404, ("timeout", "5xx"), False, "the page does not call a 404 failing"),
        (404, ("non-2xx",), True, "the page calls all but 2xx failing"),
        (302, ("non-2xx",), True, "a redirect is not followed and is no 2xx"),
    ],
)
def test_a_status_is_read_as_the_page_reads_it(
    answering: int, status: int, fails: tuple[str, ...], firing: bool, why: str
) -> None:
    (signal,) = signals(http(f"http://127.0.0.1:{answering}/{status}", *fails))
    assert signal.firing is firing, why
    assert f"HTTP {status}" in signal.text


def test_a_refused_connection_fires_and_says_so() -> None:
    (signal,) = signals(http("http://127.0.0.1:9/api/health", "timeout", "5xx"))
    assert signal.firing
    assert signal.text == "connection refused"


def test_no_answer_in_time_fires() -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (signal,) = signals(http(f"http://127.0.0.1:{silent.getsockname()[1]}/", "timeout"))
    assert signal.firing
    assert signal.text == "no answer within 1 s"


def listing(folder: Path, text: str) -> Listing:
    (folder / "rows").write_text(text)
    target = Local(name="local", workdir=folder, runs=folder / "runs", environment={"PATH": os.environ["PATH"]})
    return Listing(name="ps", target=target, command="cat rows", wanted={"s/2": ("web", "Restarting")})


@pytest.mark.parametrize(
    ("rows", "firing", "why"),
    [
        ("NAME STATUS\nweb Restarting (1) 2s ago\n", True, "its row shows the status"),
        ("NAME STATUS\nweb Up 3s\n", False, "its row shows another status"),
        ("NAME STATUS\nweb-old Restarting (1)\nweb Up 3s\n", False, "a name that only begins alike is another process"),
        ("CONTAINER ID NAMES\nabc Restarting (1) 5 seconds ago web\n", True, "the name may stand in any column"),
        ("NAME STATUS\n", False, "no row is no evidence of restarting"),
    ],
)
def test_a_listing_is_matched_by_the_exact_name(tmp_path: Path, rows: str, firing: bool, why: str) -> None:
    (signal,) = signals(listing(tmp_path, rows))
    assert signal.firing is firing, why


def test_a_listing_that_fails_says_nothing(tmp_path: Path) -> None:
    probe = listing(tmp_path, "")
    (tmp_path / "rows").unlink()
    assert signals(probe) == []


def test_a_moved_link_is_a_deploy_and_the_first_look_is_the_baseline(tmp_path: Path) -> None:
    link = tmp_path / "current"
    os.symlink("releases/1.4.1", link)
    probe = ReleaseLink(name="web", link=link)
    (first,) = seen(probe, datetime.now(UTC))
    assert isinstance(first, Deploy)
    assert (first.version, first.previous, first.first) == ("1.4.1", "", True)
    assert seen(probe) == []
    os.symlink("releases/1.4.2", tmp_path / "next")
    os.replace(tmp_path / "next", link)
    (second,) = seen(probe, datetime.now(UTC))
    assert isinstance(second, Deploy)
    assert (second.version, second.previous, second.first) == ("1.4.2", "1.4.1", False)


def test_a_restarted_watcher_remembers_what_ran_before(tmp_path: Path) -> None:
    link = tmp_path / "current"
    os.symlink("releases/1.4.2", link)
    (deploy,) = seen(ReleaseLink(name="web", link=link, known="1.4.1"), datetime.now(UTC))
    assert isinstance(deploy, Deploy)
    assert (deploy.previous, deploy.first) == ("1.4.1", False)


def test_a_missing_link_says_nothing(tmp_path: Path) -> None:
    assert seen(ReleaseLink(name="web", link=tmp_path / "current")) == []
