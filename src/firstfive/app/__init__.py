"""Builds the whole program from Settings; the only place where its parts meet.

Called by `cli` and `web`. Holds no rule: which probe watches which symptom is read off the page, the rest is wiring.
"""

from __future__ import annotations

from firstfive.app.eyes import probes_for as probes_for
from firstfive.app.hands import target_of as target_of
from firstfive.app.pages import read_handbook as read_handbook
from firstfive.app.program import Program as Program
from firstfive.app.program import open_program as open_program
from firstfive.app.program import policy_from as policy_from
