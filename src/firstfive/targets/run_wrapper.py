"""The small sh programs that a target executes: a look, a run behind its gate, what is remembered of a run, and tidying up.

Called by `local` and `ssh`, which feed a program to `sh` on its stdin, so that no value shows in a process list. Only texts are
made here; nothing is started. The programs keep to POSIX sh (dash, busybox, bash) and need setsid, bash, sleep, head, tail and grep.
A program is one subshell: a shell that receives only a part of it executes nothing, and one that did it can do the next.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from shlex import quote

KEEP = 2 * 1024 * 1024  # bytes kept at each end of an output: 4 MiB together, which bounds what a server holds of it
TIMED_OUT = 124
GRACE = timedelta(seconds=5)  # between the polite and the hard signal of a run that took too long
KEPT_RUNS = 500  # collected runs whose output stays
KEPT_DAYS = 30
REMEMBERED_DAYS = 400  # that a run id was used is known for so long after its output was pruned

# Where the runs of one installation lie on a host, unless a path is given.
HOME_OF_RUNS = '"${XDG_STATE_HOME:-$HOME/.local/state}"/firstfive/'

# A variable that every process of one run or look carries: when its time is over, a child that left its session is found by it.
MARKED = "FIRSTFIVE_RUN"

# Find what carries the mark, as `left`, and signal it. What emptied its environment or runs as another user cannot be found; what
# is just becoming another program has no environment for a moment, so `reached` looks once more where it found nothing.
_MARKED = r"""
marked() {
  left=
  for found in $(grep -ls -- "FIRSTFIVE_RUN=$mark" /proc/[0-9]*/environ 2>/dev/null); do
    found=${found#/proc/}; left="$left ${found%/environ}"
  done
}
signalled() { marked; [ -z "$left" ] || kill -s "$1" $left; }
reached() { signalled "$1"; [ -n "$left" ] || { sleep 0.1; signalled "$1"; }; }
"""

# What was written is thinned out while the run writes, once a second, and at its end: a hole in the middle gives the disk back and
# leaves both ends and the size as they were. Where no hole can be made (busybox, some file systems) the file stays whole.
_THIN = r"""
thin() {
  [ -s "$run/out" ] || return 0
  size=$(($(wc -c <"$run/out")))
  [ "$size" -le "$((keep * 3))" ] || fallocate -p -o "$keep" -l "$((size - keep * 2))" "$run/out"
}
"""

# The shell that passes the gate looks after the run: creating the file `pid` is the gate. It has a session of its own already, given
# by sshd or by the local target, so it does not notice when whoever asked is gone; it tells the outcome to `rc` before it tells
# anybody. `rc` was made before and is overwritten in place, so an outcome can be told when the disk is full. The step gets a
# session of its own, so that the time limit reaches all of it; what was exported for it is not seen here.
_BEGIN = r"""
began= ended= stat= start=- me= hard= idle=
begin() {
  set -C; { printf ''; } >"$run/pid" || { set +C; return 0; }; set +C
  if read -r stat </proc/self/stat; then
    me=${stat%% *}; set -- ${stat##*) }; [ $# -lt 20 ] || { shift 19; start=$1; }
    read -r began stat </proc/uptime
  else me=$(exec sh -c 'echo "$PPID"'); fi
  if ! printf '%s %s %s\n' "$me" "$start" "$ours" >"$run/pid"; then
    printf '%-48s\n' refused 1<>"$run/rc"; rm -f -- "$run/pid"; return 0
  fi
  printf '%-48s\n' - 1<>"$run/rc"
  { unset SSH_CLIENT SSH_CONNECTION SSH_TTY; set -- "$cmd" "$mark"; given
    export "FIRSTFIVE_RUN=$2"; exec setsid bash --noprofile --norc -o pipefail "$1"; } </dev/null >"$run/out" 2>&1 & p=$!
  ( trap '[ "$!" = "$p" ] || kill -s KILL "$!"; exit' TERM; sleep "$seconds" & wait "$!"; trap - TERM
    printf '%-48s\n' timed 1<>"$run/rc"
    kill -s TERM -- "-$p"; signalled TERM; sleep "$grace"; kill -s KILL -- "-$p" ) </dev/null >/dev/null & dog=$!
  ( trap '[ "$!" = "$p" ] || [ "$!" = "$dog" ] || [ -n "$idle" ] || kill -s KILL "$!"; exit' TERM
    while sleep 1 & wait "$!" && kill -s 0 "$me"; do idle=no; thin; idle=; done ) </dev/null >/dev/null & saver=$!
  trap '' HUP INT PIPE TERM
  wait "$p"; rc=$?
  kill -s TERM "$dog" "$saver"; wait "$dog"; wait "$saver"
  stat=; read -r stat <"$run/rc"
  case $stat in timed*) n=0
    [ "$rc" -ne 137 ] || n=$((grace * 10))
    rc=124
    reached TERM
    while { kill -s 0 -- "-$p" || [ -n "$left" ]; } && [ "$n" -lt "$((grace * 10))" ]; do
      sleep 0.1; n=$((n + 1)); [ -z "$left" ] || marked
    done
    [ "$n" -lt "$((grace * 10))" ] || hard=' kill'
    kill -s KILL -- "-$p"
    if [ -n "$left" ]; then
      signalled KILL; sleep 0.1; marked
      [ -z "$left" ] || printf '\nfirstfive: these processes could not be ended:%s\n' "$left" >>"$run/out"
    fi ;;
  *) stat=- ;; esac
  [ ! -r /proc/uptime ] || read -r ended p </proc/uptime
  printf '%-48s\n' "$rc ${stat%% *} ${began:-0} ${ended:-0}$hard" 1<>"$run/rc"
  thin
}
"""

# `KEY=VALUE` lines of a file on the target, taken as they are: nothing in it is executed.
_ENV_FILE = r"""
  cr=$(printf '\r')
  ! [ -r FILE ] || while IFS= read -r line || [ -n "$line" ]; do
    line=${line%"$cr"} line=${line#export }
    case $line in *=*) key=${line%%=*} line=${line#*=} ;; *) continue ;; esac
    case $key in ''|[0-9]*|*[!A-Za-z0-9_]*) continue ;; esac
    case $line in \"*\") line=${line#\"} line=${line%\"} ;; \'*\') line=${line#\'} line=${line%\'} ;; esac
    export "$key=$line"
  done <FILE
