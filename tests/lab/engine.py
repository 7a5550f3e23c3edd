"""A Docker Engine of the tests' own: no bridge, no packet filter rules, nothing left behind.

`engine()` starts it once a process and ends it by id. Images are made from busybox; no registry is asked. Where it cannot run, tests skip
and say why; in CI that is a failure.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

COMPOSE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive/compose/compose/docker-compose"
BUSYBOX = Path("/bin/busybox")
GROUPS = Path("/sys/fs/cgroup")
PATIENCE = 40.0


@dataclass(slots=True)
class Lab:
    """A running engine. `environment` is what a command line needs to talk to it."""

    folder: Path
    socket: Path
    environment: dict[str, str] = field(default_factory=dict)

    def docker(self, *words: str, check: bool = True, stdin: bytes | None = None) -> str:
        """Run `docker` against this engine and return what it prints."""
        ran = subprocess.run(
            ["docker", *words], env=self.environment, capture_output=True, input=stdin, timeout=90, check=False
        )
        assert not check or ran.returncode == 0, f"docker {' '.join(words)}: {ran.stderr.decode()}"
        return ran.stdout.decode().strip()

    def release(self, name: str, tag: str, script: str) -> str:
        """An image `name:tag` whose only process is this shell script; returns its id."""
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as tar:
            tar.add(BUSYBOX, "bin/busybox")
            link = tarfile.TarInfo("bin/sh")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
            body = script.encode()
            entry = tarfile.TarInfo("run")
            entry.size, entry.mode = len(body), 0o755
            tar.addfile(entry, io.BytesIO(body))
        change = 'CMD ["/bin/sh", "/run"]'
        return self.docker("import", "--change", change, "-", f"{name}:{tag}", stdin=made.getvalue())

    def compose(self, folder: Path, *words: str) -> str:
        """Run Compose in a folder that holds docker-compose.production.yml."""
        return self.docker(
            "compose", "--project-directory", str(folder), "-f", str(folder / "docker-compose.production.yml"), *words
        )

    def tidy(self) -> None:
        """Remove every container and image of this engine."""
        for what, remove in ((("ps", "-aq"), ("rm", "-f")), (("images", "-aq"), ("rmi", "-f"))):
            ids = self.docker(*what).split()
            if ids:
                self.docker(*remove, *dict.fromkeys(ids), check=False)


def why_not() -> str:
    """Why no engine can be started here; empty when one can."""
    if os.geteuid() != 0:
        return "an engine can be started by root only"
    for program in ("dockerd", "docker", "containerd"):
        if shutil.which(program) is None:
            return f"{program} is not installed (tests/prepare installs docker.io)"
    if not BUSYBOX.exists():
        return "busybox-static is not installed (tests/prepare installs it)"
    return "" if COMPOSE.exists() else "Compose is not there (tests/prepare fetches it)"


def weigh(group: str) -> None:
    """Let the containers have the share of ten processes, not of one: an Engine puts all of them into one control group."""
    for folder, file, weight in ((GROUPS / "cpu" / group, "cpu.shares", 10240), (GROUPS / group, "cpu.weight", 1000)):
        if (folder.parent / "cgroup.procs").is_file():
            with suppress(OSError):
                folder.mkdir(exist_ok=True)
                (folder / file).write_text(str(weight))


@contextmanager
def engine(folder: Path) -> Iterator[Lab]:
    """An engine whose data and socket lie in `folder`; gone with everything in it at the end."""
    reason = why_not()
    if reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the engine tests must run in CI: {reason}")
        pytest.skip(reason)
    socket = folder / "docker.sock"
    config = folder / "config" / "cli-plugins"
    config.mkdir(parents=True)
    (config / "docker-compose").symlink_to(COMPOSE)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DOCKER_HOST": f"unix://{socket}",
        "DOCKER_CONFIG": str(config.parent),
    }
    words = ["dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")]
    words += ["-p", str(folder / "pid"), "-H", f"unix://{socket}"]
    words += ["--bridge=none", "--iptables=false", "--ip-masq=false"]
    group = f"firstfive-test-{os.getpid()}-{folder.name}"
    words += ["--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{group}"]
    weigh(group)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})
    lab = Lab(folder=folder, socket=socket, environment=environment)
    try:
        until = time.monotonic() + PATIENCE
        while not lab.docker("version", "--format", "{{.Server.Version}}", check=False):
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, f"no engine after {PATIENCE} s: {(folder / 'log').read_text()[-2000:]}"
            time.sleep(0.2)
        yield lab
        lab.tidy()
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        subprocess.run(["umount", "-R", str(folder / "exec" / "netns" / "default")], check=False, capture_output=True)
        for left in (GROUPS / group, *GROUPS.glob(f"*/{group}")):
            with suppress(OSError):
                left.rmdir()
