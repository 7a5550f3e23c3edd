"""An answer out of a chat, and what came of it.

Made and shown by the listeners beside it; decided by `engine.telling.pressing`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """An answer out of a chat that vouches for who gave it: a button pressed (`sealed` is its word), or an incident taken in writing.

    `user` is the chat's own id of the person, which nobody chooses; `called` is the name there, which anybody may choose.
    """

    user: str
    called: str = ""
    sealed: str = ""
    takes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What came of a Press, in words for the chat. `done` is whether it counts; `settled` whether the message's buttons are used up."""

    text: str
    done: bool = False
    settled: bool = False
