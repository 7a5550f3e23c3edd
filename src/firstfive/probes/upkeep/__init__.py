"""Hygiene: disks that fill, backups that do not come, deploys that were missed, clocks that drift.

Built by `app` from the page's matrix and from settings. Only ever looks.
"""

from __future__ import annotations

from firstfive.probes.upkeep.backup import Backup as Backup
from firstfive.probes.upkeep.clock import ClockSkew as ClockSkew
from firstfive.probes.upkeep.deploy_missed import DeployMissed as DeployMissed
from firstfive.probes.upkeep.disk import Disk as Disk
