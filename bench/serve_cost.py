"""What `firstfive serve` costs on the demo: seconds until it answers, resident memory through an incident, size of the installation.

`make bench` runs it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples" / "demo"))

from stage import Stage  # noqa: E402

ANSWER, MEMORY, INSTALLED = 1.0, 120, 120


def resident(pid: int) -> int:
    """MiB of resident memory, the highest so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


def installed() -> int:
    """MiB of what the core lock installs, read off its packages' own records, and of our sources."""
    from importlib.metadata import PackageNotFoundError, distribution

    total = 0
    for line in (ROOT / "lock" / "core.txt").read_text().splitlines():
        if "==" not in line or line.startswith(" "):
            continue
        try:
            files = distribution(line.split("==")[0]).files or []
        except PackageNotFoundError:
            continue
        total += sum(Path(f.locate()).stat().st_size for f in files if Path(f.locate()).is_file())
    ours = sum(f.stat().st_size for f in (ROOT / "src").rglob("*") if f.is_file())
    return (total + ours) // 2**20


def main() -> int:
    """Print the three figures against their budgets; exit 1 when one is broken."""
    with Stage() as stage:
        stage.start_shop()
        began = time.perf_counter()
        stage.start_firstfive()
        answered = time.perf_counter() - began
        stage.wait_quiet()
        stage.deploy_bad()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            incident = stage.newest()
            for waiting in incident["waiting"] if incident else ():
                stage.say(incident["id"], "approve", {"run": waiting["run"], "sha256": waiting["sha256"]})
            if incident and incident["postmortem"]:
                break
            time.sleep(0.1)
        assert stage._firstfive is not None
        memory = resident(stage._firstfive.pid)
    size = installed()
    rows = [
        ("serve answers after", answered, ANSWER, "s"),
        ("resident at most", memory, MEMORY, "MiB"),
        ("core install", size, INSTALLED, "MiB"),
    ]
    for name, value, budget, unit in rows:
        print(f"{name:<20} {value:>7.2f} {unit:<4} budget {budget} {unit}  {'ok' if value <= budget else 'OVER'}")
    return 0 if all(value <= budget for _, value, budget, _ in rows) else 1


if __name__ == "__main__":
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(ROOT / "src")], check=False)
    sys.exit(main())
