"""Room on a full disk out of logs that a team lets be emptied, and the containers that gave up for want of it started again.

`looking` prints which of those logs lie on a full file system; `make_room` is the change. Nothing that settings do not name is touched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from firstfive.incident.packs.packed import STRICT, Packed, quoted

NAME = "make-room"
TIMEOUT = timedelta(minutes=3)
FULL = 95  # percent of bytes, the page's own word for a full disk
LEAST, KEEP = 1024 * 1024, 256 * 1024
PATTERN = re.compile(r"/[A-Za-z0-9._/*?-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """One log on a full file system: absolute path, bytes, and how full that file system is in percent."""

    path: str
    size: int
    used: int


def looking(patterns: Sequence[str]) -> str:
    """Bash that prints the logs of these patterns which are of some size and lie on a full file system. It only looks."""
    return f"""{STRICT}
set +f
for f in {" ".join(patterns)}; do
  if [ -L "$f" ] || [ ! -f "$f" ]; then continue; fi
  used=$(LC_ALL=C df -P -- "$f" | awk 'NR == 2 {{ sub("%", "", $5); print $5 }}')
  size=$(stat -c %s -- "$f")
  if [ "$used" -ge {FULL} ] && [ "$size" -ge {LEAST} ]; then printf 'log %s %s %s\\n' "$used" "$size" "$f"; fi
done
"""


def filling(told: str) -> tuple[Filling, ...]:
    """What `looking` printed, the largest first."""
    found = []
    for line in told.splitlines():
        row = line.split(" ", 3)
        if len(row) == 4 and row[0] == "log" and row[1].isdigit() and row[2].isdigit() and row[3].isprintable():
            found.append(Filling(path=row[3], size=int(row[2]), used=int(row[1])))
    return tuple(sorted(found, key=lambda one: -one.size))


def make_room(found: Sequence[Filling], *, folder: str) -> Packed:
    """Empty these logs but for their last lines, which are kept below `folder` (a word of bash) where there is room for them."""
    files = " ".join(quoted(one.path) for one in found)
    head = f"{STRICT}\nfiles=({files})\n"
    shown = ", ".join(f"{one.path} ({one.size // LEAST} MiB)" for one in found[:5])
    return Packed(
        name=NAME,
        script=head + _EMPTY.format(folder=folder, keep=KEEP),
        undo="",
        verify=head + _VERIFY.format(full=FULL),
        why=f"the disk is full to {max(one.used for one in found)} %, and these logs lie on it: {shown}",
        timeout=TIMEOUT,
        warnings=(
            f"all but the last {KEEP // 1024} KiB of each is gone afterwards: keep evidence first where it is needed",
            "whatever fills the log goes on: rotate it",
        ),
    )


# Emptied in place: who writes into it holds it open, and would go on filling a file that was removed.
_EMPTY = """umask 077
kept={folder}/logs
mkdir -p -m 700 -- "$kept"
for f in "${{files[@]}}"; do
  if [ -L "$f" ] || [ ! -f "$f" ]; then echo "$f is no file any more" >&2; exit 1; fi
  last=$kept/$(printf %s "$f" | tr -c 'A-Za-z0-9._-' _)
  tail -c {keep} -- "$f" >"$last" 2>/dev/null || rm -f -- "$last"
  : >"$f"
  echo "emptied: $f"
done
disks=$(df -P -- "${{files[@]}}" | awk 'NR > 1 {{ print $6 }}' | sort -u)
for id in $(docker ps -q --filter status=restarting); do
  docker inspect -f '{{{{range .Mounts}}}}{{{{println .Source}}}}{{{{end}}}}' "$id" | while read -r source; do
    if [ -n "$source" ] && df -P -- "$source" 2>/dev/null | awk 'NR == 2 {{ print $6 }}' | grep -qxF -- "$disks"; then
      docker restart -t 5 "$id"
      break
    fi
  done
done
df -P -h -- "${{files[@]}}"
"""

_VERIFY = """for f in "${{files[@]}}"; do
  used=$(LC_ALL=C df -P -- "$f" | awk 'NR == 2 {{ sub("%", "", $5); print $5 }}')
  echo "$f: its disk is full to $used %"
  [ "$used" -lt {full} ]
done
"""
