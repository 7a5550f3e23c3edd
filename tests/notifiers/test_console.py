"""The console: a box on a stream, whatever the message holds and whatever becomes of the stream."""

from __future__ import annotations

import asyncio
import io
from typing import Any

from firstfive.notifiers.console import Console, boxed
from firstfive.ports import Delivered, GaveUp, Message, Notifier


def message(**changes: Any) -> Message:
    fields: dict[str, Any] = {
        "key": "INC-1:notice:initial:1",
        "thread": "INC-1",
        "channel": "#incidents",
        "title": "INC-1 SEV-1",
        "text": "Shop down\nStatus: investigating",
    }
    return Message(**{**fields, **changes})


def sent(stream: Any, **changes: Any) -> Any:
    console: Notifier = Console(stream)
    assert console.name == "console"
    return asyncio.run(console.send(message(**changes)))


def test_a_notice_is_boxed_with_its_channel_and_title() -> None:
    stream = io.StringIO()
    assert sent(stream) == Delivered()
    assert stream.getvalue() == (
        "┌─────────────────────────\n"
        "│ #incidents  INC-1 SEV-1\n"
        "│ Shop down\n"
        "│ Status: investigating\n"
        "└─────────────────────────\n"
    )


def test_a_page_looks_urgent() -> None:
    assert "═" in boxed(message(urgent=True))
    assert "═" not in boxed(message())


def test_no_message_moves_the_cursor_or_leaves_its_box() -> None:
    wild = boxed(message(title="a\nb", channel="\x1b]0;x\x07#c", text="\x1b[2J\x1b[Hroot# \r\nok\u202e\tend"))
    assert wild.split("\n")[1:-2] == ["│ #c  a b", "│ root# ", "│ ok    end"]
    assert not {"\x1b", "\r", "\x07", "\u202e", "\t"} & set(wild)


def test_a_long_line_is_wrapped_and_nothing_is_lost() -> None:
    rows = boxed(message(text="x" * 250)).split("\n")[2:-2]
    assert [len(row) for row in rows] == [102, 102, 52]


def test_a_closed_stream_gives_up_and_says_why() -> None:
    stream = io.StringIO()
    stream.close()
    receipt = sent(stream)
    assert isinstance(receipt, GaveUp)
    assert "closed" in receipt.why


class _Gone:
    """A stream whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self) -> None:
        """Never reached."""


def test_a_broken_pipe_gives_up_and_does_not_raise() -> None:
    assert isinstance(sent(_Gone()), GaveUp)


def test_a_terminal_that_knows_only_ascii_still_tells() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    assert isinstance(sent(stream, text="Grüße"), Delivered)
    assert b"? Gr??e\n" in raw.getvalue()
