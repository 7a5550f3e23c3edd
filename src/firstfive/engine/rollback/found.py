"""What stands on the target now: the container, the image that ran before, its Compose files, updaters and proxies.

Called by `plan`. One script that only reads, its answers as base64 behind names, so that nothing in them can be taken for ours.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from firstfive.errors import FirstfiveError
from firstfive.ports import Target

PATIENCE = timedelta(seconds=15)
UPDATERS = ("watchtower", "ouroboros", "diun-updater", "shepherd")

_LOOK = r"""
say() { printf '%s ' "$1"; shift; "$@" 2>/dev/null | base64 | tr -d '\n'; echo; }
say container docker inspect "$FF_CONTAINER"
say image docker image inspect "$FF_IMAGE"
say running docker ps --format '{{json .}}'
say plugin docker compose version --short
say standalone docker-compose version --short
docker inspect -f '{{index .Config.Labels "com.docker.compose.project.config_files"}}' "$FF_CONTAINER" 2>/dev/null |
  tr ',' '\n' | while IFS= read -r file; do
    [ -n "$file" ] || continue
    printf 'file %s ' "$(printf '%s' "$file" | base64 | tr -d '\n')"; base64 < "$file" 2>/dev/null | tr -d '\n'; echo
  done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`container`, `image` are what `docker inspect` says (empty when there is none); `files` the Compose files by path.

    `updaters` and `proxies` are names of running containers; `compose` is the command that is there, empty when none is.
    """

    container: Mapping[str, Any]
    image: Mapping[str, Any]
    files: Mapping[str, str]
    updaters: tuple[str, ...]
    proxies: tuple[str, ...]
    compose: str

    def label(self, name: str) -> str:
        """A Compose label of the container."""
        labels = self.container.get("Config", {}).get("Labels") or {}
        return str(labels.get(f"com.docker.compose.{name}", ""))


async def find(target: Target, container: str, image: str) -> Found:
    """Ask the target. Raises FirstfiveError when it does not answer in time."""
    names = {"FF_CONTAINER": container, "FF_IMAGE": image}
    output = await target.look(_LOOK, timeout=PATIENCE, environment=names)
    if output.timed_out:
        raise FirstfiveError(f"{target.name} did not say within {PATIENCE.total_seconds():g} s what runs there")
    answers: dict[str, str] = {}
    files: dict[str, str] = {}
    for row in output.stdout.splitlines():
        name, *rest = row.split(" ")
        if name == "file" and len(rest) == 2 and rest[1]:
            files[_plain(rest[0])] = _plain(rest[1])
        elif len(rest) == 1:
            answers[name] = _plain(rest[0])
    running = [json.loads(line) for line in answers.get("running", "").splitlines() if line.startswith("{")]
    return Found(
        container=_first(answers.get("container", "")),
        image=_first(answers.get("image", "")),
        files=files,
        updaters=tuple(str(row.get("Names", "")) for row in running if _is_updater(row)),
        proxies=tuple(str(row.get("Names", "")) for row in running if _is_proxy(row)),
        compose="docker compose" if answers.get("plugin", "").strip() else _standalone(answers),
    )


def _standalone(answers: Mapping[str, str]) -> str:
    return "docker-compose" if answers.get("standalone", "").strip() else ""


def _is_proxy(row: Mapping[str, Any]) -> bool:
    return "nginx" in f"{row.get('Image', '')} {row.get('Names', '')}".lower()


def _is_updater(row: Mapping[str, Any]) -> bool:
    words = f"{row.get('Image', '')} {row.get('Names', '')}".lower()
    return any(updater in words for updater in UPDATERS) or "com.centurylinklabs.watchtower=true" in str(
        row.get("Labels", "")
    )


def _plain(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return ""


def _first(text: str) -> Mapping[str, Any]:
    try:
        rows = json.loads(text or "[]")
    except ValueError:
        return {}
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
