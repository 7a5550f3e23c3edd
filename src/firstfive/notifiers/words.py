"""The words of a message as a channel takes them: marked as a drill, cut to what fits with a note, buttons as plain links.

Used by the notifiers beside it. Pure.
"""

from __future__ import annotations

from firstfive.documents.plain import line, visible
from firstfive.ports import Message

CUT = "\n[cut here; the room has all of it]"


def title(message: Message) -> str:
    """The title on one line; a drill says so first."""
    return line(("DRILL " if message.drill else "") + message.title, 200)


def body(message: Message, most: int) -> str:
    """The text, at most `most` characters; what was cut is said."""
    return fitted(visible(message.text), most)


def whole(message: Message, most: int) -> str:
    """Title and text together, with the buttons as links below, at most `most` characters; links are never cut."""
    links = "".join(f"\n{action.label}: {action.url}" for action in message.actions)
    head = title(message)
    return f"{head}\n{body(message, max(most - len(head) - len(links) - 1, len(CUT)))}{links}"


def in_bytes(text: str, most: int) -> str:
    """The text, or its beginning with a note, in at most `most` bytes of UTF-8."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return raw.decode()
    return raw[: max(0, most - len(CUT))].decode("utf-8", "ignore") + CUT


def in_units(text: str, most: int) -> str:
    """The same in UTF-16 units, of which an emoji takes two."""
    raw = text.encode("utf-16-le", "replace")
    if len(raw) <= 2 * most:
        return raw.decode("utf-16-le")
    return raw[: 2 * max(0, most - len(CUT))].decode("utf-16-le", "ignore") + CUT


def fitted(text: str, most: int) -> str:
    """The text, or its beginning with a note that it was cut."""
    return text if len(text) <= most else text[: max(0, most - len(CUT))] + CUT
