"""Simple commands as their words: what a call says once quoting is undone, and which program it really runs.

Called by `bind` and `facts` on the tree of `parse`. A word that only bash can know (it holds an expansion) is None. Judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Node: TypeAlias = Mapping[str, Any]
Words: TypeAlias = Sequence[str | None]

_BARE_ESCAPE = re.compile(r"\\(?:\n|(.))", re.DOTALL)
_QUOTED_ESCAPE = re.compile(r"\\(?:\n|([\\\"$`]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The program that a call ends up running: `at` is the index of its word, `container` where it runs (docker exec, ...)."""

    name: str
    at: int
    container: str | None = None


def words_of(call: Node, *, bound: bool = False) -> tuple[str | None, ...]:
    """The words of a `CallExpr`; None for those that hold an expansion.

    With `bound` the variable of a bound parameter stands for itself: its value never begins with a dash and is never split.
    """
    return tuple(text_of(word, bound=bound) for word in call.get("Args") or ())


def text_of(word: Node | None, *, bound: bool = False) -> str | None:
    """The text of a word with its quoting undone, or None when it holds an expansion."""
    if word is None:
        return None
    pieces = [_piece(part, bound=bound) for part in word.get("Parts") or ()]
    return None if None in pieces else "".join(piece for piece in pieces if piece is not None)


def _piece(part: Node, *, bound: bool) -> str | None:
    match part.get("Type"):
        case "Lit":
            return _BARE_ESCAPE.sub(lambda found: found[1] or "", part.get("Value", ""))
        case "SglQuoted" if not part.get("Dollar"):
            return str(part.get("Value", ""))
        case "DblQuoted":
            inner = [_quoted_piece(inside, bound=bound) for inside in part.get("Parts") or ()]
            return None if None in inner else "".join(piece for piece in inner if piece is not None)
        case _:
            return None


def _quoted_piece(part: Node, *, bound: bool) -> str | None:
    if part.get("Type") == "Lit":
        return _QUOTED_ESCAPE.sub(lambda found: found[1] or "", part.get("Value", ""))
    name = (part.get("Param") or {}).get("Value", "") if part.get("Type") == "ParamExp" else ""
    return f"${{{name}}}" if bound and name.startswith("FF_") and not part.keys() & {"Exp", "Slice", "Repl"} else None


def stages_of(command: Node | None) -> tuple[Node, ...]:
    """The commands of a pipeline, left to right; one when it is no pipeline."""
    if command is not None and command.get("Type") == "BinaryCmd" and command.get("Op") in ("|", "|&"):
        return (*stages_of(command["X"].get("Cmd")), *stages_of(command["Y"].get("Cmd")))
    return () if command is None else (command,)


def nodes(tree: object) -> Iterator[Node]:
    """Every node of a tree, outermost first. Positions are no nodes and are not entered."""
    todo: list[object] = [tree]
    while todo:
        found = todo.pop()
        if isinstance(found, dict):
            if "Type" in found or "Parts" in found:
                yield found
            todo += [below for below in reversed(found.values()) if isinstance(below, list) or _is_node(below)]
        elif isinstance(found, list):
            todo += reversed(found)


def _is_node(value: object) -> bool:
    return isinstance(value, dict) and "Offset" not in value


