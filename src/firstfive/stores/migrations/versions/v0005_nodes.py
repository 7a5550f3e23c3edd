"""Several nodes on one journal: what each shows of itself, who looks after what, and secrets that all share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add columns and tables; what is there stays as it is."""
    op.add_column("node", sa.Column("page", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("node", sa.Column("local", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "duty",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "shared",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """Refused: the copy made before a migration is the way back."""
    raise NotImplementedError("put back the copy that lies beside the journal")
