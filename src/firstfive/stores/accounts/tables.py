"""The tables of `accounts.db`. Instants are whole microseconds since 1970 UTC, secrets only as digests.

Used by `book` alone.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("compared", Text, nullable=False, unique=True),
    Column("role", Integer, nullable=False),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("password", Text),
    Column("subject", Text),
    Column("made_at", BigInteger, nullable=False),
)

passkey = Table(
    "passkey",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("account", Text, ForeignKey("account.name"), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

# The name of a break-glass session is no account, so nothing points there; `role` is set for such a session only.
session = Table(
    "session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False, index=True),
    Column("role", Integer),
    Column("how", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.name"), nullable=False),
    Column("label", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("revoked", Boolean, nullable=False, default=False),
)

invitation = Table(
    "invitation",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

glass = Table(
    "glass",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
