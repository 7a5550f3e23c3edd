"""The shape of a parsed condition: one frozen node per construct of the language.

Built by `parser`, read by `check`, `evaluate` and `explain`. Positions are character offsets into the condition's text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A bool, int, double or string as written."""

    value: bool | int | float | str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A declared fact, dots included."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list literal."""

    items: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary:
    """`!x` or `-x`."""

    op: str
    operand: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """A comparison, `in`, or a sum; `at` is the offset of the operator."""

    op: str
    left: Node
    right: Node
    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Logic:
    """A chain of two or more parts joined by the same `&&` or `||`."""

    op: str
    parts: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`test ? yes : no`."""

    test: Node
    yes: Node
    no: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function `size(x)` or a method `x.contains(y)`; `receiver` is None for a function. `at` is where its name stands."""

    function: str
    receiver: Node | None
    arguments: tuple[Node, ...]
    at: int
    start: int
    end: int


Node: TypeAlias = Literal | Name | Listing | Unary | Binary | Logic | Choice | Call


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node, left to right."""
    match node:
        case Listing(items=items):
            return items
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Logic(parts=parts):
            return parts
        case Choice(test=test, yes=yes, no=no):
            return (test, yes, no)
        case Call(receiver=receiver, arguments=arguments):
            return arguments if receiver is None else (receiver, *arguments)
        case _:
            return ()
