"""What a run said, whole, where a timeline holds only both ends of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a table; nodes of the version before go on without it."""
    op.create_table(
        "attachment",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "run", name="pk_attachment"),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"], name="fk_attachment_incident"),
    )


def downgrade() -> None:
    """Refused: the copy made before a migration is the way back."""
    raise NotImplementedError("put back the copy that lies beside the journal")
