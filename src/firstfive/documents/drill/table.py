"""Many drills as one table, and how a fault went over time.

Called by the command line and by `make drills`.
"""

from __future__ import annotations

from collections.abc import Sequence

from firstfive.documents.drill.card import Card

_COLUMNS = ("fault", "detect", "declare", "facts", "mitigate", "rank", "severity", "incidents", "mended", "result")


def table(cards: Sequence[Card]) -> str:
    """One line a drill, seconds from the first effect; at the end the count of those that passed."""
    rows = [_COLUMNS, *(_row(one) for one in cards)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    passed = sum(one.passed for one in cards)
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "", f"{passed} of {len(cards)} passed"])


def _row(one: Card) -> tuple[str, ...]:
    failed = [mark.name for mark in one.marks if mark.met is False]
    return (
        one.fault,
        *(_seconds(one.mark(name).seconds) for name in ("detected", "declared", "first five", "mitigated")),
        one.mark("right runbook").why.rpartition("number ")[2],
        one.mark("severity").why.partition(",")[0],
        "1" if one.mark("one incident").met else one.mark("one incident").why.partition(" ")[0],
        one.mended,
        "passed" if one.passed else f"no: {', '.join(failed)}",
    )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def trend(cards: Sequence[Card]) -> str:
    """One line a fault: when it was last proven, and its newest seconds to detect beside those before."""
    if not cards:
        return "No drill yet. firstfive drill list names the faults."
    lines = []
    for fault in dict.fromkeys(one.fault for one in cards):
        mine = sorted((one for one in cards if one.fault == fault), key=lambda one: one.at)
        proven = next((one.at[:10] for one in reversed(mine) if one.passed), "never")
        went = " ".join(_seconds(one.mark("detected").seconds) for one in mine[-6:])
        lines.append(f"{fault:<26} {len(mine)} drills, proven on {proven}, seconds to detect: {went}")
    return "\n".join(lines)
