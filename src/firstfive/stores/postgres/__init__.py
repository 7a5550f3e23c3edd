"""The journal on PostgreSQL: the same code path as on a file, for several nodes at once.

Opened by `stores.open_journal`; nothing here is imported before somebody asks for such a journal.
"""

from __future__ import annotations

from firstfive.stores.postgres.journal import PostgresJournal as PostgresJournal
