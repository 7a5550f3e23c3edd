"""Containers of a Compose project that have lost their service's name on a network, and the name given back.

`docker network disconnect` and `connect` by hand forget the names that Compose gave; everybody else then finds nobody under them.
`looking` prints who has lost one; `rejoin` is the change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from firstfive.incident.packs.packed import STRICT, Packed

NAME = "rejoin"
TIMEOUT = timedelta(minutes=1)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """`container` is on `network` without the name `service` that its Compose project calls it by."""

    container: str
    service: str
    network: str


_ROWS = (
    "{{$c := .}}{{range $name, $net := .NetworkSettings.Networks}}{{$c.Name}}"
    ' {{index $c.Config.Labels "com.docker.compose.service"}} {{index $c.Config.Labels "com.docker.compose.project"}}'
    " {{$name}} ,{{range $net.Aliases}}{{.}},{{end}}{{println}}{{end}}"
)
LOOKING = f"""{STRICT}
ids=$(docker ps -q --filter label=com.docker.compose.service)
[ -n "$ids" ] || exit 0
docker inspect -f '{_ROWS}' $ids |
  while read -r container service project network aliases; do
    case $network in "$project"_*) ;; *) continue ;; esac
    case $aliases in *",$service,"*) ;; *) printf 'lost %s %s %s\\n' "${{container#/}}" "$service" "$network" ;; esac
  done
"""


def lost(told: str) -> tuple[Lost, ...]:
    """What `LOOKING` printed."""
    rows = [line.split() for line in told.splitlines()]
    return tuple(
        Lost(container=row[1], service=row[2], network=row[3])
        for row in rows
        if len(row) == 4 and row[0] == "lost" and all(_WORD.fullmatch(word) for word in row[1:])
    )


def rejoin(found: Sequence[Lost]) -> Packed:
    """Each of them joins its network again under its service's name and its own."""
    moves = [
        f"docker network disconnect {one.network} {one.container}\n"
        f"docker network connect --alias {one.service} --alias {one.container} {one.network} {one.container}\n"
        for one in found
    ]
    looks = [
        f"docker inspect -f '{{{{range (index .NetworkSettings.Networks \"{one.network}\").Aliases}}}}{{{{println .}}}}{{{{end}}}}'"
        f" {one.container} | grep -xF {one.service}\n"
        for one in found
    ]
    names = ", ".join(f"{one.container} is not called {one.service} on {one.network}" for one in found)
    return Packed(
        name=NAME,
        script=f"{STRICT}\n{''.join(moves)}",
        undo="",
        verify=f"{STRICT}\n{''.join(looks)}",
        why=f"{names}: others of the project look for it by that name",
        timeout=TIMEOUT,
        warnings=("its connections break for a moment, and its address on that network may change",),
    )
