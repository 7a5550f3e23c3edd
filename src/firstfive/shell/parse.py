"""Bash text into its syntax tree, by shfmt alone: what it does not recognise as a command is none.

Called by the risk engine, by binding and facts, and by the page compiler. It runs shfmt, never the script.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
import sys
import sysconfig
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from firstfive.errors import FirstfiveError, ShellSyntaxError

Node: TypeAlias = dict[str, Any]

REMEMBERED_BYTES = 256 * 1024  # of scripts; a tree takes some two hundred times its script
PATIENCE = 20.0
BATCH_BYTES = 512 * 1024
SCRIPT_BYTES = 1024 * 1024

_ERROR = re.compile(r"^(?:<standard input>:)?(\d+):(\d+): (.*)", re.DOTALL)
_PROMPT = re.compile(r"^\s*(?:\[?[\w.-]+@[\w.-]+[^$#\n]*\]?[$#]|\$) (.*)$")
_GOES_ON = re.compile(r"^\s*> (.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One top-level statement: its text, byte offsets into the script, 1-based line and byte column of its start."""

    text: str
    start: int
    end: int
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment, `#` included."""

    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A parsed script. `tree` is shfmt's own tree (its JSON as dicts and lists); positions in it are byte offsets into `source`."""

    source: str
    tree: Node
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]


_known: dict[str, Script | ShellSyntaxError] = {}


def parse(script: str) -> Script:
    """The tree of a script. Raises ShellSyntaxError with the line and column where bash would stop reading."""
    found = parse_many([script])[0]
    if isinstance(found, ShellSyntaxError):
        raise found
    return found


def parse_many(scripts: Sequence[str]) -> list[Script | ShellSyntaxError]:
    """Each script's tree or error, in order, in as few runs of shfmt as possible.

    Scripts are joined with a random comment line between them. A join counts only when every such comment came back as a comment
    at its own place and no statement reaches over one, so a script can neither swallow nor forge a border; else it is split and
    tried again, down to single scripts.
    """
    if sum(map(len, tuple(_known))) > REMEMBERED_BYTES:
        _known.clear()
    # several threads may ask: what this call returns is its own, whatever the others forget meanwhile
    mine = {script: known for script in scripts if (known := _known.get(script)) is not None}
    batch: list[str] = []
    size = 0
    for script in dict.fromkeys(s for s in scripts if s not in mine):
        batch.append(script)
        size += len(script)
        if size > BATCH_BYTES:
            mine.update(_learn(batch))
            batch, size = [], 0
    mine.update(_learn(batch))
    _known.update(mine)
    return [mine[script] for script in scripts]


def _learn(batch: list[str]) -> dict[str, Script | ShellSyntaxError]:
    if not batch:
        return {}
    if len(batch) == 1:
        return {batch[0]: _single(batch[0])}
    parsed = _joined(batch)
    if parsed is not None:
        return dict(zip(batch, parsed, strict=True))
    half = len(batch) // 2
    return _learn(batch[:half]) | _learn(batch[half:])


def _single(script: str) -> Script | ShellSyntaxError:
    try:
        raw = script.encode()
    except UnicodeEncodeError:
        return ShellSyntaxError("it holds characters that are no text", line=1, column=1)
    if len(raw) > SCRIPT_BYTES:
        return ShellSyntaxError(f"it is longer than {SCRIPT_BYTES // 1024} KiB", line=1, column=1)
    told = _shfmt(raw)
    if isinstance(told, ShellSyntaxError):
        return told
    return _script(script, raw, told)


def _shfmt(raw: bytes) -> Node | ShellSyntaxError:
    try:
        done = subprocess.run(
            [_binary(), "--to-json", "-ln=bash"], input=raw, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return ShellSyntaxError("reading it takes too long", line=1, column=1)
    if done.returncode != 0:
        found = _ERROR.match(done.stderr.decode("utf-8", "replace").strip())
        if found is None:
            return ShellSyntaxError("bash cannot read it", line=1, column=1)
        return ShellSyntaxError(found[3].splitlines()[0], line=int(found[1]), column=int(found[2]))
    try:
        tree: Node = json.loads(done.stdout)
    except RecursionError:
        return ShellSyntaxError("it is nested too deeply", line=1, column=1)
    return tree


@cache
def _binary() -> str:
    beside = [Path(sysconfig.get_path("scripts")), Path(sys.executable).parent]
    for folder in beside:
        if (folder / "shfmt").is_file():
            return str(folder / "shfmt")
    found = shutil.which("shfmt")
    if found is None:
        raise FirstfiveError("shfmt is not installed", remedy="install firstfive again: its package shfmt-py brings it")
    return found


def _script(source: str, raw: bytes, tree: Node) -> Script:
    held = _comments(tree)
    statements = tuple(
        Statement(
            text=raw[node["Pos"]["Offset"] : node["End"]["Offset"]].decode(),
            start=node["Pos"]["Offset"],
            end=node["End"]["Offset"],
            line=node["Pos"]["Line"],
            column=node["Pos"]["Col"],
        )
        for node in tree.get("Stmts") or ()
    )
    noted = (Comment(line=c["Hash"]["Line"], column=c["Hash"]["Col"], text="#" + c.get("Text", "")) for c in held)
    return Script(
        source=source, tree=tree, statements=statements, comments=tuple(sorted(noted, key=lambda c: (c.line, c.column)))
    )


def _comments(node: object) -> list[Node]:
    """Every comment node below `node`."""
    found: list[Node] = []
    waiting: list[object] = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            if "Hash" in here and "End" in here and "Parts" not in here:
                found.append(here)
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)
    return found


