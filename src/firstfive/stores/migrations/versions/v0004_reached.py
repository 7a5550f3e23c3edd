"""Which ways of reaching people were tried, and which of them a person answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a table; what is there stays as it is."""
    op.create_table(
        "reached",
        sa.Column("person", sa.Text(), primary_key=True),
        sa.Column("way", sa.Text(), primary_key=True),
        sa.Column("asked_at", sa.BigInteger()),
        sa.Column("answered_at", sa.BigInteger()),
    )


def downgrade() -> None:
    """Refused: the copy made before a migration is the way back."""
    raise NotImplementedError("put back the copy that lies beside the journal")
