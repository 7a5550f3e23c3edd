"""What comes in from outside: a Signal (one dated observation) and a Deploy (one dated change of what runs).

Made by probes, intake and people; read by `triage`. Never kept as samples: only changes of state come this far.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SignalKind(StrEnum):
    """Which eye or ear it came through."""

    HTTP = "http"
    STATUS = "status"
    LOG = "log"
    ALERT = "alert"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One observation at `at` (aware UTC): `subject` (URL, process, log) is in trouble, or `firing` is False: it is well.

    `text` is the evidence, already redacted and stripped. `symptom` is the id of the page's symptom it realises, if any.
    """

    kind: SignalKind
    source: str
    subject: str
    firing: bool
    text: str
    at: datetime
    symptom: str = ""

    @property
    def fingerprint(self) -> str:
        """Same trouble, same fingerprint: 16 hex digits over kind, source, subject and symptom, never over text or time."""
        words = "\x1f".join((self.kind, self.source, self.subject, self.symptom))
        return hashlib.sha256(words.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """`subject` runs `version` since `at` (aware UTC). `previous` is what ran before, empty when nobody saw it.

    `source` says how we know. `first` marks the first look at a subject: a baseline, not a change.
    """

    subject: str
    version: str
    previous: str
    at: datetime
    source: str
    first: bool = False
