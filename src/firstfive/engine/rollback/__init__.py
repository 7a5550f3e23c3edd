"""The way back: from the ledger's entry before to one script that pins that image, with its undo and its diff.

Called by `obey` when the rules propose a roll-back and a deploy ledger is kept. Only looks; what it finds waits for approval.
"""

from __future__ import annotations

from firstfive.engine.rollback.plan import plan as plan
