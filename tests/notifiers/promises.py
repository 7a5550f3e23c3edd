"""What every notifier promises, whatever is behind it: asked of recorded shapes, of a real Synapse, and with own tokens of the services.

A promise gets a notifier and a mark that is new for each run, and fails by assertion. It looks at receipts only, since the other side of
a real service cannot be read here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from firstfive.ports import Action, Delivered, GaveUp, Message, Notifier

TEXTS = {
    "mentions": "@everyone <!channel> <!here> @room <@U1> @all",
    "right to left and emoji": "مرحبا \u202eabc שלום 🔥",
    "ten thousand characters": "x" * 10_000,
    "ten thousand emoji": "🔥" * 10_000,
    "control characters": '{"a": "\\u0000"} \x00\x1b[31mred',
    "markup": "*bold* _it_ `code` [a](http://x) <b>b</b>",
    "nothing": "",
}
LINK = Action(label="I have it", url="https://ops.example/act/abc.def", at_once=True)
WORD = Action(label="I have it", press="a.INC-1.3.6925d1c0.AAAAAAAAAAAAAAAA")


def message(mark: str, **changes: Any) -> Message:
    fields: dict[str, Any] = {
        "key": f"INC-1:page:1:{mark}",
        "thread": f"INC-1-{mark}",
        "channel": "#incidents",
        "title": f"PAGE INC-1 a test of Firstfive, {mark}",
        "text": "Nothing is wrong. Somebody tests how they are told.",
        "urgent": True,
        "drill": True,
    }
    return Message(**{**fields, **changes})


async def taken(notifier: Notifier, told: Message) -> Delivered:
    receipt = await notifier.send(told)
    assert isinstance(receipt, Delivered), receipt
    return receipt


async def delivers(notifier: Notifier, mark: str) -> None:
    await taken(notifier, message(mark))


async def carries_a_link(notifier: Notifier, mark: str) -> None:
    await taken(notifier, message(mark, actions=(LINK,)))


async def takes_the_same_message_again(notifier: Notifier, mark: str) -> None:
    await taken(notifier, message(mark))
    await taken(notifier, message(mark))


async def replies_to_its_root(notifier: Notifier, mark: str) -> None:
    root = (await taken(notifier, message(mark))).reference
    await taken(notifier, message(mark, key=f"{mark}:2", title="the reply", root=root))


def takes(text: str) -> Callable[[Notifier, str], Awaitable[None]]:
    async def promise(notifier: Notifier, mark: str) -> None:
        await taken(notifier, message(mark, text=text, title=f"{mark} {text}"))

    return promise


PROMISES: dict[str, Callable[[Notifier, str], Awaitable[None]]] = {
    "it delivers": delivers,
    "it carries a link": carries_a_link,
    "it takes the same message again": takes_the_same_message_again,
    "a reply finds its root": replies_to_its_root,
    **{f"it takes {name}": takes(text) for name, text in TEXTS.items()},
}


async def gives_up_a_void_token(notifier: Notifier, secret: str) -> None:
    """`notifier` has `secret`, which opens nothing, where its token belongs."""
    receipt = await notifier.send(message("void"))
    assert isinstance(receipt, GaveUp), receipt
    assert secret not in receipt.why
