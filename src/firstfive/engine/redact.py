"""Secrets and control sequences out of everything that is stored or sent.

Called by the engine on every captured byte and every signal text, before the journal sees it. Never keeps what it removes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from firstfive.incident.signals import Beat, Deploy, Observation, Signal

CAP = 1024 * 1024
MASK = "[redacted]"

# Escape sequences (CSI, OSC, DCS, single shifts), C0 but tab and newline, C1, bidirectional and zero-width characters.
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"
    r"|\x1b[@-Z\\-_a-z]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]",
    re.DOTALL,
)

# Each is tried only where one of its words stands: a pattern that looks for them itself takes six times as long.
_NAMED = re.compile(
    r"(?i)(?:password|passwd|routing[_-]?key|secret|token|api[_-]?key|private[_-]?key)[\w.-]*\"?\s*[=:]\s*\"?(?P<secret>[^\s\"',;&]{4,})"
)
_SCHEME = re.compile(r"(?i)\b(?:bearer|basic)\s+(?P<secret>[A-Za-z0-9._~+/=-]{8,})")
_ADDRESS = re.compile(r"://[^\s/:@]*:(?P<secret>[^\s/@]+)(?=@)")
_KEY = re.compile(r"(?i)-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>.*?)(?=-----END|$)", re.DOTALL)


_NAMES = (
    "passw",
    "routing",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "privatekey",
    "private_key",
    "private-key",
)
# Without one of these in it (lower case), a text holds nothing that the patterns above could find.
_HINTS = (*_NAMES, "private key", "bearer", "basic", "@")
_SHAPES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (_NAMED, _NAMES),
    (_SCHEME, ("bearer", "basic")),
    (_ADDRESS, ("://",)),
    (_KEY, ("-----begin ",)),
)


def _masked(text: str, pattern: re.Pattern[str], words: Sequence[str]) -> str:
    """The text with the secret of each match masked; a match begins where one of the words stands, in either case."""
    lower = text.replace("\u0130", "i").lower()  # the one letter that gets longer
    parts: list[str] = []
    done = 0
    for at in sorted(_places(lower, words)):
        found = pattern.match(text, at) if at >= done else None
        if found is not None:
            parts += (text[done : found.start("secret")], MASK)
            done = found.end("secret")
    return "".join((*parts, text[done:])) if parts else text


def _places(lower: str, words: Sequence[str]) -> Iterator[int]:
    for word in words:
        at = lower.find(word)
        while at >= 0:
            yield at
            at = lower.find(word, at + 1)


def _finder(words: Sequence[str]) -> Callable[[bytes], bool]:
    """Whether any of the words stands in some bytes, in either case; loaded at its first use, one pass however many they are."""
    made: list[Callable[[bytes], bool]] = []

    def find(body: bytes) -> bool:
        if not made:
            made.append(_compiled([word.encode("utf-8", "surrogatepass") for word in words]))
        return made[0](body)

    return find


def _compiled(words: Sequence[bytes]) -> Callable[[bytes], bool]:
    import hyperscan

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    flags = [hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH] * len(words)
    database.compile(expressions=[b"".join(b"\\x%02x" % byte for byte in word) for word in words], flags=flags)

    def find(body: bytes) -> bool:
        hits: list[int] = []
        database.scan(body, match_event_handler=lambda id_, *_: hits.append(id_))
        return bool(hits)

    return find


class Redactor:
    """Knows the values that must never be shown and the shapes that secrets come in."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: frozenset[str] = frozenset()
        self._know(frozenset(v for v in values if len(v) >= 4))

    def learn(self, values: Iterable[str]) -> None:
        """Further values that must never be shown, such as a password that was changed while we ran; the old ones stay known."""
        fresh = frozenset(v for v in values if len(v) >= 4) - self._values
        if fresh:
            self._know(self._values | fresh)

    def _know(self, values: frozenset[str]) -> None:
        self._values = values
        known = sorted(values, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(v) for v in known)) if known else None
        self._suspicious = _finder([*_HINTS, *known])

    def clean(self, text: str, *, cap: int = CAP) -> tuple[str, int]:
        """The text without control sequences and secrets, and how many characters were cut from its middle to fit `cap`."""
        plain = self.bare(text)
        if len(plain) <= cap:
            return plain, 0
        half = cap // 2
        return f"{plain[:half]}\n[... {len(plain) - cap} characters left out ...]\n{plain[-half:]}", len(plain) - cap

    def output(self, text: str, *, cap: int, dropped: int) -> tuple[str, int]:
        """What a run said, as it is kept: at most `cap` characters of it, and how many bytes it said beside them, which stands in the gap.

        `dropped` bytes were already missing from the middle of `text`.
        """
        return both_ends(self.bare(text), cap=cap, dropped=dropped)

    def bare(self, text: str) -> str:
        """The text without control sequences and secrets, all of it."""
        plain = text
        if not text.isprintable():
            plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        if self._known is not None:
            plain = self._known.sub(MASK, plain)
        for pattern, words in _SHAPES:
            plain = _masked(plain, pattern, words)
        return plain

    def line(self, text: str, *, width: int = 300) -> str:
        """One clean line of at most `width` characters."""
        flat = " ".join(self.clean(text)[0].split())
        return flat if len(flat) <= width else flat[: width - 1] + "…"

    def harmless(self, body: bytes) -> bool:
        """Whether a body can be kept as it is: nothing in it could be a secret, as far as a quick look tells."""
        return not self._suspicious(body) and not body.startswith(b"\x00")

    def body(self, body: bytes, *, cap: int) -> bytes:
        """A sender's bytes as text without secrets, at most `cap` characters and said so when more came."""
        return self.clean(body.decode("utf-8", "replace"), cap=cap)[0].encode("utf-8", "replace")

    def observation(self, seen: Observation) -> Observation:
        """The same observation with every word of its sender clean, each on one line."""
        match seen:
            case Signal():
                lines = [f"{name}={value}" for name, value in seen.labels]
                clean = [self.line(line, width=700) for line in lines]
                return replace(
                    seen,
                    subject=self.line(seen.subject),
                    text=self.line(seen.text, width=2000),
                    link=self.line(seen.link, width=1000),
                    severity=self.line(seen.severity, width=60),
                    labels=tuple((name, value) for name, _, value in (line.partition("=") for line in clean)),
                )
            case Deploy():
                return replace(
                    seen,
                    subject=self.line(seen.subject),
                    version=self.line(seen.version),
                    previous=self.line(seen.previous),
                    source=self.line(seen.source),
                    reference=self.line(seen.reference, width=500),
                    actor=self.line(seen.actor),
                    link=self.line(seen.link, width=1000),
                )
            case Beat():
                return replace(seen, name=self.line(seen.name, width=100), text=self.line(seen.text, width=2000))
            case _:
                assert_never(seen)


def both_ends(plain: str, *, cap: int, dropped: int) -> tuple[str, int]:
    """At most `cap` characters of a clean text, and how many bytes are missing then: what is cut here, and `dropped` from before."""
    if len(plain) <= cap:
        return (f"{plain}\n[... {dropped} bytes before the end were left out ...]\n" if dropped else plain), dropped
    half = cap // 2
    missing = dropped + len(plain[half:-half].encode("utf-8", "replace"))
    return f"{plain[:half]}\n[... {missing} bytes left out ...]\n{plain[-half:]}", missing
