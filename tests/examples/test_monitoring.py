"""The alert rules and the dashboard name only metrics that exist, and Prometheus accepts the rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firstfive.documents.metrics import OwnState, own_families

ROOT = Path(__file__).resolve().parent.parent.parent
MONITORING = ROOT / "examples" / "monitoring"
NAMES = {family.name for family in own_families(OwnState())}
METRIC = re.compile(r"\bfirstfive_\w+")


def test_prometheus_accepts_the_rules() -> None:
    if shutil.which("promtool") is None and os.environ.get("CI") != "true":
        pytest.skip("promtool is not installed")
    rules = str(MONITORING / "alerts.yml")
    done = subprocess.run(
        ["promtool", "check", "rules", rules], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 rules found" in done.stdout


def test_a_dead_loop_and_a_stuck_message_ring_the_alarm(tmp_path: Path) -> None:
    if shutil.which("promtool") is None and os.environ.get("CI") != "true":
        pytest.skip("promtool is not installed")
    series = [
        {"series": "firstfive_watchdog_last_seen", "values": "0x20"},
        {"series": "firstfive_outbox_oldest_seconds", "values": "0 0 400x18"},
        {"series": "firstfive_vault_compile_ok", "values": "1x20"},
    ]
    case = {
        "rule_files": [str(MONITORING / "alerts.yml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": "count by (alertname) (ALERTS{alertstate='firing'})",
                        "eval_time": "10m",
                        "exp_samples": [
                            {"labels": f'{{alertname="{name}"}}', "value": 1}
                            for name in ("FirstfiveStandsStill", "FirstfiveMessagesWait")
                        ],
                    }
                ],
            }
        ],
    }
    file = tmp_path / "case.yml"
    file.write_text(json.dumps(case))
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_panels_name_metrics_that_exist_and_every_one_is_drawn() -> None:
    drawn = {
        name
        for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]
        for target in panel["targets"]
        for name in METRIC.findall(target["expr"])
    }
    assert drawn == NAMES
    rules = (MONITORING / "alerts.yml").read_text()
    assert {name for line in rules.splitlines() if "expr:" in line for name in METRIC.findall(line)} <= NAMES


def test_every_metric_is_documented() -> None:
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    for name in NAMES:
        assert f"`{name}" in text, name
