"""The one error family: what went wrong, where, and what to do about it.

Every layer raises these; `cli` and `web` show them. Nothing here prints, logs or exits.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line, the same for every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NEEDS_APPROVAL = 3
    TARGET_UNREACHABLE = 4
    OUTCOME_UNKNOWN = 5
    NOT_AUTHORISED = 6
    DOES_NOT_COMPILE = 7
    CONFLICT = 8
    INTERRUPTED = 130


class FirstfiveError(Exception):
    """An error worded for an operator at 03:00.

    `what` happened, `where` (a place such as `page.md:12:3`, a path, a host; empty when there is none) and the `remedy`:
    the next thing to do. `code` is a stable problem code (`FF...`) documented under docs/reference/problem-codes.
    """

    def __init__(
        self, what: str, *, where: str = "", remedy: str = "", code: str = "", exit_code: Exit = Exit.FAILED
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.code = code
        self.exit_code = exit_code

    def __str__(self) -> str:
        """One to three lines: the problem, its place, the remedy."""
        head = f"{self.code} {self.what}" if self.code else self.what
        lines = [head]
        if self.where:
            lines.append(f"  --> {self.where}")
        if self.remedy:
            lines.append(f"  help: {self.remedy}")
        return "\n".join(lines)


class ShellSyntaxError(FirstfiveError):
    """A shell block that bash could not read; `line` and `column` are 1-based inside the block (columns count bytes)."""

    def __init__(self, what: str, *, line: int, column: int) -> None:
        super().__init__(what, where=f"line {line}, column {column}", code="FF010", exit_code=Exit.DOES_NOT_COMPILE)
        self.line = line
        self.column = column


class VaultError(FirstfiveError):
    """The vault or its page cannot be read or written."""


class PageError(FirstfiveError):
    """The page cannot be compiled at all: there is no page in it."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "", code: str = "FF001") -> None:
        super().__init__(what, where=where, remedy=remedy, code=code, exit_code=Exit.DOES_NOT_COMPILE)


class SettingsError(FirstfiveError):
    """The settings file or an environment variable is wrong."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where=where, remedy=remedy, exit_code=Exit.USAGE)


class JournalError(FirstfiveError):
    """The journal cannot be opened, read or written."""


class Newer(JournalError):
    """The journal holds something that only a newer version of the program can read."""


class NotLoaded(JournalError):
    """The page of that digest, under which an incident was declared, has to be loaded before anything is decided on the incident."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"the page that an incident was declared under ({digest[:12]}) is not loaded")
        self.digest = digest


class Refused(FirstfiveError):
    """A person's request that the rules do not allow now, with the reason."""

    def __init__(self, what: str, *, remedy: str = "", exit_code: Exit = Exit.CONFLICT) -> None:
        super().__init__(what, remedy=remedy, exit_code=exit_code)
