"""What a person types into a search, as a query of the full-text index.

Called by `index`. Nothing that is typed is syntax but quotes around a phrase and a star behind the beginning of a word.
"""

from __future__ import annotations

import re

from firstfive.errors import Exit, Refused

LONGEST = 1000
MOST_WORDS = 20
_PART = re.compile(r'"([^"]*)"|(\S+)')


def match_of(text: str) -> str:
    """The expression for MATCH: every word and phrase must be there. Raises Refused when there is nothing to look for, or too much."""
    if len(text) > LONGEST:
        raise Refused(
            f"a search is at most {LONGEST} characters", remedy="take fewer words out of it", exit_code=Exit.USAGE
        )
    parts = [
        _quoted(phrase or word)
        for phrase, word in _PART.findall(text.replace("\0", " ").encode("utf-8", "ignore").decode())
    ]
    wanted = [part for part in parts if part]
    if not wanted:
        raise Refused(
            "there is no word to look for", remedy='give a word, or a "phrase in quotes"', exit_code=Exit.USAGE
        )
    return " ".join(wanted[:MOST_WORDS])


def _quoted(part: str) -> str:
    """One word or phrase as a quoted string, with a star behind it when it is only the beginning of a word."""
    begins = part.endswith("*")
    plain = part.rstrip("*").replace('"', " ").strip()
    if not re.search(r"\w", plain):
        return ""
    return f'"{plain}"*' if begins else f'"{plain}"'
