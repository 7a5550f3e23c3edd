"""Where the migration library starts: on the connection, and inside the transaction, that `schema` opened."""

from __future__ import annotations

from alembic import context

from firstfive.stores.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
