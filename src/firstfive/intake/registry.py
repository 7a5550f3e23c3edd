"""Image registries: Docker Hub's webhook and the notifications of the Distribution registry. A push is a deploy about to happen.

Part of `intake`. A pushed image is a row of the ledger under `image NAME`; what runs is told by Docker itself.
"""

from __future__ import annotations

from firstfive.incident.signals import Deploy
from firstfive.intake.shape import Asked, Odd, Reading, at, bounded, earlier, first, moment, object_of, rows, table


def registry(asked: Asked) -> Reading:
    """Either shape, told apart by the content. Pulls say nothing."""
    data = object_of(asked)
    if isinstance(data.get("push_data"), dict):
        return _hub(data, asked)
    if isinstance(data.get("events"), list):
        pushes = [event for event in rows(data["events"]) if event.get("action") == "push"]
        found = [d for event in pushes if (d := _pushed(event, asked)) is not None]
        return Reading(seen=bounded(found), key=":".join(first(event.get("id")) for event in pushes)[:200])
    raise Odd("it holds neither push_data nor events")


def _hub(data: dict[str, object], asked: Asked) -> Reading:
    pushed, repository = table(data["push_data"]), table(data.get("repository"))
    name = first(repository.get("repo_name"), repository.get("name"))
    if not name:
        raise Odd("it names no repository")
    tag = first(pushed.get("tag"), "latest")
    deploy = Deploy(
        subject=f"image {name}",
        version=tag,
        previous="",
        at=earlier(moment(pushed.get("pushed_at"), asked.at), asked.at),
        source="pushed to Docker Hub",
        reference=f"{name}:{tag}",
        actor=first(pushed.get("pusher")),
        link=first(repository.get("repo_url")),
    )
    return Reading(seen=(deploy,))


def _pushed(event: dict[str, object], asked: Asked) -> Deploy | None:
    target = table(event.get("target"))
    name, tag = first(target.get("repository")), first(target.get("tag"))
    if not name or not tag:
        return None  # a layer or an untagged manifest
    digest = first(target.get("digest"))
    return Deploy(
        subject=f"image {name}",
        version=f"{tag}@{digest[:19]}" if digest else tag,
        previous="",
        at=earlier(moment(event.get("timestamp"), asked.at), asked.at),
        source="pushed to the registry",
        digest=digest,
        reference=f"{first(at(event, 'request', 'host'))}/{name}:{tag}".lstrip("/"),
        actor=first(at(event, "actor", "name")),
    )
