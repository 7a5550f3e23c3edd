"""Phrases of a page ("if OOM", "if disk full") and the conditions that they mean.

Called by the page compiler. A phrase that is not in the lexicon is not guessed at: a person is asked.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

_LONGEST_PHRASE = 200
_LEAD = re.compile(r"^(?:if|when|once|in case of|is it|is the)\s+|^(?:the|a|an)\s+")
_ARROW = re.compile(r"\s*(?:→|->|=>|—|–|:).*\Z", re.DOTALL)


def condition_for(phrase: str, overlay: Mapping[str, str] | None = None) -> str | None:
    """The condition that a phrase means, or None. A vault's own `overlay` (phrase to condition) goes first.

    Compared without case, quotes, end marks, a leading "if" or article, and what follows an arrow or colon. The whole phrase must
    fit: "auth failed for one user" is not "auth failed".
    """
    if len(phrase) > _LONGEST_PHRASE:
        return None
    plain = plainly(phrase)
    own = {plainly(key): condition for key, condition in (overlay or {}).items()}
    return own.get(plain) or lexicon().get(plain)


def plainly(phrase: str) -> str:
    """A phrase brought to the form in which phrases are compared."""
    text = _ARROW.sub("", phrase.strip().lower()) or phrase.strip().lower()
    text = re.sub(r"[`*\"'“”‘’()]", "", text)
    text = " ".join(text.replace("_", " ").split()).rstrip("?.,;!: ")
    while (shorter := _LEAD.sub("", text)) != text:
        text = shorter
    return text


@lru_cache(maxsize=1)
def lexicon() -> Mapping[str, str]:
    """The phrases of lexicon.toml, plainly spelled, with their conditions."""
    text = files("firstfive.shell.facts").joinpath("lexicon.toml").read_text("utf-8")
    entries = tomllib.loads(text)["meaning"]
    return MappingProxyType({plainly(phrase): entry["condition"] for entry in entries for phrase in entry["phrases"]})
