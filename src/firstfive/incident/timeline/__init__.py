"""An incident is the fold of its events; people's events pass through one door.

`fold` and `step_on` are called by the engine and by every reader; `accept` by every surface before a person's event is written.
"""

from __future__ import annotations

from firstfive.incident.timeline.door import accept as accept
from firstfive.incident.timeline.door import repeats as repeats
from firstfive.incident.timeline.door import undoable as undoable
from firstfive.incident.timeline.fold import fold as fold
from firstfive.incident.timeline.fold import step_on as step_on
from firstfive.incident.timeline.state import APPROVAL_LIVES as APPROVAL_LIVES
from firstfive.incident.timeline.state import Attempt as Attempt
from firstfive.incident.timeline.state import Incident as Incident
