"""Releases that were pushed and pulled: by which digest they run, and the way back to it, with the registry and without."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firstfive.engine.rollback.found import Found, find
from firstfive.engine.rollback.plan import planned, problem_with
from firstfive.incident.signals import Deploy
from firstfive.probes.docker import EngineApi, Ledger
from firstfive.targets.local import Local
from lab.engine import Lab, engine

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples/compose"))
from registry import Registry

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("engine"), pytest.mark.timeout(180)]

SLEEPS = "trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.2; done\n"
COMPOSE = """\
services:
  backend:
    container_name: nickapp-backend
    image: {repository}:latest
    network_mode: none
"""
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(slots=True)
class Host:
    """A host whose backend runs what it pulled as :latest from a registry, and the ledger that watched it."""

    lab: Lab
    registry: Registry
    folder: Path
    ledger: Ledger

    @property
    def repository(self) -> str:
        return f"{self.registry.address}/nickapp-backend"

    def push(self, tag: str) -> None:
        """Built elsewhere: this host has nothing of it until it pulls."""
        image = self.lab.release(self.repository, tag, f"{SLEEPS}# {tag}\n")
        self.lab.docker("tag", image, f"{self.repository}:latest")
        for name in (tag, "latest"):
            self.lab.docker("push", "-q", f"{self.repository}:{name}")
        self.lab.docker("rmi", "-f", image)

    def update(self) -> list[Deploy]:
        """What an updater does; returns what the ledger saw of it."""
        self.lab.docker("pull", "-q", f"{self.repository}:latest")
        self.lab.compose(self.folder, "up", "-d")
        return [one for one in asyncio.run(self.ledger.look(datetime.now(UTC))) if isinstance(one, Deploy)]

    def digest(self, tag: str) -> str:
        """What the registry says that a tag stands for."""
        asked = urllib.request.Request(
            f"http://{self.registry.address}/v2/nickapp-backend/manifests/{tag}", method="HEAD"
        )
        asked.add_header("Accept", MANIFEST)
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return str(answer.headers["Docker-Content-Digest"])

    def way_back(self, deploy: Deploy) -> tuple[Any, Found]:
        found = asyncio.run(find(self.target, deploy.container, deploy.previous_image_id))
        assert problem_with(deploy, found) == ""
        return planned("backend-down#4", "local", "INC-1", deploy, found), found

    @property
    def target(self) -> Local:
        environment = {**self.lab.environment, "PATH": os.environ["PATH"]}
        return Local(name="local", workdir=self.folder, runs=self.folder / "runs", environment=environment)

    def run(self, plan: Any) -> Any:
        script = asyncio.run(self.target.look(plan.script, timeout=plan.timeout, environment=dict(plan.environment)))
        assert script.exit_code == 0, script.text
        return json.loads(self.lab.docker("inspect", "nickapp-backend"))[0]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    if shutil.which("docker-registry") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("docker-registry is not installed (tests/prepare does it)")
        pytest.skip("docker-registry is not installed (tests/prepare does it)")
    with (
        tempfile.TemporaryDirectory(prefix="ff-", ignore_cleanup_errors=True) as folder,
        engine(Path(folder)) as lab,
    ):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{one.getsockname()[1]}"
        registry = Registry(address=address, folder=tmp_path / "registry")
        registry.start()
        try:
            ledger = Ledger(name="ledger", engine=EngineApi(socket=lab.socket), known={}, pin=True)
            made = Host(lab=lab, registry=registry, folder=tmp_path, ledger=ledger)
            (tmp_path / "docker-compose.production.yml").write_text(COMPOSE.format(repository=made.repository))
            yield made
        finally:
            registry.end()
            assert not registry.answers()


def test_a_pulled_release_is_known_by_its_digest_and_the_way_back_pins_it_although_the_registry_is_gone(
    host: Host,
) -> None:
    host.push("1.4.1")
    good = host.digest("latest")
    (baseline,) = host.update()
    assert (baseline.first, baseline.digest) == (True, f"{host.repository}@{good}")
    host.push("1.4.2")
    assert host.digest("latest") == host.digest("1.4.2") != good
    (deploy,) = host.update()
    assert deploy.digest == f"{host.repository}@{host.digest('1.4.2')}"
    plan, _ = host.way_back(deploy)
    assert plan.image.startswith(f"{host.repository}@{good} (")
    host.lab.docker("system", "prune", "-f")
    host.registry.end()
    assert not host.registry.answers()
    runs = host.run(plan)
    assert runs["Image"] == deploy.previous_image_id
    assert runs["Config"]["Image"] == f"{host.repository}@{good}"
    assert f"image: {host.repository}@{good}\n" in (host.folder / "docker-compose.production.yml").read_text()


def test_a_tag_of_its_own_that_this_host_pulled_is_preferred_since_people_can_read_it(host: Host) -> None:
    host.push("1.4.1")
    host.update()
    host.lab.docker("pull", "-q", f"{host.repository}:1.4.1")
    host.push("1.4.2")
    (deploy,) = host.update()
    plan, _ = host.way_back(deploy)
    assert plan.image.startswith(f"{host.repository}:1.4.1 (")
    assert host.run(plan)["Config"]["Image"] == f"{host.repository}:1.4.1"


def test_a_digest_that_is_not_the_image_that_ran_before_is_refused(host: Host) -> None:
    host.push("1.4.1")
    host.update()
    host.push("1.4.2")
    (deploy,) = host.update()
    plan, _ = host.way_back(deploy)
    other = {**dict(plan.environment), "FF_PINNED": deploy.digest}
    ran = asyncio.run(host.target.look(plan.script, timeout=plan.timeout, environment=other))
    assert ran.exit_code == 65
    assert "is not the image that ran before" in ran.text
    assert "@" not in (host.folder / "docker-compose.production.yml").read_text()


def test_a_machine_without_the_package_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from place import LabError

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="lacks docker-registry; apt-get install it"):
        Registry(address="127.0.0.1:1", folder=tmp_path / "registry").start()
    assert not (tmp_path / "registry").exists()
