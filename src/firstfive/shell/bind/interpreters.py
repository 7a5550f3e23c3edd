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
    """What reads a word again, or may. `commands`: as shell text, whose first word names a command (`first`: this word may be it).

    `refused` says why no value at all may stand there; empty when a value of a closed type may.
    """

    label: str
    commands: bool = False
    first: bool = False
    refused: str = ""


UNLISTED = "program whose arguments are not known to be plain data"
"""The label of a word that nothing is known about: open text may not go there, a value of restricted letters may."""

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
# Programs that take their arguments, and their standard input, as data and nothing else. Absence is always safe.
_PLAIN_WORDS = """
    echo printf cat head tail wc uniq cut tr grep egrep fgrep zgrep rg ls stat file du df mkdir rmdir touch cp mv rm ln chmod chown chgrp
    basename dirname realpath readlink test [ true false : ping dig host nslookup whois docker podman docker-compose nerdctl kubectl oc
    systemctl journalctl service ufw kill pkill pgrep ps id getent date sleep logger tee md5sum sha256sum gzip gunzip zcat diff cmp cd
    exit return type which redis-cli find sed jq yq sort column nl tac rev free uptime
"""
_PLAIN_DATA = frozenset(_PLAIN_WORDS.split())
_PLAIN_CURL = re.compile(r"-[sfSvkLIiGg46O]+|--fail|--silent|--show-error|--location|--head|--verbose|--url")
_FATEFUL = re.compile(
    r"(PATH|LD_\w+|BASH_ENV|ENV|PROMPT_COMMAND|PS[0-4]|IFS|SHELLOPTS|BASHOPTS|GLOBIGNORE|CDPATH|SHELL|TMPDIR|HOME|VISUAL|KUBECONFIG"
    r"|\w*PAGER|\w*EDITOR|GIT_\w+|PYTHON\w+|PERL\w+|RUBY\w+|NODE_\w+|DOCKER_\w+|SSH_\w+|\w*_ASKPASS|LESS\w*|DYLD_\w+|JAVA_\w+)\+?",
    re.ASCII,
)


def is_fateful(variable: str) -> bool:
    """Whether a variable decides which programs run or what they load."""
    return _FATEFUL.fullmatch(variable) is not None


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
    for at in range(1, program.at):
        name, sign, _ = (words[at] or "").partition("=")
        found[at] = COMMAND if sign and is_fateful(name) else None
    found[program.at] = COMMAND
    for at, role in _inside(words, program):
        found[at] = role
    return tuple(found)


def reads_input(tree: object) -> Role | None:
    """What would read the standard input of the commands under `tree` as a program; None when it is plain data to all."""
    unlisted: Role | None = None
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
        if name not in _PLAIN_DATA | _AWKS:
            unlisted = Role(label=UNLISTED)
    return unlisted


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
        scripts = [at for at in range(first, end) if upper[at] in ("EVAL", "EVALSHA", "FUNCTION", "SCRIPT", "--EVAL")]
        return [(at, Role(label="Lua")) for at in range(scripts[0], end)] if scripts else []
    if name == "sqlite3":
        return [(at, Role(label=_SQL)) for at in range(first, end)]
    return _by_list(words, name, first)


def _by_list(words: Words, name: str, first: int) -> Iterable[tuple[int, Role]]:
    """Programs without rules of their own: on the list their words are data, else nothing is known about them."""
    end = len(words)
    if name in _PLAIN_DATA:
        return [(at, Role(label="template")) for at in range(first, end) if "{{" in (words[at] or "")]
    unlisted = Role(label=UNLISTED)
    if name in ("curl", "wget"):
        return [(at, unlisted) for at in range(first, end) if not _is_address(words, at, first)]
    for at in range(first, end):
        word = _family((words[at] or "").rpartition("/")[2])
        if word in _FLAGS or word in ("ssh", "eval"):
            rest = [(i, unlisted) for i in range(first, end)]
            return [*rest, *_inside(words, Program(name=word, at=at))]
    return [(at, unlisted) for at in range(first, end)]


def _is_address(words: Words, at: int, first: int) -> bool:
    """A plain word that no option of curl takes as its value."""
    word, before = words[at], words[at - 1]
    if word is None or word.startswith("-"):
        return False
    return at == first or (before is not None and (not before.startswith("-") or bool(_PLAIN_CURL.fullmatch(before))))


def _remote(words: Words, first: int) -> Iterable[tuple[int, Role]]:
    """ssh joins everything behind the destination into one line for the shell over there; -o can name a command here."""
    destination = plain_at(words, first, _SSH_VALUED)
    if destination is None:
        return [(at, Role(label="remote shell", commands=True, first=True)) for at in range(first, len(words))]
    options = [(at, Role(label="ssh option")) for at in range(first, destination) if _is_ssh_option(words, at)]
    behind = range(destination + 1, len(words))
    options += [(at, Role(label=UNLISTED)) for at in range(first, destination) if not _is_ssh_option(words, at)]
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
    met = {at for at, _ in found}
    rest = [(at, Role(label=UNLISTED)) for at in range(first, len(words)) if at not in met]
    if not found and name in _RUN_FILES:
        plain = next((at for at in range(first, len(words)) if not (words[at] or "").startswith("-")), None)
        rest += [] if plain is None else [(plain, COMMAND)]
    return rest + found


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
