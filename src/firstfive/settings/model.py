"""What a team sets, as frozen values; every path in them is absolute.

Made by `toml_file`; read by `app`, `web` and `cli`. Holds no reading and no rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

PORT = 8455


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """Where commands run. `workdir` is absolute; `env_file` holds `KEY=VALUE` lines that steps may use by name.

    `docker` is the socket of the Engine there; `lab` marks a target where what the page forbids is allowed.
    """

    kind: str
    workdir: Path
    env_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    path: tuple[Path, ...] = ()
    docker: str = ""
    lab: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a team sets. Paths are absolute; `file` is where it was read from, None when all is default.

    `alone` is set when a page itself was named: then only it and the pages that it links to are read.
    `docker` is the Engine's socket, empty for the usual one when it is there.
    `pin_images` lets the ledger keep what a roll-back needs under a tag of its own.
    """

    file: Path | None
    vault: Path
    page: str
    alone: bool
    state: Path
    database: str
    host: str = "127.0.0.1"
    port: int = PORT
    probe_interval: timedelta = timedelta(seconds=2)
    log_quiet: timedelta = timedelta(seconds=60)
    resolve_after: timedelta = timedelta(minutes=10)
    update_every: timedelta = timedelta(minutes=15)
    escalate_after: timedelta = timedelta(minutes=15)
    channel: str = "#incidents"
    postmortem_folder: str = ""
    targets: Mapping[str, TargetSettings] = field(default_factory=dict)
    default_target: str = "local"
    logs: Mapping[str, Path] = field(default_factory=dict)
    deploys: Mapping[str, Path] = field(default_factory=dict)
    risk: Mapping[str, Any] = field(default_factory=dict)
    lexicon: Mapping[str, str] = field(default_factory=dict)
    inherited: Mapping[str, str] = field(default_factory=dict)
    person: str = "operator"
    cache: Path = Path("/nonexistent")
    one_fault: timedelta = timedelta(minutes=2)
    docker: str = ""
    pin_images: bool = False
