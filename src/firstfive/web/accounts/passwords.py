"""Passwords: hashed and compared with argon2id, 64 MiB, three passes, four lanes, in a thread, two at a time.

Used by `signing`. An unknown name costs the same time as a wrong password.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING

from firstfive.errors import Exit, Refused

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 200
AT_ONCE = 2


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)


@cache
def _nobody() -> str:
    """A hash of nothing that anybody knows, to be compared with when there is no account of the name."""
    import secrets

    return _hasher().hash(secrets.token_urlsafe(32))


class Passwords:
    """Hashes and compares, never more than two at once, since each takes 64 MiB."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hashed(self, password: str) -> str:
        """The hash to keep. Raises Refused for a password that is too short to keep anything."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise Refused(
                f"a password has {SHORTEST} to {LONGEST} characters",
                remedy="a few words that do not belong together are good",
                exit_code=Exit.USAGE,
            )
        async with self._turn:
            return await asyncio.to_thread(_hasher().hash, password)

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password of that hash; never for no hash, after the same work."""
        async with self._turn:
            same = await asyncio.to_thread(_same, hashed, password[: LONGEST + 1])
        return same and hashed is not None


def _same(hashed: str | None, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(hashed or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
