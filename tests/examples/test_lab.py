"""The lab where it cannot come up: a clear sentence, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[2] / "examples/compose/lab.py"
PROGRAMS = (
    "dockerd",
    "docker",
    "docker-registry",
    "unshare",
    "nsenter",
    "openssl",
    "node",
    "npm",
    "nginx",
    "redis-server",
    "jq",
    "curl",
)

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        os.geteuid() != 0 or any(shutil.which(p, path=f"{os.environ['PATH']}:/usr/sbin") is None for p in PROGRAMS),
        reason="the lab takes root and the programs that tests/prepare installs",
    ),
]


def lab(*words: str, folder: Path, **more: str) -> tuple[int, str]:
    environment = os.environ | {"FIRSTFIVE_LAB": str(folder / "lab")} | more
    ran = subprocess.run(
        [sys.executable, str(LAB), *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return ran.returncode, ran.stderr


def test_a_machine_without_the_programs_is_told_which(tmp_path: Path) -> None:
    few = tmp_path / "bin"
    few.mkdir()
    for name in ("docker", "sh"):
        (few / name).symlink_to(shutil.which(name) or "/bin/sh")
    code, told = lab("up", folder=tmp_path, PATH=str(few))
    assert code == 1
    assert "this machine lacks" in told
    assert "npm" in told
    assert "docker-registry" in told
    assert not (tmp_path / "lab").exists()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive/lab/built.json"
    if not cache.exists():
        pytest.skip("the lab's packages are not there (tests/prepare fetches them)")
    with socket.create_server(("127.84.0.7", 6379)):
        code, told = lab("up", folder=tmp_path, LAB_ADDRESS="127.84.0.7")
    assert code == 1
    assert "port 6379 of 127.84.0.7 is taken" in told
    assert not (tmp_path / "lab").exists()


def test_a_network_that_is_taken_is_named_and_only_a_bridge_of_its_own_goes(tmp_path: Path) -> None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive/lab/built.json"
    if not cache.exists():
        pytest.skip("the lab's packages are not there (tests/prepare fetches them)")
    made = {"LAB_ADDRESS": "127.84.0.8", "LAB_SUBNET": "172.31.98.0/24"}
    subprocess.run(["ip", "link", "add", "br-0123456789ab", "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "addr", "add", "172.31.98.1/24", "dev", "br-0123456789ab"], check=True)
        code, told = lab("up", folder=tmp_path, **made)
        assert code == 1
        assert "the network 172.31.98.0/24 is taken by br-0123456789ab" in told
        assert "LAB_SUBNET=" in told
        assert not (tmp_path / "lab").exists()
        assert lab("down", folder=tmp_path, **made) == (0, "")
        there = ["ip", "link", "show", "br-0123456789ab"]
        assert subprocess.run(there, capture_output=True, check=False).returncode == 0, "somebody else's stays"
        (tmp_path / "lab").mkdir()
        (tmp_path / "lab/bridges").write_text("br-0123456789ab\n")
        assert lab("down", folder=tmp_path, **made) == (0, "")
        assert subprocess.run(there, capture_output=True, check=False).returncode != 0, "its own goes, whatever left it"
    finally:
        subprocess.run(["ip", "link", "delete", "br-0123456789ab"], capture_output=True, check=False)


def test_too_little_disk_is_said_with_how_much_is_needed(tmp_path: Path) -> None:
    """A cache on a file system of its own that is too small."""
    small = tmp_path / "cache"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "small", str(small)], check=True)
    try:
        code, told = lab("up", folder=tmp_path, XDG_CACHE_HOME=str(small))
        assert code == 1
        assert "the lab needs 700 MB below" in told
        assert "MB are free" in told
        assert not (tmp_path / "lab").exists()
    finally:
        subprocess.run(["umount", str(small)], check=True)


COMPOSES = [
    ("v2.40.3", True, "the plugin's own words"),
    ("2.29.1", True, "without the letter"),
    ("5.0.0", True, "a newer one"),
    ("1.29.2", False, "the first Compose reads other files"),
]
ASK = "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import images; print(images.compose_binary())"


@pytest.mark.parametrize(("version", "taken", "why"), COMPOSES, ids=[row[2] for row in COMPOSES])
def test_without_a_plugin_the_program_docker_compose_is_taken_if_it_is_new_enough(
    tmp_path: Path, version: str, taken: bool, why: str
) -> None:
    """No cache, no plugin of the person, no package index: what is left is docker-compose on PATH, or a clear sentence."""
    if any(Path(f"/usr/{folder}/docker/cli-plugins/docker-compose").exists() for folder in ("lib", "libexec")):
        pytest.skip("this machine has the plugin for everybody")
    own = tmp_path / "bin"
    own.mkdir()
    (own / "docker-compose").write_text(f"#!/bin/sh\necho {version}\n")
    (own / "docker-compose").chmod(0o755)
    environment = {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PATH": f"{own}:/usr/bin:/bin",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    ran = subprocess.run(
        [sys.executable, "-c", ASK, str(LAB.parent)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.stdout.strip() == str(own / "docker-compose")) is taken, why
    assert ("there is no Compose of version 2: install docker-compose-v2" in ran.stderr) is not taken


def test_a_lab_that_is_half_there_is_said_and_taken_down(tmp_path: Path) -> None:
    (tmp_path / "lab/engine").mkdir(parents=True)
    (tmp_path / "lab/engine/host").write_text("999999")
    assert "half there" in lab("status", folder=tmp_path)[1]
    assert lab("down", folder=tmp_path) == (0, "")
    assert "down" in lab("status", folder=tmp_path)[1]
    assert not (tmp_path / "lab").exists()


SLEEPS = "import time; time.sleep(60)"
TAKES = """
import sys; sys.path.insert(0, sys.argv[1])
import os, share
share.take()
for name in ("cpu/cgroup.procs", "cgroup.procs"):
    file = share.GROUPS / name.replace("cgroup.procs", f"{share.GROUP}/cgroup.procs")
    if file.exists():
        file.write_text(str(os.getpid()))
        break
