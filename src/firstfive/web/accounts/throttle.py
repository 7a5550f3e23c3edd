"""How often somebody may try: to sign in five times a minute from one address, and five times for one name; to report as the form says.

Asked by every form that proves who somebody is, and by the public report form. Keeps its counts in memory: a restart forgets them, and
costs more than it gives.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limits.strategies import MovingWindowRateLimiter

A_MINUTE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Too many tries: seconds to wait, and whether this is the first one refused in that time, to be written down once."""

    wait: int
    first: bool


class Throttle:
    """Counts tries by key: `most` within so many minutes. `clock` gives seconds since 1970, as the counts themselves use them."""

    def __init__(self, clock: Callable[[], float] = time.time, *, most: int = A_MINUTE, minutes: int = 1) -> None:
        self._clock, self._most, self._minutes = clock, most, minutes
        self._limiter: MovingWindowRateLimiter | None = None

    def tried(self, *keys: str) -> Held | None:
        """Count one try for each key; None when it may go on."""
        from limits import RateLimitItemPerMinute
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        if self._limiter is None:
            self._limiter = MovingWindowRateLimiter(MemoryStorage())
        limiter = self._limiter
        most, once = (RateLimitItemPerMinute(count, self._minutes) for count in (self._most, 1))
        over = [key for key in keys if not limiter.hit(most, key)]
        if not over:
            return None
        until = max(limiter.get_window_stats(most, key).reset_time for key in over)
        return Held(
            wait=max(1, math.ceil(until - self._clock())), first=any([limiter.hit(once, "told", key) for key in over])
        )
