"""Where the accounts are: a file in the state folder, or beside a journal that several nodes share, so that a person is known on each.

Called by `web`, `app` and the command line. Opens nothing before it is asked to.
"""

from __future__ import annotations

from pathlib import Path

from firstfive.errors import FirstfiveError
from firstfive.stores import trouble
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


def in_words(problem: Exception, state: Path, database: str) -> FirstfiveError | None:
    """What it means for an operator that they could not be asked; None for what is no trouble with where they are."""
    if isinstance(problem, FirstfiveError):
        return problem
    if _is_file(database):
        return trouble.told(problem, state / FILE) if trouble.is_database(problem) else None
    from firstfive.stores.postgres import address
    from firstfive.stores.postgres.trouble import is_database, told

    return told(problem, address.shown(address.read(database))) if is_database(problem) else None


def _is_file(database: str) -> bool:
    return not database or database.startswith("sqlite")
