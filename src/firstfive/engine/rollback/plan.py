"""Puts the way back together: which image, pinned where, with what stopped before and what proved after.

Called by `obey` through the package. The script it makes is plain bash over named values; every value is an environment variable.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from firstfive.engine.rollback import compose_file
from firstfive.engine.rollback.found import Found, find
from firstfive.errors import FirstfiveError
from firstfive.incident import events as ev
from firstfive.incident.signals import Deploy
from firstfive.incident.timeline import Incident

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

TIMEOUT = timedelta(minutes=3)
HEALTHY_WITHIN = 60

_BACK = """\
set -euo pipefail
cd -- "$FF_FOLDER"
"""
_LOCAL = """\
docker image inspect "$FF_IMAGE" > /dev/null
"""
_HEAD = _BACK + _LOCAL
_CHECK = """\
printf '%s  %s\\n' "$FF_SHA256" "$FF_FILE" | sha256sum -c --status || { echo "$FF_FILE has changed since this was planned" >&2; exit 65; }
"""
_TAG = """\
case "$FF_PINNED" in *@*) ;; *) docker tag "$FF_IMAGE" "$FF_PINNED" ;; esac
[ "$(docker image inspect -f '{{.Id}}' "$FF_PINNED")" = "$FF_IMAGE" ] ||
  { echo "$FF_PINNED is not the image that ran before" >&2; exit 65; }
"""
_PIN = """\
cp -p -- "$FF_FILE" "$FF_KEPT"
awk -v n="$FF_LINE" 'NR == n { print ENVIRON["FF_NEW_LINE"]; next } 1' "$FF_KEPT" > "$FF_FILE.new"
FF_COMPOSE config --quiet || { rm -f -- "$FF_FILE.new"; exit 65; }
cat -- "$FF_FILE.new" > "$FF_FILE"
rm -f -- "$FF_FILE.new"
"""
_WAIT = """\
health='{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}'
for second in $(seq "$FF_WITHIN"); do
  state=$(docker inspect -f "{{.Image}} {{.State.Status}} $health {{.RestartCount}}" "$FF_CONTAINER" 2> /dev/null || true)
  case "$state" in
    "$FF_IMAGE running healthy 0") echo "$FF_CONTAINER runs $FF_PINNED and is healthy"; exit 0 ;;
    "$FF_IMAGE running none 0") if [ "$second" -ge 3 ]; then echo "$FF_CONTAINER runs $FF_PINNED"; exit 0; fi ;;
  esac
  sleep 1
done
echo "$FF_CONTAINER is not well after $FF_WITHIN s: $state" >&2
exit 66
"""


async def plan(engine: Engine, incident: Incident, step: str) -> ev.RollbackPlanned | ev.RollbackImpossible:
    """The way back for the service that the ledger saw change, or why there is none. Raises FirstfiveError when the target is silent."""
    deploy = await _change(engine, incident, step)
    if isinstance(deploy, str):
        return ev.RollbackImpossible(step=step, why=deploy)
    target = engine.tools.target(deploy.host or engine.policy.target)
    found = await find(target, deploy.container, deploy.previous_image_id)
    problem = problem_with(deploy, found)
    if problem:
        return ev.RollbackImpossible(step=step, why=problem)
    return planned(step, target.name, incident.id, deploy, found)


async def _change(engine: Engine, incident: Incident, step: str) -> Deploy | str:
    """The newest change of the service that the page's roll-back step names, else the newest change of any."""
    ledger = await engine.journal.read(lambda tx: tx.deploys(200))
    changes = [d for d in ledger if not d.first and d.container and d.previous_image_id]
    if not changes:
        return "the ledger has seen no container change its image since it was begun"
    found = engine.handbook_for(incident).step(step)
    words = set(re.findall(r"[\w.-]+", found[1].script)) if found else set()
    named = [d for d in changes if d.container in words or d.service in words]
    return max(named or changes, key=lambda d: d.at)


def problem_with(deploy: Deploy, found: Found) -> str:
    """Why there is no way back from what stands there; empty when there is one."""
    if not found.container:
        return f"there is no container {deploy.container} any more"
    if not found.image:
        short = deploy.previous_image_id.removeprefix("sha256:")[:12]
        return (
            f"the image that ran before ({deploy.previous} {short}) was pruned from this host: pull it, or deploy it again;"
            " [docker] pin_images = true keeps it from now on"
        )
    if found.container.get("Image") == deploy.previous_image_id:
        return f"{deploy.container} already runs the image that ran before"
    if not found.compose:
        return "neither docker compose nor docker-compose is there"
    if not found.label("service"):
        return f"{deploy.container} was not made by Compose, so no file says how to make it again"
    return ""