# Programs that run the command behind their own words: options that eat a word, and how many plain words come first.
_WRAPPERS: dict[str, tuple[frozenset[str], int]] = {
    "sudo": (
        frozenset(
            [
                "-u",
                "-g",
                "-h",
                "-p",
                "-C",
                "-r",
                "-t",
                "-U",
                "-D",
                "-R",
                "-T",
                "--user",
                "--group",
                "--host",
                "--prompt",
                "--chdir",
            ]
        ),
        0,
    ),
    "doas": (frozenset(("-u", "-C")), 0),
    "env": (frozenset(("-u", "--unset", "-C", "--chdir")), 0),
    "timeout": (frozenset(("-s", "--signal", "-k", "--kill-after")), 1),
    "nice": (frozenset(("-n", "--adjustment")), 0),
    "ionice": (frozenset(("-c", "-n", "--class", "--classdata")), 0),
    "stdbuf": (frozenset(("-i", "-o", "-e")), 0),
    "time": (frozenset(("-f", "-o", "--format", "--output")), 0),
    "exec": (frozenset(("-a",)), 0),
    "xargs": (
        frozenset(
            [
                "-I",
                "-n",
                "-P",
                "-L",
                "-d",
                "-s",
                "-a",
                "-E",
                "--max-args",
                "--max-procs",
                "--delimiter",
                "--arg-file",
                "--replace",
            ]
        ),
        0,
    ),
    "command": (frozenset(), 0),
    "builtin": (frozenset(), 0),
    "nohup": (frozenset(), 0),
    "setsid": (frozenset(), 0),
    "chronic": (frozenset(), 0),
    "flock": (frozenset(("-w", "--timeout", "-E")), 1),
    "chroot": (frozenset(), 1),
}
_DOCKER = frozenset(["-H", "--host", "-c", "--context", "--config", "-l", "--log-level"])
_COMPOSE = frozenset(
    [
        "-f",
        "--file",
        "-p",
        "--project-name",
        "--env-file",
        "--profile",
        "--project-directory",
        "--ansi",
        "--parallel",
        "--progress",
    ]
)
_EXEC = frozenset(["-u", "--user", "-w", "--workdir", "-e", "--env", "--env-file", "--detach-keys", "--index"])
_KUBECTL = frozenset(["-n", "--namespace", "--context", "--cluster", "--kubeconfig", "--user", "-s", "--server"])
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=", re.ASCII)


def program_of(words: Words) -> Program | None:
    """The program behind sudo, timeout, docker exec and their like; None when an expansion hides it."""
    at, container = 0, None
    for _ in range(8):
        if at >= len(words) or (word := words[at]) is None:
            return None
        name = word.rpartition("/")[2]
        following: int | None
        if name in _WRAPPERS:
            following = _behind_wrapper(words, at, name)
        elif name in ("docker", "podman", "docker-compose", "nerdctl"):
            inner = _behind_exec(words, at)
            if inner is None:
                return Program(name=name, at=at, container=container)
            following, container = inner
        elif name in ("kubectl", "oc"):
            inner = _behind_kubectl(words, at)
            if inner is None:
                return Program(name=name, at=at, container=container)
            following, container = inner
        else:
            return Program(name=name, at=at, container=container)
        if following is None:
            return None
        at = following
    return None


def plain_at(words: Words, at: int, valued: frozenset[str]) -> int | None:
    """The index of the first word from `at` on that is no option and no option's value; None when one is unknown."""
    while at < len(words):
        word = words[at]
        if word is None:
            return None
        if word == "--":
            return at + 1
        if not word.startswith("-") or word == "-":
            return at
        at += 2 if word in valued else 1
    return at


def _behind_wrapper(words: Words, at: int, name: str) -> int | None:
    valued, skipped = _WRAPPERS[name]
    found = plain_at(words, at + 1, valued)
    while name in ("env", "sudo") and found is not None and found < len(words):
        word = words[found]
        if word is None or not _ASSIGNMENT.match(word):
            break
        found += 1
    return None if found is None else found + skipped


def _behind_exec(words: Words, at: int) -> tuple[int | None, str | None] | None:
    """Where `docker [compose] exec C` hands over; None when this docker call runs nothing inside a container."""
    verb = plain_at(words, at + 1, _COMPOSE if words[at] == "docker-compose" else _DOCKER)
    if verb is not None and verb < len(words) and words[verb] == "compose":
        verb = plain_at(words, verb + 1, _COMPOSE)
    if verb is None:
        return None, None
    if verb >= len(words) or words[verb] not in ("exec", "run"):
        return None
    if words[verb] == "run":
        return None, None
    subject = plain_at(words, verb + 1, _EXEC)
    if subject is None or subject >= len(words):
        return None, None
    return subject + 1, words[subject]


def _behind_kubectl(words: Words, at: int) -> tuple[int | None, str | None] | None:
    verb = plain_at(words, at + 1, _KUBECTL)
    if verb is None:
        return None, None
    if verb >= len(words) or words[verb] not in ("exec", "debug", "run"):
        return None
    dashes = [i for i, word in enumerate(words) if word == "--" and i > verb]
    subject = plain_at(words, verb + 1, _KUBECTL | {"-c", "--container"})
    if not dashes or subject is None:
        return None, None
    return dashes[0] + 1, words[subject]
