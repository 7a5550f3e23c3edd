"""The demo's small shop, run for real: its processes, the keeper that keeps them up, the deploy that breaks them.

Every test lays the shop out in a folder of its own with free ports, and ends exactly what it started.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo"
PAGE = (DEMO / "vault" / "Incident Response.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.process


@dataclass(slots=True)
class Shop:
    """The shop in a folder, and the keepers that the test started there."""

    home: Path
    web: int
    pay: int
    keepers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "KEEPER_HOME": str(self.home),
            "SHOP_WEB_PORT": str(self.web),
            "SHOP_PAY_PORT": str(self.pay),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, str(DEMO / program), *words]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, timeout=20, check=False)

    def up(self) -> subprocess.Popen[bytes]:
        keeper = subprocess.Popen([sys.executable, str(DEMO / "keeper"), "up"], env=self.environment)
        self.keepers.append(keeper)
        return keeper

    def inspect(self, name: str) -> dict[str, Any]:
        shown = self.run("keeper", "inspect", name)
        return dict(json.loads(shown.stdout)) if shown.returncode == 0 else {}

    def get(self, port: int, path: str) -> tuple[int, dict[str, Any]]:
        """Status and body; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=3) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code, json.load(problem)
        except OSError:
            return 0, {}

    def open_with(self, version: str) -> subprocess.Popen[bytes]:
        """Deploy before the keeper is up, start it, and wait for both processes."""
        assert self.run("deploy", version).returncode == 0
        keeper = self.up()
        until(lambda: self.get(self.pay, "/health")[0] == 200)
        if version == "1.4.1":
            until(lambda: self.get(self.web, "/api/health")[0] == 200)
        return keeper

    def children(self) -> list[int]:
        return [pid for name in ("web", "pay") if (pid := self.inspect(name).get("pid"))]


def until(true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended but was not yet collected does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    home = tmp_path / "shop"
    shutil.copytree(DEMO / "shop", home)
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], other.getsockname()[1]
    made = Shop(home, *ports)
    yield made
    for keeper in made.keepers:
        if keeper.poll() is None:
            keeper.terminate()
        keeper.wait(10)


def test_the_shop_serves_its_front_page_its_health_with_the_version_and_a_checkout(shop: Shop) -> None:
    shop.open_with("1.4.1")
    assert shop.get(shop.web, "/")[0] == 200
    status, health = shop.get(shop.web, "/api/health")
    assert (status, health["version"]) == (200, "1.4.1")
    assert shop.get(shop.web, "/api/checkout")[0] == 200
    assert shop.get(shop.web, "/nowhere")[0] == 404


def test_a_checkout_without_the_gateway_is_503_and_is_logged_in_the_words_of_the_page(shop: Shop) -> None:
    shop.open_with("1.4.1")
    assert shop.run("keeper", "stop", "pay").returncode == 0
    assert shop.get(shop.web, "/api/checkout")[0] == 503
    logged = shop.run("keeper", "logs", "--tail", "5", "web").stdout
    assert "Payment request failed" in logged
    assert "`Payment request failed`" in PAGE
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+ \S", logged.splitlines()[-1])


def test_a_stopped_process_stays_stopped_until_it_is_started(shop: Shop) -> None:
    shop.open_with("1.4.1")
    shop.run("keeper", "stop", "pay")
    time.sleep(0.5)
    assert re.search(r"^pay +Exited \(0\)", shop.run("keeper", "ps").stdout, re.MULTILINE)
    assert shop.get(shop.pay, "/health")[0] == 0
    assert shop.run("keeper", "start", "pay").returncode == 0
    until(lambda: shop.get(shop.pay, "/health")[0] == 200)


def test_a_killed_process_is_started_again_and_counted(shop: Shop) -> None:
    shop.open_with("1.4.1")
    before = shop.inspect("web")
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: shop.get(shop.web, "/api/health")[0] == 200 and shop.inspect("web")["restart_count"] == 1)
    assert shop.inspect("web")["pid"] != before["pid"]


def test_the_waits_between_restarts_grow(shop: Shop) -> None:
    shop.open_with("1.4.2")
    until(lambda: shop.inspect("web").get("restart_count", 0) >= 5, 20)
    starts = [line for line in (shop.home / "var/web.log").read_text().splitlines() if "1.4.2 starts" in line]
    clocks = [float(line[17:23]) for line in starts]
    gaps = [(later - earlier) % 60 for earlier, later in pairwise(clocks)]
    assert len(gaps) >= 4
    assert gaps[3] > 0.8 > gaps[0] >= 0.1, "0.1, 0.2, 0.4, 0.8 s and the time that a start takes"


