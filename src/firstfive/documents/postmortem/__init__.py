"""The post-mortem in the page's own form, written from the timeline, and what a reader will miss in it.

`write_postmortem` makes it, `digest` tells later whether a person has edited it, `check.check_postmortem` remarks on it.
"""

from __future__ import annotations

from firstfive.documents.postmortem.write import digest, until_resolved, write_postmortem

__all__ = ["digest", "until_resolved", "write_postmortem"]
