"""A real Bugsink, fed by Sentry's own SDK: what the tracker finds there is what was sent."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firstfive.errors import FirstfiveError
from firstfive.probes.trackers import Bugsink

HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive" / "bugsink"
SEND = """
import sys, sentry_sdk
sentry_sdk.init(sys.argv[1], default_integrations=False)
for _ in range(3):
    try:
        1 / 0
    except ZeroDivisionError as problem:
        sentry_sdk.capture_exception(problem)
sentry_sdk.capture_message("payment gateway refused")
sentry_sdk.flush(10)
"""

if not (HOME / "locked.txt").is_file():
    if os.environ.get("CI"):
        pytest.fail("CI has no Bugsink: tests/prepare makes its environment", pytrace=False)
    pytest.skip("no Bugsink here: run tests/prepare", allow_module_level=True)


def ask(url: str, token: str, fields: dict[str, str] | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = json.dumps(fields).encode() if fields is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and token of a Bugsink that this module started."""
    home = tmp_path_factory.mktemp("bugsink")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(home)}

    def run(*argv: str) -> str:
        program = str(HOME / "bin" / argv[0])
        done = subprocess.run(
            [program, *argv[1:]], cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout

    run("bugsink-create-conf", "--template=local", "--host=127.0.0.1", f"--port={port}")
    run("bugsink-manage", "migrate")
    run("bugsink-manage", "migrate", "--database=snappea")
    token = run("bugsink-manage", "create_auth_token").split()[-1]
    argv = [str(HOME / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "1", "bugsink.wsgi"]
    running = subprocess.Popen(argv, cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _answers(port)
        yield f"http://127.0.0.1:{port}", token
    finally:
        running.terminate()
        running.wait(timeout=30)


def _answers(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError("Bugsink did not open its port within a minute")


def spikes(url: str, token: str, project: str, since: datetime) -> list[Any]:
    return list(asyncio.run(Bugsink(name="b", url=url, project=project, token=token).spikes(since)))


def test_what_an_application_sent_is_found_with_the_worst_first(server: tuple[str, str]) -> None:
    url, token = server
    api = f"{url}/api/canonical/0"
    team = ask(f"{api}/teams/", token, {"name": "shop"})["id"]
    project = ask(f"{api}/projects/", token, {"name": "backend", "team": team})["id"]
    assert spikes(url, token, project, datetime.now(UTC) - timedelta(minutes=15)) == []
    before = datetime.now(UTC) - timedelta(seconds=2)
    dsn = ask(f"{api}/projects/{project}/", token)["dsn"]
    subprocess.run([str(HOME / "bin" / "python"), "-c", SEND, dsn], check=True, timeout=60)
    found = spikes(url, token, project, before)
    assert [(spike.title, spike.count, spike.new) for spike in found] == [
        ("ZeroDivisionError: division by zero", 3, True),
        ("Log Message: payment gateway refused", 1, True),
    ]
    assert spikes(url, token, project, datetime.now(UTC) + timedelta(minutes=1)) == []
    with urllib.request.urlopen(found[0].link, timeout=20) as page:
        assert page.status == 200


@pytest.mark.parametrize(
    ("token", "project", "because"), [("0" * 40, "1", "a wrong token"), ("", "nothing", "no project of that number")]
)
def test_what_it_refuses_is_said_and_never_read_as_no_errors(
    server: tuple[str, str], token: str, project: str, because: str
) -> None:
    url, good = server
    with pytest.raises(FirstfiveError):
        spikes(url, token or good, project, datetime.now(UTC) - timedelta(minutes=15))
