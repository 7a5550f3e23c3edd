"""Words of a command as far as they can be known before it runs: plain text, with marks where something unknown stands.

Made by `walk`, read by every judge. It expands nothing that only a running shell could know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# One private character stands for each piece that is only known when the command runs.
GIVEN = "\ue000"  # a variable that the operator's environment sets
FOREIGN = "\ue001"  # what a command printed, a loop variable, a positional parameter: may be anything
BOUND = "\ue002"  # a parameter that was checked before it was bound
NUMBER = "\ue003"  # something that can only be a whole number, or a descriptor's path
GLOB = "\ue004"  # an unquoted pattern: names of files
MARKS = GIVEN + FOREIGN + BOUND + NUMBER + GLOB
_MARK = re.compile(f"[{MARKS}]")
PRIVATE = re.compile("[\ue000-\ue00f]")

_BARE_ESCAPE = re.compile(r"\\(?:\n|(.))", re.DOTALL)
_QUOTED_ESCAPE = re.compile(r"\\(?:\n|([\\\"$`]))")
_DOLLAR_QUOTED = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|u([0-9A-Fa-f]{1,4})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}
_BRACES = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `text` holds marks for what is not known; `loose` says that it may become several words, or none."""

    text: str
    loose: bool = False
    secret: bool = False

    @property
    def plain(self) -> str | None:
        """The whole text when all of it is known, else None."""
        return None if self.loose or _MARK.search(self.text) else self.text

    @property
    def foreign(self) -> bool:
        """Whether a part of it may be anything."""
        return FOREIGN in self.text

    @property
    def marked(self) -> bool:
        """Whether a part of it is only known when the command runs."""
        return self.loose or _MARK.search(self.text) is not None

    def may_be_option(self) -> bool:
        """Whether it could turn out to start with a dash, or to bring words of its own along."""
        return self.text[:1] in (FOREIGN, GLOB) or (self.loose and FOREIGN in self.text)

    def tail(self, start: int) -> Word:
        """The word without its first characters."""
        return Word(self.text[start:], self.loose, self.secret)


def untrusted(words: Iterable[Word]) -> bool:
    """Whether any word carries text that nobody checked."""
    return any(GIVEN in word.text or FOREIGN in word.text for word in words)


def bare(text: str) -> tuple[str, bool]:
    """An unquoted literal as it reads: escapes undone, patterns and braces marked. The flag says: may be several words."""
    if not any(c in text for c in "\\*?[{"):
        return text, False
    pieces: list[str] = []
    loose = False
    at = 0
    braces = {m.start(): m.end() for m in _BRACES.finditer(text)}
    while at < len(text):
        char = text[at]
        if char == "\\":
            if text[at + 1 : at + 2] != "\n":
                pieces.append(text[at + 1 : at + 2])
            at += 2
        elif char in "*?" or (char == "[" and "]" in text[at + 1 :]):
            pieces.append(GLOB)
            at += 1
        elif at in braces:
            # with a prefix every word it makes starts with that prefix; without one it may make an option
            loose = loose or not pieces
            pieces.append(GLOB if pieces else FOREIGN)
            at = braces[at]
        else:
            pieces.append(char)
            at += 1
    return "".join(pieces), loose


def quoted(text: str) -> str:
    """The literal part of a double-quoted text."""
    return _QUOTED_ESCAPE.sub(lambda found: found[1] or "", text) if "\\" in text else text


def dollar_quoted(text: str) -> str | None:
    r"""The text of `$'...'`, or None where it uses an escape that is not read here (`\c`, `\U`)."""
    if "\\" not in text:
        return text
    known = True

    def undo(found: re.Match[str]) -> str:
        nonlocal known
        if found[1] or found[3]:
            return chr(int(found[1] or found[3], 16))
        if found[2]:
            return chr(int(found[2], 8) & 0xFF)
        if found[4] in _LETTERS:
            return _LETTERS[found[4]]
        known = known and found[4] in "\\'\"?"
        return str(found[4])

    undone = _DOLLAR_QUOTED.sub(undo, text)
    return undone if known and "\0" not in undone and not PRIVATE.search(undone) else None


def joined(words: Iterable[Word]) -> Word:
    """Words put together with blanks, as ssh and eval do."""
    every = tuple(words)
    return Word(" ".join(w.text for w in every), any(w.loose for w in every), any(w.secret for w in every))
