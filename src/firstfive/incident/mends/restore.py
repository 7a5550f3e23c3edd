"""Data that cannot be opened any more, and the newest backup in its place; what is there now is moved aside, never removed.

`looking` prints the words of damage out of the container's log and the newest backup; `restore` is the change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from firstfive.incident.packs.packed import STRICT, Packed, instant, quoted

NAME = "restore"
TIMEOUT = timedelta(minutes=30)
# What servers say of damaged data: WiredTiger and mongod, PostgreSQL, MySQL's InnoDB, Redis.
DAMAGED = "|".join(
    (
        "database corruption detected",
        "is corrupted",
        "data corruption",
        "checksum (error|mismatch)",
        "invalid page in block",
        "Bad file format reading the append only",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One store of data: its `container`, the absolute folder `data` on the host, the pattern `backups` of its tar archives, and the
    containers that must not write while it is restored.
    """

    name: str
    container: str
    data: str
    backups: str
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What the store's log says of its data, and the newest backup: absolute path, aware UTC time, bytes."""

    line: str
    backup: str
    at: datetime
    size: int


def looking(stored: Stored) -> str:
    """Bash that prints the damage and the newest backup, nothing where its container runs or its log says nothing of the kind."""
    return f"""{STRICT}
set +f
state=$(docker inspect -f '{{{{.State.Status}}}} {{{{.RestartCount}}}}' {quoted(stored.container)})
line=$(docker logs --since 10m --tail 200 {quoted(stored.container)} 2>&1 | grep -aiE '{DAMAGED}' | tail -n 1 | cut -c1-300 || true)
case $state in running\\ 0) exit 0 ;; esac
if [ -z "$line" ]; then exit 0; fi
newest=$(ls -1t -- {stored.backups} 2>/dev/null | head -n 1 || true)
if [ -z "$newest" ] || [ ! -s "$newest" ]; then exit 0; fi
printf 'damage %s\\n' "$line"
printf 'backup %s %s %s\\n' "$(stat -c %Y -- "$newest")" "$(stat -c %s -- "$newest")" "$newest"
"""


def damage(told: str) -> Damage | None:
    """What `looking` printed; None when nothing is damaged or there is no backup."""
    line = re.search(r"^damage (.+)$", told, re.MULTILINE)
    found = re.search(r"^backup (\d+) (\d+) (/.+)$", told, re.MULTILINE)
    if line is None or found is None or not found[3].isprintable():
        return None
    return Damage(line=line[1], backup=found[3], at=datetime.fromtimestamp(int(found[1]), UTC), size=int(found[2]))


def restore(
    stored: Stored, found: Damage, *, now: datetime, proofs: Mapping[str, str] = MappingProxyType({})
) -> Packed:
    """Stop who writes, move the data aside, unpack the newest backup, start everything again.

    `proofs` are what a page wants stopped first and this change stops itself: its words, and the look that proves it. The data is touched
    only once each of them holds.
    """
    mark = now.strftime("%Y%m%dT%H%M%SZ")
    head = (
        f"{STRICT}\ndata={quoted(stored.data.rstrip('/'))}\naside=$data.broken-{mark}\nback=$data.restored-{mark}\n"
        f"backup={quoted(found.backup)}\nstore={quoted(stored.container)}\nothers=({' '.join(quoted(name) for name in stored.stop)})\n"
    )
    held = "".join(f"if ! {{ {look}; }}; then not_stopped; fi\n" for look in proofs.values())
    return Packed(
        name=NAME,
        script=head + _RESTORE.replace("HELD\n", held),
        undo=head + _UNDO,
        verify=head + _VERIFY,
        why=(
            f"the data of {stored.container} cannot be opened ({found.line}); the newest backup is {found.backup}"
            f" of {instant(found.at)}, {found.size // 1024} KiB"
        ),
        timeout=TIMEOUT,
        warnings=(
            f"what was written since {instant(found.at)} is not in the backup: it stays in the folder that is moved aside",
            f"{' and '.join(stored.stop) or 'nothing'} is stopped meanwhile; the store starts before it",
            *(
                f"it does first what the page wants, and proves it before the data is touched: {words}"
                for words in proofs
            ),
        ),
    )


_RESTORE = """if [ -e "$aside" ]; then echo "it was restored already: $aside is there"; exit 0; fi
tar -tf "$backup" >/dev/null
for name in "${others[@]}" "$store"; do docker stop -t 10 "$name" >/dev/null; done
not_stopped() {
  echo "what the page wants stopped still runs: the data is as it was" >&2
  for name in "$store" "${others[@]}"; do docker start "$name" >/dev/null; done
  exit 1
}
HELD
mv -T -- "$data" "$aside"
mkdir -m 700 -- "$data"
chmod --reference="$aside" -- "$data" && chown --reference="$aside" -- "$data"
if ! tar -xpf "$backup" -C "$data"; then
  rm -rf -- "${data:?}"
  mv -T -- "$aside" "$data"
  echo "the backup could not be unpacked: the data is as it was" >&2
  for name in "$store" "${others[@]}"; do docker start "$name" >/dev/null; done
  exit 1
fi
for name in "$store" "${others[@]}"; do docker start "$name" >/dev/null; done
echo "restored from $backup; what was there is in $aside"
"""

_UNDO = """if [ ! -e "$aside" ]; then echo "nothing was moved aside"; exit 0; fi
for name in "${others[@]}" "$store"; do docker stop -t 10 "$name" >/dev/null; done
mv -T -- "$data" "$back"
mv -T -- "$aside" "$data"
for name in "$store" "${others[@]}"; do docker start "$name" >/dev/null; done
"""

_VERIFY = """[ -e "$aside" ]
was=$(docker inspect -f '{{.RestartCount}}' "$store")
sleep 3
[ "$(docker inspect -f '{{.State.Running}} {{.State.Restarting}} {{.RestartCount}}' "$store")" = "true false $was" ]
echo "$store runs on what was restored"
"""
