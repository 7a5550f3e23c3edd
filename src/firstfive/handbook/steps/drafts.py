"""A fence cut into drafts of steps: its commands apart from the words around them.

Called with the fence's parsed shell, so that a `#` inside a string or heredoc is never taken for a comment. Decides
nothing about safety.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from firstfive.handbook.markdown import CodeLine
from firstfive.handbook.model import Place, Problem
from firstfive.handbook.runbook.pieces import Piece
from firstfive.handbook.steps.annotations import Annotation, read_annotation
from firstfive.handbook.steps.fences import Fence
from firstfive.shell.parse import Script

_MARKER = re.compile(r"^#+\s*(?:step\s+)?(\d{1,2})[.):]\s+(\S.*)$", re.IGNORECASE)
_BULLET = re.compile(r"^[-*•]\s+(.+)$")
_IF = re.compile(r"^(?:if|when|in case)\s+(?P<rest>\S.*)$", re.IGNORECASE)
_SPLIT = re.compile(r"\s*(?:→|->|=>)\s*|:(?=\s|$)\s*|,\s+(?:then\s+)?")
_CAUSES = re.compile(r"\b(?:common|possible|likely|usual|known)?\s*causes?\b|^common\b", re.IGNORECASE)
_CAUSE_LINE = re.compile(r"^(?:common|possible|likely|usual)(?: causes?)?:\s*(\S.*)$", re.IGNORECASE)
_EXPECT = re.compile(
    r"^(?:this\s+)?(?:should|must|expect(?:ed)?(?: output)?:?)\s*(?:return|print|output|say|show|see|answer|be)?s?\s+(?P<what>\S.*)$",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(
    r"\b(?:a|an|the|and|or|of|to|for|in|on|with|against|from|by|at|as|is|are|verify|which|that)$", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z`])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line of talk around commands."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class If:
    """A conditional sentence: its condition in the page's words and what to do then (empty: the commands below)."""

    phrase: str
    action: str
    place: Place


@dataclass(slots=True, kw_only=True)
class Draft:
    """A step before its commands are judged.

    `lines` are the commands with their places, comments taken out; `talk` those comments before they are understood.
    """

    title: str
    place: Place
    fence: Fence | None = None
    lines: list[CodeLine] = field(default_factory=list)
    talk: list[Said] = field(default_factory=list)
    notes: list[Said] = field(default_factory=list)
    ifs: list[If] = field(default_factory=list)
    causes: list[Said] = field(default_factory=list)
    expect_output: str = ""
    annotations: list[Annotation] = field(default_factory=list)

    @property
    def script(self) -> str:
        """The commands as one text."""
        return "\n".join(line.text for line in self.lines)


def hand_draft(piece: Piece) -> Draft:
    """A step that a person does, from a list item."""
    draft = Draft(title="", place=piece.place)
    _announce(draft, piece)
    for text in piece.more:
        _listen(draft, Said(text=text, place=piece.place))
    return draft


def cut(piece: Piece, script: Script | None, problems: list[Problem]) -> list[Draft]:
    """The drafts in a piece's fence: one for each `# N.` comment, or one for the whole fence without them.

    A fence that bash cannot read stays in one piece, untouched: what is a comment in it nobody can tell.
    """
    fence = piece.fence
    assert fence is not None
    if script is None:
        whole = Draft(title="", place=piece.place, fence=fence, lines=list(fence.lines))
        if piece.title:
            _announce(whole, piece)
        return [whole]
    talk, commands = _separate(fence, script)
    first = Draft(title="", place=piece.place, fence=fence)
    drafts = [first]
    blocked = _inside_statements(script)
    numbered_fence = False
    for at, line in enumerate(fence.lines):
        comment = talk.get(at)
        marker = _MARKER.match(comment.text) if comment and comment.text.startswith("#") and at not in blocked else None
        if marker and comment:
            numbered_fence = True
            place = fence.page.place(line)
            if drafts[-1] is first and not _any_command(first):
                drafts.pop()
            drafts.append(Draft(title="", place=place, fence=fence))
            drafts[-1].talk.append(Said(text=marker.group(2), place=place))
        elif comment and comment.text.startswith("#:"):
            drafts[-1].annotations.extend(read_annotation(fence.page, comment_line(line, comment), problems))
        elif comment:
            text = comment.text.lstrip("#").rstrip()
            drafts[-1].talk.append(Said(text=text.strip(), place=comment.place))
        if at in commands:
            drafts[-1].lines.append(commands[at])
    if piece.title and not numbered_fence:
        _announce(first, piece)
    return [_settle(draft) for draft in drafts if _any_command(draft) or draft.talk]


def comment_line(line: CodeLine, comment: Said) -> CodeLine:
    """The part of a code line that is its comment, as a line of its own."""
    return CodeLine(text=comment.text, line=line.line, column=comment.place.column)


def _any_command(draft: Draft) -> bool:
    return any(line.text.strip() for line in draft.lines)


