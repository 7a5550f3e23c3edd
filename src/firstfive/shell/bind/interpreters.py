"""Which words of a call are read a second time, by sed, SQL, another shell or the like.

Called by `contexts`. A value that lands in such a word is text of a program, so quoting for bash does not protect it. When in doubt
a word counts as read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from firstfive.shell.commandline import Node, Program, Words, nodes, plain_at, program_of, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What reads a word again. `commands`: as shell text, whose first word names a command (`first`: this word may be it).

    `refused` says why no value at all may stand there; empty when a value of a closed type may.
    """

    label: str
    commands: bool = False
    first: bool = False
    refused: str = ""


COMMAND = Role(label="command name", refused="it would name the command that runs")

_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "ash"))
_SQL = "SQL"
_FLAGS: dict[str, tuple[str, frozenset[str]]] = {
    "psql": (_SQL, frozenset(("-c", "--command"))),
    "mysql": (_SQL, frozenset(("-e", "--execute"))),
    "mariadb": (_SQL, frozenset(("-e", "--execute"))),
    "clickhouse-client": (_SQL, frozenset(("-q", "--query"))),
    "cqlsh": (_SQL, frozenset(("-e", "--execute"))),
    "mongosh": ("JavaScript", frozenset(("--eval",))),
    "mongo": ("JavaScript", frozenset(("--eval",))),
    "node": ("JavaScript", frozenset(("-e", "-p", "--eval", "--print"))),
    "perl": ("Perl", frozenset(("-e", "-E"))),
    "ruby": ("Ruby", frozenset(("-e",))),
    "php": ("PHP", frozenset(("-r",))),
    "python": ("Python", frozenset(("-c",))),
    "su": ("shell", frozenset(("-c", "--command"))),
    "script": ("shell", frozenset(("-c", "--command"))),
    "expect": ("Tcl", frozenset(("-c",))),
    "gdb": ("gdb script", frozenset(("-ex", "--eval-command"))),
    "vim": ("vim script", frozenset(("-c",))),
    "osascript": ("AppleScript", frozenset(("-e",))),
    **dict.fromkeys(_SHELLS, ("shell", frozenset(("-c",)))),
}
_RUN_FILES = _SHELLS | {"node", "perl", "ruby", "php", "python", "expect", "source", "."}
_SCRIPT_FIRST = {"sed": "sed script", "jq": "jq filter", "yq": "yq filter", "dc": "dc script"}
_AWKS = frozenset(("awk", "gawk", "mawk", "nawk"))
_VALUED = {
    "sed": frozenset(("-l", "--line-length")),
    "jq": frozenset(("--indent",)),
    "awk": frozenset(("-F", "-v", "-f")),
}
_EVERY_WORD = {
    "eval": Role(label="shell", commands=True, first=True),
    "watch": Role(label="shell", commands=True, first=True),
    "parallel": Role(label="shell", commands=True, first=True),
    "tmux": Role(label="tmux command"),
    "screen": Role(label="screen command"),
    "trap": Role(label="shell", commands=True, first=True),
    "alias": Role(label="shell", commands=True),
    "bind": Role(label="readline command"),
    "complete": Role(label="shell"),
    "compgen": Role(label="shell"),
    "expr": Role(label="expr expression"),
    "bc": Role(label="bc script"),
    **dict.fromkeys(("read", "mapfile", "readarray", "getopts", "unset", "wait", "hash"), Role(label="variable name")),
}
_SSH_VALUED = frozenset(
    [
        "-b",
        "-c",
        "-D",
        "-E",
        "-e",
        "-F",
        "-I",
        "-i",
        "-J",
        "-L",
        "-l",
        "-m",
        "-O",
        "-o",
        "-p",
        "-P",
        "-Q",
        "-R",
        "-S",
        "-W",
        "-w",
        "-B",
    ]
)
_READS_STDIN = (
    _SHELLS
    | _AWKS
    | frozenset(
        [
            "ssh",
            "psql",
            "mysql",
            "mariadb",
            "sqlite3",
            "mongosh",
            "mongo",
            "redis-cli",
            "python",
            "node",
            "perl",
            "ruby",
            "php",
            "at",
            "batch",
            "crontab",
            "xargs",
            "parallel",
            "bc",
            "dc",
            "sed",
            "nft",
            "iptables-restore",
            "ip6tables-restore",
            "cqlsh",
            "clickhouse-client",
            "gdb",
            "ed",
            "ex",
            "fdisk",
            "sfdisk",
            "parted",
            "ftp",
            "sftp",
            "lftp",
            "telnet",
            "nc",
            "ncat",
            "socat",
            "openssl",
            "eval",
            "source",
            ".",
            "expect",
        ]
    )
)


def roles_of(call: Node) -> tuple[Role | None, ...]:
    """One entry per word of a call: None for a plain argument, else what reads it again."""
    words = words_of(call)
    found: list[Role | None] = [None] * len(words)
    if not words:
        return ()
    found[0] = COMMAND
    program = program_of(words)
    if program is None:
        return (
            COMMAND,
            *[Role(label="command that cannot be told apart", commands=True, first=True)] * (len(words) - 1),
        )
    found[program.at] = COMMAND
    for at, role in _inside(words, program):
        found[at] = role
    return tuple(found)


