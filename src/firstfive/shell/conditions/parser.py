"""Reads a condition into a tree, by CEL's own precedence.

Called by `compile`. Knows the grammar of the subset and its limits of size; knows nothing of types or facts.
"""

from __future__ import annotations

from typing import NoReturn

from firstfive.shell.conditions.lexer import RESERVED, Kind, Token, tokens
from firstfive.shell.conditions.tree import Binary, Call, Choice, Listing, Literal, Logic, Name, Node, Unary
from firstfive.shell.conditions.values import INT_MAX, error_at

LONGEST_TEXT = 4096  # characters
DEEPEST = 40  # nested constructs; far below what the evaluator's recursion could bear
MOST_TOKENS = 1000

_RELATIONS = ("==", "!=", "<", "<=", ">", ">=", "in")


def parse(text: str) -> Node:
    """The tree of `text`.

    Raises:
        ConditionError: when the text is empty, too long, too deep or not a condition of this language.
    """
    if len(text) > LONGEST_TEXT:
        raise error_at(text, LONGEST_TEXT, f"a condition has at most {LONGEST_TEXT} characters", "split it into steps")
    found = tokens(text)
    if len(found) > MOST_TOKENS:
        raise error_at(text, found[MOST_TOKENS].start, f"a condition has at most {MOST_TOKENS} words", "split it")
    reader = _Reader(text, found)
    if reader.peek().kind is Kind.END:
        raise error_at(text, 0, "the condition is empty", "write a comparison such as http.status == 200")
    tree = reader.choice()
    if reader.peek().kind is not Kind.END:
        reader.unexpected("the end of the condition")
    return tree


class _Reader:
    """A cursor over the tokens; one method per level of precedence, loosest first."""

    def __init__(self, text: str, found: tuple[Token, ...]) -> None:
        self.text = text
        self.found = found
        self.at = 0
        self.depth = 0

    def peek(self) -> Token:
        return self.found[self.at]

    def take(self) -> Token:
        token = self.found[self.at]
        self.at = min(self.at + 1, len(self.found) - 1)
        return token

    def sees(self, *texts: str) -> bool:
        token = self.peek()
        return token.kind in (Kind.SIGN, Kind.NAME) and token.text in texts

    def expect(self, text: str) -> Token:
        if not self.sees(text):
            self.unexpected(f"“{text}”")
        return self.take()

    def unexpected(self, wanted: str) -> NoReturn:
        token = self.peek()
        seen = f"“{token.text}”" if token.kind is not Kind.END else "the end of the condition"
        remedy = {"and": "join two conditions with &&", "or": "join two conditions with ||"}.get(token.text.lower(), "")
        if token.text == "*":
            remedy = "this language has + and - only"
        raise error_at(self.text, token.start, f"expected {wanted}, found {seen}", remedy)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise error_at(self.text, self.peek().start, f"nested deeper than {DEEPEST} levels", "split the condition")

    def choice(self) -> Node:
        self.deeper()
        test = self.chain("||")
        if self.sees("?"):
            self.take()
            yes = self.chain("||")
            self.expect(":")
            no = self.choice()
            test = Choice(test=test, yes=yes, no=no, start=test.start, end=no.end)
        self.depth -= 1
        return test

    def chain(self, op: str) -> Node:
        def part() -> Node:
            return self.chain("&&") if op == "||" else self.relation()

        parts = [part()]
        while self.sees(op):
            self.take()
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        return Logic(op=op, parts=tuple(parts), start=parts[0].start, end=parts[-1].end)

    def relation(self) -> Node:
        before = self.depth
        left = self.sum()
        while self.sees(*_RELATIONS):
            self.deeper()
            op = self.take()
            right = self.sum()
            left = Binary(op=op.text, left=left, right=right, at=op.start, start=left.start, end=right.end)
        self.depth = before
        return left

    def sum(self) -> Node:
        before = self.depth
        left = self.unary()
        while self.sees("+", "-"):
            self.deeper()
            op = self.take()
            right = self.unary()
            left = Binary(op=op.text, left=left, right=right, at=op.start, start=left.start, end=right.end)
        self.depth = before
        return left

    def unary(self) -> Node:
        signs: list[Token] = []
        while self.sees("!", "-") and (not signs or self.peek().text == signs[0].text):
            signs.append(self.take())
        before = self.depth
        for _ in signs:
            self.deeper()
        operand = self._negative(signs) if signs and self.peek().kind is Kind.INT else self.member()
        for sign in reversed(signs):
            operand = Unary(op=sign.text, operand=operand, start=sign.start, end=operand.end)
        self.depth = before
        return operand

    def _negative(self, signs: list[Token]) -> Node:
        """An int behind a minus sign takes the sign into itself, so that the smallest int can be written."""
        token = self.peek()
        if signs[-1].text != "-" or self.found[self.at + 1].text == ".":
            return self.member()
        self.take()
        sign = signs.pop()
        return Literal(value=-int(token.value), start=sign.start, end=token.end)

    def member(self) -> Node:
        node = self.primary()
        before = self.depth
        while self.sees("."):
            self.take()
            name = self.word("a method")
            if not self.sees("("):
                self.unexpected(f"“(” behind the method {name.text}")
            self.deeper()
            arguments, end = self.arguments()
            node = Call(
                function=name.text, receiver=node, arguments=arguments, at=name.start, start=node.start, end=end
            )
        self.depth = before
        return node

    def word(self, wanted: str) -> Token:
        token = self.peek()
        if token.kind is not Kind.NAME or token.text in RESERVED:
            self.unexpected(wanted)
        return self.take()

    def primary(self) -> Node:
        token = self.peek()
        if token.kind in (Kind.INT, Kind.DOUBLE, Kind.STRING):
            self.take()
            if token.kind is Kind.INT and int(token.value) > INT_MAX:
                raise error_at(self.text, token.start, f"{token.text} does not fit in 64 bits")
            return Literal(value=token.value, start=token.start, end=token.end)
        if self.sees("true", "false"):
            self.take()
            return Literal(value=token.text == "true", start=token.start, end=token.end)
        if self.sees("("):
            self.take()
            inner = self.choice()
            self.expect(")")
            return inner
        if self.sees("["):
            return self.listing()
        if self.sees("null"):
            raise error_at(self.text, token.start, "a fact is never null", "a missing fact makes a condition unknown")
        return self.name_or_function()

    def listing(self) -> Node:
        opening = self.take()
        items: list[Node] = []
        while not self.sees("]"):
            items.append(self.choice())
            if not self.sees(","):
                break
            self.take()
        closing = self.expect("]")
        return Listing(items=tuple(items), start=opening.start, end=closing.end)

    def arguments(self) -> tuple[tuple[Node, ...], int]:
        self.expect("(")
        found: list[Node] = []
        if not self.sees(")"):
            found.append(self.choice())
            while self.sees(","):
                self.take()
                found.append(self.choice())
        return tuple(found), self.expect(")").end

    def name_or_function(self) -> Node:
        first = self.word("a fact, a value or “(”")
        if self.sees("("):
            arguments, end = self.arguments()
            return Call(
                function=first.text, receiver=None, arguments=arguments, at=first.start, start=first.start, end=end
            )
        name, end = first.text, first.end
        while self.sees(".") and self.found[self.at + 1].kind is Kind.NAME and self.found[self.at + 2].text != "(":
            self.take()
            part = self.word("the rest of a fact's name")
            name, end = f"{name}.{part.text}", part.end
        return Name(name=name, start=first.start, end=end)
