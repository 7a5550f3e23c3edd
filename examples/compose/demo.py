"""The main job on the lab: a real engine, a bad release of the backend and a dead Redis, from first symptom to post-mortem.

`make demo LAB=1` runs it, with a scripted person. The lab is new and gone at the end.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import drills  # noqa: E402 - beside this file

import lab  # noqa: E402 - beside this file

FAULTS = ("redis-stopped", "backend-bad-deploy")


def main() -> int:
    """0 when both were answered rightly."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    good = True
    try:
        with lab.of_its_own():
            settings = lab.lay_vault(None)
            with drills.served(settings):
                for fault in FAULTS:
                    good &= watched(settings, fault)
                wrote = sorted((settings.parent / "postmortems").glob("*.md"))
                if wrote:
                    print("\n== a post-mortem, as it lies in the vault\n")
                    print("\n".join(wrote[0].read_text(encoding="utf-8").splitlines()[:40]))
    except lab.LabError as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0 if good else 1


def watched(settings: Path, fault: str) -> bool:
    """One drill, its words as they come."""
    print(f"\n== {fault}", flush=True)
    argv = [*lab.door(drills.ROOT), sys.executable, "-m", "firstfive", "drill", "run", fault]
    ran = subprocess.run([*argv, "--config", str(settings)], env=drills.environment(), check=False, timeout=600)
    return ran.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
