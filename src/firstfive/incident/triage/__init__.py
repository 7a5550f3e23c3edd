"""What a signal means: join an incident, declare one with a severity, go to the backlog, or nothing; each with the reason.

Called by the engine for every change of state that a probe, a sender or a person brings. Starts nothing itself.
"""

from __future__ import annotations

from firstfive.incident.triage.grade import grade as grade
from firstfive.incident.triage.grade import raised as raised
from firstfive.incident.triage.grade import title_of as title_of
from firstfive.incident.triage.point import pointed as pointed
from firstfive.incident.triage.sort import Declare as Declare
from firstfive.incident.triage.sort import Ignore as Ignore
from firstfive.incident.triage.sort import Join as Join
from firstfive.incident.triage.sort import Shelve as Shelve
from firstfive.incident.triage.sort import Silenced as Silenced
from firstfive.incident.triage.sort import Verdict as Verdict
from firstfive.incident.triage.sort import triage as triage
from firstfive.incident.triage.surge import fullest_window as fullest_window
from firstfive.incident.triage.surge import surge as surge
from firstfive.incident.triage.worsened import worsened as worsened