def _separate(fence: Fence, script: Script) -> tuple[dict[int, Said], dict[int, CodeLine]]:
    """Comments and commands by line index. A line that ends up empty is dropped unless the line before continues on it."""
    found: dict[int, tuple[int, str]] = {}
    for comment in script.comments:
        stored = fence.lines[comment.line - 1].text.encode()
        found[comment.line - 1] = (comment.column - 1, stored[comment.column - 1 :].decode(errors="replace"))
    talk: dict[int, Said] = {}
    commands: dict[int, CodeLine] = {}
    continued = False
    for at, line in enumerate(fence.lines):
        text = line.text
        if at in found:
            column, words = found[at]
            text = text.encode()[:column].decode(errors="replace").rstrip()
            place = Place(page=fence.page.path, line=line.line, column=line.column + column)
            words = words if words.startswith("#") else "#" + words
            talk[at] = Said(text=words.rstrip(), place=place)
        if text.strip() or continued or at not in found:
            commands[at] = CodeLine(text=text, line=line.line, column=line.column)
        continued = text.endswith("\\")
    return talk, commands


def _inside_statements(script: Script) -> set[int]:
    """Indexes of lines that lie inside a statement of several lines; a `# N.` there does not begin a step."""
    inside: set[int] = set()
    for statement in script.statements:
        length = statement.text.count("\n")
        inside.update(range(statement.line, statement.line + length))
    return inside


def _settle(draft: Draft) -> Draft:
    """Read the gathered talk: first line is the title, the others are branches, causes, expectations or notes."""
    while draft.lines and not draft.lines[0].text.strip():
        draft.lines.pop(0)
    while draft.lines and not draft.lines[-1].text.strip():
        draft.lines.pop()
    talk = _joined(draft.talk)
    if talk and not draft.title and not _BULLET.match(talk[0].text):
        _head(draft, talk.pop(0))
    for said in talk:
        _listen(draft, said)
    return draft


def _joined(talk: list[Said]) -> list[Said]:
    """Wrapped comment lines put together again."""
    result: list[Said] = []
    for said in talk:
        if not said.text:
            continue
        before = result[-1] if result else None
        adjacent = before is not None and said.place.page == before.place.page
        if (
            before is not None
            and adjacent
            and not _BULLET.match(said.text)
            and not _EXPECT.match(said.text)
            and not said.text.endswith(";")
            and before.text[-1:] not in ".:;?!"
            and (said.text[0].islower() or said.text[0] == "(" or _UNFINISHED.search(before.text))
        ):
            result[-1] = Said(text=f"{before.text} {said.text}", place=before.place)
        else:
            result.append(said)
    return result


def _head(draft: Draft, said: Said) -> None:
    title, *rest = _SENTENCE.split(said.text.strip())
    draft.title = title.replace("**", "").rstrip(":. ")
    condition = _condition(title)
    if condition is not None:
        draft.ifs.append(If(phrase=condition[0], action=condition[1], place=said.place))
    for text in rest:
        _listen(draft, Said(text=text, place=said.place))


def _announce(draft: Draft, piece: Piece) -> None:
    """Title a draft by the words before it: the sentence nearest to a fence, or the first one of a list item."""
    parts = [part.strip() for part in _SENTENCE.split(piece.title.strip()) if part.strip()]
    long = [at for at, part in enumerate(parts) if len(part.split()) >= 3] or [0]
    chosen = long[-1] if piece.fence is not None else 0
    draft.title = parts[chosen].replace("**", "").rstrip(":. ")
    condition = _condition(parts[chosen])
    if condition is not None:
        draft.ifs.append(If(phrase=condition[0], action=condition[1], place=piece.place))
    draft.notes.extend(Said(text=part, place=piece.place) for at, part in enumerate(parts) if at != chosen)


def _condition(text: str) -> tuple[str, str] | None:
    """The phrase and the action of a sentence "If c: do"; with nothing after the colon the action is empty."""
    found = _IF.match(text.strip().lstrip("*_ "))
    if found is None:
        return None
    rest = found.group("rest").strip()
    if rest.endswith(":"):
        phrase, _, action = rest[:-1].partition(", ")
        return _plain(phrase), action.removeprefix("then ").strip()
    parts = _SPLIT.split(rest, maxsplit=1)
    if len(parts) < 2:
        return None
    return _plain(parts[0]), parts[1].strip()


def _plain(text: str) -> str:
    return text.replace("**", "").replace("`", "").strip()


def _listen(draft: Draft, said: Said) -> None:
    text = said.text.strip()
    bullet = _BULLET.match(text)
    words = bullet.group(1) if bullet else text
    listed = _CAUSE_LINE.match(words)
    condition = _condition(words)
    expected = _EXPECT.match(words)
    if bullet and _CAUSES.search(draft.title):
        draft.causes.append(Said(text=words, place=said.place))
    elif listed:
        draft.causes.extend(
            Said(text=part.strip(), place=said.place) for part in listed.group(1).split(",") if part.strip()
        )
    elif condition is not None:
        draft.ifs.append(If(phrase=condition[0], action=condition[1], place=said.place))
    elif expected and not draft.expect_output and _short(expected.group("what")):
        draft.expect_output = _short(expected.group("what"))
    else:
        draft.notes.append(Said(text=words, place=said.place))


def _short(text: str) -> str:
    """What an expectation names: the words in backticks or quotes, or one bare word; else nothing."""
    quoted = re.search(r"`([^`]+)`|\"([^\"]+)\"", text)
    if quoted:
        return quoted.group(1) or quoted.group(2)
    bare = text.strip().rstrip(".")
    return (
        bare
        if re.fullmatch(
            r"(?!(?:less|more|nothing|empty|zero|one|two|fewer|it|fine|work)$)[\w.:/-]+", bare, re.IGNORECASE
        )
        else ""
    )