"""

_ASKING = r"""
said() { printf '%s %s\n' "$mark" "$*"; }
refused() { said refused "$*"; exit 0; }
remembered() {
  rc= was= began= ended= pid= start= sum=
  [ ! -r "$run/rc" ] || read -r rc was began ended <"$run/rc"
  [ ! -r "$run/pid" ] || read -r pid start sum <"$run/pid"
}
alive() {
  [ -n "$pid" ] && kill -s 0 "$pid" 2>/dev/null || return 1
  [ "$start" != - ] || return 0
  stat=; { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 1
  set -- ${stat##*) }
  [ $# -lt 20 ] || shift 19
  [ "$1" = "$start" ]
}
"""

_RUN = r"""
if [ ! -e "$run/pid" ]; then
  cd -- "$workdir" 2>/dev/null || refused "the folder $workdir is not there"
  [ -d "$runs" ] || mkdir -p -m 700 -- "$runs" 2>/dev/null || refused "$runs could not be made"
  cmd=$run/cmd
  if ! mkdir -m 700 -- "$run" 2>/dev/null; then
    [ -d "$run" ] || refused "$run could not be made"
    cmd=$run/cmd.$mark
  fi
  set -C; { printf '%-48s\n' - >"$run/rc"; } 2>/dev/null; set +C
  if ! { printf '%s\n' "$script" >"$cmd"; } 2>/dev/null || [ ! -s "$run/rc" ]; then
    rm -f -- "$cmd"; [ -s "$run/rc" ] || rm -f -- "$run/rc"
    refused "$run could not be written, the disk may be full"
  fi
  exec 2>/dev/null; begin
fi
n=0
while :; do
  remembered
  [ "${sum:-$ours}" = "$ours" ] || refused "$run belongs to another command"
  case $rc in [0-9]*) break ;; refused) refused "$run could not be written, the disk may be full" ;; esac
  alive || { n=$((n + 1)); [ "$n" -lt 30 ] || { said lost; exit 0; }; }
  sleep 0.1
done
said done "$rc $was $began $ended"
[ ! -s "$run/out" ] || head -c "$keep" "$run/out"
printf '\n%s end\n' "$mark"
read -r ack || exit 0
[ "$ack" != collected ] || [ -e "$run/pruned" ] || : >"$run/collected"
"""

# Only what was collected is ever thinned out, and what shows that a run id was used stays much longer than its output.
_TIDY = r"""
[ -d "$runs" ] || exit 0
stale() { while read -r f; do d=${f%/*}; rm -f -- "$d"/out "$d"/cmd*; mv -f -- "$f" "$d/pruned"; done; }
find "$runs" -mindepth 2 -maxdepth 2 -name collected -mtime "+$days" | stale
ls -1t "$runs"/*/collected | tail -n "+$((count + 1))" | while read -r f; do find "$f" -mmin "+$minutes"; done | stale
find "$runs" -mindepth 2 -maxdepth 2 -name pruned -mtime "+$remembered_days" | while read -r f; do rm -rf -- "${f%/*}"; done
"""

_TRACE = r"""
n=0
while [ "$n" -lt 30 ]; do
  [ -e "$run/pid" ] || { said absent; exit 0; }
  remembered
  case $rc in [0-9]*) said finished; exit 0 ;; esac
  ! alive || { said running; exit 0; }
  n=$((n + 1)); sleep 0.1
done
said lost
"""

_LIST = r"""
listed=
for run in "$runs/$incident".*; do
  [ -e "$run/pid" ] || continue
  remembered
  case $rc in [0-9]*) how="exit $rc" ;; refused) how=refused ;; *) if alive; then how=running; else how='no outcome'; fi ;; esac
  listed="$listed${run##*/} $how
