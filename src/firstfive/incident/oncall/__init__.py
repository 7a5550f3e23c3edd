"""On-call: who answers at an instant, as a pure function of people, rotations, layers and overrides.

`who` is the whole of it; `shifts` and `gaps` walk along it.
"""

from __future__ import annotations

from firstfive.incident.oncall.model import Answer as Answer
from firstfive.incident.oncall.model import Answers as Answers
from firstfive.incident.oncall.model import Gap as Gap
from firstfive.incident.oncall.model import Layer as Layer
from firstfive.incident.oncall.model import OnCall as OnCall
from firstfive.incident.oncall.model import Override as Override
from firstfive.incident.oncall.model import Person as Person
from firstfive.incident.oncall.model import Rotation as Rotation
from firstfive.incident.oncall.model import Schedule as Schedule
from firstfive.incident.oncall.model import Unit as Unit
from firstfive.incident.oncall.model import Window as Window
from firstfive.incident.oncall.who import AHEAD as AHEAD
from firstfive.incident.oncall.who import gaps as gaps
from firstfive.incident.oncall.who import shifts as shifts
from firstfive.incident.oncall.who import turns as turns
from firstfive.incident.oncall.who import who as who
