"""Tells on a stream, usually the terminal of `firstfive serve`: a boxed notice with its channel and title.

Built by `web.serve` and tests. Never raises for a stream that is gone, and never lets a message move the cursor or pose as a line of
its own: what is between the borders is what was sent.
"""

from __future__ import annotations

from typing import TextIO

from firstfive.documents.plain import line, visible
from firstfive.ports import Delivered, GaveUp, Message, Receipt

WIDTH = 100


class Console:
    """A Notifier that prints on `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def name(self) -> str:
        """How settings and receipts call it."""
        return "console"

    async def send(self, message: Message) -> Receipt:
        """Print the message; GaveUp when the stream is closed or does not take it."""
        try:
            self._write(boxed(message))
            self._stream.flush()
        except (OSError, ValueError) as problem:
            return GaveUp(why=f"the stream does not take text any more: {problem}")
        return Delivered()

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            self._stream.write(text.encode("ascii", "replace").decode("ascii"))


def boxed(message: Message) -> str:
    """The message between borders, each line marked at its left; long lines are wrapped, nothing is left out."""
    heading = f"{line(message.channel)}  {line(message.title)}".strip()
    rows = [part for row in _clean(message.text).split("\n") for part in _wrapped(row)]
    top = "═" if message.urgent else "─"
    width = max((len(row) for row in (*rows, *_wrapped(heading))), default=0) + 2
    body = "".join(f"│ {row}\n" for row in (*_wrapped(heading), *rows))
    return f"┌{top * width}\n{body}└{top * width}\n"


def _clean(text: str) -> str:
    return visible(text).replace("\t", "    ")


def _wrapped(row: str) -> list[str]:
    return [row[at : at + WIDTH] for at in range(0, len(row), WIDTH)] or [""]
