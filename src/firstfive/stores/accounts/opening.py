"""Where the accounts are: a file in the state folder, or beside a journal that several nodes share, so that a person is known on each.

Called by `web`, `app` and the command line. Opens nothing before it is asked to.
"""

from __future__ import annotations

from pathlib import Path

from firstfive.stores.accounts.book import FILE, Accounts


def there_may_be(state: Path, database: str) -> bool:
    """Whether it is worth opening them to see if there is an account."""
    return not _is_file(database) or (state / FILE).exists()


def open_accounts(state: Path, database: str) -> Accounts:
    """The accounts of the installation whose journal is at `database`. Raises FirstfiveError when they cannot be opened."""
    if _is_file(database):
        return Accounts(state / FILE)
    from firstfive.stores.postgres import accounts

    return accounts.opened(database)


def _is_file(database: str) -> bool:
    return not database or database.startswith("sqlite")
