"""A folder as a host, with a `docker` and an `nginx` that write down how they were called."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

DOCKER = """#!/bin/sh
echo "docker $*" >> "$CALLS"
case "$*" in
*"ps -a -q"*) echo one ;;
inspect*) printf 'shop running\\nredis restarting\\nwatchtower exited\\n' ;;
"ps -q --filter status=restarting") ;;
esac
env | grep -E '^(SECRET|MODE)=' >> "$CALLS.env"
exit 0
"""
NGINX = """#!/bin/sh
echo "nginx $*" >> "$CALLS"
case "$*" in *-t*) test ! -e "$CALLS.broken" ;; esac
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """`folder` is where steps run."""

    folder: Path

    @property
    def calls(self) -> list[str]:
        """How the two programs were called."""
        held = self.folder / "calls"
        return held.read_text().splitlines() if held.exists() else []

    def bash(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a script there."""
        environment = os.environ | {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "CALLS": f"{self.folder}/calls"}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def told(self, script: str) -> str:
        """What a script prints that ends well."""
        ran = self.bash(script)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


def host(folder: Path) -> Host:
    """A host in that folder."""
    (folder / "bin").mkdir()
    for name, text in (("docker", DOCKER), ("nginx", NGINX)):
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    return Host(folder=folder)
