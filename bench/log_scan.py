"""A log scanned for many patterns, by pattern and minute with samples, beside ripgrep's bare count of matching lines.

`make bench` runs it; SIZE is the log in MB (default 200, the goals are for 1000). Rounds are interleaved; that the counts are right is the
tests' part. Of every ripgrep that is there (the system's, a newer wheel's) the fastest counts, set by set. Needs one; says so and ends
well without. Prints ratios of wall time (ripgrep's / ours: more than 1 is faster).
"""

from __future__ import annotations

import json
import os
import re
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
GOALS = {("mix1000", 1): 3.0, ("mix1000", 2): 4.5, ("lit30", 1): 0.6, ("storm", 1): 2.0}
OURS = """
import json, sys
from pathlib import Path
from firstfive.probes.logs.patterns import Pattern
from firstfive.probes.logs.workers import scan_log
patterns = [Pattern(id=str(n), text=text, regex=regex) for n, (text, regex) in enumerate(json.loads(Path(sys.argv[2]).read_text()))]
tally = scan_log(Path(sys.argv[1]), patterns, cache=Path(sys.argv[3]), jobs=int(sys.argv[4]))
print(json.dumps([one.lines for one in tally.seen]))
"""


def escaped(text: str) -> str:
    """A plain text as an expression that every engine reads alike."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


PATIENCE = 60.0  # seconds; ripgrep takes hours for a thousand mixed patterns on a gigabyte


def ran(argv: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Seconds and output; what is not done within PATIENCE is ended and counts as PATIENCE."""
    began = time.perf_counter()
    try:
        said = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return PATIENCE, ""
    assert said.returncode == 0, said.stderr[-500:]
    return time.perf_counter() - began, said.stdout


def fastest_of(greps: list[str], words: list[str], environment: dict[str, str]) -> str:
    """The one that is done first; a slower one is ended as soon as it has taken twice as long."""
    best, limit = greps[-1], PATIENCE
    for grep in reversed(greps):
        began = time.perf_counter()
        try:
            subprocess.run([grep, *words], capture_output=True, env=environment, check=True, timeout=limit)
        except subprocess.TimeoutExpired:
            continue
        took = time.perf_counter() - began
        if 2 * took < limit:
            best, limit = grep, 2 * took
    return best


def main() -> int:
    """Print a ratio a set and number of processes; the exit code is 0, since a figure is shown and not judged."""
    wheel = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive/ripgrep/bin/rg"
    greps = [name for name in (shutil.which("rg"), str(wheel)) if name and Path(name).exists()]
    if not greps:
        print("log scan: not measured; needs ripgrep (apt-get install ripgrep)")
        return 0
    for grep in greps:
        print(
            f"log scan: {subprocess.run([grep, '--version'], capture_output=True, text=True, check=True).stdout.split(chr(10))[0]}"
        )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONPATH": str(ROOT / "src")}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        log = folder / "mixed.log"
        data.make("mixed", log, SIZE * 10**6)
        storm = folder / "storm.log"
        data.make("dense", storm, SIZE * 10**6 // 2)
        for name, count, file in (
            ("lit30", 30, log),
            ("lit1000", 1000, log),
            ("mix1000", 1000, log),
            ("storm", 1000, storm),
        ):
            chosen = data.patterns(count, mixed=name == "mix1000")
            words, asked = folder / name, folder / f"{name}.json"
            asked.write_text(json.dumps(chosen))
            plain = not any(regex for _, regex in chosen)
            words.write_text("\n".join(text if plain or regex else escaped(text) for text, regex in chosen) + "\n")
            for jobs in (1, 2):
                ours = [sys.executable, "-c", OURS, str(file), str(asked), str(folder / "cache"), str(jobs)]
                words_of = ["--no-mmap", "-c", *(["-F"] if plain else []), "-f", str(words), str(file)]
                ran(ours, environment)
                fastest = fastest_of(greps, words_of, environment)
                theirs = [fastest, *words_of]
                pairs = [(ran(ours, environment)[0], ran(theirs, environment)[0])]
                ended = pairs[0][1] >= PATIENCE  # once is enough to know that it is not done
                pairs += [
                    (ran(ours, environment)[0], ran(theirs, environment)[0]) for _ in range(0 if ended else ROUNDS - 1)
                ]
                ratio = median(their / mine for mine, their in pairs)
                goal = GOALS.get((name, jobs))
                print(
                    f"log scan, {name}, {jobs} process(es), {SIZE} MB: {'more than ' if ended else ''}{ratio:.2f}x ripgrep's bare count"
                    + (f", which was ended after {PATIENCE:g} s" if ended else "")
                    + (f" (goal {goal}x)" if goal else "")
                )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"log scan: the largest process took {peak} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
