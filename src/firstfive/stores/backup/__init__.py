"""A copy of everything that the program remembers, in one file: made beside a running server, proved before it counts, put back whole.

`make` and `put_back` are called by the command line and by the nightly round. A copy that does not hold together is never kept.
"""

from __future__ import annotations

from firstfive.stores.backup.archive import Made as Made
from firstfive.stores.backup.archive import make as make
from firstfive.stores.backup.archive import newest as newest
from firstfive.stores.backup.archive import prune as prune
from firstfive.stores.backup.restore import Restored as Restored
from firstfive.stores.backup.restore import put_back as put_back
