"""Tells whatever Apprise reaches: some 170 chats, pagers and phones, one message at a time, without threads.

Built by `app` where the extra `apprise` is installed. Apprise says only whether a service took it; there is no reference to reply to.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

from firstfive.documents.plain import uncalled
from firstfive.notifiers.words import title, whole
from firstfive.ports import Delivered, GaveUp, Message, Receipt, Retry

DEADLINE = timedelta(seconds=30)
PAUSE = timedelta(seconds=30)
MOST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Breadth:
    """A Notifier for the Apprise URL `url` (or a message's address)."""

    name: str
    url: str

    async def send(self, message: Message) -> Receipt:
        """Hand it to Apprise in a thread."""
        try:
            import apprise
        except ImportError:
            return GaveUp(why="Apprise is not installed: pip install 'firstfive[apprise]'")
        service = apprise.Apprise()
        if not service.add(message.address or self.url):
            return GaveUp(why="Apprise does not know this kind of address")
        text = whole(replace(message, text=uncalled(message.text)), MOST).partition("\n")[2]
        head = uncalled(title(message))  # which of its chats call everybody by a word is not known here
        work = asyncio.to_thread(service.notify, title=head, body=text, body_format=apprise.NotifyFormat.TEXT)
        try:
            taken = await asyncio.wait_for(work, DEADLINE.total_seconds())
        except TimeoutError:
            return Retry(after=PAUSE, why="Apprise does not answer in time")
        return Delivered() if taken else Retry(after=PAUSE, why="the service behind Apprise did not take it")
