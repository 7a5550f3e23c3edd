"""Evidence is whole or absent, proves itself, follows no link, overwrites nothing, and holds no value of a container's variables."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstfive.errors import Refused
from firstfive.incident.packs.evidence import evidence
from firstfive.incident.packs.packed import Packed
from firstfive.shell.risk import Verdict, judge
from lab.engine import engine

NOW = datetime(2026, 11, 23, 17, 42, 5, tzinfo=UTC)
SINCE = NOW - timedelta(hours=2)


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script], env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )


def pack(tmp_path: Path, *files: str | Path, cap: int = 64 * 1024, containers: tuple[str, ...] = ()) -> Packed:
    return evidence(
        "INC-7",
        now=NOW,
        since=SINCE,
        files=tuple(str(f) for f in files),
        containers=containers,
        cap=cap,
        root=str(tmp_path / "incidents"),
    )


def folder(tmp_path: Path) -> Path:
    return tmp_path / "incidents/2026-11-23-INC-7/174205Z"


def test_files_are_copied_and_the_manifest_proves_them(tmp_path: Path) -> None:
    log, odd = tmp_path / "access.log", tmp_path / "a 'quoted' $(touch x) name;.log"
    log.write_text("203.0.113.7 GET /\n" * 100)
    odd.write_bytes(bytes(range(256)))
    packed = pack(tmp_path, log, odd)
    ran = run(packed.script)
    assert ran.returncode == 0, ran.stderr
    kept = folder(tmp_path)
    assert (kept / "file-01-access.log").read_bytes() == log.read_bytes()
    assert odd.read_bytes() in [f.read_bytes() for f in kept.glob("file-02-*")]
    checked = subprocess.run(
        ["sha256sum", "-c", "MANIFEST.sha256"], cwd=kept, capture_output=True, text=True, check=True
    )
    assert checked.stdout.count(": OK") == 3
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in kept.iterdir()} == {0o400}
    assert not (tmp_path / "x").exists()
    shown = run(packed.verify)
    assert shown.returncode == 0
    assert f"file-01-access.log: {log}, 1800 bytes" in shown.stdout


def test_run_twice_it_proves_what_is_there_and_copies_nothing(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("before\n")
    packed = pack(tmp_path, log)
    assert run(packed.script).returncode == 0
    log.write_text("after\n")
    again = run(packed.script)
    assert again.returncode == 0
    assert "kept already" in again.stdout
    assert (folder(tmp_path) / "file-01-access.log").read_text() == "before\n"


def test_a_changed_copy_is_found_and_not_overwritten(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("before\n")
    packed = pack(tmp_path, log)
    assert run(packed.script).returncode == 0
    copy = folder(tmp_path) / "file-01-access.log"
    copy.chmod(0o600)
    copy.write_text("forged\n")
    assert run(packed.verify).returncode != 0
    assert run(packed.script).returncode != 0
    assert copy.read_text() == "forged\n"


def test_a_symbolic_link_is_not_followed_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    secret = tmp_path / "real/secret"
    secret.write_text("key\n")
    (tmp_path / "link").symlink_to(secret)
    (tmp_path / "way").symlink_to(tmp_path / "real")
    log = tmp_path / "app.log"
    log.write_text("line\n")
    ran = run(
        pack(tmp_path, tmp_path / "link", tmp_path / "way/secret", tmp_path / "real", tmp_path / "gone", log).script
    )
    assert ran.returncode == 0, ran.stderr
    assert sorted(f.name for f in folder(tmp_path).iterdir()) == ["MANIFEST.sha256", "NOTES.txt", "file-05-app.log"]
    for why in ("a symbolic link, which", "a folder on the way is", "not a regular file", "it is not there"):
        assert why in ran.stdout


def test_of_a_long_file_the_end_is_kept_and_that_is_said(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"old\n" * 1000 + b"new\n" * 256)
    ran = run(pack(tmp_path, log, cap=1024).script)
    assert ran.returncode == 0, ran.stderr
    assert (folder(tmp_path) / "file-01-access.log").read_bytes() == b"new\n" * 256
    assert "only its last 1024 bytes" in ran.stdout


def test_when_nothing_can_be_kept_it_fails_and_says_so(tmp_path: Path) -> None:
    ran = run(pack(tmp_path, tmp_path / "gone").script)
    assert ran.returncode == 1
    assert "it is not there" in ran.stderr
    assert not folder(tmp_path).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system can be mounted by root only")
@pytest.mark.parametrize("known", [True, False], ids=["seen before", "while it copies"])
def test_on_a_full_disk_there_are_no_half_results(tmp_path: Path, known: bool) -> None:
    big, small = tmp_path / "big.log", tmp_path / "a.log"
    small.write_bytes(b"x" * 60_000)
    big.write_bytes(b"y" * 4_000_000)
    root = tmp_path / "incidents"
    root.mkdir()
    packed = pack(tmp_path, small, big, cap=8_000_000)
    script = packed.script if known else packed.script.replace("need=$((need + ", "need=$((need + 0 * ")
    around = f'mount -t tmpfs -o size=2m none {root} || exit 99; bash -c "$1"; end=$?; find {root} -type f -size +0; exit $end'
    ran = subprocess.run(
        ["unshare", "--mount", "bash", "-c", around, "around", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    assert "nothing was kept" in ran.stderr
    assert ran.stdout.strip() == "", "no piece of it is left"


@pytest.mark.process
@pytest.mark.xdist_group("engine")
@pytest.mark.timeout(180)
def test_containers_are_kept_with_their_secrets_masked(tmp_path: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="ff", ignore_cleanup_errors=True) as lab_folder,
        engine(Path(lab_folder)) as lab,
    ):
        lab.release("shop", "1.4.1", "echo ready; echo trouble >&2; sleep 600")
        words = [
            "run",
            "-d",
            "--network",
            "none",
            "--name",
            "nickapp-backend",
            "-e",
            "JWT_SECRET=hush-hush=1",
            "--health-cmd",
            "exit 0",
        ]
        lab.docker(*words, "shop:1.4.1", "sh", "/run", "-a", "hush-arg", "--pass=hush")
        wait = "until docker logs nickapp-backend 2>&1 | grep -q trouble; do sleep 0.1; done"
        assert run(f"timeout 30 bash -c {shlex.quote(wait)}", **lab.environment).returncode == 0
        packed = evidence(
            "INC-7",
            now=NOW,
            since=datetime(2020, 1, 1, tzinfo=UTC),
            containers=("nickapp-backend", "nickapp-gone"),
            root=str(tmp_path / "incidents"),
        )
        ran = run(packed.script, **lab.environment)
    assert ran.returncode == 0, ran.stderr
    kept = folder(tmp_path)
    log = (kept / "container-nickapp-backend.log").read_text()
    assert "ready" in log
    assert "trouble" in log
    state = (kept / "container-nickapp-backend.inspect.txt").read_text()
    assert "env JWT_SECRET=(masked)\n" in state
    assert "image shop:1.4.1 sha256:" in state
    assert "status running exit=0 oom=false" in state
    assert re.search(r"^health (starting|healthy) failing=0$", state, re.MULTILINE)
    assert "runs sh (masked) (masked) (masked) --pass\n" in state
    assert not any("hush" in f.read_text() for f in kept.iterdir())
    assert "left out container nickapp-gone" in ran.stdout


def test_a_journal_that_is_not_there_is_noted(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("line\n")
    packed = evidence("INC-7", now=NOW, since=SINCE, files=(str(log),), journal=True, root=str(tmp_path / "incidents"))
    tools = tmp_path / "tools"
    tools.mkdir()
    journal = tools / "journalctl"
    journal.write_text("#!/bin/sh\nexit 1\n")
    journal.chmod(0o755)
    ran = run(packed.script, PATH=f"{tools}:{os.environ['PATH']}")
    assert ran.returncode == 0, ran.stderr
    assert "left out the journal" in ran.stdout


def test_the_script_changes_and_the_look_only_looks(tmp_path: Path) -> None:
    packed = pack(tmp_path, "/opt/backend/nginx/logs/access.log", containers=("nickapp-backend",))
    assert judge(packed.script).verdict is Verdict.CHANGING
    assert judge(packed.verify).verdict is Verdict.READ_ONLY
    assert packed.undo == ""
    assert packed == pack(tmp_path, "/opt/backend/nginx/logs/access.log", containers=("nickapp-backend",))


@pytest.mark.parametrize(
    ("incident", "files", "containers"),
    [
        ("INC-7", ("relative.log",), ()),
        ("INC-7", ("/var/log/../../etc/shadow",), ()),
        ("INC-7", ("/var/log/",), ()),
        ("INC-7", ("/var/log/a\nb",), ()),
        ("INC-7", (), ("$(reboot)",)),
        ("INC-7", (), ("--all",)),
        ("INC-7", (), ()),
        ("../7", ("/var/log/a",), ()),
        ("", ("/var/log/a",), ()),
    ],
)
def test_what_is_no_name_or_path_is_refused(incident: str, files: tuple[str, ...], containers: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        evidence(incident, now=NOW, since=SINCE, files=files, containers=containers)
