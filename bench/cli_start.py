"""How fast commands answer, as ratios to a bare `python -c pass` of the same environment, in pairs, interleaved.

`make bench` runs it. Ratios only: absolute times say more about the machine than about the program.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 25
BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent


def wall(argv: list[str], env: dict[str, str], cwd: Path) -> float:
    """Seconds of one whole process."""
    began = time.perf_counter()
    subprocess.run(argv, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began


def ratios() -> dict[str, float]:
    """Median of pair-wise ratios for `--help` and `status`."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        vault = Path(folder)
        (vault / "firstfive.toml").write_text('page = "Incident Response.md"\n')
        (vault / "Incident Response.md").write_bytes((ROOT / "examples/demo/vault/Incident Response.md").read_bytes())
        declared = subprocess.run(
            [BIN / "firstfive", "declare", "bench", "--json"],
            cwd=vault,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if declared.returncode != 0:
            raise SystemExit(f"bench: the journal could not be made: {declared.stderr}")
        bare = [sys.executable, "-c", "pass"]
        found: dict[str, float] = {}
        for name, argv in {
            "--help": [str(BIN / "firstfive"), "--help"],
            "status": [str(BIN / "firstfive"), "status"],
        }.items():
            pairs = []
            for _ in range(ROUNDS):
                base = wall(bare, environment, vault)
                pairs.append(wall(argv, environment, vault) / base)
            found[name] = statistics.median(pairs)
        return found


def main() -> int:
    """Print the table; exit 1 when a budget is broken."""
    budgets = {"--help": 1.6, "status": 3.0}
    ok = True
    print("command    x bare python    budget")
    for name, ratio in ratios().items():
        within = ratio <= budgets[name]
        ok &= within
        print(f"{name:<10} {ratio:>13.2f}    {budgets[name]:>6}  {'ok' if within else 'OVER'}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
