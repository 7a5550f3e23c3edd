"""What the room says to do about a refusal can be done in the room: every remedy that its rules give, read out of their source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstfive.web.pages.remedies import in_the_room

SOURCE = Path(__file__).resolve().parents[3] / "src" / "firstfive"
OF_A_TERMINAL = re.compile(r"\bfirstfive (?!serve\b)[a-z]+|(?<![\w-])--[a-z]|FIRSTFIVE_")
# What a browser cannot do: the server's machine has to, or an admin with a shell.
ELSEWHERE = {
    "firstfive account invite NAME --role admin makes the first",
    "firstfive account invite NAME makes an account",
    "firstfive account invite NAME makes an account; send a token of it",
    "firstfive account invite NAME makes the first one",
}
# Said by the command line alone.
ALONE = ("engine/steps/break_glass.py", "web/serve.py")


def remedies() -> Iterator[tuple[str, str]]:
    """Where a refusal is made, and its remedy with X where a value stands."""
    for layer in ("incident", "engine", "web", "stores/accounts", "documents"):
        for path in sorted((SOURCE / layer).rglob("*.py")):
            where = str(path.relative_to(SOURCE))
            if where in ALONE:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.keyword) and node.arg == "remedy":
                    yield from ((where, said) for said in texts(node.value))


def texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(said)):
            yield said
        case ast.JoinedStr(values=parts):
            yield "".join(part.value if isinstance(part, ast.Constant) else "X" for part in parts)  # type: ignore[misc]
        case ast.IfExp(body=one, orelse=other):
            yield from (*texts(one), *texts(other))


GIVEN = sorted(set(remedies()))


def test_there_are_remedies_to_look_at() -> None:
    assert len(GIVEN) > 100
    assert {said for _, said in GIVEN} > ELSEWHERE


@pytest.mark.parametrize(("where", "said"), GIVEN, ids=[f"{where}-{n}" for n, (where, _) in enumerate(GIVEN)])
def test_a_remedy_can_be_followed_where_it_is_read(where: str, said: str) -> None:
    shown = in_the_room(said)
    assert said in ELSEWHERE or not OF_A_TERMINAL.search(shown), shown


def test_what_has_to_be_typed_stays() -> None:
    assert in_the_room("type shop-db (--confirm shop-db)") == "type shop-db into the field below the command"
    assert in_the_room("ask one of them") == "ask one of them"


def test_values_in_a_remedy_are_not_read() -> None:
    assert in_the_room("it has: <firstfive-note>") == "it has: <firstfive-note>"
