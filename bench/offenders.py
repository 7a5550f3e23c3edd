"""Who stands in an access log how often, beside the pipelines that people type: awk, sort and uniq, mawk, zcat.

`make bench` runs it; SIZE is the log in MB (default 200, the goals are for 1000 and more). Rounds are interleaved, equal answers are
checked first. Prints ratios of wall time (ours / theirs: less than 1 is faster).
"""

from __future__ import annotations

import gzip
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

import data  # noqa: E402

SIZE = int(os.environ.get("SIZE", "200"))
ROUNDS = 3
TOP = "awk '{print $1}' FILE | sort | uniq -c | sort -rn | head -10"
HOUR = (
    'mawk \'$4 >= "[01/Mar/2026:00:00:00" && $4 < "[01/Mar/2026:01:00:00" && $7 ~ /^.api.auth.login/ && $9 == 401'
    " {c[$1]++} END {for (a in c) print c[a], a}' FILE | sort -rn | head -10"
)
ZCAT = "zcat FILE | awk '{print $1}' | sort | uniq -c | sort -rn | head -10"


def ours(file: Path, *words: str, jobs: int) -> list[str]:
    return [sys.executable, "-m", "firstfive", "offenders", str(file), "--jobs", str(jobs), *words]


def ran(argv: list[str] | str) -> tuple[float, str]:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONPATH": str(ROOT / "src")}
    began = time.perf_counter()
    said = subprocess.run(
        argv, capture_output=True, text=True, env=environment, check=True, shell=isinstance(argv, str)
    )
    return time.perf_counter() - began, said.stdout


def pairs_of(text: str) -> list[tuple[int, str]]:
    """(count, address) of either output, without our remarks."""
    rows = [line.split() for line in text.splitlines() if line[:1] in " 123456789" and line.split()[0].isdigit()]
    return sorted((int(row[0]), row[1]) for row in rows)


def measured(name: str, mine: list[str], their: str, goal: float) -> None:
    counts = [count for count, _ in pairs_of(ran(mine)[1])]
    assert counts == [count for count, _ in pairs_of(ran(their)[1])], f"{name}: the answers differ"
    rounds = [(ran(mine)[0], ran(their)[0]) for _ in range(ROUNDS)]
    print(f"offenders, {name}: {median(m / t for m, t in rounds):.2f}x its time (goal {goal}x)")


def beside_goaccess(log: Path, folder: Path) -> None:
    """GoAccess builds a whole report where we answer one question, so a tenth of the log shows enough."""
    if shutil.which("goaccess") is None:
        print("offenders, beside GoAccess: not measured; needs goaccess (apt-get install goaccess)")
        return
    part, report = folder / "part.log", folder / "report.json"
    with log.open("rb") as whole:
        part.write_bytes(whole.read(SIZE * 10**5).rpartition(b"\n")[0] + b"\n")
    theirs = (
        f"goaccess {part} --log-format=COMBINED --no-progress --no-global-config -o {report} </dev/null >/dev/null 2>&1"
    )
    mine, their = ran(ours(part, jobs=1))[0], ran(theirs)[0]
    print(
        f"offenders, whole log of {SIZE // 10} MB, one process, beside GoAccess's report: {mine / their:.3f}x its time"
    )


def main() -> int:
    """Print a ratio a question; the exit code is 0, since a figure is shown and not judged."""
    if shutil.which("mawk") is None:
        print("offenders: not measured; needs mawk")
        return 0
    with tempfile.TemporaryDirectory() as made:
        log = Path(made) / "access.log"
        data.make("access", log, SIZE * 10**6)
        measured(
            f"whole log of {SIZE} MB, two processes, beside awk|sort|uniq",
            ours(log, jobs=2),
            TOP.replace("FILE", str(log)),
            0.45,
        )
        hour = (
            "--path",
            "/api/auth/login",
            "--status",
            "401",
            "--since",
            "2026-03-01T00:00",
            "--until",
            "2026-03-01T01:00",
        )
        measured(
            f"one filtered hour of {SIZE} MB, beside mawk",
            ours(log, *hour, jobs=1),
            HOUR.replace("FILE", str(log)),
            0.07,
        )
        packed = log.with_suffix(".gz")
        with (
            packed.open("wb") as file,
            gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as squeezed,
            log.open("rb") as plain,
        ):
            shutil.copyfileobj(plain, squeezed)
        measured(
            f"gzipped log of {SIZE} MB, beside zcat|awk|sort|uniq",
            ours(packed, jobs=1),
            ZCAT.replace("FILE", str(packed)),
            0.45,
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"offenders: the largest process so far took {peak} MiB")
        beside_goaccess(log, Path(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
