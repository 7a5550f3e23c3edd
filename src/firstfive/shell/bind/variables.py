"""The `$X` of a script: which it wants from outside, and which of them are secrets.

Called by the page compiler. Reads no environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firstfive.shell.bind.placeholders import found_in
from firstfive.shell.bind.rewrite import neutralised, parsed
from firstfive.shell.commandline import Node, nodes, program_of, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One use of `$name`: 1-based line and byte column of its dollar sign, in a script without placeholders."""

    name: str
    line: int
    column: int


_OWN = frozenset(
    [
        "BASH",
        "BASHPID",
        "BASH_ENV",
        "BASH_SOURCE",
        "BASH_LINENO",
        "BASH_REMATCH",
        "BASH_VERSION",
        "BASH_VERSINFO",
        "COLUMNS",
        "DIRSTACK",
        "EPOCHREALTIME",
        "EPOCHSECONDS",
        "EUID",
        "FUNCNAME",
        "GROUPS",
        "HOME",
        "HOSTNAME",
        "HOSTTYPE",
        "IFS",
        "LINENO",
        "LINES",
        "MACHTYPE",
        "OLDPWD",
        "OPTARG",
        "OPTERR",
        "OPTIND",
        "OSTYPE",
        "PATH",
        "PIPESTATUS",
        "PPID",
        "PWD",
        "RANDOM",
        "REPLY",
        "SECONDS",
        "SHELL",
        "SHELLOPTS",
        "SHLVL",
        "SRANDOM",
        "UID",
        "USER",
        "_",
    ]
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SECRET_WORDS = frozenset(
    [
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "PASS",
        "PWD",
        "PW",
        "TOKEN",
        "KEY",
        "APIKEY",
        "SECRET",
        "SECRETS",
        "DSN",
        "CREDENTIAL",
        "CREDENTIALS",
        "COOKIE",
        "AUTH",
        "JWT",
    ]
)
_NOT_SECRET = frozenset(("PWD", "OLDPWD", "PUBLIC_KEY", "SSH_PUBLIC_KEY"))
_WITH_LOGIN = re.compile(
    r"(?:.*_)?(?:DATABASE|DB|MONGO|MONGODB|REDIS|POSTGRES|POSTGRESQL|PG|MYSQL|AMQP|RABBITMQ|BROKER|SMTP)_(?:URL|URI)"
)


def variables(script: str) -> tuple[str, ...]:
    """The names `$X` that the script reads but neither sets nor gets from bash itself, in order of first use.

    Raises:
        ShellSyntaxError: when bash could not read the script.
    """
    return tuple(dict.fromkeys(use.name for use in variable_uses(script)))


def variable_uses(script: str) -> tuple[Variable, ...]:
    """The same with every place."""
    found = found_in(script)
    tree = parsed(script, found, neutralised(script, found)).tree
    assigned = set(_assigned(tree))
    return tuple(
        Variable(name=name, line=node["Pos"]["Line"], column=node["Pos"]["Col"])
        for node in nodes(tree)
        if node.get("Type") == "ParamExp"
        and _NAME.fullmatch(name := (node.get("Param") or {}).get("Value", ""))
        and name not in assigned
        and name not in _OWN
    )


def is_secret(name: str) -> bool:
    """Whether a variable's name says that its value is to be masked everywhere."""
    upper = name.upper()
    if upper in _NOT_SECRET or upper.endswith("PUBLIC_KEY"):
        return False
    words = set(upper.split("_"))
    return (
        bool(words & _SECRET_WORDS)
        or "PASSWORD" in upper
        or "SECRET" in upper
        or "APIKEY" in upper
        or _WITH_LOGIN.fullmatch(upper) is not None
    )


def _assigned(tree: Node) -> Iterator[str]:
    for node in nodes(tree):
        given = [*(node.get("Assigns") or ()), *(node.get("Args") or () if node.get("Type") == "DeclClause" else ())]
        yield from (part["Name"]["Value"] for part in given if isinstance(part.get("Name"), dict))
        loop = node.get("Loop")
        if isinstance(loop, dict) and isinstance(loop.get("Name"), dict):
            yield loop["Name"]["Value"]
        if node.get("Type") == "CallExpr":
            yield from _filled(words_of(node))


def _filled(words: tuple[str | None, ...]) -> Iterator[str]:
    """The variables that `read`, `mapfile` and `printf -v` set."""
    program = program_of(words) if words else None
    if program is None:
        return
    rest = [word for word in words[program.at + 1 :] if word is not None]
    if program.name in ("read", "mapfile", "readarray", "getopts"):
        yield from (word for word in rest if _NAME.fullmatch(word))
    elif program.name == "printf" and rest[:1] == ["-v"]:
        yield from rest[1:2]
