"""Where each placeholder stands, by bash's own reading: in which quotes, in which command, read again by what.

Called by `rewrite` with the tree of a script in which every placeholder has been replaced by a neutral word. Nothing here looks for
quotes in text: every position comes from the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from firstfive.shell.bind.interpreters import COMMAND, UNLISTED, Role, is_fateful, reads_input, roles_of
from firstfive.shell.commandline import Node, nodes

TOKEN = re.compile(rb"FfSlot(\d+)Q")


class Context(StrEnum):
    """The quoting around a placeholder, which decides how it is rewritten."""

    BARE = "bare"
    DOUBLE = "double"
    SINGLE = "single"
    DOLLAR_SINGLE = "dollar single"
    HEREDOC = "heredoc"
    QUOTED_HEREDOC = "quoted-heredoc"
    COMMENT = "comment"
    ARITHMETIC = "arithmetic"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One place where a placeholder's value would arrive.

    `number` is the placeholder's own; `at` the byte offset of its word, or -1 when the value arrives through a variable.
    `label` names what reads it again; `refused` says why no value may stand here; `computed` says that bash arithmetic gets it.
    """

    number: int
    at: int
    context: Context
    label: str = ""
    refused: str = ""
    nested: bool = False
    computed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What surrounds a node on the way down."""

    context: Context = Context.BARE
    role: Role | None = None
    nested: bool = False  # in the pattern of an expansion, where a quoted expansion must be quoted once more
    expansion: bool = False  # inside ${...} of a double-quoted text
    word: int = -1  # byte offset of the word
    computed: bool = False  # arithmetic computes what comes out of here, however it is quoted
    splits: bool = False  # an unquoted expansion here becomes several words


_ARITHMETIC_TESTS = frozenset(("-eq", "-ne", "-lt", "-le", "-gt", "-ge"))
_PATTERN_OPS = frozenset(("#", "##", "%", "%%", "^", "^^", ",", ",,"))
_COMMAND_FOLLOWS = re.compile(rb"(?:\A|[;&|(`\n])\s*\Z")
_NEAR_DELIMITER = re.compile(rb"(?:\A|[;{\s\d$/!,'\"])[sy][A-Za-z0-9._:-]")


def uses_of(source: bytes, tree: Node) -> tuple[Use, ...]:
    """Every use of every token in `source`, whose tree is `tree`; a token met nowhere is a use of context NOWHERE."""
    walk = _Walk(source, tree)
    found = list(walk.visit(tree, _Around()))
    met = {use.at for use in found}
    for token in TOKEN.finditer(source):
        if token.start() not in met:
            found.append(
                Use(
                    number=int(token[1]),
                    at=token.start(),
                    context=Context.NOWHERE,
                    refused="bash takes no value in this place",
                )
            )
    return tuple(sorted(found, key=lambda use: (use.number, use.at)))


class _Walk:
    """One descent. Variables that a placeholder's value was assigned to are followed into dangerous places as well."""

    def __init__(self, source: bytes, tree: Node) -> None:
        self.source = source
        self.held = _variables(source, tree)

    def visit(self, node: object, around: _Around) -> Iterator[Use]:
        if isinstance(node, list | tuple):
            for part in node:
                yield from self.visit(part, around)
            return
        if not isinstance(node, Mapping):
            return
        yield from self.node(node, around)

    def node(self, node: Node, around: _Around) -> Iterator[Use]:
        match node.get("Type"):
            case "Lit":
                yield from self.leaf(node, around)
            case "SglQuoted":
                yield from self.single(node, around)
            case "DblQuoted":
                yield from self.visit(node.get("Parts"), replace(around, context=Context.DOUBLE))
            case "CmdSubst" | "ProcSubst":
                inner = replace(around, context=Context.BARE, nested=False, expansion=False)
                yield from self.visit(node.get("Stmts"), inner)
            case "ParamExp":
                yield from self.expansion(node, around)
            case "ArithmExp" | "ArithmCmd" | "LetClause" | "CStyleLoop":
                yield from self.parts(node, replace(around, context=Context.ARITHMETIC, computed=True))
            case "CallExpr":
                yield from self.call(node, around)
            case "WordIter":
                yield from self.parts(node, replace(around, splits=True))
            case "DeclClause":
                yield from self.declaration(node, around)
            case "BinaryCmd" if node.get("Op") in ("|", "|&"):
                yield from self.visit(node["X"], replace(around, role=reads_input(node["Y"]) or around.role))
                yield from self.visit(node["Y"], around)
            case "BinaryTest" if node.get("Op") in _ARITHMETIC_TESTS:
                yield from self.parts(node, replace(around, context=Context.ARITHMETIC, computed=True))
            case "UnaryTest" if node.get("Op") in ("-v", "-R"):
                yield from self.parts(node, replace(around, role=Role(label="variable name")))
            case _:
                yield from self.parts(node, around)

    def parts(self, node: Node, around: _Around) -> Iterator[Use]:
        if "Text" in node:
            yield from self.tokens(node, replace(around, context=Context.COMMENT, role=None))
            return
        if "Parts" in node and "Pos" in node:
            around = replace(around, word=node["Pos"]["Offset"])
        for key, part in node.items():
            if key == "Redirs":
                for redirection in part or ():
                    yield from self.redirection(redirection, node.get("Cmd"), around)
            elif key == "Assigns":
                for assigned in part or ():
                    yield from self.assignment(assigned, around)
            elif key == "Index":
                yield from self.visit(part, replace(around, context=Context.ARITHMETIC, computed=True))
            elif key not in ("Pos", "End", "Name"):
                yield from self.visit(part, around)

    def call(self, node: Node, around: _Around) -> Iterator[Use]:
        for assigned in node.get("Assigns") or ():
            yield from self.assignment(assigned, around)
        for word, role in zip(node.get("Args") or (), roles_of(node), strict=True):
            yield from self.visit(word, replace(around, role=role or around.role, splits=True))

    def assignment(self, node: Node, around: _Around) -> Iterator[Use]:
        """A value that is only kept, unless the variable decides what bash or the next program runs."""
        fateful = is_fateful((node.get("Name") or {}).get("Value", ""))
        yield from self.parts(node, replace(around, role=COMMAND if fateful else around.role, splits=False))

    def declaration(self, node: Node, around: _Around) -> Iterator[Use]:
        """`export X=v` is an assignment; `export v` would read the value itself as one, and `declare -i` computes it."""
        given = node.get("Args") or ()
        options = any(part.get("Naked") and "Value" in part and "Name" not in part for part in given)
        for part in given:
            risky = options or "Name" not in part
            role = Role(label="declaration") if risky else around.role
            yield from self.assignment(part, replace(around, role=role))

    def redirection(self, node: Node, command: object, around: _Around) -> Iterator[Use]:
        body = node.get("Hdoc")
        if body is None:
            role = reads_input(command) if node.get("Op") == "<<<" else None
            yield from self.visit(node.get("Word"), replace(around, role=role or around.role))
            return
        quoted = any(
            part.get("Type") != "Lit" or "\\" in part.get("Value", "") for part in node["Word"].get("Parts") or ()
        )
        context = Context.QUOTED_HEREDOC if quoted else Context.HEREDOC
        yield from self.visit(body, replace(around, context=context, role=reads_input(command) or around.role))

    def expansion(self, node: Node, around: _Around) -> Iterator[Use]:
        name = (node.get("Param") or {}).get("Value", "")
        names = list(self.held) if node.get("Excl") else [name]
        prompt = (node.get("Exp") or {}).get("Op") == "@"
        for held in names:
            yield from self.through(held, replace(around, role=Role(label="prompt")) if prompt else around)
        inside = around.expansion or around.context in (Context.DOUBLE, Context.HEREDOC)
        for key, part in node.items():
            if key in ("Slice", "Index"):
                yield from self.visit(part, replace(around, context=Context.ARITHMETIC, computed=True))
            elif key in ("Exp", "Repl") and isinstance(part, Mapping):
                nested = key == "Repl" or part.get("Op") in _PATTERN_OPS
                yield from self.parts(part, replace(around, nested=nested, expansion=inside))

    def single(self, node: Node, around: _Around) -> Iterator[Use]:
        context = Context.DOLLAR_SINGLE if node.get("Dollar") else Context.SINGLE
        refused = "quotes inside an expansion inside quotes" if around.expansion else ""
        for use in self.leaf(node, replace(around, context=context)):
            yield replace(use, refused=use.refused or refused)

    def leaf(self, node: Node, around: _Around) -> Iterator[Use]:
        if around.computed:
            for name in self.held:
                if re.search(rf"\b{name}\b", str(node.get("Value", ""))):
                    yield from self.through(name, around)
        yield from self.tokens(node, around)

    def tokens(self, node: Node, around: _Around) -> Iterator[Use]:
        start, end = node["Pos"]["Offset"], node["End"]["Offset"]
        for token in TOKEN.finditer(self.source, start, end):
            label, refused = self.reading(around, start, token.start())
            yield Use(
                number=int(token[1]),
                at=token.start(),
                context=around.context,
                label=label,
                refused=refused,
                nested=around.nested,
                computed=around.computed,
            )

    def reading(self, around: _Around, leaf: int, at: int) -> tuple[str, str]:
        """What reads the value again, and why none may stand here."""
        role = around.role
        before = self.source[around.word if around.word >= 0 else leaf : at]
        if role is None:
            quoted = around.context in (Context.DOUBLE, Context.SINGLE, Context.DOLLAR_SINGLE)
            return ("JSON" if quoted and b"{" in before and b'"' in before else ""), ""
        if role.refused:
            return role.label, role.refused
        if role.commands and (role.first or before.lstrip(b"'\"")) and _COMMAND_FOLLOWS.search(before.lstrip(b"$'\"")):
            return role.label, "it would name the command that runs"
        if role.label == "sed script" and _NEAR_DELIMITER.search(before):
            return role.label, "the sed script separates its parts by a character that a value may hold"
        return role.label, ""

    def through(self, name: str, around: _Around) -> Iterator[Use]:
        """A variable that holds a placeholder's value, met where values are read again."""
        role = around.role
        if role is None and around.splits and around.context is Context.BARE:
            role = Role(label=UNLISTED)  # an unquoted $x is split, and its second word may be an option
        if role is None and not around.computed:
            return
        for number in sorted(self.held.get(name, ())):
            yield Use(
                number=number,
                at=-1,
                context=around.context,
                label=role.label if role else "",
                refused=role.refused if role else "",
                computed=around.computed,
            )

    def text(self, node: Node) -> bytes:
        return self.source[node["Pos"]["Offset"] : node["End"]["Offset"]]


