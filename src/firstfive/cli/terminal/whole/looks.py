"""How pieces of text look on the whole screen: the terminal's own sixteen colours, so that it fits a light and a dark one.

Called by `sheet` and `screen`. Colour never says anything that the words do not; what came from outside is never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from firstfive.cli.terminal.lines import OUTPUT, Line, Piece

DEEPEST = 12  # columns of a margin; a label that is longer is no margin
STYLES = {
    "": "",
    "soft": "dim",
    "strong": "bold",
    "good": "ansi_green",
    "bad": "bold ansi_red",
    "change": "bold ansi_magenta",
    "code": "bold",
    "out": "",
    "heading": "bold underline",
    "severity": "bold reverse",
    "key": "bold ansi_blue",
}


def dressed(parts: Iterable[Piece]) -> Content:
    """One line as it looks."""
    return Content.assemble(*((text, STYLES[style]) for style, text in parts))


def page(lines: Iterable[Line], width: int) -> Content:
    """Lines below each other, none longer than `width` cells: what is left of one goes on below it and stays behind its margin."""
    return Content("\n").join([row for parts in lines for row in _folded(parts, width)])


@lru_cache(maxsize=4096)
def _folded(parts: Line, width: int) -> tuple[Content, ...]:
    """A line as rows. Commands and output are folded where the width ends, so that no character is lost; a bar stands before each row."""
    depth, margin = 0, ""
    while depth < len(parts) - 1 and (len(parts[depth][1].strip()) < 2 or (depth == 0 and parts[0][0] == "soft")):
        margin += parts[depth][1] if parts[depth][1] == OUTPUT else " " * len(parts[depth][1])
        depth += 1
    margin = margin if 0 < len(margin) <= DEEPEST else "  "
    first, text = dressed(parts[:depth]), dressed(parts[depth:])
    room = max(8, width - max(len(margin), first.cell_length))
    rows = text.fold(room) if parts and parts[-1][0] in ("code", "out") else text.wrap(room)
    later = Content.styled(margin, STYLES["soft"])
    return tuple(
        Content.assemble(first if number == 0 else later, row) for number, row in enumerate(rows or [Content("")])
    )


def packed(parts: Iterable[Piece], width: int) -> Content:
    """Pieces side by side, as many in a line as `width` holds."""
    rows: list[list[Piece]] = [[]]
    room = width
    for style, text in parts:
        if rows[-1] and len(text) + 2 > room:
            rows.append([])
            room = width
        if rows[-1]:
            rows[-1].append(("", "  "))
            room -= 2
        rows[-1].append((style, text))
        room -= len(text)
    return page((tuple(row) for row in rows), width)


def marked(content: Content, style: str | None) -> Content:
    """The same with a bar before each of its lines, in `style`; an empty margin with None. A bar needs no colour to be seen."""
    bar = ("  ", "") if style is None else ("\u258c ", STYLES[style])
    return Content("\n").join([Content.assemble(bar, row) for row in content.split("\n", allow_blank=True)])


def width_of(shown: OptionList) -> int:
    """How many cells a row has beside the bar of the cursor and the one for scrolling."""
    return max(20, shown.size.width - 4)


def refill(shown: OptionList, rows: list[tuple[str, Content, bool]]) -> None:
    """The same list (id, content, whether it is a heading) with the least that has to change, so that cursor and place stay."""
    cursor = shown.highlighted_option.id if shown.highlighted_option else None
    style = "key" if shown.has_focus else "soft"
    after = [(name, marked(content, style if name == cursor else None), heading) for name, content, heading in rows]
    before = [(option.id, option.prompt) for option in shown.options]
    if [name for name, _ in before] == [name for name, _, _ in after[: len(before)]]:
        for (_, old), (name, new, _) in zip(before, after[: len(before)], strict=True):
            if old != new:
                shown.replace_option_prompt(name, new)
        shown.add_options(_options(after[len(before) :]))
        return
    place = shown.scroll_offset.y
    shown.set_options(_options(after))
    names = [name for name, _, _ in after]
    shown.highlighted = names.index(cursor) if cursor in names else None
    if shown.highlighted is None:
        shown.scroll_to(y=place, animate=False)


def _options(rows: list[tuple[str, Content, bool]]) -> list[Option]:
    return [Option(prompt, id=name, disabled=heading) for name, prompt, heading in rows]
