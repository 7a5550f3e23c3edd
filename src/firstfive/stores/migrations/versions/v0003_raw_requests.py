"""How a request came, so that it can be read after it was answered; until when an alert holds unless it is sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns; what is there stays as it is."""
    op.add_column("received", sa.Column("asked", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("alert", sa.Column("until", sa.BigInteger()))
    held = sa.text("until IS NOT NULL")
    op.create_index("ix_alert_until", "alert", ["until"], sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    """Refused: the copy made before a migration is the way back."""
    raise NotImplementedError("put back the copy that lies beside the journal")
