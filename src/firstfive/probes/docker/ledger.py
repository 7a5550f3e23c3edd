"""The deploy ledger: which image each service has run, written at every real change and at nothing else.

Built by `app`. The image id is the only proof of a change: a container is made anew by an edit of its environment too, the image's own
dates say when it was built, and Docker forgets its events after 256 of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal
from firstfive.probes.docker.engine import EngineApi, Json

LABEL = "com.docker.compose."
VERSION_LABEL = "org.opencontainers.image.version"


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Watches every container of an Engine. `known` holds the newest entry of each subject, by subject; `pin` lets it keep the image
    that ran before under a tag of its own, so that a prune cannot take the way back away.
    """

    name: str
    engine: EngineApi
    known: Mapping[str, Deploy]
    host: str = ""
    pin: bool = False
    _seen: dict[str, Deploy] = field(default_factory=dict)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """None: it watches changes, not trouble."""
        return ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """Deploys since the last look; at the first sight of a subject that the ledger does not hold, its baseline."""
        found: list[Signal | Deploy] = []
        for row in await self.engine.containers():
            if row.get("State") in ("created", "removing"):
                continue
            subject = _subject(row)
            before = self._seen.get(subject) or self.known.get(subject)
            image = str(row.get("ImageID", ""))
            if before is not None and before.image_id == image:
                self._seen[subject] = before
                continue
            deploy = await self._deploy(row, subject, image, before, now)
            if deploy is not None:
                found.append(deploy)
                self._seen[subject] = deploy
        return found

    async def _deploy(self, row: Json, subject: str, image: str, before: Deploy | None, now: datetime) -> Deploy | None:
        inspected = await self.engine.container(str(row.get("Id", "")))
        if inspected is None:  # gone between the list and this question; the next look tells
            return None
        held = await self.engine.image(image) or {}
        labels = (inspected.get("Config") or {}).get("Labels") or {}
        reference = str((inspected.get("Config") or {}).get("Image", ""))
        made = Deploy(
            subject=subject,
            version=_version(held, reference, image),
            previous=before.version if before else "",
            at=max(_begun(inspected, now), before.at + timedelta(microseconds=1)) if before else now,
            source=f"Docker on {self.host or 'this host'}",
            first=before is None,
            image_id=image,
            digest=next(iter(held.get("RepoDigests") or ()), ""),
            previous_image_id=before.image_id if before else "",
            reference=reference,
            project=str(labels.get(f"{LABEL}project", "")),
            service=str(labels.get(f"{LABEL}service", "")),
            container=str(inspected.get("Name", "")).lstrip("/"),
            files=tuple(f for f in str(labels.get(f"{LABEL}project.config_files", "")).split(",") if f),
            host=self.host,
        )
        return await self._pinned(made) if self.pin and made.previous_image_id else made

    async def _pinned(self, deploy: Deploy) -> Deploy:
        """Keep the image that ran before; when that cannot be done the entry says so, since the way back is at risk."""
        short = deploy.previous_image_id.removeprefix("sha256:")[:12]
        try:
            name = (deploy.service or deploy.container).lower()
            await self.engine.tag(deploy.previous_image_id, "firstfive/rollback", f"{name}-{short}")
        except FirstfiveError as problem:
            return replace(deploy, source=f"{deploy.source}; the image before could not be kept: {problem.what}")
        return deploy


def _subject(row: Json) -> str:
    """Project and service where Compose made it, else the container's name: what stays the same when it is made anew."""
    labels = row.get("Labels") or {}
    project, service = labels.get(f"{LABEL}project", ""), labels.get(f"{LABEL}service", "")
    if project and service:
        number = str(labels.get(f"{LABEL}container-number", "1"))
        return f"{project}/{service}" + ("" if number == "1" else f"#{number}")
    return str((row.get("Names") or [row.get("Id", "")])[0]).lstrip("/")


def _version(image: Json, reference: str, image_id: str) -> str:
    """What people call this image: a tag that does not move, its version label, or the beginning of its id."""
    tags = [str(tag) for tag in image.get("RepoTags") or () if not str(tag).startswith("firstfive/")]
    fixed = [tag for tag in tags if not tag.endswith(":latest")]
    repository = reference.rpartition("/")[2].partition(":")[0].partition("@")[0]
    mine = [tag for tag in fixed if tag.rpartition("/")[2].partition(":")[0] == repository]
    if mine:
        return mine[0].rpartition(":")[2]
    label = ((image.get("Config") or {}).get("Labels") or {}).get(VERSION_LABEL, "")
    return str(label) or image_id.removeprefix("sha256:")[:12]


def _begun(inspected: Json, now: datetime) -> datetime:
    """When this container was made: that is when the change reached the service. Never later than now."""
    try:
        made = datetime.fromisoformat(str(inspected.get("Created", "")).rstrip("Z")[:26] + "+00:00")
    except ValueError:
        return now
    return min(made, now)