def planned(step: str, target: str, incident: str, deploy: Deploy, found: Found) -> ev.RollbackPlanned:
    """The plan out of what was found. Pins the service's own line; where that cannot be, gives the image the tag that the file names."""
    reference = str(found.container.get("Config", {}).get("Image", "")) or deploy.reference
    pinned = _pinned_name(reference, deploy.previous_image_id, found)
    files = tuple(path for path in found.label("project.config_files").split(",") if path)
    made = _edit(files, found, found.label("service"), pinned)
    values = {
        "FF_IMAGE": deploy.previous_image_id,
        "FF_CONTAINER": deploy.container,
        "FF_SERVICE": found.label("service"),
        "FF_FOLDER": found.label("project.working_dir") or "/",
        "FF_WITHIN": str(HEALTHY_WITHIN),
    }
    if isinstance(made, compose_file.Edit):
        way = _pinning(made, found, files, deploy, pinned, f"{made.path}.before-{incident}")
    else:
        way = _retagging(made.why, found, files, deploy, reference)
    short = deploy.previous_image_id.removeprefix("sha256:")[:12]
    return ev.RollbackPlanned(
        step=step,
        target=target,
        script=way.script,
        environment=tuple(sorted({**values, **way.values}.items())),
        undo=way.undo,
        diff=made.diff if isinstance(made, compose_file.Edit) else "",
        service=found.label("service"),
        image=f"{pinned if isinstance(made, compose_file.Edit) else reference} ({short})",
        paused=found.updaters,
        timeout=TIMEOUT,
        why=f"{way.how}; {deploy.source} saw it replaced at {deploy.at:%Y-%m-%d %H:%M} UTC",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    script: str
    undo: str
    values: dict[str, str]
    how: str


def _pinning(
    made: compose_file.Edit, found: Found, files: tuple[str, ...], deploy: Deploy, pinned: str, kept: str
) -> _Way:
    fresh = tuple(f"{path}.new" if path == made.path else path for path in files)
    edited = _PIN.replace("FF_COMPOSE", _compose(found, fresh))
    after = _after(found, files, deploy)
    return _Way(
        script=_HEAD + _CHECK + _each(found.updaters, "docker stop") + _TAG + edited + after + _WAIT,
        undo=_BACK + 'cat -- "$FF_KEPT" > "$FF_FILE"\n' + _each(found.updaters, "docker start") + after,
        values={
            "FF_PINNED": pinned,
            "FF_FILE": made.path,
            "FF_KEPT": kept,
            "FF_SHA256": made.sha256,
            "FF_LINE": str(made.number),
            "FF_NEW_LINE": made.line,
        },
        how=f"pins {pinned} on line {made.number} of {made.path} and touches no other line",
    )


def _retagging(why: str, found: Found, files: tuple[str, ...], deploy: Deploy, reference: str) -> _Way:
    after = _after(found, files, deploy)
    return _Way(
        script=_BACK + _LOCAL + _each(found.updaters, "docker stop") + _TAG + after + _WAIT,
        undo=_BACK + 'docker tag "$FF_WAS" "$FF_PINNED"\n' + _each(found.updaters, "docker start") + after,
        values={"FF_PINNED": reference, "FF_WAS": str(found.container.get("Image", ""))},
        how=f"gives the image that ran before the tag {reference}, since {why}",
    )


def _after(found: Found, files: tuple[str, ...], deploy: Deploy) -> str:
    """Make the one service again, and let the proxies look its new address up."""
    proxies = tuple(name for name in found.proxies if name != deploy.container)
    reload = "".join(
        f"docker exec {_word(name)} nginx -s reload ||"
        f" echo {_word(f'{name} was not reloaded and may still ask the old address: reload it by hand')} >&2\n"
        for name in proxies
    )
    return f'{_compose(found, files)} up -d --no-deps "$FF_SERVICE"\n{reload}'


def _each(names: tuple[str, ...], command: str) -> str:
    return "".join(f"{command} {_word(name)}\n" for name in names)


def _edit(files: Sequence[str], found: Found, service: str, image: str) -> compose_file.Edit | compose_file.NoEdit:
    """The last file that names the service's image decides, as it does for Compose."""
    why = compose_file.NoEdit(why="its Compose files cannot be read")
    for path in reversed(files):
        text = found.files.get(path)
        if text is None:
            continue
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        made = compose_file.edit(path, text, service, image, digest)
        if isinstance(made, compose_file.Edit):
            return made
        why = made
    return why


def _pinned_name(reference: str, image_id: str, found: Found) -> str:
    """A name that this image alone has: a tag of its own repository that does not move, the digest by which the registry handed it out,
    else a tag that we give it.
    """
    repository = _repository(reference)
    for tag in found.image.get("RepoTags") or ():
        if _repository(str(tag)) == repository and not str(tag).endswith(":latest") and str(tag) != reference:
            return str(tag)
    for digest in found.image.get("RepoDigests") or ():
        if str(digest).partition("@")[0] == repository:
            return str(digest)
    return f"{repository}:rollback-{image_id.removeprefix('sha256:')[:12]}"


def _repository(reference: str) -> str:
    name = reference.partition("@")[0]
    head, separator, last = name.rpartition("/")
    return f"{head}{separator}{last.partition(':')[0]}"


def _compose(found: Found, files: tuple[str, ...]) -> str:
    project, folder = found.label("project"), found.label("project.working_dir") or "/"
    named = "".join(f" -f {_word(path)}" for path in files)
    return f"{found.compose} -p {_word(project)} --project-directory {_word(folder)}{named}"


def _word(text: str) -> str:
    """A name as one word of bash. Raises FirstfiveError for what no container, project or path of ours can be called."""
    if not text or "\x00" in text or "\n" in text:
        raise FirstfiveError(f"{text!r} cannot be a name in a script")
    return shlex.quote(text)
