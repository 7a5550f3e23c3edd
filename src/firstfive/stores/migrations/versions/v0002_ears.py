"""What comes from outside senders: received requests, silences, heartbeats; what was made of an alert; what Docker knew of a deploy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns and tables; what is there stays as it is."""
    for name in ("verdict", "why"):
        op.add_column("alert", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_index("ix_alert_verdict", "alert", ["verdict"])
    op.add_column("deploy", sa.Column("detail", sa.Text(), nullable=False, server_default=sa.text("'{}'")))
    _received()
    _standing()


def downgrade() -> None:
    """Refused: the copy made before a migration is the way back."""
    raise NotImplementedError("put back the copy that lies beside the journal")


def _received() -> None:
    op.create_table(
        "received",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcomes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_received"),
        sa.UniqueConstraint("key", name="uq_received_key"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_received_waiting", "received", ["id"], sqlite_where=waiting, postgresql_where=waiting)


def _standing() -> None:
    op.create_table(
        "silence",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("maintenance", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )
    op.create_index("ix_silence_ends", "silence", ["ends"])
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("every", sa.BigInteger(), nullable=False),
        sa.Column("grace", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeat"),
    )
