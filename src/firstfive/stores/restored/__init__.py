"""Whether this journal is still the one that was written: after a restore, or a failover, it may have forgotten what was done last."""

from __future__ import annotations

from firstfive.stores.restored.epoch import GAP as GAP
from firstfive.stores.restored.epoch import begin as begin
from firstfive.stores.restored.epoch import latest as latest
from firstfive.stores.restored.mark import Mark as Mark
from firstfive.stores.restored.mark import forgotten as forgotten
from firstfive.stores.restored.mark import keep as keep
from firstfive.stores.restored.mark import kept as kept
from firstfive.stores.restored.noticing import declared as declared
from firstfive.stores.restored.noticing import notice as notice
from firstfive.stores.restored.noticing import recall as recall
from firstfive.stores.restored.noticing import remember as remember
