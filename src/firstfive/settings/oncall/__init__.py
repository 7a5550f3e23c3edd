"""On-call as a team writes it: the tables `[oncall.NAME]`, calendar files, and what other programs export.

`schedules` reads the tables and is called by `toml_file`; `calendar` and `imports` are called by `cli`.
"""

from __future__ import annotations

from firstfive.settings.oncall.calendar import schedule_between as schedule_between
