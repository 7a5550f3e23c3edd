"""Secrets and control sequences out of everything that is stored or sent.

Called by the engine on every captured byte and every signal text, before the journal sees it. Never keeps what it removes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

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

_PATTERNS = (
    re.compile(
        r"(?i)\b([\w.-]*(?:password|passwd|secret|token|api[_-]?key|private[_-]?key)[\w.-]*\"?\s*[=:]\s*\"?)([^\s\"',;&]{4,})"
    ),
    re.compile(r"(?i)\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{8,})"),
    re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)([^\s/@]+)(?=@)"),
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(?=-----END|$)", re.DOTALL),
)


class Redactor:
    """Knows the values that must never be shown and the shapes that secrets come in."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = sorted({v for v in values if len(v) >= 4}, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(v) for v in known)) if known else None

    def clean(self, text: str, *, cap: int = CAP) -> tuple[str, int]:
        """The text without control sequences and secrets, and how many characters were cut from its middle to fit `cap`."""
        plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        if self._known is not None:
            plain = self._known.sub(MASK, plain)
        for pattern in _PATTERNS:
            plain = pattern.sub(rf"\1{MASK}", plain)
        if len(plain) <= cap:
            return plain, 0
        half = cap // 2
        return f"{plain[:half]}\n[... {len(plain) - cap} characters left out ...]\n{plain[-half:]}", len(plain) - cap

    def line(self, text: str, *, width: int = 300) -> str:
        """One clean line of at most `width` characters."""
        flat = " ".join(self.clean(text)[0].split())
        return flat if len(flat) <= width else flat[: width - 1] + "…"
