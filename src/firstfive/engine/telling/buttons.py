"""Sealed words behind the buttons of a chat that says who pressed: short enough for any chat, bound to the exact act, spent once.

Made for messages, opened by `pressing`. Unlike a link such a word names no person, since the chat does; whoever copies it gains nothing
that the chat would not let them press. The seal is a keyed hash (HMAC, RFC 2104) over the word and, for a decision, over the hash of
target and command; sixty-four bytes are the most that Telegram carries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from firstfive.engine.telling.links import ACK, ACK_LIVES, APPROVE, DECLINE, REACH, REACH_LIVES
from firstfive.errors import Exit, Refused
from firstfive.incident.timeline import APPROVAL_LIVES, Attempt, Incident

LONGEST = 64
SEAL = 12  # bytes
SHORT = 8  # characters of a run's hash that find it again
_LETTERS = {ACK: "a", APPROVE: "y", DECLINE: "n", REACH: "r"}
_ACTS = {letter: act for act, letter in _LETTERS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A word taken apart. `what` is the length of the timeline when it was made for an acknowledgement, and a short hash of the run's id
    for a decision; `until` is in seconds of the epoch. Nothing of it is believed before `hold` said so.
    """

    act: str
    incident: str
    what: str
    until: int
    body: str
    seal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """Makes and opens them with the key that links are sealed with."""

    key: str

    def acknowledge(self, incident: Incident, now: datetime) -> str:
        """A word with which whoever presses takes the incident, for a day."""
        return self._word(ACK, incident.id, str(incident.seq), now + ACK_LIVES)

    def decide(self, incident: Incident, run: str, act: str, now: datetime) -> str:
        """A word with which whoever presses approves or declines exactly this run, for ten minutes."""
        sha256 = incident.attempts[run].run.sha256
        return self._word(act, incident.id, _short(run), now + APPROVAL_LIVES, sha256)

    def reach(self, now: datetime) -> str:
        """A word with which whoever presses says that messages reach them, for a week."""
        return self._word(REACH, "", "", now + REACH_LIVES)

    def hold(self, button: Button, incident: Incident | None, now: datetime) -> Attempt | None:
        """The run that it decides, None for the other acts. Raises Refused for a word that is not ours, is about other bytes than wait
        now, or whose time is over.
        """
        attempt = _found(button, incident)
        sha256 = attempt.run.sha256 if attempt is not None else ""
        if not hmac.compare_digest(button.seal.encode(), self._seal(button.body, sha256).encode()):
            raise _not_ours()
        if now.timestamp() >= button.until:
            raise Refused(
                "the time of this button is over",
                remedy=f"open {button.incident} in the room, or use a newer message" if button.incident else "",
                exit_code=Exit.CONFLICT,
            )
        return attempt

    def _word(self, act: str, incident: str, what: str, until: datetime, sha256: str = "") -> str:
        body = f"{_LETTERS[act]}.{incident}.{what}.{int(until.timestamp()):x}"
        word = f"{body}.{self._seal(body, sha256)}"
        return word if len(word) <= LONGEST else ""

    def _seal(self, body: str, sha256: str) -> str:
        over = f"firstfive button\n{body}\n{sha256}".encode("utf-8", "replace")
        return base64.urlsafe_b64encode(hmac.digest(self.key.encode(), over, hashlib.sha256)[:SEAL]).decode()


def taken_apart(word: str) -> Button:
    """A word out of a chat. Raises Refused for one of another shape; what it says is not believed yet."""
    parts = word.split(".") if len(word) <= LONGEST and word.isascii() else []
    if len(parts) != 5 or parts[0] not in _ACTS:
        raise _not_ours()
    letter, incident, what, until, seal = parts
    try:
        at = int(until, 16)
    except ValueError:
        raise _not_ours() from None
    return Button(act=_ACTS[letter], incident=incident, what=what, until=at, body=word.rpartition(".")[0], seal=seal)


def _found(button: Button, incident: Incident | None) -> Attempt | None:
    if button.act not in (APPROVE, DECLINE) or incident is None:
        return None
    return next((one for run, one in incident.attempts.items() if _short(run) == button.what), None)


def _short(run: str) -> str:
    return hashlib.sha256(run.encode("utf-8", "replace")).hexdigest()[:SHORT]


def _not_ours() -> Refused:
    return Refused(
        "this button is not one of ours, or the command has changed since",
        remedy="open the incident in the room",
        exit_code=Exit.NOT_AUTHORISED,
    )