# ------------------------------------------------------------------------------------------------------- several at once


def _joined(batch: list[str]) -> list[Script | ShellSyntaxError] | None:
    """The batch parsed in one run, or None when a border did not hold."""
    word = f" {secrets.token_hex(16)}"
    border = f"\n#{word}\n".encode()
    try:
        raws = [script.encode() for script in batch]
    except UnicodeEncodeError:
        return None
    if any(raw.rstrip(b"\n").endswith(b"\\") or len(raw) > SCRIPT_BYTES for raw in raws):
        return None
    tree = _shfmt(border.join(raws))
    if isinstance(tree, ShellSyntaxError):
        return None
    starts: list[int] = []
    at = 0
    for raw in raws:
        starts.append(at)
        at += len(raw) + len(border)
    borders = {start + len(raw) + 1 for start, raw in zip(starts[:-1], raws[:-1], strict=True)}
    seen = {c["Hash"]["Offset"] for c in _comments(tree) if c.get("Text") == word}
    if seen != borders:
        return None
    return _cut(batch, raws, starts, tree, word)


def _cut(
    batch: list[str], raws: list[bytes], starts: list[int], tree: Node, word: str
) -> list[Script | ShellSyntaxError] | None:
    """One tree per script out of the joined one, positions counted from the script's own start."""
    pieces: list[Node] = [{"Type": "File", "Stmts": []} for _ in batch]
    stray: list[Node] = list(tree.get("Last") or ())
    here = 0
    for node in tree.get("Stmts") or ():
        start, end = node["Pos"]["Offset"], node["End"]["Offset"]
        while here + 1 < len(starts) and start >= starts[here + 1]:
            here += 1
        if not starts[here] <= start <= end <= starts[here] + len(raws[here]):
            return None
        mine = [c for c in node.get("Comments") or () if c["Hash"]["Offset"] >= starts[here]]
        stray += [c for c in node.get("Comments") or () if c["Hash"]["Offset"] < starts[here]]
        if mine:
            node["Comments"] = mine
        else:
            node.pop("Comments", None)
        pieces[here]["Stmts"].append(node)
    for comment in stray:
        owner = bisect_right(starts, comment["Hash"]["Offset"]) - 1
        if comment.get("Text") != word:
            pieces[owner].setdefault("Last", []).append(comment)
    lines = [0]
    for raw in raws[:-1]:
        lines.append(lines[-1] + raw.count(b"\n") + 2)
    for number, piece in enumerate(pieces):
        _move(piece, starts[number], lines[number])
    return [_script(script, raw, piece) for script, raw, piece in zip(batch, raws, pieces, strict=True)]


def _move(node: object, offset: int, lines: int) -> None:
    waiting: list[Any] = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            if "Offset" in here and "Line" in here:
                here["Offset"] -= offset
                here["Line"] -= lines
            else:
                waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)


# ---------------------------------------------------------------------------------------------------------- transcripts


def transcript(text: str) -> str | None:
    """The commands of a pasted terminal session, prompts and output removed; None when the text shows no prompt.

    A line that ends in a backslash, and lines after a `> ` prompt, belong to the command before them.
    """
    commands: list[str] = []
    going_on = False
    for line in text.splitlines():
        prompted = _PROMPT.match(line)
        more = _GOES_ON.match(line) if commands else None
        if prompted:
            commands.append(prompted[1])
        elif going_on:
            commands.append(line)
        elif more and commands:
            commands.append(more[1])
        else:
            going_on = False
            continue
        going_on = commands[-1].endswith("\\")
    return "\n".join(commands) + "\n" if commands else None
