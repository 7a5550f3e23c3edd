"""Calls of the API under an idempotency key: what was asked, whether it was done, what was answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a table; nodes of the version before go on without it."""
    op.create_table(
        "call",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("incident", sa.Text()),
        sa.Column("answer", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
        sa.UniqueConstraint("name", name="uq_call_name"),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"], name="fk_call_incident"),
    )
    op.create_index("ix_call_at", "call", ["at"])


def downgrade() -> None:
    """Refused: the copy made before a migration is the way back."""
    raise NotImplementedError("put back the copy that lies beside the journal")
