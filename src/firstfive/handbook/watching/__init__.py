"""From symptoms to watchers: what looks for each symptom of a page, what else means the same, and why a symptom is not watched.

Used by `app` to build probes and by `firstfive explain`. Pure.
"""

from __future__ import annotations

from firstfive.handbook.watching.families import Family as Family
from firstfive.handbook.watching.families import Meaning as Meaning
from firstfive.handbook.watching.families import families as families
from firstfive.handbook.watching.families import families_of as families_of
from firstfive.handbook.watching.plan import watchers as watchers
from firstfive.handbook.watching.watcher import Known as Known
from firstfive.handbook.watching.watcher import Plan as Plan
from firstfive.handbook.watching.watcher import Unwatched as Unwatched
from firstfive.handbook.watching.watcher import Watcher as Watcher
