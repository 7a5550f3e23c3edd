"""Calls under an idempotency key: each acts once, whichever process takes it and whatever dies in between.

`web.contract.once` asks `Keys`; the journals ask `marked` around each write. The rule: that something was written for a call stands in
the same transaction as what was written. So a call whose server died is either done over, since nothing came of it, or known to be done.
"""

from firstfive.stores.calls.keys import Keys
from firstfive.stores.calls.marking import marked
from firstfive.stores.calls.rows import Call, State

__all__ = ["Call", "Keys", "State", "marked"]
