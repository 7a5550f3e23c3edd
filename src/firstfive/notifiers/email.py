"""Tells people by mail: one thread an incident by Message-ID, plain text, links in place of buttons.

Built by `app`. RFC 5322 and RFC 3834 (`Auto-Submitted`). A 250 means that the next server has it, not that somebody read it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from firstfive.notifiers.words import body, title
from firstfive.ports import Delivered, GaveUp, Message, Receipt, Retry

MOST = 100_000
DEADLINE = timedelta(seconds=30)
PAUSE = timedelta(seconds=30)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """A Notifier through the server `host`:`port`, from `sender`, to `to` (or a message's address).

    `tls` is "starttls", "tls" or "none"; with "starttls" a server that does not offer it gets no mail.
    """

    name: str
    host: str
    port: int
    sender: str
    now: Callable[[], datetime]
    to: str = ""
    user: str = ""
    password: str = ""
    tls: str = "starttls"

    async def send(self, message: Message) -> Receipt:
        """Hand it to the server. The same key has the same Message-ID, by which a mail program knows a repeat."""
        to = message.address or self.to
        for address in (self.sender, to):
            if not _ADDRESS.fullmatch(address):
                return GaveUp(why=f"{address!a} is no mail address; nothing was sent")
        try:
            return await asyncio.wait_for(self._sent(self._letter(message, to), to), DEADLINE.total_seconds())
        except TimeoutError:
            return Retry(after=PAUSE, why="the mail server does not answer in time")

    def _letter(self, message: Message, to: str) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        letter["From"] = Address(addr_spec=self.sender)
        letter["To"] = Address(addr_spec=to)
        letter["Subject"] = title(message)
        letter["Date"] = format_datetime(self.now())
        letter["Message-ID"] = self._id(message.key)
        if message.root:
            letter["In-Reply-To"] = message.root
            letter["References"] = message.root
        letter["Auto-Submitted"] = "auto-generated"
        letter["X-Firstfive-Incident"] = " ".join(message.thread.split())
        if message.urgent:
            letter["Importance"] = "high"
        links = "".join(f"\n{action.label}: {action.url}" for action in message.actions)
        letter.set_content(f"{body(message, MOST)}\n{links}\n")
        return letter

    def _id(self, key: str) -> str:
        return f"<{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}@{self.sender.rpartition('@')[2]}>"

    async def _sent(self, letter: EmailMessage, to: str) -> Receipt:
        import aiosmtplib

        server = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            timeout=DEADLINE.total_seconds(),
            username=self.user or None,
            password=self.password or None,
        )
        try:
            async with server:
                await server.send_message(letter, sender=self.sender, recipients=[to])
        except aiosmtplib.SMTPRecipientsRefused as problem:
            return _by_code(problem.recipients[0].code, "the recipient was refused") if problem.recipients else _never()
        except aiosmtplib.SMTPResponseException as problem:
            return _by_code(problem.code, "the mail server refused")
        except (aiosmtplib.SMTPException, OSError) as problem:
            return Retry(after=PAUSE, why=f"the mail server cannot be reached ({type(problem).__name__})")
        return Delivered(reference=str(letter["Message-ID"]))


def _by_code(code: int, what: str) -> Receipt:
    if code >= 500:
        return GaveUp(why=f"{what} for good ({code})")
    return Retry(after=PAUSE, why=f"{what} for now ({code})")


def _never() -> Receipt:
    return GaveUp(why="the recipient was refused")