def reads_input(tree: object) -> Role | None:
    """What would read the standard input of the commands under `tree` as a program; None when it is plain data to all."""
    for node in nodes(tree):
        if node.get("Type") != "CallExpr" or not node.get("Args"):
            continue
        words = words_of(node)
        program = program_of(words)
        if program is None:
            return Role(label="command that cannot be told apart", commands=True)
        name = _family(program.name)
        if name in _READS_STDIN and not (name in _AWKS | {"sed"} and "-f" not in words):
            label, _ = _FLAGS.get(name, (name, frozenset()))
            return Role(label=label, commands=name in _SHELLS | {"ssh", "eval"})
    return None


def _family(name: str) -> str:
    """`python3.11` is python, `nodejs` is node."""
    plain = re.sub(r"[\d.]+\Z", "", name) or name
    return {"nodejs": "node"}.get(plain, plain)


def _inside(words: Words, program: Program) -> Iterable[tuple[int, Role]]:
    """The indices of the words behind the program that are read again, with what reads them."""
    name, first, end = _family(program.name), program.at + 1, len(words)
    if name in _EVERY_WORD:
        role = _EVERY_WORD[name]
        return [(at, replace(role, first=role.first and at == first)) for at in range(first, end)]
    if name == "ssh":
        return _remote(words, first)
    if name in _FLAGS or name in _RUN_FILES:
        return _after_flags(words, first, name)
    if name in _SCRIPT_FIRST or name in _AWKS:
        return _script_first(words, first, "awk" if name in _AWKS else name)
    if name == "find":
        return _executed(words, first)
    if name == "printf":
        return [(at, Role(label="printf format")) for at in range(first, min(first + (2 if "-v" in words else 1), end))]
    if name in ("test", "[") and ("-v" in words or "-R" in words):
        return [(at, Role(label="variable name")) for at in range(first, end)]
    if name == "redis-cli":
        upper = [(word or "").upper() for word in words]
        scripts = [at for at in range(first, end) if upper[at] in ("EVAL", "EVALSHA", "FUNCTION", "SCRIPT")]
        return [(at, Role(label="Lua")) for at in range(scripts[0], end)] if scripts else []
    if name == "sqlite3":
        return [(at, Role(label=_SQL)) for at in range(first + 1, end)]
    return [(at, Role(label="template")) for at in range(first, end) if "{{" in (words[at] or "")]


def _remote(words: Words, first: int) -> Iterable[tuple[int, Role]]:
    """ssh joins everything behind the destination into one line for the shell over there; -o can name a command here."""
    destination = plain_at(words, first, _SSH_VALUED)
    if destination is None:
        return [(at, Role(label="remote shell", commands=True, first=True)) for at in range(first, len(words))]
    options = [(at, Role(label="ssh option")) for at in range(first, destination) if _is_ssh_option(words, at)]
    behind = range(destination + 1, len(words))
    return options + [(at, Role(label="remote shell", commands=True, first=at == destination + 1)) for at in behind]


def _is_ssh_option(words: Words, at: int) -> bool:
    return words[at - 1] in ("-o", "-F", "-J") or (words[at] or "").startswith(("-o", "-F", "-J"))


def _after_flags(words: Words, first: int, name: str) -> Iterable[tuple[int, Role]]:
    """The word behind `-c` and its like; without such a flag an interpreter's first plain word is the file that it runs."""
    label, flags = _FLAGS.get(name, ("shell", frozenset()))
    short = "".join(flag[1] for flag in flags if len(flag) == 2)
    role = Role(label=label, commands=label == "shell", first=True)
    found: list[tuple[int, Role]] = []
    for at in range(first, len(words)):
        word, before = words[at] or "", words[at - 1] or ""
        behind = before in flags or (short and at > first and re.fullmatch(rf"-[A-Za-z]*[{short}]", before))
        if behind or any(word.startswith(flag) and word != flag for flag in flags):
            found.append((at, role))
    if not found and name in _RUN_FILES:
        plain = plain_at(words, first, frozenset())
        if plain is not None and plain < len(words):
            found.append((plain, COMMAND))
    return found


def _script_first(words: Words, first: int, name: str) -> Iterable[tuple[int, Role]]:
    """sed, awk and jq: the words behind -e, else the first plain word; awk also reads its -v values and its operands."""
    role = Role(label=_SCRIPT_FIRST.get(name, "awk script"))
    flagged = [
        at
        for at in range(first, len(words))
        if re.fullmatch(r"-[A-Za-z]*e|--expression", words[at - 1] or "") and at > first
    ]
    attached = [at for at in range(first, len(words)) if re.match(r"--expression=|-e.", words[at] or "")]
    if name == "sed" and (flagged or attached):
        return [(at, role) for at in flagged + attached]
    plain = plain_at(words, first, _VALUED.get(name, frozenset()))
    if plain is None or name == "awk":
        return [(at, role) for at in range(first, len(words))]
    return [(plain, role)] if plain < len(words) else []


def _executed(words: Words, first: int) -> Iterable[tuple[int, Role]]:
    """The command of `find -exec` stands word by word, but its own interpreters read on."""
    starts = [at for at in range(first, len(words)) if words[at] in ("-exec", "-execdir", "-ok", "-okdir")]
    found: list[tuple[int, Role]] = []
    for at in starts:
        rest = words[at + 1 :]
        program = program_of(rest)
        if program is None:
            return [
                (i, Role(label="command that cannot be told apart", commands=True, first=True))
                for i in range(at + 1, len(words))
            ]
        found.append((at + 1 + program.at, COMMAND))
        found += [(at + 1 + i, role) for i, role in _inside(rest, program)]
    return found
