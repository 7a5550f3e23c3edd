"""The break-glass bundle: the page, the targets and a key in one file, enough to run steps with server, journal and chat dead.

Made and opened by `cli`. Holds no secret of a target: variables are read on the host that the steps run on.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from firstfive.app.hands import target_of
from firstfive.app.pages import again, read_handbook
from firstfive.errors import FirstfiveError
from firstfive.handbook.model import Handbook
from firstfive.ports import Target
from firstfive.settings import Settings, TargetSettings
from firstfive.stores.files.key import LINKS, kept_key

SCHEMA = "firstfive-bundle/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """An opened bundle: the compiled page, where steps run, and the key that seals its log. `made` is an ISO instant."""

    id: str
    made: str
    key: str
    handbook: Handbook
    settings: Settings

    def target(self, name: str) -> Target:
        """The target of that name, or the default one for none."""
        wanted = name or self.settings.default_target
        found = self.settings.targets.get(wanted)
        if found is None:
            known = ", ".join(sorted(self.settings.targets))
            raise FirstfiveError(f"the bundle names no target {wanted}", remedy=f"known: {known}")
        return target_of(wanted, found, self.settings)


def made(settings: Settings, now: datetime) -> dict[str, Any]:
    """A fresh bundle as JSON. Raises FirstfiveError when the page does not compile."""
    handbook = read_handbook(settings)
    name = f"{now:%Y%m%d%H%M%S}-{handbook.digest[:8]}"
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {
        "schema": SCHEMA,
        "id": name,
        "made": now.isoformat(),
        "key": key_of(settings, name),
        "digest": handbook.digest,
        "page": settings.page,
        "sources": {source.path: source.text for source in handbook.sources},
        "target": settings.default_target,
        "targets": {name: _plain(target) for name, target in settings.targets.items()},
        "risk": settings.risk,
        "lexicon": dict(settings.lexicon),
    }


def key_of(settings: Settings, bundle: str) -> str:
    """The key of a bundle, made from this installation's own, so that its log can be proved here later. Raises OSError."""
    root = kept_key(settings.state, LINKS)
    return hmac.new(root.encode(), f"bundle {bundle}".encode(), hashlib.sha256).hexdigest()


def opened(path: Path, settings: Settings) -> Bundle:
    """The bundle in a file; `settings` are those of this machine. Raises FirstfiveError for a file that is none."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["schema"] != SCHEMA:
            raise ValueError(held["schema"])  # noqa: TRY301 - told below like any file that is no bundle
        targets = {name: _target(row) for name, row in held["targets"].items()}
        here = replace(
            settings,
            page=held["page"],
            targets=targets,
            default_target=held["target"],
            risk=held["risk"],
            lexicon=held["lexicon"],
            state=path.resolve().parent,
        )
        handbook = again(here, held["digest"], json.dumps(held["sources"]).encode())
        return Bundle(id=held["id"], made=held["made"], key=held["key"], handbook=handbook, settings=here)
    except OSError as problem:
        raise FirstfiveError(
            f"the bundle cannot be read: {problem.strerror}", where=str(path), remedy="check the path and its rights"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FirstfiveError(
            "this is no bundle of Firstfive",
            where=str(path),
            remedy="`firstfive pack` makes one beside the printed page",
        ) from None


_PATHS = ("workdir", "env_file", "config_file", "known_hosts")


def _plain(target: TargetSettings) -> dict[str, Any]:
    return {
        "kind": target.kind,
        "host": target.host,
        "environment": dict(target.environment),
        "path": [str(path) for path in target.path],
        **{name: str(getattr(target, name) or "") for name in _PATHS},
        "lab": target.lab,
    }


def _target(row: Mapping[str, Any]) -> TargetSettings:
    paths = {name: Path(row[name]) if row[name] else None for name in _PATHS}
    return TargetSettings(
        kind=row["kind"],
        host=row["host"],
        environment=row["environment"],
        path=tuple(Path(path) for path in row["path"]),
        workdir=paths["workdir"] or Path("/"),
        env_file=paths["env_file"],
        config_file=paths["config_file"],
        known_hosts=paths["known_hosts"],
        lab=row["lab"],
    )
