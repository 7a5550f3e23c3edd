"""The files that a stack is made of, as they were when all was well: kept beside the target's own memory, and put back on a yes.

`keeping` is run now and then by a probe, `looking` when an incident is on, `put_back` is the change. Copies never leave the target: what
comes back to us are names of files and variables, and lines of files that hold no variables, never a value of an env file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from firstfive.incident.packs.packed import STRICT, Packed, instant, quoted

NAME = "put-back"
TIMEOUT = timedelta(minutes=3)
LARGEST, VERSIONS, SHOWN = 1024 * 1024, 12, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept: `compose` are files that `docker compose up` takes up (Compose files and env files), `nginx` those that nginx reads.

    Paths are absolute or below the folder where steps run. `folder` is a word of bash: where copies lie. A version that stood `settled`
    without an incident is a good one. `call` are the words that call nginx.
    """

    folder: str
    compose: tuple[str, ...] = ()
    nginx: tuple[str, ...] = ()
    call: tuple[str, ...] = ("nginx",)
    settled: timedelta = timedelta(minutes=10)

    @property
    def files(self) -> tuple[str, ...]:
        """All of them, in the order in which their copies are numbered."""
        return (*self.compose, *self.nginx)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The files differ from the last good version. `seen` and `good` name the two versions; `since` is when the present one appeared.

    `files` are the numbers of those that differ; `told` says what differs, one sentence a file.
    """

    seen: str
    good: str
    since: datetime
    good_until: datetime
    files: tuple[int, ...]
    told: tuple[str, ...]


# A version is named by a sum over all files and a salt that never leaves the target, so that nobody can guess a value from the name.
_HEAD = """{strict}
umask 077
kept={folder}/{list}
files=({files})
sum_of() {{
  local n=0 at
  for f in "${{files[@]}}"; do
    at=${{1:+$1/$n}}; at=${{at:-$f}}
    printf '%s ' "$f"
    if [ -f "$at" ]; then sha256sum <"$at"; else echo none; fi
    n=$((n + 1))
  done | cat "$kept/salt" - | sha256sum | cut -c1-20
}}
copy() {{
  local n=0 new
  new=$(mktemp -d "$kept/new.XXXXXX")
  for f in "${{files[@]}}"; do
    if [ -f "$f" ]; then head -c {largest} -- "$f" >"$new/$n"; fi
    n=$((n + 1))
  done
  # A file that was being written meanwhile is looked at again next time.
  if [ "$(sum_of "$new")" = "$1" ] && mv -T -- "$new" "$kept/$1" 2>/dev/null; then return 0; fi
  rm -rf -- "$new"
  [ -d "$kept/$1" ]
}}
keys() {{ sed -nE 's/^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=.*/\\2/p' | sort -u; }}
recall() {{ was='' since=0 calm=0 before=''; [ ! -s "$kept/current" ] || read -r was since calm before <"$kept/current" || true; }}
"""

_KEEP = """
mkdir -p -m 700 -- "$kept"
if [ ! -s "$kept/salt" ]; then
  od -An -N32 -tx1 /dev/urandom >"$kept/salt.$$"
  ln -T -- "$kept/salt.$$" "$kept/salt" 2>/dev/null || true
  rm -f -- "$kept/salt.$$"
fi
sum=$(sum_of) now=$(date +%s)
[ -d "$kept/$sum" ] || copy "$sum" || exit 0
recall
if [ "$was" != "$sum" ]; then
  if [ -n "$was" ] && [ -e "$kept/$was/good" ]; then before=$was; fi
  since=$now calm=0
fi
if [ {well} = 1 ]; then [ "$calm" != 0 ] || calm=$now; else calm=0; fi
if [ "$calm" != 0 ] && [ $((now - calm)) -ge {settled} ]; then : >"$kept/$sum/good"; fi
printf '%s %s %s %s\\n' "$sum" "$since" "$calm" "$before" >"$kept/current.new"
mv -T -- "$kept/current.new" "$kept/current"
find "$kept" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\\n' | sort -rn | tail -n +{versions} | while read -r _ old; do
  case $old in "$sum" | "$before") ;; *) rm -rf -- "${{kept:?}}/$old" ;; esac
