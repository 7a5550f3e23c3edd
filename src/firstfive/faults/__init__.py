"""Harm on purpose, for drills: what can be broken in a lab, how to see it, and how to heal it.

Called by `app.practice`. Refuses every target that does not carry a lab's mark.
"""

from firstfive.faults.model import Fault as Fault
from firstfive.faults.place import Lab as Lab
from firstfive.faults.place import Standing as Standing
from firstfive.faults.registry import FAULTS as FAULTS
from firstfive.faults.registry import by_name as by_name
from firstfive.faults.registry import named_on as named_on
