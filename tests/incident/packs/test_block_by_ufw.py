"""The real ufw in a namespace, with rules of its own: the deny stands before them, and a job of the host takes it away."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstfive.incident.packs.block import How, block
from incident.packs.network import need

HOUR = timedelta(hours=1)
OFFENDER = "203.0.113.7"

# A namespace of mounts and of the network for each script: ufw's own files are copies, its rules end with the script.
_INSIDE = """
set -e
ip link set lo up
for folder in /etc/ufw /etc/default /var/lib/ufw /run /var/spool/cron/atjobs /var/spool/cron/atspool; do
  mkdir -p "$folder" "$COPY$folder"
  [ -n "$(ls -A "$COPY$folder")" ] || cp -a "$folder/." "$COPY$folder/" 2>/dev/null || true
  mount --bind "$COPY$folder" "$folder"
done
ufw --force enable >/dev/null
"""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fenced:
    """A host with ufw switched on, whose files lie in `copy` and whose `at` daemon runs while a script does."""

    copy: Path

    def run(self, script: str, *, daemon: str = "atd") -> subprocess.CompletedProcess[str]:
        around = f'{_INSIDE}\n{daemon}\nset +e\nbash -c "$1"\nend=$?\npid=$(cat /run/atd.pid 2>/dev/null) && kill $pid\nexit $end'
        return subprocess.run(
            [
                "unshare",
                "--net",
                "--mount",
                "--pid",
                "--fork",
                "--mount-proc",
                "--kill-child",
                "bash",
                "-c",
                around,
                "around",
                script,
            ],
            env={k: v for k, v in os.environ.items() if not k.startswith("SSH_")} | {"COPY": str(self.copy)},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def must(self, script: str) -> str:
        ran = self.run(script)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout


@pytest.fixture
def host(tmp_path: Path) -> Fenced:
    need()
    for program in ("ufw", "atd"):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{program} is not installed")
            pytest.skip(f"{program} is not installed (tests/prepare installs it)")
    return Fenced(copy=tmp_path)


def test_the_deny_stands_before_the_rules_that_let_in(host: Fenced) -> None:
    packed = block(OFFENDER, expires=HOUR, now=now(), how=How.UFW)
    host.must("ufw allow 80/tcp")
    host.must(packed.script)
    added = [line for line in host.must("ufw show added").splitlines() if line.startswith("ufw ")]
    assert added[0].startswith(f"ufw deny from {OFFENDER} comment 'firstfive until ")
    assert added[1] == "ufw allow 80/tcp"
    chain = host.must("iptables -w -S ufw-user-input")
    assert chain.index(f"-s {OFFENDER}/32 -j DROP") < chain.index("--dport 80")
    assert OFFENDER in host.must(packed.verify)
    assert "it stands already" in host.must(packed.script)
    host.must(packed.undo)
    assert OFFENDER not in host.must("ufw show added")
    assert host.run(packed.verify).returncode == 1


def test_a_job_of_the_host_ends_it_and_spares_a_newer_one(host: Fenced) -> None:
    soon = block(OFFENDER, expires=timedelta(seconds=40), now=now(), how=How.UFW)
    host.must(soon.script)
    jobs = sorted((host.copy / "var/spool/cron/atjobs").glob("a*"))
    assert len(jobs) == 1
    job = re.search(r"^ufw show added.*$", jobs[0].read_text(), re.MULTILINE)
    assert job
    assert OFFENDER in host.must("ufw show added")
    host.must(job[0])
    assert OFFENDER not in host.must("ufw show added")
    newer = block(OFFENDER, expires=HOUR, now=now(), how=How.UFW)
    host.must(newer.script)
    assert host.run(job[0]).returncode == 1, "the older block's job finds its own rule gone"
    assert OFFENDER in host.must(newer.verify)


def test_the_jobs_time_is_the_blocks_end_or_the_full_minute_after_it(host: Fenced) -> None:
    start = now()
    packed = block(OFFENDER, expires=HOUR, now=start, how=How.UFW)
    listed = host.must(f"{packed.script}\nTZ=UTC atq")
    end = (start + HOUR + timedelta(minutes=1) - timedelta(microseconds=1)).replace(second=0, microsecond=0)
    assert f"{end:%H:%M}:" in listed


def test_without_at_systemd_is_given_a_timer_for_the_end_and_its_job_spares_a_newer_block(
    host: Fenced, tmp_path: Path
) -> None:
    """No systemd runs here: what it would be given is kept, its time is read by systemd's own reader, and its job is run by hand."""
    taken = tmp_path / "bin/systemd-run"
    taken.parent.mkdir()
    taken.write_text('#!/bin/sh\nprintf "%s\\0" "$@" >"$COPY/given"\n')
    taken.chmod(0o755)
    start = now()
    packed = block(OFFENDER, expires=HOUR, now=start, how=How.UFW)
    ran = host.run(f'mkdir -p /run/systemd/system; PATH="$COPY/bin:$PATH"\n{packed.script}', daemon="true")
    assert ran.returncode == 0, ran.stderr
    *options, shell, flag, job, _ = (tmp_path / "given").read_text().split("\0")
    assert (options[0], options[2], shell, flag) == ("--collect", "--timer-property=AccuracySec=1s", "sh", "-c")
    when = options[1].removeprefix("--on-calendar=")
    assert when == f"{start + HOUR:%Y-%m-%d %H:%M:%S} UTC"
    if shutil.which("systemd-analyze"):
        subprocess.run(["systemd-analyze", "calendar", when], check=True, capture_output=True, timeout=20)
    assert OFFENDER in host.must("ufw show added")
    host.must(job)
    assert OFFENDER not in host.must("ufw show added")
    newer = block(OFFENDER, expires=2 * HOUR, now=now(), how=How.UFW)
    host.must(newer.script)
    assert host.run(job).returncode == 1
    assert OFFENDER in host.must(newer.verify)


def test_without_anything_that_could_end_it_nothing_is_blocked(host: Fenced) -> None:
    ran = host.run(block(OFFENDER, expires=HOUR, now=now(), how=How.UFW).script, daemon="true")
    assert ran.returncode == 1
    assert "nothing here could end the block" in ran.stderr
    assert OFFENDER not in host.must("ufw show added")


def test_a_ufw_that_is_off_is_said(host: Fenced) -> None:
    ran = host.run(f"ufw disable >/dev/null\n{block(OFFENDER, expires=HOUR, now=now(), how=How.UFW).script}")
    assert ran.returncode == 1
    assert "ufw is not active" in ran.stderr
