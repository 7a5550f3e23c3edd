"""Sealed links: an address that shows what it would do when opened, and does it once when its button is pressed.

Made for messages, opened by `web.acts`. A link names one person, one act and, for an approval, the exact bytes; it says until when it
holds. It carries no secret and grants nothing else: the seal is a keyed hash (HMAC, RFC 2104) over all of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from firstfive.errors import Exit, Refused
from firstfive.incident import events as ev
from firstfive.incident.timeline import APPROVAL_LIVES, Incident

ACK, APPROVE, DECLINE, REACH = "ack", "approve", "decline", "reach"
ACK_LIVES = timedelta(hours=24)
REACH_LIVES = timedelta(days=7)
SEAL = 18
LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One act of one person, on one incident unless it only proves that messages reach them. `run` and `sha256` are those of the run
    that is approved or declined; for the others `run` is the notifier that carried the link. `until` is in seconds of the epoch; `entry`
    is the length of the timeline when it was made.
    """

    act: str
    incident: str
    by: str
    until: int
    entry: int = 0
    run: str = ""
    sha256: str = ""


@dataclass(slots=True, kw_only=True)
class Links:
    """Makes and opens them. `base` is the address of the room; without one no links are made."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    base: str = ""

    def acknowledge(self, incident: Incident, by: str, now: datetime, way: str = "") -> str:
        """A link with which `by` takes the incident, for a day; empty when the room has no address."""
        return self._address(
            Link(act=ACK, incident=incident.id, by=by, until=_until(now + ACK_LIVES), entry=incident.seq, run=way)
        )

    def reach(self, by: str, way: str, now: datetime) -> str:
        """A link with which `by` says that messages by this way reach them, for a week."""
        return self._address(Link(act=REACH, incident="", by=by, until=_until(now + REACH_LIVES), run=way))

    def decide(self, incident: Incident, run: str, act: str, by: str, now: datetime) -> str:
        """A link with which `by` approves or declines exactly this run, for ten minutes."""
        sha256 = incident.attempts[run].run.sha256
        until = _until(now + APPROVAL_LIVES)
        return self._address(Link(act=act, incident=incident.id, by=by, until=until, run=run, sha256=sha256))

    def open(self, token: str, now: datetime) -> Link:
        """The link behind a token. Raises Refused for one that is not ours, or whose time is over."""
        body, _, seal = token.partition(".")
        if len(token) > LONGEST or not hmac.compare_digest(seal.encode(), self._seal(body).encode()):
            raise Refused(
                "this link is not one of ours",
                remedy="open it from the message again, whole, or use the room",
                exit_code=Exit.NOT_AUTHORISED,
            )
        link = msgspec.json.decode(_bytes(body), type=Link)
        if now.timestamp() >= link.until:
            raise Refused(
                "the time of this link is over",
                remedy=f"open {link.incident} in the room, or use a newer message"
                if link.incident
                else "the next weekly test brings a newer one",
                exit_code=Exit.CONFLICT,
            )
        return link

    def _address(self, link: Link) -> str:
        if not self.base:
            return ""
        body = base64.urlsafe_b64encode(msgspec.json.encode(link)).rstrip(b"=").decode()
        return f"{self.base}/act/{body}.{self._seal(body)}"

    def _seal(self, body: str) -> str:
        made = hmac.digest(self.key.encode(), b"firstfive link\n" + body.encode(), hashlib.sha256)[:SEAL]
        return base64.urlsafe_b64encode(made).decode()


def spent(link: Link, incident: Incident) -> str:
    """Why a link has nothing left to do, in words; empty while it has."""
    if link.act == ACK:
        since = [e for e in incident.entries[link.entry :] if isinstance(e.event, ev.Acknowledged)]
        return (
            f"{since[-1].event.responder} has taken it"
            if since and isinstance(since[-1].event, ev.Acknowledged)
            else ""
        )
    attempt = incident.attempts.get(link.run)
    if attempt is None:
        return "there is no such run"
    if any(who == link.by for who, _ in attempt.approvals):
        return f"{link.by} has approved it"
    return "" if attempt.state == "asked" else f"it is {attempt.state}"


def act_of(link: Link) -> ev.Event:
    """What pressing the button writes."""
    match link.act:
        case "approve":
            return ev.Approved(run=link.run, sha256=link.sha256)
        case "decline":
            return ev.Declined(run=link.run, why="declined by link")
        case _:
            return ev.Acknowledged(responder=link.by)


def _until(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def _bytes(body: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except binascii.Error:  # cannot be: the seal held
        return b""
