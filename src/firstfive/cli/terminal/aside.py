"""What a person can say in the room beside the steps: words for customers, boxes of the closing list, changes out of packs.

Called by `plain`, `typed` and `screen`. Customers' words are shown as they would stand before they are told; nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from firstfive.cli.terminal.acts import YES, Act, Question
from firstfive.cli.terminal.lines import Line, View, labelled, output, plain
from firstfive.documents.public import PublicStatus, word_of
from firstfive.documents.public.promised import past_promise
from firstfive.documents.public.wording import check_wording
from firstfive.errors import Exit, Refused

STATUSES = tuple((word.value, word.value) for word in PublicStatus)
PACKS: Mapping[str, tuple[str, tuple[Question, ...]]] = {
    "block": (
        "drop what an address sends",
        (
            Question(field="address", text="Which address"),
            Question(
                field="seconds",
                text="For how long: 1h, 24h or 7d",
                choices=(("1h", 3600), ("24h", 86400), ("7d", 604800)),
            ),
        ),
    ),
    "evidence": (
        "copy logs and states aside before they are gone",
        (
            Question(field="containers", text="Which container (Enter: those that the page names)", optional=True),
            Question(field="files", text="Which file on the host (Enter: none)", optional=True),
        ),
    ),
    "disable-account": (
        "disable one account",
        (
            Question(field="value", text="Which account, such as its mail address"),
            Question(field="container", text="The container of MongoDB"),
            Question(field="database", text="Its database"),
        ),
    ),
    "mend-websocket": (
        "let WebSockets through nginx",
        (Question(field="path", text="The WebSocket's path (Enter: /socket.io/)", optional=True),),
    ),
    "resume-updater": ("start the updater again that a roll-back stopped", ()),
}


def public(seen: View) -> Act:
    """Words for customers: the page's own draft to go by, then what they are to read, which is shown once more as it would stand."""
    draft = seen["drafts"].get("customer")
    shown: list[Line] = [labelled("customers", seen["must_be_told"], "change")] if seen["must_be_told"] else []
    if draft and draft["text"]:
        shown += [plain("The page would say:", "soft"), *(plain(row, "out") for row in str(draft["text"]).split("\n"))]
        shown += [labelled("to be filled in", ", ".join(draft["unfilled"]), "change")] if draft["unfilled"] else []
    asking = (
        Question(field="status", text=f"Status: {', '.join(word for word, _ in STATUSES)}", choices=STATUSES),
        Question(
            field="components", text="What it is about, as customers know it (Enter: nothing named)", optional=True
        ),
        Question(field="text", text="What customers read (it says when the next update comes)"),
    )
    return Act(
        verb="public",
        title="Words for customers",
        fields={},
        questions=asking,
        shown=tuple(shown),
        then=lambda fields: preview(fields, datetime.fromisoformat(str(seen["now"]))),
    )


def preview(fields: View, now: datetime) -> Act:
    """Exactly what would stand on the status page, with what the check of wording says at `now`, before somebody says yes."""
    word, text = str(fields["status"]), str(fields["text"])
    about = str(fields.get("components", ""))
    more = word_of(word) is not PublicStatus.RESOLVED
    over = past_promise(text, now) if more else None
    problems = (*check_wording(text, next_update=more), *((over,) if over is not None else ()))
    shown: list[Line] = [
        plain("Everybody would read this:", "soft"),
        plain(f"{about}: {word}" if about else word, "strong"),
        *output(text),
    ]
    for problem in problems:
        told = f"“{problem.phrase}”: {problem.why}" if problem.phrase else problem.why
        shown += [labelled("must not go out", told, "bad"), labelled("rather", problem.rewrite, "soft")]
    asking = (
        [Question(field="override", text="Why it goes out although (Esc, or empty: it does not)")] if problems else []
    )
    asking.append(Question(field="", text=f"Tell everybody exactly this? Type {YES}", wants=YES))
    return Act(verb="public", title="Tell everybody", fields=fields, questions=tuple(asking), shown=tuple(shown))


def tick(seen: View, named: str = "") -> Act:
    """A box of the closing list: done, or not needed here. Raises Refused when there is none of that number or id."""
    boxes = list(seen["closing"])
    if not boxes:
        raise Refused("the page has no closing list", exit_code=Exit.USAGE)
    open_now = [number for number, box in enumerate(boxes, 1) if box["tick"] == "open"]
    if not named and not open_now:
        raise Refused("nothing of the closing list is open", exit_code=Exit.USAGE)
    number = next((n for n, box in enumerate(boxes, 1) if named in (str(n), box["id"])), 0 if named else open_now[0])
    if not number:
        raise Refused(
            f"the closing list has no box {named!r}",
            remedy=f"name one by its number, 1 to {len(boxes)}",
            exit_code=Exit.USAGE,
        )
    box = boxes[number - 1]
    shown = (plain(f"{number} {box['text']}", "strong"), labelled("now", f"{box['tick']}, {box['why']}", "soft"))
    asking = (
        Question(
            field="done",
            text="Is it done? Type yes, or no where it is not needed here",
            choices=(("yes", True), ("no", False)),
        ),
        Question(field="note", text="A word on it (Enter: nothing more)", optional=True),
    )
    return Act(verb="tick", title="The closing list", fields={"item": box["id"]}, questions=asking, shown=shown)


def pack(seen: View) -> Act:
    """Which change beside the page to ask for; what it takes is asked next."""
    shown = tuple(plain(f"{name}  {what}") for name, (what, _) in PACKS.items())
    choices = tuple((name, name) for name in PACKS)
    asking = Question(field="pack", text="Which one", choices=choices)
    return Act(verb="offer", title="A change beside the page", fields={}, questions=(asking,), shown=shown, then=packed)


def packed(fields: View) -> Act:
    """The change that was named, with the questions of its own. It is shown as made, and waits for a yes. Raises Refused for none."""
    name = str(fields["pack"])
    if name not in PACKS:
        raise Refused(f"there is no pack {name!r}", remedy=f"one of: {', '.join(PACKS)}", exit_code=Exit.USAGE)
    what, asking = PACKS[name]
    shown = (
        plain(f"{name}: {what}", "strong"),
        plain("It is shown byte by byte once it is made, and waits for a yes."),
    )
    last = () if asking else (Question(field="", text=f"Ask for it? Type {YES}", wants=YES),)
    return Act(verb="offer", title="A change beside the page", fields=fields, questions=(*asking, *last), shown=shown)
