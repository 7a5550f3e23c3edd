"""The documentation as data: its files, links, and the command lines in its fences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<label>[^\n`]*)\n(?P<body>.*?)^(?P=ticks)\s*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)
_SHELLS = {"console", "sh", "shell", "bash"}


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def prose(file: Path) -> str:
    """The text without its fences and inline code."""
    return re.sub(r"(`+)[^`]+?\1", "", _FENCE.sub("", file.read_text()))


def links(file: Path) -> list[str]:
    return _LINK.findall(prose(file))


def anchors(file: Path) -> set[str]:
    """What `#...` may name: headings as Git hosts slug them."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", file.read_text())):
        words = re.sub(r"[`*]", "", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def headings(file: Path) -> list[str]:
    return _HEADING.findall(_FENCE.sub("", file.read_text()))


def fences(file: Path) -> Iterator[tuple[str, str]]:
    """(label, text) of every fence."""
    for match in _FENCE.finditer(file.read_text()):
        yield match["label"].strip(), match["body"]


def command_blocks(file: Path) -> Iterator[list[str]]:
    """For every shell fence the lines that call `firstfive` or `make`, prompt and comment taken off."""
    for label, body in fences(file):
        if label not in _SHELLS:
            continue
        lines = [re.sub(r"\s{2,}#.*$", "", line.removeprefix("$ ")).strip() for line in body.splitlines()]
        found = [line for line in lines if re.match(r"(firstfive|make)\b", line)]
        if found:
            yield found
