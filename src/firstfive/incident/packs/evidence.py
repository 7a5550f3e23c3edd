"""Evidence, put aside before the mending destroys it: files, container logs and the journal in one folder, with a manifest that proves it.

Asked by whoever offers it to a person, and best before a container is recreated. Copies and never moves; overwrites nothing; where
not all of it fits nothing is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from posixpath import normpath

from firstfive.errors import Refused
from firstfive.incident.packs.packed import STRICT, Packed, instant, quoted

ROOT = "/var/incidents"
CAP = 64 * 1024 * 1024  # bytes of one piece; of a longer one the end is kept
TIMEOUT = timedelta(minutes=5)

_CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)  # Docker's own grammar of a container's name
_INCIDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", re.ASCII)

# What is kept of `docker inspect` is listed here, field by field: values of variables and of arguments, where passwords stand, are not.
_INSPECT = "{{println}}".join(
    (
        "id {{.Id}}",
        "name {{.Name}}",
        "created {{.Created}}",
        "image {{.Config.Image}} {{.Image}}",
        "status {{.State.Status}} exit={{json .State.ExitCode}} oom={{.State.OOMKilled}} restarts={{json .RestartCount}}",
        "started {{.State.StartedAt}}",
        "finished {{.State.FinishedAt}}",
        "error {{.State.Error}}",
        'health {{with index .State "Health"}}{{.Status}} failing={{json .FailingStreak}}{{end}}',
        'compose {{index .Config.Labels "com.docker.compose.project"}} {{index .Config.Labels "com.docker.compose.service"}}',
        "restart {{json .HostConfig.RestartPolicy}} memory={{json .HostConfig.Memory}}",
        "ports {{json .NetworkSettings.Ports}}",
        "networks {{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}",
        "mounts {{json .Mounts}}",
        'runs {{.Path}}{{range .Args}} {{if ge (len .) 2}}{{if eq (slice . 0 2) "--"}}{{index (split . "=") 0}}'
        "{{else}}(masked){{end}}{{else}}(masked){{end}}{{end}}",
        '{{range .Config.Env}}env {{index (split . "=") 0}}=(masked){{println}}{{end}}',
    )
)

_TOOLS = """
kept=()
note() { printf '%s\\n' "$*" >>"$part/NOTES.txt"; }
spoilt() {
  local name
  if [ -d "$part" ]; then
    for name in "${kept[@]}" NOTES.txt MANIFEST.sha256; do : >"$part/$name"; done
    echo "nothing was kept; the empty $part can go" >&2
  fi
}
copy() {
  local from=$2 to=$1 size
  if [ -L "$from" ]; then note "left out $from: a symbolic link, which is not followed"; return 0; fi
  if [ ! -e "$from" ]; then note "left out $from: it is not there"; return 0; fi
  if [ ! -f "$from" ]; then note "left out $from: not a regular file"; return 0; fi
  if [ "$(realpath -e -- "$from")" != "$from" ]; then note "left out $from: a folder on the way is a symbolic link"; return 0; fi
  if [ ! -r "$from" ]; then note "left out $from: it may not be read"; return 0; fi
  size=$(stat -c %s -- "$from")
  note "$to: $from, $size bytes, changed last $(stat -c %y -- "$from")"
  kept+=("$to")
  if ((size > cap)); then
    note "$to: only its last $cap bytes"
    tail -c "$cap" -- "$from" >"$part/$to"
  else
    head -c "$size" -- "$from" >"$part/$to"
  fi
}
stream() {
  local to=$1
  shift
  kept+=("$to")
  if ! "$@" 2>&1 | tail -c "$cap" >"$part/$to"; then
    tail -n 3 -- "$part/$to" >&2
    exit 1
  fi
  if (($(stat -c %s -- "$part/$to") >= cap)); then note "$to: only its last $cap bytes"; fi
}
container() {
  if ! docker inspect --type container "$1" >/dev/null 2>&1; then note "left out container $1: docker does not know it here"; return 0; fi
  stream "container-$1.inspect.txt" docker inspect --type container --format "$format" "$1"
  note "container-$1.log: what container $1 printed since $since"
  stream "container-$1.log" docker logs --timestamps --since "$since" "$1"
}
journal() {
  if ! journalctl --quiet --lines 0 >/dev/null 2>&1; then note "left out the journal: there is none that can be read"; return 0; fi
  note "journal.log: the host's journal since $since"
  stream journal.log journalctl --quiet --no-pager --output short-iso-precise --since "@$epoch"
}
"""

_SEAL = """
if ((${#kept[@]} == 0)); then cat -- "$part/NOTES.txt" >&2; exit 1; fi
(
  cd "$part"
  sha256sum -- "${kept[@]}" NOTES.txt >MANIFEST.sha256
  sha256sum --check --strict --quiet MANIFEST.sha256
  chmod 0400 "${kept[@]}" NOTES.txt MANIFEST.sha256
  sync -f .
)
mv -T -n -- "$part" "$dest"
cat -- "$dest/NOTES.txt"
echo "kept in $dest; the manifest's own SHA-256:"
sha256sum -- "$dest/MANIFEST.sha256"
"""


def evidence(
    incident: str,
    *,
    now: datetime,
    since: datetime,
    files: Sequence[str] = (),
    containers: Sequence[str] = (),
    journal: bool = False,
    cap: int = CAP,
    root: str = ROOT,
) -> Packed:
    """Copy `files` (absolute paths), the logs and state of `containers`, and the host's journal, both since `since`.

    They come into `<root>/<date>-<incident>/<time>Z/`, of `now`, open to its owner only; at most `cap` bytes a piece, the end of a
    longer one. What is left out is said in its NOTES.txt. A second run proves the manifest and copies nothing.

    Raises:
        Refused: for a name or a path that is none, and when nothing is asked for.
    """
    if not _INCIDENT.fullmatch(incident):
        raise Refused(f"{incident!a} is no incident's id", remedy="firstfive status lists them")
    if not files and not containers and not journal:
        raise Refused("there is nothing to keep", remedy="name files, containers or the journal")
    if not 1024 <= cap <= 8 * 1024**3:
        raise Refused(f"{cap} bytes are no sensible limit of one piece", remedy="give between 1 KiB and 8 GiB")
    for name in containers:
        if not _CONTAINER.fullmatch(name):
            raise Refused(f"{name!a} is no container's name", remedy="`docker ps` shows the names")
    for path in (root, *files):
        if not path.startswith("/") or normpath(path) != path or path == "/":
            raise Refused(
                f"{path!a} cannot be kept", remedy="give an absolute path without .. and without a / at its end"
            )
    at = now.astimezone(UTC)
    day = f"{root}/{at:%Y-%m-%d}-{incident}"
    dest = f"{day}/{at:%H%M%S}Z"
    return Packed(
        name="evidence",
        script=_script(day, dest, files=files, containers=containers, journal=journal, since=since, cap=cap),
        undo="",
        verify=f"{STRICT}\ncd {quoted(dest)}\nsha256sum --check --strict MANIFEST.sha256\ncat NOTES.txt\n",
        why=f"copies evidence to {dest} with a manifest of SHA-256 sums; nothing is moved or changed where it comes from",
        timeout=TIMEOUT,
        warnings=(
            "logs are copied as they are, with whatever personal data and secrets the programs printed: the folder is its owner's only",
            "a person with root can still change the copies; the manifest's own sum on the timeline is what shows it",
        ),
    )


def _script(
    day: str, dest: str, *, files: Sequence[str], containers: Sequence[str], journal: bool, since: datetime, cap: int
) -> str:
    named = [(f"file-{number:02d}-{_plain(path)}", path) for number, path in enumerate(dict.fromkeys(files), 1)]
    sizes = " ".join(quoted(path) for _, path in named)
    pieces = [f"copy {quoted(name)} {quoted(path)}" for name, path in named]
    pieces += [f"container {name}" for name in dict.fromkeys(containers)]
    pieces += ["journal"] if journal else []
    return f"""{STRICT}
umask 077
export LC_ALL=C
cap={cap} since={instant(since)} epoch={int(since.timestamp())}
day={quoted(day)}
dest={quoted(dest)}
format='{_INSPECT}'
if [ -e "$dest" ]; then
  cd "$dest"
  sha256sum --check --strict --quiet MANIFEST.sha256
  echo "kept already in $dest, and as it was"
  exit 0
fi
mkdir -p -m 0700 -- "$day"
need=1048576
for from in {sizes or '""'}; do
  if [ -f "$from" ]; then size=$(stat -L -c %s -- "$from") && need=$((need + (size > cap ? cap : size))); fi
done
room=$(df --output=avail -B1 -- "$day" | tail -n 1)
if ((room < need)); then
  echo "$need bytes are wanted and $room are free below $day: nothing was kept" >&2
  exit 1
fi
part=$(mktemp -d -- "$day/.half-XXXXXX")
{_TOOLS}trap spoilt EXIT
note "evidence of $dest, copied from $(date -u +%Y-%m-%dT%H:%M:%SZ) on, on $(uname -n)"
{chr(10).join(pieces)}
{_SEAL}"""


def _plain(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", path.rsplit("/", 1)[-1])[:80]