"
done
said part 0
printf '%s' "$listed" | head -c "$keep"
printf '\n%s end\n' "$mark"
"""

_PART = r"""
size=0; [ ! -e "$run/out" ] || size=$(wc -c <"$run/out")
said part $size
[ ! -e "$run/out" ] || tail -c "$from" "$run/out" | head -c "$keep"
printf '\n%s end\n' "$mark"
"""

_LATE = _MARKED + 'mark=$2; sleep "$0"; kill -s KILL -- "-$1"; reached KILL'
_LOOK = (
    _MARKED
    + r"""
cd -- "$workdir" 2>/dev/null || refused "the folder $workdir is not there"
said begin; said begin >&2
{ unset SSH_CLIENT SSH_CONNECTION SSH_TTY; set -- "$script" "$mark"; given
  export "FIRSTFIVE_RUN=$2"; exec setsid bash --noprofile --norc -o pipefail -c "$1"; } </dev/null & p=$!
setsid sh -c "$late" "$seconds" "$p" "$mark" </dev/null >/dev/null 2>&1 & dog=$!
{ wait "$p"; } 2>/dev/null
rc=$?
[ "$rc" -ne 137 ] || reached KILL 2>/dev/null
printf '\n%s end %s\n' "$mark" "$rc"; printf '\n%s end %s\n' "$mark" "$rc" >&2
{ kill -s KILL -- "-$dog" || kill -s KILL "$dog"; wait "$dog"; } 2>/dev/null
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where runs are kept on a target. `runs` is an absolute path, or empty for the person's state folder there; then `journal`
    names the part of it that belongs to one installation.
    """

    runs: str = ""
    journal: str = "runs"

    def shell(self) -> str:
        """The folder as a word of sh."""
        return quote(self.runs) if self.runs else HOME_OF_RUNS + quote(self.journal)


def new_mark() -> str:
    """A word that no output can contain by chance; it also names what one caller writes beside the gate."""
    return "ff" + secrets.token_hex(8)


def run_program(
    *,
    mark: str,
    place: Place,
    run_id: str,
    script: str,
    sum_of_script: str,
    workdir: str,
    environment: Mapping[str, str],
    timeout: timedelta,
    env_file: str = "",
) -> bytes:
    """Begin a run unless its id began before, wait for its outcome, tell it (see `reply`), then read one line: was it kept?"""
    data = {
        "script": script,
        "workdir": workdir,
        "seconds": _seconds(timedelta(seconds=max(1.0, timeout.total_seconds()))),
        "grace": _seconds(GRACE),
        "ours": sum_of_script or "-",
        "keep": str(KEEP),
    }
    body = _at(place, run_id) + _given(environment, env_file) + _ASKING + _MARKED + _THIN + _BEGIN + _RUN
    # Whoever ends the shell that looks after the run does not leave us waiting: the one around it tells.
    return (
        _program(mark, data, body).removesuffix(b"\n") + f" || [ $? -lt 128 ] || printf '%s lost\\n' {mark}\n".encode()
    )


def trace_program(*, mark: str, place: Place, run_id: str) -> bytes:
    """Tell one word of a run: absent, running, finished or lost."""
    return _program(mark, {}, _at(place, run_id) + _ASKING + _TRACE)


def list_program(*, mark: str, place: Place, incident: str) -> bytes:
    """Tell every run of an incident that is known here, a line each: its id, then `exit N`, `running`, `refused` or `no outcome`."""
    known = {"incident": incident, "keep": str(KEEP)}
    return _program(mark, known, f"runs={place.shell()}\nrun=\n" + _ASKING + _LIST)


def tidy_program(*, place: Place, count: int = KEPT_RUNS) -> bytes:
    """Delete the output of collected runs that are old, or more than `count` and older than an hour. Writes nothing back."""
    data = {
        "days": str(KEPT_DAYS),
        "count": str(count),
        "minutes": "60",
        "remembered_days": str(REMEMBERED_DAYS),
    }
    return _program("", data, f"runs={place.shell()}\n" + f"{{ {_TIDY.strip()}\n}} >/dev/null 2>&1\n")


def part_program(*, mark: str, place: Place, run_id: str, start: int | None) -> bytes:
    """Tell how large the output is by now and at most KEEP bytes of it from `start`, or its last KEEP bytes without one."""
    offset = str(KEEP) if start is None else f"+{start + 1}"
    return _program(mark, {"from": offset, "keep": str(KEEP)}, _at(place, run_id) + _ASKING + _PART)


def look_program(
    *, mark: str, script: str, workdir: str, environment: Mapping[str, str], timeout: timedelta, env_file: str = ""
) -> bytes:
    """Run a look with both streams as they are, each between a `begin` and an `end` line of the mark."""
    data = {"script": script, "workdir": workdir, "seconds": _seconds(timeout), "late": _LATE}
    return _program(mark, data, _given(environment, env_file) + _ASKING + _LOOK)


def _program(mark: str, data: Mapping[str, str], body: str) -> bytes:
    known = "".join(f"{name}={quote(value)}\n" for name, value in {"mark": mark, **data}.items())
    return f"(\n{known}{body})\n".encode("utf-8", "surrogateescape")


def _at(place: Place, run_id: str) -> str:
    return f"runs={place.shell()}\nrun=$runs/{quote(run_id)}\n"


def _given(environment: Mapping[str, str], env_file: str = "") -> str:
    read = _ENV_FILE.replace("FILE", quote(env_file)) if env_file else ""
    named = "".join(f"export {name}={quote(value)}\n" for name, value in environment.items() if name.isidentifier())
    return f"given() {{ :\n{read}{named}}}\n"


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.3f}".rstrip("0").rstrip(".") or "0"
