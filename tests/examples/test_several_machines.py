"""The example of several machines is true: its settings load, nginx and systemd accept their files, both nodes are alike."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from firstfive.settings import load
from firstfive.settings.entrance import refuse_open
from stories.front import HERE, needed, written


def composed() -> dict[str, Any]:
    text = (HERE / "compose.yml").read_text()
    found: dict[str, Any] = YAML(typ="safe").load(text)
    return found


def test_the_settings_load_and_may_be_served(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    file = tmp_path / "firstfive.toml"
    file.write_text((HERE / "firstfive.toml").read_text())
    settings = load(config=file)
    refuse_open(settings)
    assert [target.kind for target in settings.targets.values()] == ["ssh"], "no node may run a step on itself"


def test_both_nodes_are_alike_known_to_nginx_and_show_no_password() -> None:
    services = composed()["services"]
    assert services["node-1"] == services["node-2"]
    named = set(re.findall(r"server (node-\d):8455", (HERE / "nginx.conf").read_text()))
    assert named == {name for name in services if name.startswith("node-")}
    assert "postgres" in services
    assert 'database = "postgresql://firstfive@postgres/firstfive"\n' in (HERE / "firstfive.toml").read_text()
    assert "PGPASSWORD" in services["node-1"]["environment"]


def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    program = needed("nginx")
    conf = written(tmp_path, port=18443, nodes={"node-1": "127.0.0.1:8455", "node-2": "127.0.0.1:8456"})
    done = subprocess.run(
        [program, "-t", "-p", str(tmp_path), "-c", str(conf)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "firstfive@.service"
    unit.write_text((HERE / "firstfive@.service").read_text().replace("/opt/firstfive/bin/firstfive", "/bin/true"))
    done = subprocess.run([program, "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in done.stderr.splitlines() if "firstfive@" in line]
    assert said == []
