"""`firstfive.toml` and the environment, read once into one frozen value.

`load` is called by `cli` before anything is built. Nothing else in the program reads the environment.
"""

from __future__ import annotations

from firstfive.settings.model import PORT as PORT
from firstfive.settings.model import BackupSettings as BackupSettings
from firstfive.settings.model import HeartbeatSettings as HeartbeatSettings
from firstfive.settings.model import HolidaySettings as HolidaySettings
from firstfive.settings.model import IntakeSettings as IntakeSettings
from firstfive.settings.model import NotifierSettings as NotifierSettings
from firstfive.settings.model import NotifySettings as NotifySettings
from firstfive.settings.model import PersonSettings as PersonSettings
from firstfive.settings.model import ProbeSettings as ProbeSettings
from firstfive.settings.model import ScheduleSettings as ScheduleSettings
from firstfive.settings.model import Settings as Settings
from firstfive.settings.model import StatusPageSettings as StatusPageSettings
from firstfive.settings.model import TargetSettings as TargetSettings
from firstfive.settings.model import TrackerSettings as TrackerSettings
from firstfive.settings.targets import env_file as env_file
from firstfive.settings.toml_file import FILE as FILE
from firstfive.settings.toml_file import INHERITED as INHERITED
from firstfive.settings.toml_file import find as find
from firstfive.settings.toml_file import load as load
