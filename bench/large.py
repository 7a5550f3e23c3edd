"""Logs of several gigabytes, plain and gzipped: how much memory a scan and a ranking take, and that one hour costs the same in any size.

`make bench` runs it; SIZE is the log in MB (default 5000). The hour is compared with mawk over a fifth of the log, as somebody would wait
for it. Prints MiB of the largest process and ratios of wall time (ours / mawk's: less than 1 is faster).
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import data
from log_scan import OURS
from offenders import HOUR, ours

ROOT = Path(__file__).resolve().parent.parent
SIZE = int(os.environ.get("SIZE", "5000"))
ROUNDS = 3
FILTER = ("--path", "/api/auth/login", "--status", "401", "--since", "2026-03-01T00:00", "--until", "2026-03-01T01:00")
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "PYTHONPATH": str(ROOT / "src")}


def peak(argv: list[str]) -> tuple[float, int]:
    """Seconds, and MiB of the largest process of one command."""
    began = time.perf_counter()
    said = subprocess.run(
        [sys.executable, "-c", PEAK, *argv], capture_output=True, text=True, env=environment(), check=True
    )
    return time.perf_counter() - began, int(said.stdout)


def seconds(argv: list[str] | str) -> float:
    began = time.perf_counter()
    subprocess.run(argv, capture_output=True, env=environment(), check=True, shell=isinstance(argv, str))
    return time.perf_counter() - began


def packed(log: Path) -> Path:
    made = log.with_suffix(".gz")
    with (
        made.open("wb") as file,
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as squeezed,
        log.open("rb") as plain,
    ):
        shutil.copyfileobj(plain, squeezed, 1 << 20)
    return made


def scans(folder: Path) -> None:
    log = folder / "mixed.log"
    data.make("mixed", log, SIZE * 10**6)
    asked = folder / "asked.json"
    asked.write_text(json.dumps(data.patterns(1000, mixed=True)))
    for file in (log, packed(log)):
        took, most = peak([sys.executable, "-c", OURS, str(file), str(asked), str(folder / "cache"), "2"])
        print(
            f"large: {SIZE} MB of {file.suffix} scanned for 1,000 mixed patterns in {took:.1f} s, {most} MiB (goal < 200)"
        )
        file.unlink()


def rankings(folder: Path) -> None:
    log, part = folder / "access.log", folder / "part.log"
    data.make("access", log, SIZE * 10**6)
    with log.open("rb") as whole, part.open("wb") as first:
        for _ in range(SIZE // 5):
            first.write(whole.read(10**6))
        first.write(whole.readline())
    hour = [
        (
            seconds(ours(log, *FILTER, jobs=1)),
            seconds(ours(part, *FILTER, jobs=1)),
            seconds(HOUR.replace("FILE", str(part))),
        )
        for _ in range(ROUNDS)
    ]
    beside, growth = (median(mine / their for mine, _, their in hour), median(mine / small for mine, small, _ in hour))
    print(
        f"large: one filtered hour of {SIZE} MB: {beside:.3f}x mawk on {SIZE // 5} MB (goal 0.067x), "
        f"{growth:.2f}x its own time on {SIZE // 5} MB"
    )
    part.unlink()
    took, most = peak(ours(log, jobs=2))
    print(f"large: {SIZE} MB ranked in {took:.1f} s, {most} MiB (goal <= 128)")
    took, most = peak(ours(packed(log), jobs=1))
    print(f"large: {SIZE} MB gzipped ranked in {took:.1f} s, {most} MiB (goal <= 128)")


def main() -> int:
    """Print what the two take; the exit code is 0, since a figure is shown and not judged."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if shutil.disk_usage(folder).free < 3 * SIZE * 10**6:
            print(f"large: not measured; needs {3 * SIZE // 1000} GB of free disk in {folder.parent}")
            return 0
        scans(folder)
        rankings(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
