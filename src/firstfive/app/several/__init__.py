"""What several nodes on one journal agree on: the clock, who looks after what, and the key that seals links.

Part of `app`. Where one process owns the journal, none of it is needed and each function says so by doing nothing.
"""

from __future__ import annotations

from firstfive.app.several.joining import clock_for as clock_for
from firstfive.app.several.joining import fall_behind as fall_behind
from firstfive.app.several.joining import holder as holder
from firstfive.app.several.joining import key_of as key_of
from firstfive.app.several.joining import mixed as mixed
from firstfive.app.several.joining import refuse_apart as refuse_apart
from firstfive.app.several.joining import runs_of as runs_of
from firstfive.app.several.joining import take_share as take_share
from firstfive.app.several.joining import while_held as while_held