def _variables(source: bytes, tree: Node) -> dict[str, set[int]]:
    """The variables that a placeholder's value is assigned to, directly or through another variable, with its number."""
    pairs: list[tuple[str, Node]] = []
    for node in nodes(tree):
        assigned = [*(node.get("Assigns") or ()), *(node.get("Args") or () if node.get("Type") == "DeclClause" else ())]
        pairs += [(part["Name"]["Value"], part) for part in assigned if "Name" in part]
        loop = node.get("Loop") if node.get("Type") == "ForClause" else None
        if isinstance(loop, Mapping) and "Name" in loop:
            pairs.append((loop["Name"]["Value"], loop))
    held: dict[str, set[int]] = {}
    for _ in range(len(pairs) + 1):
        before = {name: len(numbers) for name, numbers in held.items()}
        for name, part in pairs:
            text = source[part["Pos"]["Offset"] : part["End"]["Offset"]]
            numbers = {int(token[1]) for token in TOKEN.finditer(text)}
            for inner in nodes(part):
                if inner.get("Type") == "ParamExp":
                    numbers |= held.get((inner.get("Param") or {}).get("Value", ""), set())
            if numbers:
                held.setdefault(name, set()).update(numbers)
        if before == {name: len(numbers) for name, numbers in held.items()}:
            break
    return held
