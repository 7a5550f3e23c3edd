"""What a word of the script stands for: quoting undone, expansions followed as far as the script itself tells.

Called by `walk`, which also receives every command found inside a word. An expansion that is not on the list here is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from firstfive.shell.risk.listings import counts, names_only
from firstfive.shell.risk.names import NAME, Variables, dangerous, kind
from firstfive.shell.risk.words import FOREIGN, GIVEN, GLOB, NUMBER, PRIVATE, Word, bare, dollar_quoted, quoted

Node: TypeAlias = Mapping[str, Any]

_ALWAYS = {"Type", "Pos", "End"}
_PARAMETER = {*_ALWAYS, "Dollar", "Rbrace", "Short", "Param", "Index", "Length", "Slice", "Repl", "Exp"}
_COMMAND = {*_ALWAYS, "Left", "Right", "Stmts", "Last", "Backquotes"}
_DEFAULTS = {":-", "-", ":+", "+", "?", ":?", "=", ":="}
_CUTS = {"#", "##", "%", "%%", "^", "^^", ",", ",,"}
_ARITHMETIC_TEXT = re.compile(r"(?:[A-Za-z_]\w*|\d+|0[xX][0-9a-fA-F]+|\d+#\w+|@|\*)?", re.ASCII)
_ASSIGNS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
_SPLITS = re.compile(r"[\s*?\[]")


class Reader(Protocol):
    """The reading that words belong to."""

    variables: Variables
    straight: bool
    defines: bool

    def inside(self, statements: Sequence[Node]) -> None:
        """Judge commands that run in a shell of their own."""

    def refuse(self, node: Node, reason: str) -> None:
        """Note something that is not known here."""

    def saw(self, node: Node) -> None:
        """Note that a node was looked at."""

    def assign(self, node: Node, name: str, value: Word) -> None:
        """Note an assignment."""


def words(reader: Reader, nodes: Iterable[Node]) -> list[Word]:
    """The words of a command; a variable whose text is known is split as bash would."""
    found: list[Word] = []
    for node in nodes:
        parts: Sequence[Node] = node.get("Parts") or ()
        if len(parts) == 1 and parts[0].get("Type") == "ParamExp" and parts[0].get("Short"):
            value = reader.variables.get(parts[0]["Param"]["Value"], straight=reader.straight)
            text = value.plain
            if text is not None and not parts[0].get("Index") and not any(c in text for c in "*?["):
                reader.saw(parts[0])
                found += (Word(piece) for piece in text.split())
                continue
        found.append(word(reader, node))
    return found


def word(reader: Reader, node: Node | None, *, in_quotes: bool = False) -> Word:
    """One word, everything in it followed."""
    if node is None:
        return Word("")
    parts: Sequence[Node] = node.get("Parts") or ()
    if len(parts) == 1 and parts[0].get("Type") == "Lit" and not in_quotes:
        text, loose = bare(parts[0].get("Value", ""))
        return Word(text, loose)
    found = [_part(reader, part, in_quotes=in_quotes) for part in parts]
    return Word("".join(w.text for w in found), any(w.loose for w in found), any(w.secret for w in found))


def _part(reader: Reader, part: Node, *, in_quotes: bool) -> Word:
    reader.saw(part)
    match part.get("Type"):
        case "Lit":
            text = part.get("Value", "")
            return Word(quoted(text)) if in_quotes else Word(*bare(text))
        case "SglQuoted":
            if not part.get("Dollar"):
                return Word(part.get("Value", ""))
            undone = dollar_quoted(part.get("Value", ""))
            return Word(FOREIGN) if undone is None else Word(undone)
        case "DblQuoted":
            inner = [_part(reader, p, in_quotes=True) for p in part.get("Parts") or ()]
            if part.get("Dollar"):
                return Word(FOREIGN)
            return Word("".join(w.text for w in inner), any(w.loose for w in inner), any(w.secret for w in inner))
        case "ParamExp":
            return _parameter(reader, part, in_quotes=in_quotes)
        case "CmdSubst":
            if set(part) - _COMMAND:
                reader.refuse(part, "a substitution of a kind that is not listed")
            reader.inside(part.get("Stmts") or ())
            # a function of the script may stand behind any of these names
            tame: Sequence[Node] = () if reader.defines else part.get("Stmts") or ()
            if counts(tame):
                return Word(NUMBER)
            return Word(GIVEN if names_only(tame) else FOREIGN, not in_quotes)
        case "ArithmExp":
            arithmetic(reader, part.get("X"))
            return Word(NUMBER)
        case "ProcSubst":
            reader.inside(part.get("Stmts") or ())
            return Word("/dev/fd/" + NUMBER)
        case "ExtGlob":
            if any(c in (part.get("Pattern") or {}).get("Value", "") for c in "$`<>"):
                reader.refuse(part, "an expansion inside a pattern")
            return Word(GLOB)
        case other:
            reader.refuse(part, f"{other} is not known here")
            return Word(FOREIGN, loose=True)


def _parameter(reader: Reader, node: Node, *, in_quotes: bool) -> Word:
    if set(node) - _PARAMETER or "Param" not in node:
        reader.refuse(node, "an indirect or special expansion")
        return Word(FOREIGN, loose=True)
    name = node["Param"]["Value"]
    value = reader.variables.get(name, straight=reader.straight)
    several = name in ("@", "*")
    if node.get("Index") is not None:
        several = _index(reader, node["Index"]) or several
        if not value.marked:
            value = Word(kind(value), secret=value.secret)
    if node.get("Length"):
        return Word(NUMBER)
    changed = _operators(reader, node, name, value)
    if changed is not None:
        value = changed
    if several:
        return Word(value.text if value.marked else kind(value), loose=True, secret=value.secret)
    if value.plain is not None:
        if in_quotes or not _SPLITS.search(value.text):
            return value
        return Word(FOREIGN, loose=True)
    return Word(value.text, not in_quotes and set(value.text) != {NUMBER}, value.secret)


def _operators(reader: Reader, node: Node, name: str, value: Word) -> Word | None:
    """The value after the operators of `${name...}`, or None when there are none."""
    if node.get("Slice") is not None:
        for side in node["Slice"].values():
            arithmetic(reader, side)
        return Word(GIVEN if value.text == GIVEN else FOREIGN, secret=value.secret)
    if node.get("Repl") is not None:
        for key, side in node["Repl"].items():
            if key in ("Orig", "With"):
                word(reader, side)
        return Word(FOREIGN, secret=value.secret)
    exp = node.get("Exp")
    if exp is None:
        return None
    operator = exp.get("Op", "")
    told = word(reader, exp.get("Word"))
    if operator in _DEFAULTS:
        if operator in ("=", ":="):
            reader.assign(node, name, told)
        if operator in ("?", ":?"):
            return Word(GIVEN if value.text == GIVEN or value.plain is not None else value.text, secret=value.secret)
        mark = FOREIGN if FOREIGN in (kind(told) if told.text else GIVEN, kind(value)) else GIVEN
        return Word(mark, secret=value.secret or told.secret)
    if operator in _CUTS:
        return Word(GIVEN if value.text == GIVEN else FOREIGN, secret=value.secret)
    if operator == "@" and told.plain in ("Q", "U", "u", "L"):
        return Word(FOREIGN, secret=value.secret)
    reader.refuse(node, f"the expansion operator {operator} is not listed")
    return Word(FOREIGN, loose=True)


def _index(reader: Reader, node: Node) -> bool:
    """Follow a subscript; True when it means all elements."""
    if node.get("Type", "Word") == "Word":
        text = word(reader, node).plain
        if text in ("@", "*"):
            return True
    arithmetic(reader, node)
    return False


# ------------------------------------------------------------------------------------------------------- arithmetic


def arithmetic(reader: Reader, node: Node | None) -> None:
    """Follow an arithmetic expression. Text that bash would evaluate again (a subscript may run commands) is refused."""
    if node is None:
        return
    reader.saw(node)
    match node.get("Type", "Word"):
        case "BinaryArithm":
            if node.get("Op") in _ASSIGNS:
                _assigned(reader, node.get("X"))
            arithmetic(reader, node.get("X"))
            arithmetic(reader, node.get("Y"))
        case "UnaryArithm":
            if node.get("Op") in ("++", "--"):
                _assigned(reader, node.get("X"))
            arithmetic(reader, node.get("X"))
        case "ParenArithm":
            arithmetic(reader, node.get("X"))
        case "Word":
            number(reader, node)
        case other:
            reader.refuse(node, f"{other} is not known here")


def number(reader: Reader, node: Node) -> None:
    """A word that bash reads as arithmetic: it must be a number, a name, or text that cannot bring a subscript along."""
    value = word(reader, node)
    text = value.text
    if FOREIGN in text or GLOB in text:
        reader.refuse(node, "arithmetic on text that is only known when it runs")
        return
    left = "".join(c for c in text if not "\ue000" <= c <= "\ue00f")
    if not _ARITHMETIC_TEXT.fullmatch(left):
        reader.refuse(node, "arithmetic on text that is no number and no name")
        return
    if NAME.fullmatch(left):
        told = reader.variables.get(left, straight=reader.straight)
        if FOREIGN in told.text or (told.plain is not None and not _ARITHMETIC_TEXT.fullmatch(told.text)):
            reader.refuse(node, f"arithmetic on {left}, which is only known when it runs")


def _assigned(reader: Reader, node: Node | None) -> None:
    parts: Sequence[Node] = (node or {}).get("Parts") or ()
    first = parts[0] if len(parts) == 1 else {}
    name = first.get("Value") if first.get("Type") == "Lit" else (first.get("Param") or {}).get("Value")
    if node is None or not name or not NAME.fullmatch(name) or dangerous(name):
        reader.refuse(node or {}, "arithmetic that sets something else than a plain variable")
        return
    reader.assign(node, name, Word(NUMBER))


def clean(text: str) -> bool:
    """Whether a script holds none of the characters that stand for marks here, and no zero byte."""
    return "\0" not in text and PRIVATE.search(text) is None
