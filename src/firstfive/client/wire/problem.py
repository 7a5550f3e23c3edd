"""A problem as the API tells it (RFC 9457): the standard fields, and what, where, what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, where, and the remedy; `code` is a problem code of the reference, `exit_code` the command line's."""

    type: str
    title: str
    status: int
    detail: str
    what: str
    where: str
    remedy: str
    code: str
    exit_code: int