def test_a_bad_release_shows_as_restarting_and_says_why_in_its_log(shop: Shop) -> None:
    shop.open_with("1.4.1")
    assert shop.run("deploy", "1.4.2").returncode == 0
    until(lambda: re.search(r"^web +Restarting \(1\) \d+s ago +[1-9]", shop.run("keeper", "ps").stdout, re.MULTILINE))
    seen = shop.inspect("web")
    assert seen["exit_code"] == 1
    assert "Error: Missing env var SESSION_SECRET" in shop.run("keeper", "logs", "--tail=20", "web").stdout
    assert shop.get(shop.web, "/api/health")[0] == 0
    assert re.search(r"^pay +Up \d+s +0", shop.run("keeper", "ps").stdout, re.MULTILINE), "only web is broken"


def test_the_rollback_of_the_page_opens_the_shop_again(shop: Shop) -> None:
    shop.open_with("1.4.2")
    until(lambda: shop.inspect("web").get("restart_count", 0) >= 2)
    fix = re.search(r"^ln -sfn .*\n.*$", PAGE, re.MULTILINE)
    assert fix is not None
    script = fix[0].replace("<previous-version>", "1.4.1").replace("keeper ", f"'{sys.executable}' '{DEMO}/keeper' ")
    argv = ["bash", "-ec", script]
    done = subprocess.run(argv, cwd=shop.home, env=shop.environment, capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    until(lambda: shop.get(shop.web, "/api/health")[1].get("version") == "1.4.1")
    assert shop.inspect("web")["restart_count"] == 0


def test_a_deploy_moves_the_link_and_an_unknown_version_moves_nothing(shop: Shop) -> None:
    assert shop.run("deploy", "1.4.1").returncode == 0
    assert os.readlink(shop.home / "current") == "releases/1.4.1"
    refused = shop.run("deploy", "9.9.9")
    assert refused.returncode == 1
    assert "1.4.1, 1.4.2" in refused.stderr
    assert os.readlink(shop.home / "current") == "releases/1.4.1"
    assert not list(shop.home.glob(".current*"))


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGTERM, "asked to end, it ends its children first"),
        (signal.SIGINT, "Ctrl-C in the terminal"),
        pytest.param(
            signal.SIGKILL,
            "it can do nothing, the kernel does",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent"),
        ),
    ],
)
def test_no_child_outlives_the_keeper(shop: Shop, number: int, reason: str) -> None:
    keeper = shop.open_with("1.4.1")
    children = shop.children()
    assert len(children) == 2
    keeper.send_signal(number)
    keeper.wait(10)
    until(lambda: not any(alive(pid) for pid in children), 3)
    gone = shop.run("keeper", "ps")
    assert (gone.returncode, gone.stdout) == (1, ""), reason
    assert "not running" in gone.stderr


def test_the_keeper_ends_when_its_parent_does(shop: Shop) -> None:
    shop.run("deploy", "1.4.1")
    script = f"import subprocess, time; subprocess.Popen([{sys.executable!r}, {str(DEMO / 'keeper')!r}, 'up']); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", script], env=shop.environment)
    try:
        until(lambda: shop.get(shop.web, "/api/health")[0] == 200)
        children = shop.children()
    finally:
        parent.kill()
        parent.wait()
    assert len(children) == 2
    until(lambda: not any(alive(pid) for pid in children))
    until(lambda: "not running" in shop.run("keeper", "ps").stderr)


def test_a_second_keeper_in_the_same_folder_is_refused(shop: Shop) -> None:
    shop.open_with("1.4.1")
    second = shop.run("keeper", "up")
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert shop.get(shop.web, "/api/health")[0] == 200


def test_a_name_that_is_not_kept_is_an_error(shop: Shop) -> None:
    shop.open_with("1.4.1")
    for verb in ("inspect", "logs", "restart", "stop", "start"):
        assert shop.run("keeper", verb, "till").returncode == 1, verb


def test_settings_vouch_for_no_more_than_the_keeper_can_keep() -> None:
    settings = tomllib.loads((DEMO / "vault" / "firstfive.toml").read_text(encoding="utf-8"))
    claims = settings["risk"]["cmd"]["keeper"]["sub"]
    assert {verb for verb, risk in claims.items() if risk == "read"} == {"ps", "logs", "inspect"}
    assert settings["page"] == "Incident Response.md"


def test_looking_writes_nothing(shop: Shop) -> None:
    keeper = shop.open_with("1.4.1")
    keeper.terminate()
    keeper.wait(10)
    before = {path: path.lstat().st_mtime_ns for path in shop.home.rglob("*")}
    for look in (("ps",), ("inspect", "web"), ("logs", "web")):
        shop.run("keeper", *look)
    assert {path: path.lstat().st_mtime_ns for path in shop.home.rglob("*")} == before
