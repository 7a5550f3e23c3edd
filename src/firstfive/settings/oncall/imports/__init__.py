"""Schedules of other programs, read from their exports: PagerDuty, Opsgenie, Grafana OnCall.

`imported` reads a file, `toml` writes what came of it. Asks no network.
"""

from __future__ import annotations

from firstfive.settings.oncall.imports.read import imported as imported
from firstfive.settings.oncall.imports.read import toml as toml
from firstfive.settings.oncall.imports.shape import Imported as Imported