done
"""

_LOOK = """
[ -s "$kept/salt" ] || exit 0
sum=$(sum_of)
recall
if [ "$was" != "$sum" ]; then
  if [ -n "$was" ] && [ -e "$kept/$was/good" ]; then before=$was; fi
  since=$(date +%s)
fi
if [ -e "$kept/$sum/good" ]; then exit 0; fi  # all was well with it for long enough: it is not the cause
if [ -z "$before" ] || [ "$before" = "$sum" ] || [ ! -e "$kept/$before/good" ]; then exit 0; fi
printf 'versions %s %s %s %s\\n' "$sum" "$before" "$since" "$(stat -c %Y "$kept/$before/good")"
line_of() { grep -E "^[[:space:]]*(export[[:space:]]+)?$2=" "$1" 2>/dev/null | tail -n 1 || true; }
n=0
for f in "${files[@]}"; do
  then=$kept/$before/$n
  if [ ! -f "$then" ]; then
    if [ -f "$f" ]; then printf 'file %s new\\n' "$n"; fi
  elif ! cmp -s -- "$then" "$f"; then
    printf 'file %s %s\\n' "$n" "$(if [ -f "$f" ]; then echo changed; else echo gone; fi)"
    case " $envs " in
    *" $n "*)
      { cat -- "$then" "$f" 2>/dev/null || true; } | keys |
        while read -r key; do
          one=$(line_of "$then" "$key") two=$(line_of "$f" "$key")
          if [ "$one" = "$two" ]; then continue; fi
          if [ -z "$two" ]; then how=gone; elif [ -z "$one" ]; then how=new; else how=other; fi
          printf 'key %s %s %s\\n' "$n" "$how" "$key"
        done
      ;;
    *) { diff -U0 -- "$then" "$f" || true; } | sed -n '3,$p' | grep -E '^[+-]' | head -n 12 | cut -c1-160 | sed "s/^/line $n /" ;;
    esac
  fi
  n=$((n + 1))
done
"""


def keeping(kept: Kept, *, well: bool) -> str:
    """Bash that keeps the present version when it is a new one, and marks it good once it has stood long enough. `well`: no incident is on.

    It writes into our own folder on the target only.
    """
    words = {"well": int(well), "settled": int(kept.settled.total_seconds()), "versions": VERSIONS}
    return _head(kept) + _KEEP.format(**words)


def looking(kept: Kept) -> str:
    """Bash that prints what differs from the version that stood before the present one; nothing when none was good. It only looks."""
    numbers = (str(n) for n, name in enumerate(kept.compose) if not _is_yaml(name))
    return f"{_head(kept)}envs='{' '.join(numbers)}'\n{_LOOK}"


def changed(kept: Kept, told: str) -> Changed | None:
    """What `looking` printed; None when nothing differs, or when a file would have to be taken away, which is a person's to do."""
    rows = [line.split(" ", 3) for line in told.splitlines()]
    versions = next((row for row in rows if row[0] == "versions" and len(row) == 4), None)
    if versions is None:
        return None
    seen, good, times = versions[1], versions[2], versions[3].split()
    files = [int(row[1]) for row in rows if row[0] == "file" and row[2] in ("changed", "gone")]
    if not files or any(row[0] == "file" and row[2] == "new" for row in rows) or len(times) != 2:
        return None
    if not all(re.fullmatch(r"[0-9a-f]{20}", name) for name in (seen, good)):
        return None
    return Changed(
        seen=seen,
        good=good,
        since=datetime.fromtimestamp(int(times[0]), UTC),
        good_until=datetime.fromtimestamp(int(times[1]), UTC),
        files=tuple(files),
        told=tuple(_sentence(kept.files[n], n, rows) for n in files if n < len(kept.files)),
    )


_HOW = {"gone": "is gone", "new": "is new", "other": "has another value"}
_HELD = re.compile(r"(?i)((?:pass|secret|token|key|credential|auth|dsn)[\w.-]*[\"']?\s*[:=\s]\s*)\S.*")


def _sentence(name: str, number: int, rows: Sequence[Sequence[str]]) -> str:
    mine = [row for row in rows if len(row) == 4 and row[1] == str(number)]
    keys = [f"{row[3]} {_HOW.get(row[2], 'differs')}" for row in mine if row[0] == "key"]
    lines = [_HELD.sub(r"\1…", " ".join(row[2:])) for row in mine if row[0] == "line"]
    lines += [row[2] for row in rows if len(row) == 3 and row[0] == "line" and row[1] == str(number)]
    told = [*keys, *(" ".join(line.split()) for line in lines)]
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return f"{name}: {', '.join(told[:SHOWN])}{more}" if told else f"{name} differs"


