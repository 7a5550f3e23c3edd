"""What comes in from outside: a Signal (one dated observation), a Deploy (one dated change of what runs), a Beat (one sign of life).

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
    PROBE = "probe"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One observation at `at` (aware UTC): `subject` (URL, process, log) is in trouble, or `firing` is False: it is well.

    `text` is the evidence, already redacted and stripped. `symptom` is the id of the page's symptom it realises, if any; `runbook`
    the id of the runbook it points to when no symptom does. `host` names the target it is about, empty for the default one.
    `severity` is the sender's own word ("critical"), `labels` are the sender's, sorted by name. `key` is the sender's identity for
    this trouble: with one, the subject may change and it is still the same. `family` says which row of the family table matched,
    when it was not the page's own token. `link` leads to the sender's page. `until` is when it is over unless it is said again.
    `who` are the addresses or networks that cause it, the worst first, where a look can tell.
    """

    kind: SignalKind
    source: str
    subject: str
    firing: bool
    text: str
    at: datetime
    symptom: str = ""
    runbook: str = ""
    host: str = ""
    severity: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    key: str = ""
    family: str = ""
    link: str = ""
    until: datetime | None = None
    who: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Same trouble, same fingerprint: 16 hex digits over kind, source, host, and the sender's key or else subject and symptom.

        Never over text, labels or time.
        """
        words = (
            [self.kind, self.source, self.key, ""] if self.key else [self.kind, self.source, self.subject, self.symptom]
        )
        if self.host:
            words.append(self.host)
        return hashlib.sha256("\x1f".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """`subject` runs `version` since `at` (aware UTC). `previous` is what ran before, empty when nobody saw it.

    `source` says how we know. `first` marks the first look at a subject: a baseline, not a change. What Docker knows beside that:
    `image_id` and `digest` (`sha256:...`) of what runs now, `previous_image_id` of what ran before, `reference` as the container names
    its image, the Compose `project`, `service` and `files` (absolute paths), the `container` and the `host` (target) it runs on.
    `actor` and `link` come from a sender.
    """

    subject: str
    version: str
    previous: str
    at: datetime
    source: str
    first: bool = False
    image_id: str = ""
    digest: str = ""
    previous_image_id: str = ""
    reference: str = ""
    project: str = ""
    service: str = ""
    container: str = ""
    files: tuple[str, ...] = ()
    host: str = ""
    actor: str = ""
    link: str = ""


class BeatState(StrEnum):
    """What a heartbeat said."""

    OK = "ok"
    START = "start"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """`name` gave a sign of life at `at` (aware UTC). Silence of a heartbeat that settings or a first beat named is an alert."""

    name: str
    at: datetime
    state: BeatState = BeatState.OK
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """An error that a tracker saw since the time asked for: `count` events, `new` when its first event is that young too."""

    title: str
    count: int
    first: datetime
    last: datetime
    new: bool
    link: str = ""


Observation = Signal | Deploy | Beat
