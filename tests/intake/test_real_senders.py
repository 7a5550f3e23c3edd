"""Prometheus, Alertmanager and amtool as Debian ships them, unchanged, against our doors."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from intake.serving import Served, serving

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("intake-real")]


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is missing, and in CI nothing is skipped")
        pytest.skip(f"LOUD: {program} is not installed, so nothing real was tried")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(folder: Path, *argv: str) -> Iterator[None]:
    with (folder / "peer.log").open("a") as log:
        process = subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield
        assert process.poll() is None, (folder / "peer.log").read_text()[-2000:]
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("real") / "vault") as one:
        yield one


def amtool(served: Served, *words: str) -> str:
    address = f"--alertmanager.url=http://127.0.0.1:{served.port}/hooks/alertmanager/am-secret-token"
    done = subprocess.run(
        [needed("amtool"), address, "--no-version-check", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_amtool_adds_queries_silences_and_expires(served: Served) -> None:
    amtool(served, "alert", "add", "alertname=DiskFull", "node=prod-1", "--annotation=summary=the disk is full")
    served.until(lambda: "DiskFull" in amtool(served, "alert", "query"))
    assert "the disk is full" in amtool(served, "alert", "query", "-o", "extended", "alertname=DiskFull")
    assert "DiskFull" not in amtool(served, "alert", "query", "alertname=Other")
    name = amtool(
        served, "silence", "add", "alertname=DiskFull", "node=~prod-.*", "--author=sam", "--comment=known", "-d", "1h"
    ).strip()
    assert name in amtool(served, "silence", "query")
    assert "DiskFull" in amtool(served, "alert", "query", "--silenced")
    assert "DiskFull" not in amtool(served, "alert", "query")
    assert name in amtool(served, "silence", "query", "alertname=DiskFull")
    amtool(served, "silence", "update", "-d", "2h", name)
    amtool(served, "silence", "expire", name)
    assert name not in amtool(served, "silence", "query")
    assert "DiskFull" in amtool(served, "alert", "query")


def test_amtool_is_told_in_words_what_it_asked_wrongly(served: Served) -> None:
    address = f"--alertmanager.url=http://127.0.0.1:{served.port}/hooks/alertmanager/am-secret-token"
    done = subprocess.run(
        [
            needed("amtool"),
            address,
            "--no-version-check",
            "silence",
            "add",
            "alertname=~.*",
            "--author=sam",
            "--comment=all",
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert "would silence every signal" in done.stderr + done.stdout


PROMETHEUS = """
global: {{evaluation_interval: 1s, scrape_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
  - static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
    authorization: {{credentials: am-secret-token}}
scrape_configs:
- job_name: gone
  static_configs: [{{targets: ["127.0.0.1:1"]}}]
"""
RULES = """
groups:
- name: shop
  rules:
  - alert: TargetGone
    expr: up == {state}
    labels: {{severity: critical}}
    annotations: {{summary: "{{{{ $labels.instance }}}} is gone"}}
  - alert: Watchdog
    expr: vector(1)
    labels: {{severity: none}}
"""


def test_prometheus_points_straight_at_us_and_what_it_no_longer_sends_is_over(served: Served, tmp_path: Path) -> None:
    program = needed("prometheus")
    (tmp_path / "prometheus.yml").write_text(PROMETHEUS.format(port=served.port))
    (tmp_path / "rules.yml").write_text(RULES.format(state=0))
    port = free_port()
    argv = (
        program,
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-lifecycle",
        "--rules.alert.resend-delay=2s",
    )
    with running(tmp_path, *argv):
        incident = served.until(
            lambda: next(
                (a["incident"] for a in served.get("/alerts")["alerts"] if "TargetGone" in a["subject"]), None
            ),
            seconds=60,
        )
        assert incident
        served.until(lambda: "prometheus Watchdog" in {b["name"] for b in served.get("/heartbeats")["heartbeats"]})
        (tmp_path / "rules.yml").write_text(RULES.format(state=7))
        import urllib.request

        urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{port}/-/reload", method="POST"), timeout=10
        ).close()

        def over() -> bool:
            return any(a["state"] == "well" for a in served.get("/alerts")["alerts"] if "TargetGone" in a["subject"])

        served.until(over, seconds=60)


def test_alertmanager_sends_its_webhook_here(served: Served, tmp_path: Path) -> None:
    program = needed("prometheus-alertmanager")
    (tmp_path / "am.yml").write_text(
        "route: {receiver: ff, group_wait: 0s, group_interval: 1s, repeat_interval: 1h}\n"
        f"receivers: [{{name: ff, webhook_configs: [{{url: 'http://127.0.0.1:{served.port}/hooks/alertmanager',"
        " http_config: {authorization: {credentials: am-secret-token}}}]}]\n"
    )
    port = free_port()
    argv = (
        program,
        "--config.file=am.yml",
        "--storage.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    with running(tmp_path, *argv):
        url = f"--alertmanager.url=http://127.0.0.1:{port}"

        def added() -> bool:
            words = [needed("amtool"), url, "alert", "add", "alertname=ThroughAlertmanager", "severity=warning"]
            return subprocess.run(words, capture_output=True, timeout=30, check=False).returncode == 0

        served.until(added)
        seen = served.until(
            lambda: next((a for a in served.get("/alerts")["alerts"] if a["subject"] == "ThroughAlertmanager"), None),
            seconds=30,
        )
        assert seen["source"] == "alertmanager"
        assert seen["state"] == "firing"