print(share.GROUP, flush=True)
import time; time.sleep(60)
"""


def test_what_an_engine_that_was_killed_left_running_is_ended_with_its_groups(tmp_path: Path) -> None:
    """Containers and their minders outlive their engine; another lab's stay."""
    environment = os.environ | {"FIRSTFIVE_LAB": str(tmp_path / "lab")}
    (tmp_path / "lab/engine/exec").mkdir(parents=True)
    (tmp_path / "lab/engine/host").write_text("999999")

    def minder(lab: str) -> subprocess.Popen[bytes]:
        words = ["containerd-shim-runc-v2", "-c", SLEEPS, str(tmp_path / lab / "engine/exec/containerd.sock")]
        return subprocess.Popen(words, executable=sys.executable)

    ours, others = minder("lab"), minder("lab2")
    words = [sys.executable, "-c", TAKES, str(LAB.parent)]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as held:
        try:
            assert held.stdout is not None
            group = held.stdout.readline().strip()
            assert lab("down", folder=tmp_path) == (0, "")
            assert (ours.wait(5), held.wait(5)) == (-9, -9)
            assert others.poll() is None
            assert not [*Path("/sys/fs/cgroup").glob(group), *Path("/sys/fs/cgroup").glob(f"*/{group}")]
        finally:
            for one in (ours, others, held):
                one.kill()
                one.wait()
    assert not (tmp_path / "lab").exists()


HOLDS = (
    "import sys; sys.path.insert(0, sys.argv[1]); import alone\nwith alone.alone(): print(flush=True); sys.stdin.read()"
)


def test_nobody_starts_or_removes_what_another_is_just_starting(tmp_path: Path) -> None:
    """Else a second `make lab` would take the first one's for half there, and remove it."""
    (tmp_path / "lab/engine").mkdir(parents=True)
    environment = os.environ | {"FIRSTFIVE_LAB": str(tmp_path / "lab")}
    words = [sys.executable, "-c", HOLDS, str(LAB.parent)]
    with subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"\n"
        for verb in ("up", "down", "restore"):
            refused = f"lab: process {other.pid} is at work on this lab; wait for its end\n"
            assert lab(verb, folder=tmp_path) == (1, refused)
        assert (tmp_path / "lab/engine").exists()
        assert lab("down", folder=tmp_path / "beside") == (0, ""), "another lab is another's"
        other.kill()
        other.wait()
    assert lab("down", folder=tmp_path) == (0, "")
    assert list(tmp_path.iterdir()) == []


MISTAKEN = [
    ("drills.py", ("--page", "none.md"), 2, "there is no page none.md"),
    ("drills.py", ("--only", "redis-stoped"), 2, "there is no fault 'redis-stoped'; did you mean redis-stopped?"),
    ("lab.py", ("serve",), 1, "lab: it is not up; `make lab` starts it"),
    ("lab.py", ("drill", "--", "run", "redis-stopped"), 1, "lab: it is not up; `make lab` starts it"),
]


@pytest.mark.parametrize(("script", "words", "code", "what"), MISTAKEN, ids=[f"{r[0]} {r[1][-1]}" for r in MISTAKEN])
def test_what_cannot_begin_is_said_before_anything_is_made(
    tmp_path: Path, script: str, words: tuple[str, ...], code: int, what: str
) -> None:
    environment = os.environ | {"FIRSTFIVE_LAB": str(tmp_path / "lab")}
    argv = [sys.executable, str(LAB.with_name(script)), *words]
    ran = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert ran.returncode == code
    assert what in ran.stderr
    assert list(tmp_path.iterdir()) == []


IN_USE = (
    "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import lab; print(lab.in_use(pathlib.Path(sys.argv[2])))"
)


def test_a_folder_that_another_lab_has_mounted_in_a_view_of_its_own_is_not_removed(tmp_path: Path) -> None:
    folder = tmp_path / "backend"
    folder.mkdir()

    def in_use() -> str:
        words = [sys.executable, "-c", IN_USE, str(LAB.parent), str(folder)]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    assert in_use() == "False"
    script = 'mount --make-rprivate / && mount -t tmpfs lab "$0" && echo mounted && exec sleep 60'
    other = subprocess.Popen(["unshare", "--mount", "sh", "-c", script, str(folder)], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mounted\n"
        assert in_use() == "True"
    finally:
        other.terminate()
        other.communicate(timeout=20)
    assert in_use() == "False"


def test_nothing_is_entered_while_it_is_down(tmp_path: Path) -> None:
    code, told = lab("enter", "--", "true", folder=tmp_path)
    assert code == 1
    assert "make lab" in told


def test_an_old_engine_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "bin"
    old.mkdir()
    (old / "docker").write_text("#!/bin/sh\necho Docker version 19.03.1, build x\n")
    (old / "docker").chmod(0o755)
    code, told = lab("up", folder=tmp_path, PATH=f"{old}:{os.environ['PATH']}")
    assert code == 1
    assert "Docker 20.10 or newer" in told