def put_back(kept: Kept, found: Changed) -> Packed:
    """The files as they were, and what reads them told so: Compose makes anew what differs, nginx tests and reloads."""
    touched = {kept.files[n] for n in found.files}
    composed, proxied = bool(touched & set(kept.compose)), bool(touched & set(kept.nginx))
    return Packed(
        name=NAME,
        script=_swap(kept, frm=found.seen, to=found.good, composed=composed, proxied=proxied),
        undo=_swap(kept, frm=found.good, to=found.seen, composed=composed, proxied=proxied),
        verify=f'{_head(kept)}\n[ "$(sum_of)" = {found.good} ]\necho "the files are as they were at {instant(found.good_until)}"\n',
        why=f"changed since {instant(found.since)}: {'; '.join(found.told)}; all was well with them as they were before",
        timeout=TIMEOUT,
        warnings=(
            "what was changed on purpose in these files since then is put back as well",
            "whatever wrote the change, a person or a deploy, will write it again unless told",
        ),
    )


_SWAP = """
now=$(sum_of)
if [ "$now" = {to} ]; then echo "the files are so already"
elif [ "$now" != {frm} ]; then echo "the files are not what was looked at any more: look again" >&2; exit 1
else
  [ "$(sum_of "$kept/{to}")" = {to} ] || {{ echo "the copies of {to} are not whole" >&2; exit 1; }}
  copy {frm}
  n=0
  for f in "${{files[@]}}"; do
    # Written into the file that is there: one that is mounted into a container would stay the old one otherwise.
    if [ -f "$kept/{to}/$n" ] && ! cmp -s -- "$kept/{to}/$n" "$f"; then cat -- "$kept/{to}/$n" >"$f"; echo "put back: $f"; fi
    n=$((n + 1))
  done
fi
"""

# Compose takes a variable of the shell before one of the env file, and the shell may have read the file before it was put back.
_COMPOSED = """
for key in $(cat /dev/null {env} 2>/dev/null | keys); do
  case $key in PATH | HOME | DOCKER_* | COMPOSE_*) ;; *) unset "$key" ;; esac
done
names=$({{
  # One that goes away between the list and the question is somebody else's doing.
  docker compose {options} ps -a -q |
    xargs -r docker inspect -f '{{{{index .Config.Labels "com.docker.compose.service"}}}} {{{{.State.Status}}}}' || true
}} | awk '$2 != "exited" && $2 != "paused" {{print $1}}')
if [ -n "$names" ]; then docker compose {options} up -d --no-deps $names; fi
"""

_PROXIED = """
if ! {call} -t; then
  n=0
  for f in "${{files[@]}}"; do if [ -f "$kept/{frm}/$n" ]; then cat -- "$kept/{frm}/$n" >"$f"; fi; n=$((n + 1)); done
  echo "nginx does not take it: the files are as they were" >&2
  exit 1
fi
{call} -s reload
"""


def _swap(kept: Kept, *, frm: str, to: str, composed: bool, proxied: bool) -> str:
    text = _head(kept) + _SWAP.format(frm=frm, to=to)
    if proxied:
        text += _PROXIED.format(frm=frm, call=" ".join(quoted(word) for word in kept.call))
    if composed:
        options = " ".join(f"-f {quoted(name)}" for name in kept.compose if _is_yaml(name))
        others = [(n, quoted(name)) for n, name in enumerate(kept.compose) if not _is_yaml(name)]
        both = " ".join(f'{name} "$kept/{frm}/{n}"' for n, name in others)
        text += _COMPOSED.format(env=both, options=options)
    return text


def _is_yaml(name: str) -> bool:
    return name.endswith((".yml", ".yaml"))


def _head(kept: Kept) -> str:
    named = hashlib.sha256("\n".join(kept.files).encode()).hexdigest()[:8]
    files = " ".join(quoted(name) for name in kept.files)
    return _HEAD.format(strict=STRICT, folder=kept.folder, list=named, files=files, largest=LARGEST)
