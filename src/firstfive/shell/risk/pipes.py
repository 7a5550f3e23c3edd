"""Pipes and redirections: what flows into a command, what it may write to, and what a filter lets through.

Called by `walk`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from firstfive.shell.risk import expansion
from firstfive.shell.risk.expansion import Reader
from firstfive.shell.risk.options import shown
from firstfive.shell.risk.verdict import Ruling, changing, harmless, unknown
from firstfive.shell.risk.words import FOREIGN, GIVEN, NUMBER, Word

Node: TypeAlias = Mapping[str, Any]

_TO = {">", ">>", ">|", "&>", "&>>", "<>", ">&"}
_NOWHERE = {"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/1", "/dev/fd/2"}


def redirections(reader: Reader, nodes: Sequence[Node]) -> tuple[list[Ruling], str | None, bool]:
    """Rulings, the text that is written to standard input if the script says it, and whether anything is."""
    rulings: list[Ruling] = []
    text: str | None = None
    feeds = False
    for node in nodes:
        operator = node.get("Op", "")
        name = (node.get("N") or {}).get("Value", "")
        if name.startswith("{"):
            rulings.append(unknown("a descriptor kept in a variable"))
        if operator in ("<<", "<<-"):
            body = node.get("Hdoc")
            said: str | None = "".join(p.get("Value", "") for p in (body or {}).get("Parts") or ())
            if not _quoted_border(node.get("Word")):
                said = expansion.word(reader, body, in_quotes=True).plain
            expansion.word(reader, node.get("Word"))
        else:
            word = expansion.word(reader, node.get("Word"))
            said = word.plain if operator == "<<<" else ("" if word.plain == "/dev/null" else None)
            if operator != "<<<":
                rulings.append(_redirected(operator, word))
        # the last one that is put on descriptor 0 is what the command reads
        if operator.startswith("<") and name in ("", "0"):
            text, feeds = said, True
    return rulings, text, feeds


def _redirected(operator: str, word: Word) -> Ruling:
    plain = word.plain
    if operator in _TO:
        if operator == ">&" and plain is not None and (plain == "-" or _number(plain)):
            return harmless("")
        if plain in _NOWHERE or word.text == "/dev/fd/" + NUMBER:
            return harmless("")
        if plain is None or plain.startswith(("/dev/tcp/", "/dev/udp/")):
            return changing(f"writes to {shown(word.text)}")
        return changing(f"writes the file {shown(plain)}")
    if operator == "<&" and plain is not None and (plain == "-" or _number(plain)):
        return harmless("")
    if operator == "<":
        if FOREIGN in word.text or word.text.startswith(("/dev/tcp", "/dev/udp")) or "/dev/watchdog" in word.text:
            return unknown(f"reads from {shown(word.text)}, which may open a connection")
        return harmless("", *(["untrusted"] if GIVEN in word.text else []))
    return unknown(f"the redirection {operator} is not listed")


def _number(text: str) -> bool:
    """Whether it names a descriptor (`2`, or `2-` that moves it)."""
    return text.isascii() and text.rstrip("-").isdigit()


def _quoted_border(node: Node | None) -> bool:
    parts = (node or {}).get("Parts") or ()
    return any(p.get("Type") != "Lit" or "\\" in p.get("Value", "") for p in parts)


def stages_of(node: Node) -> Iterator[Node]:
    """The statements of a pipeline, left to right."""
    for side in (node["X"], node["Y"]):
        command = side.get("Cmd") or {}
        if command.get("Type") == "BinaryCmd" and command.get("Op") in ("|", "|&") and not side.get("Redirs"):
            yield from stages_of(command)
        else:
            yield side


def printed(stage: Node) -> str | None:
    """What an `echo` of plain text prints, for the command behind it; None for everything else."""
    command = stage.get("Cmd") or {}
    if command.get("Type") != "CallExpr" or stage.get("Redirs") or command.get("Assigns"):
        return None
    texts: list[str] = []
    for word in command.get("Args") or ():
        pieces: list[str] = []
        for part in word.get("Parts") or ():
            inner = (part,) if part.get("Type") != "DblQuoted" else tuple(part.get("Parts") or ())
            if part.get("Dollar") or any(p.get("Type") not in ("Lit", "SglQuoted") or p.get("Dollar") for p in inner):
                return None
            if part.get("Type") == "Lit" and any(c in part["Value"] for c in "*?[{~"):
                return None
            pieces += (p.get("Value", "") for p in inner)
        texts.append("".join(pieces))
    if texts in (["echo"], ["true"], [":"]):
        return ""
    if len(texts) < 2 or texts[0] != "echo" or texts[1].startswith("-") or any("\\" in t for t in texts):
        return None
    return " ".join(texts[1:])


_CHOSEN = re.compile(
    r"""(?x) jq\s+(?:-[rceMS]+\s+)*(?P<quote>['"])(?P<filter>[^'"]+)(?P=quote)
    | [ef]?grep\s+(?:-[iwocEFn]+\s+)*(?P<mark>['"]?)(?P<pattern>[\w:./ =-]{3,})(?P=mark)
    | wc\s+-l | md5sum | sha256sum"""
)
_TELLS = re.compile(
    r"(?i)env|config|\.\.|secret|pass|token|key|cred|auth|to_?entries|paths|walk|recurse|^[.\[\]\d| ]*$"
)


def narrowed(text: str) -> bool:
    """Whether a filter such as `jq .State` or `grep RATE_LIMIT` lets only chosen things through, none that sounds secret."""
    found = _CHOSEN.fullmatch(text.strip())
    chosen = found and (found["filter"] or found["pattern"])
    return found is not None and (chosen is None or chosen == "" or _TELLS.search(chosen) is None)


_MUST_BE_SEEN = {
    "CallExpr",
    "CmdSubst",
    "ProcSubst",
    "ParamExp",
    "ArithmExp",
    "DeclClause",
    "FuncDecl",
    "ArithmCmd",
    "LetClause",
    "TestClause",
}


def live_nodes(tree: object) -> Iterator[Node]:
    """Every node that can run something, wherever it hides."""
    waiting: list[Any] = [tree]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            if here.get("Type") in _MUST_BE_SEEN:
                yield here
            waiting.extend(v for k, v in here.items() if k not in ("Pos", "End") and isinstance(v, dict | list))
        elif isinstance(here, list):
            waiting.extend(here)
