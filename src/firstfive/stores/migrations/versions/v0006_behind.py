"""A node shows whether it is behind: whether an open incident holds what only a newer version can read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add a column; nodes of the version before go on without it."""
    op.add_column("node", sa.Column("behind", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Refused: the copy made before a migration is the way back."""
    raise NotImplementedError("put back the copy that lies beside the journal")
