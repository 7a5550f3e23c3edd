"""What a terminal shows of an incident, as pieces of clean text: the same words for the whole screen and for the line mode.

Called by `items`, `plain` and `screen`. Knows no terminal and no colour: a piece carries a word for what it is. Text that came from
outside leaves here without control, bidirectional and invisible characters; output keeps a prefix on each line, so that it cannot pose
as a line of ours; commands are spelled out to the last byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from firstfive.documents.plain import line, visible

View = Mapping[str, Any]
Piece = tuple[str, str]
Line = tuple[Piece, ...]

COMMAND = "$ "
OUTPUT = "| "
INDENT = "  "
VERDICTS = {
    "read-only": ("good", "only looks"),
    "changing": ("change", "changes things"),
    "destructive": ("bad", "destroys things"),
    "unknown": ("change", "not understood"),
}


def text_of(parts: Line) -> str:
    """A line without its looks."""
    return "".join(text for _, text in parts)


def plain(text: object, style: str = "", width: int = 1000) -> Line:
    """One clean line of one piece."""
    return ((style, line(str(text), width)),)


def labelled(label: str, text: object, style: str = "") -> Line:
    """A label and what it says."""
    return (("soft", f"{label}: "), (style, line(str(text), 1000)))


def span(seconds: float | None) -> str:
    """A span as a clock shows it: "4:07", "1:02:33"; empty for None. Its sign is left to the words around it."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def head(seen: View, later: float) -> tuple[Piece, ...]:
    """Severity, state, clocks and who has it, in the order of what goes first where room is short. `later` is how many seconds ago the view
    was made.
    """
    seconds, over = seen["seconds"], seen["resolved_at"] is not None
    since = seconds["since_started"]
    parts: list[Piece] = [("severity", f"SEV-{seen['level']}"), ("strong", line(str(seen["status"])))]
    parts += [("strong", "DRILL")] if seen["drill"] else []
    parts.append(("", line(str(seen["id"]))))
    if since is not None:
        parts.append(("", f"lasted {span(since)}" if over else f"since {span(since + later)}"))
    if not over:
        parts += _due("update", seconds["until_update"], later)
        parts += _due("hypothesis", seconds["until_hypothesis"], later)
    who = line(str(seen["acknowledged_by"]), 40)
    parts.append(("", f"with {who}") if who else ("bad", "nobody has it"))
    return tuple(parts)


def _due(what: str, seconds: float | None, later: float) -> list[Piece]:
    if seconds is None:
        return []
    left = seconds - later
    return [("", f"{what} in {span(left)}")] if left >= 0 else [("bad", f"{what} overdue {span(left)}")]


def entry(row: View) -> Line:
    """One entry of the timeline: when, and what happened."""
    human = "" if row["by"] == "firstfive" else "strong"
    return (("soft", f"{str(row['at'])[11:19]} "), (human, line(str(row["text"]))))


def exact(script: object) -> list[str]:
    """A command as it is, line by line: what cannot be seen is spelled out, so that no two scripts look the same."""
    return [spelled(row) for row in str(script).rstrip("\n").split("\n")]


def spelled(text: object) -> str:
    """A value as it is, in one line: what cannot be seen, line breaks too, is spelled out."""
    return "".join(_spelled(c) for c in str(text))


def _spelled(character: str) -> str:
    if character.isprintable():
        return character
    return "\\t" if character == "\t" else character.encode("unicode_escape").decode("ascii")


def commands(script: object, most: int | None = None) -> list[Line]:
    """The exact command, each line of it behind a prompt; with `most` only its beginning, and how much more there is."""
    rows = exact(script)
    shown = rows if most is None or len(rows) <= most else rows[:most]
    told: list[Line] = [(("soft", COMMAND), ("code", row)) for row in shown]
    return (
        [*told, plain(f"{INDENT}and {len(rows) - len(shown)} more lines", "soft")] if len(shown) < len(rows) else told
    )


def output(text: object, most: int | None = None, *, dropped: int = 0) -> list[Line]:
    """Captured output, each line behind a bar; with `most` only its end, and how much came before, beside bytes that were not kept."""
    rows = visible(str(text)).rstrip("\n").expandtabs(4).split("\n") if text else []
    shown = rows if most is None or len(rows) <= most else rows[-most:]
    told: list[Line] = [(("soft", OUTPUT), ("out", row)) for row in shown]
    lost = f", and {dropped} bytes that were not kept" if dropped else ""
    before = f"{OUTPUT}({len(rows) - len(shown)} lines before{lost})"
    return [plain(before, "soft"), *told] if len(shown) < len(rows) else told


def verdict(word: object) -> Piece:
    """What a command does, in words."""
    return VERDICTS.get(str(word), ("change", line(str(word), 40)))


def asked(row: View) -> list[Line]:
    """Everything that a person has to see before saying yes to a waiting run: where, exactly what, why, and what takes it back."""
    number = f"{row['runbook_number']} step {row['number']}: " if row["number"] else ""
    told: list[Line] = [
        plain(f"{number}{row['title']}", "strong"),
        (
            verdict(row["verdict"]),
            ("", " on "),
            ("strong", line(str(row["target"]))),
            ("", f", at most {row['timeout_s']:.0f} s"),
        ),
        *commands(row["script"]),
        *(((("soft", "with "), ("code", f"{spelled(name)}={spelled(value)}"))) for name, value in row["environment"]),
        labelled("why", row["why"]),
    ]
    told += [(("soft", INDENT), ("code", text)) for text in (exact(row["diff"]) if row["diff"] else [])]
    told += [plain("to undo it:", "soft"), *commands(row["undo"])] if row["undo"] else []
    told += [] if row["undo"] or row["undoes"] else [plain("the page names nothing that undoes this", "change")]
    told += _conditions(row)
    bytes_of = f"Covers these bytes on {line(str(row['target']))}, once, for ten minutes from the yes (sha256 {row['sha256'][:12]})."
    return [*told, plain(bytes_of, "soft")]


def _conditions(row: View) -> Iterable[Line]:
    yield from (labelled("nobody could check", doubt, "change") for doubt in row["doubts"])
    yield from (labelled("mind", warning, "change") for warning in row["warnings"])
    yield from (labelled("first", first, "change") for first in row["first"])
    if row["people"] > 1:
        names = ", ".join(str(a["by"]) for a in row["approvals"]) or "nobody yet"
        yield labelled(f"takes {row['people']} people; approved by", names)
    if row["who"]:
        yield labelled("the page lets approve it", " or ".join(row["who"]))
    yield from (labelled("needs a value", f"<{name}>", "change") for name in row["missing"])
