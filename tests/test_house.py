"""The limits of the house. A limit that is wrong is changed here, with its reason, never worked around."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "firstfive"
FILES = sorted(SRC.rglob("*.py"))

FILE_LINES = 400
FUNCTION_LINES = 50
PACKAGE_MODULES = 12
FORBIDDEN_NAMES = {
    "manager",
    "service",
    "handler",
    "helper",
    "helpers",
    "base",
    "common",
    "core",
    "utils",
    "util",
    "misc",
}

# The pure rooms: same input, same output, for ever. No I/O, no clock, no randomness, no logging.
PURE = ("handbook", "incident", "documents")
IMPURE_MODULES = {
    "asyncio",
    "subprocess",
    "socket",
    "os",
    "time",
    "random",
    "logging",
    "sqlite3",
    "secrets",
    "threading",
    "uuid",
}


def _ids(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(SRC)) for path in paths]


@pytest.mark.parametrize("path", FILES, ids=_ids(FILES))
def test_a_file_fits_in_a_head(path: Path) -> None:
    lines = path.read_text().count("\n")
    assert lines <= FILE_LINES, f"{path.relative_to(ROOT)} has {lines} lines; a room that wants a wall"


@pytest.mark.parametrize("path", FILES, ids=_ids(FILES))
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("path", FILES, ids=_ids(FILES))
def test_a_module_says_what_it_is_for(path: Path) -> None:
    doc = ast.get_docstring(ast.parse(path.read_text()))
    assert doc, f"{path.relative_to(ROOT)} has no module docstring"
    assert doc[0].isupper() or doc[0] == "`", "starts with a sentence"


def test_a_package_is_a_chapter_not_a_library() -> None:
    packages = {path.parent for path in FILES}
    crowded = {
        str(p.relative_to(SRC)): n
        for p in packages
        if (n := len([f for f in p.glob("*.py") if f.name != "__init__.py"])) > PACKAGE_MODULES
    }
    assert not crowded


def test_no_name_that_says_nothing() -> None:
    bad: list[str] = []
    for path in FILES:
        if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES:
            bad.append(str(path))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                words = {w.lower() for w in re.findall(r"[A-Z][a-z]*", node.name)}
                if words & FORBIDDEN_NAMES:
                    bad.append(f"{path}:{node.lineno} {node.name}")
    assert not bad


def test_the_pure_rooms_stay_pure() -> None:
    leaks: list[str] = []
    for room in PURE:
        for path in sorted((SRC / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                leaks += [
                    f"{path.relative_to(SRC)}:{node.lineno} imports {n}"
                    for n in names
                    if n.split(".")[0] in IMPURE_MODULES
                ]  # type: ignore[attr-defined]
    assert not leaks, "\n".join(leaks)


# A screen of Textual is made by subclassing its classes: there is no other way in. Only the room in a terminal may.
TERMINAL = {"App", "ModalScreen"}


def test_no_inheritance_but_exceptions_protocols_and_enums() -> None:
    allowed = {
        "Protocol",
        "Exception",
        "Refused",
        "OutcomeLost",
        "StrEnum",
        "IntEnum",
        "Enum",
        "IntFlag",
        "NamedTuple",
        "TypedDict",
        "Generic",
    }
    bad: list[str] = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                for parent in node.bases:
                    name = ast.unparse(parent).split("[")[0].split(".")[-1]
                    if path.parent.name == "whole" and name in TERMINAL:
                        continue
                    if name not in allowed and not name.endswith("Error"):
                        bad.append(f"{path.relative_to(SRC)}:{node.lineno} {node.name}({name})")
    assert not bad, "\n".join(bad)


def test_no_room_without_an_inhabitant() -> None:
    empty = [
        str(p.relative_to(SRC))
        for p in {f.parent for f in FILES}
        if p != SRC and not any(f.name != "__init__.py" for f in p.rglob("*.py"))
    ]
    assert not empty
