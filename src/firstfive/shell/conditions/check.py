"""Gives every part of a condition its type and refuses what CEL's checker would refuse.

Called by `compile` before a condition is ever evaluated, so that a page with a misspelt fact does not compile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn, TypeAlias, assert_never

from firstfive.shell.conditions.clocks import duration_of, timestamp_of
from firstfive.shell.conditions.pattern import PatternError, compile_pattern
from firstfive.shell.conditions.tree import Binary, Call, Choice, Listing, Literal, Logic, Name, Node, Unary
from firstfive.shell.conditions.values import FactType, error_at


@dataclass(frozen=True, slots=True)
class ListOf:
    """The type of a list; `element` is None for the empty list, which fits every list."""

    element: FactType | None

    def __str__(self) -> str:
        return f"list<{self.element or 'anything'}>"


Type: TypeAlias = FactType | ListOf

_NUMBERS = (FactType.INT, FactType.DOUBLE)
_SUMS: dict[tuple[str, FactType, FactType], FactType] = {
    ("+", FactType.INT, FactType.INT): FactType.INT,
    ("-", FactType.INT, FactType.INT): FactType.INT,
    ("+", FactType.DOUBLE, FactType.DOUBLE): FactType.DOUBLE,
    ("-", FactType.DOUBLE, FactType.DOUBLE): FactType.DOUBLE,
    ("+", FactType.DURATION, FactType.DURATION): FactType.DURATION,
    ("-", FactType.DURATION, FactType.DURATION): FactType.DURATION,
    ("+", FactType.TIMESTAMP, FactType.DURATION): FactType.TIMESTAMP,
    ("+", FactType.DURATION, FactType.TIMESTAMP): FactType.TIMESTAMP,
    ("-", FactType.TIMESTAMP, FactType.DURATION): FactType.TIMESTAMP,
    ("-", FactType.TIMESTAMP, FactType.TIMESTAMP): FactType.DURATION,
}
_METHODS = ("contains", "startsWith", "endsWith", "matches", "size")
_FUNCTIONS = ("size", "duration", "timestamp")


def check(text: str, tree: Node, facts: Mapping[str, FactType]) -> None:
    """Accept `tree` as a condition over `facts`.

    Raises:
        ConditionError: at the first part that has no type, or when the whole is not a bool.
    """
    checker = _Checker(text, facts)
    kind = checker.type_of(tree)
    if kind is not FactType.BOOL:
        checker.fail(tree.start, f"a condition must be true or false, this is {_a(kind)}", "compare it with something")


def suggestion(name: str, known: Mapping[str, FactType]) -> str:
    """` did you mean ...?` for the closest declared fact, or nothing."""
    flat = {_flat(fact): fact for fact in known}
    close = get_close_matches(_flat(name), flat, n=1, cutoff=0.6)
    if not close:
        last = name.rpartition(".")[2]
        close = [_flat(fact) for fact in known if fact.rpartition(".")[2] == last][:1]
    return f"; did you mean {flat[close[0]]}?" if close else ""


def _flat(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


class _Checker:
    """Types bottom-up; keeps the text for its messages."""

    def __init__(self, text: str, facts: Mapping[str, FactType]) -> None:
        self.text = text
        self.facts = facts

    def fail(self, at: int, what: str, remedy: str = "") -> NoReturn:
        raise error_at(self.text, at, what, remedy)

    def type_of(self, node: Node) -> Type:
        match node:
            case Literal(value=value):
                return _literal_type(value)
            case Name():
                return self.fact(node)
            case Listing(items=items):
                return self.listing(items)
            case Unary():
                return self.unary(node)
            case Logic(op=op, parts=parts):
                for part in parts:
                    self.must_be_bool(part, f"a side of {op}")
                return FactType.BOOL
            case Binary():
                return self.binary(node)
            case Choice():
                return self.choice(node)
            case Call():
                return self.call(node)
            case _:
                assert_never(node)

    def fact(self, node: Name) -> Type:
        kind = self.facts.get(node.name)
        if kind is None:
            known = ", ".join(sorted(self.facts)[:12]) or "none"
            remedy = f"facts declared here: {known}{', ...' if len(self.facts) > 12 else ''}"
            self.fail(node.start, f"undeclared fact {node.name}{suggestion(node.name, self.facts)}", remedy)
        return ListOf(FactType.STRING) if kind is FactType.LIST else kind

    def listing(self, items: tuple[Node, ...]) -> Type:
        kinds = [self.type_of(item) for item in items]
        for item, kind in zip(items, kinds, strict=True):
            if isinstance(kind, ListOf):
                self.fail(item.start, "a list holds single values, not lists")
            if kind is not kinds[0]:
                self.fail(item.start, f"a list of {kinds[0]} cannot hold {_a(kind)}", "give all items one type")
        first = kinds[0] if kinds else None
        return ListOf(first if isinstance(first, FactType) else None)

    def unary(self, node: Unary) -> Type:
        if node.op == "!":
            self.must_be_bool(node.operand, "the side of !")
            return FactType.BOOL
        kind = self.type_of(node.operand)
        if kind not in _NUMBERS:
            self.fail(node.start, f"- cannot be put before {_a(kind)}")
        return kind

    def choice(self, node: Choice) -> Type:
        self.must_be_bool(node.test, "the part before ?")
        yes, no = self.type_of(node.yes), self.type_of(node.no)
        if not _same(yes, no):
            self.fail(node.no.start, f"both results must have one type: {yes} before the colon, {no} behind it")
        return yes

    def must_be_bool(self, node: Node, role: str) -> None:
        kind = self.type_of(node)
        if kind is not FactType.BOOL:
            self.fail(node.start, f"{role} must be true or false, this is {_a(kind)}", "compare it with something")

    def binary(self, node: Binary) -> Type:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if node.op in "+-":
            summed = (
                _SUMS.get((node.op, left, right))
                if isinstance(left, FactType) and isinstance(right, FactType)
                else None
            )
            if summed is None:
                self.fail(node.at, f"{node.op} cannot join {_a(left)} and {_a(right)}", self.advice(node, left, right))
            return summed
        if node.op == "in":
            if not isinstance(right, ListOf):
                self.fail(node.right.start, f"in wants a list behind it, this is {_a(right)}", "write the list in [ ]")
            if right.element is not None and right.element is not left:
                self.fail(node.at, f"{_a(left)} cannot be in {_a(right)}")
            return FactType.BOOL
        if not _same(left, right):
            self.fail(node.at, f"{_a(left)} cannot be compared with {_a(right)}", self.advice(node, left, right))
        if node.op in ("<", "<=", ">", ">=") and isinstance(left, ListOf):
            self.fail(node.at, "lists have no order", "compare their sizes: size(list) > 3")
        return FactType.BOOL

    def advice(self, node: Binary, left: Type, right: Type) -> str:
        """How to write what was probably meant when two types do not fit."""
        for kind, other, part in ((left, right, node.right), (right, left, node.left)):
            if kind is FactType.DOUBLE and other is FactType.INT and isinstance(part, Literal):
                return f"write {part.value}.0"
            if kind is FactType.DURATION and isinstance(part, Literal):
                return 'write a duration as duration("30m")'
            if kind is FactType.TIMESTAMP and isinstance(part, Literal):
                return 'write a time as timestamp("2030-01-31T03:00:00Z")'
            if kind is FactType.STRING and other in _NUMBERS and isinstance(part, Literal):
                return f'write "{part.value}"'
        return ""

    def call(self, node: Call) -> Type:
        given = [self.type_of(part) for part in node.arguments]
        if node.receiver is None:
            return self.function(node, given)
        receiver = self.type_of(node.receiver)
        if node.function == "size" and not given and (receiver is FactType.STRING or isinstance(receiver, ListOf)):
            return FactType.INT
        if node.function not in _METHODS:
            close = get_close_matches(node.function, _METHODS, n=1)
            self.fail(node.at, f"unknown method {node.function}{f'; did you mean {close[0]}?' if close else ''}")
        if node.function == "size":
            self.fail(node.at, f"size() takes nothing and belongs to a string or a list, not to {_a(receiver)}")
        if receiver is not FactType.STRING:
            remedy = '"text" in list asks whether a list holds it' if isinstance(receiver, ListOf) else ""
            self.fail(node.at, f"{node.function} belongs to a string, not to {_a(receiver)}", remedy)
        if given != [FactType.STRING]:
            self.fail(node.at, f"{node.function} takes one string")
        if node.function == "matches":
            self.pattern(node.arguments[0])
        return FactType.BOOL

    def pattern(self, node: Node) -> None:
        if not (isinstance(node, Literal) and isinstance(node.value, str)):
            self.fail(node.start, "a pattern must stand in the condition itself", "write it as a string")
        try:
            compile_pattern(node.value)
        except PatternError as bad:
            self.fail(node.start, f"pattern, character {bad.at + 1}: {bad.what}")

    def function(self, node: Call, given: list[Type]) -> Type:
        if node.function not in _FUNCTIONS:
            if node.function in _METHODS:
                self.fail(
                    node.at, f"{node.function} is a method", f'write it behind its string: text.{node.function}("x")'
                )
            close = get_close_matches(node.function, _FUNCTIONS, n=1)
            self.fail(node.at, f"unknown function {node.function}{f'; did you mean {close[0]}?' if close else ''}")
        if node.function == "size":
            if len(given) != 1 or not (given[0] is FactType.STRING or isinstance(given[0], ListOf)):
                self.fail(node.at, "size takes one string or one list")
            return FactType.INT
        if given != [FactType.STRING]:
            self.fail(node.at, f"{node.function} takes one string")
        written = node.arguments[0]
        if isinstance(written, Literal):
            self.moment(node, str(written.value))
        return FactType.DURATION if node.function == "duration" else FactType.TIMESTAMP

    def moment(self, node: Call, written: str) -> None:
        if node.function == "duration" and duration_of(written) is None:
            remedy = 'units are h m s ms: "90s", "30m", "1h30m"; two days are "48h"'
            self.fail(node.arguments[0].start, f"“{written}” is no duration", remedy)
        if node.function == "timestamp" and timestamp_of(written) is None:
            remedy = 'write date, time and zone: "2030-01-31T03:00:00Z"'
            self.fail(node.arguments[0].start, f"“{written}” is no timestamp", remedy)


def _a(kind: Type) -> str:
    return f"{'an' if kind is FactType.INT else 'a'} {kind}"


def _literal_type(value: bool | int | float | str) -> FactType:
    match value:
        case bool():
            return FactType.BOOL
        case int():
            return FactType.INT
        case float():
            return FactType.DOUBLE
        case str():
            return FactType.STRING
        case _:
            assert_never(value)


def _same(one: Type, other: Type) -> bool:
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        return one.element is other.element or one.element is None or other.element is None
    return one == other
