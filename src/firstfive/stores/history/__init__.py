"""An index over everything that was ever recorded: made out of the journal and the post-mortems, thrown away and made again at will.

`open_index` is called by `app.history`. It is never the truth: what it says can be made anew from the journal.
"""

from __future__ import annotations

from firstfive.stores.history.index import Hit as Hit
from firstfive.stores.history.index import Index as Index
from firstfive.stores.history.index import Known as Known
from firstfive.stores.history.index import Wanted as Wanted
from firstfive.stores.history.index import open_index as open_index
