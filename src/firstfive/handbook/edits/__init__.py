"""Edits that a page is offered: bytes to replace with others, each with its reason, and never without proof of what they change.

Called by `firstfive fmt`. Pure: it makes no file and rewrites no prose.
"""

from __future__ import annotations

from firstfive.handbook.edits.held import Plan, plan
from firstfive.handbook.edits.offers import offered
from firstfive.handbook.edits.spans import Edit, patched

__all__ = ["Edit", "Plan", "offered", "patched", "plan"]
