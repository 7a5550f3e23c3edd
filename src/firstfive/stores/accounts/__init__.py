"""Who may sign in: accounts, what proves them, what they were given, and the record of every use."""

from firstfive.stores.accounts.book import FILE, Accounts
from firstfive.stores.accounts.model import (
    SCOPES,
    Account,
    AuditRow,
    Invitation,
    Passkey,
    Role,
    Session,
    Token,
    digest_of,
    role_named,
)

__all__ = [
    "FILE",
    "SCOPES",
    "Account",
    "Accounts",
    "AuditRow",
    "Invitation",
    "Passkey",
    "Role",
    "Session",
    "Token",
    "digest_of",
    "role_named",
]
