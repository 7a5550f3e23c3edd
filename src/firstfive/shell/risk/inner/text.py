"""What a sed or awk program does, and whether a jq filter reaches beyond its input.

Called by `languages`. A program in these languages is read token by token; whatever is not on the list is unknown.
"""

from __future__ import annotations

import re

from firstfive.shell.risk.inner.lists import listed
from firstfive.shell.risk.verdict import Ruling, changing, harmless, unknown

_SED_ADDRESS = re.compile(r"\s*(?:\d+(?:~\d+)?|\$|[+~]\d+)\s*")
_SED_PLAIN = set("pdDqQ=lnNPgGhHxz")
_SED_FLAGS = re.compile(r"[gpiIMm\d]*")


def sed(program: str) -> Ruling:
    """A sed program. `w`, `W`, `e`, `r` and the `w`/`e` flags of `s` are refused."""
    at = 0
    while at < len(program):
        if program[at] in " \t\n;{}#":
            at = _line_end(program, at) if program[at] == "#" else at + 1
            continue
        after = _sed_addresses(program, at)
        if after is None:
            return unknown("sed: an address that cannot be read")
        at = after
        if at >= len(program):
            return unknown("sed: a command is missing")
        command = program[at]
        at += 1
        if command in _SED_PLAIN:
            at = _digits(program, at)
        elif command in "{}":
            continue
        elif command in ":btT":
            found = re.compile(r"\s*[\w.-]*").match(program, at)
            at = found.end() if found else at
        elif command in "aic":
            at = _line_end(program, at)
            if program[at - 1 : at] == "\\":
                return unknown("sed: text over several lines")
        elif command in "sy":
            end, flags = _sed_substitution(program, at)
            if end is None:
                return unknown("sed: a substitution that cannot be read")
            if "e" in flags or "w" in flags:
                return changing("sed: a substitution that writes or runs")
            at = end
        else:
            return (
                changing("sed: writes a file")
                if command in "wW"
                else unknown(f"sed: the command {command!r} is not listed")
            )
        found = re.compile(r"[ \t]*(?:[;\n}#]|$)").match(program, at)
        if found is None:
            return unknown("sed: something follows a command")
    return harmless("sed: only prints")


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _digits(text: str, at: int) -> int:
    while at < len(text) and text[at].isdigit():
        at += 1
    return at


def _sed_addresses(program: str, at: int) -> int | None:
    for turn in range(2):
        end = _sed_address(program, at)
        if end is None:
            return None
        moved, at = end != at, end
        if turn or not moved or program[at : at + 1] != ",":
            break
        at += 1
    while program[at : at + 1] in ("!", " ", "\t") and at < len(program):
        at += 1
    return at


def _sed_address(program: str, at: int) -> int | None:
    if program[at : at + 1] == "/":
        end = _delimited(program, at + 1, "/")
    elif program[at : at + 1] == "\\" and at + 2 < len(program):
        end = _delimited(program, at + 2, program[at + 1])
    else:
        found = _SED_ADDRESS.match(program, at)
        return found.end() if found else at
    if end is None:
        return None
    while program[end : end + 1] in ("I", "M", " ") and end < len(program):
        end += 1
    return end


def _delimited(program: str, at: int, border: str) -> int | None:
    """The place after the next unescaped border; a set such as `[/]` may hold one."""
    while at < len(program):
        if program[at] == "\\":
            at += 2
            continue
        if program[at] == "\n":
            return None
        if program[at] == "[" and border in program[at : program.find("]", at + 2) + 1]:
            return None
        if program[at] == border:
            return at + 1
        at += 1
    return None


def _sed_substitution(program: str, at: int) -> tuple[int | None, str]:
    border = program[at : at + 1]
    if not border or border in "\\\n" or border.isalnum() or border.isspace():
        return None, ""
    middle = _delimited(program, at + 1, border)
    end = _delimited(program, middle, border) if middle is not None else None
    if end is None:
        return None, ""
    found = _SED_FLAGS.match(program, end)
    after = found.end() if found else end
    if program[after : after + 1] in ("w", "e"):
        return after, program[after]
    return after, ""


# ------------------------------------------------------------------------------------------------------------- awk

_AWK_TOKEN = re.compile(
    r"""(?x) (?P<blank>[ \t]+|\\\n|\#[^\n]*) | (?P<end>[\n;{}]) | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+) | (?P<name>[A-Za-z_]\w*)
    | (?P<sign>\|\||&&|>=|<=|==|!=|!~|\+\+|--|[-+*/%^]=|>>|[-+*/%^!<>=~?:,$()\[\]|&])""",
    re.ASCII,
)
_AWK_CALLS = listed("awk", "functions")
_AWK_WORDS = listed("awk", "words")
_AWK_VALUE = {"number", "string", "name"}


def awk(program: str) -> Ruling:
    """An awk program. Pipes, redirected prints, `system`, `getline` and functions that are not listed are refused."""
    if re.search(r"\bsystem\b|\bgetline\b|@", program):
        return unknown("awk: runs commands or reads elsewhere")
    own = set(re.findall(r"\bfunc(?:tion)?\s+(\w+)", program))
    doubtful = re.search(r"(?:\)|\+\+|--)\s*/", program) is not None and re.search(r"[|>]", program) is not None
    at, before, printing, depth = 0, "", False, 0
    while at < len(program):
        if program[at] == "/" and before not in ("value", ")"):
            end = _delimited(program, at + 1, "/")
            if end is None:
                return unknown("awk: a pattern that cannot be read")
            at, before = end, "value"
            continue
        found = _AWK_TOKEN.match(program, at)
        if found is None:
            return unknown("awk: a character that cannot be read")
        text, kind = found.group(), str(found.lastgroup)
        at = found.end()
        if kind == "blank":
            continue
        if kind == "end":
            # a line may go on after a comma, an operator or inside brackets
            if text != "\n" or (depth <= 0 and before not in (",", "&&", "||")):
                printing, depth = False, 0
            before = before if before in (",", "&&", "||") else ""
        elif kind == "name" and text in _AWK_WORDS:
            printing = text in ("print", "printf") or (printing and text == "in")
            depth, before = (0 if printing else depth), ""
        elif kind in _AWK_VALUE:
            if kind == "name" and program[at : at + 1] == "(" and text not in _AWK_CALLS | own:
                return unknown(f"awk: the function {text} is not listed")
            before = "value"
        else:
            depth += (text in "([") - (text in ")]")
            if text in ("|", ">>") or (text == ">" and printing and depth <= 0):
                return changing("awk: writes a file or runs a command")
            before = text if text in (")", ",", "&&", "||") else ("value" if text == "]" else "")
    if doubtful:
        return unknown("awk: a slash that may be read in two ways")
    tags = ("exposes-env",) if "ENVIRON" in program else ()
    return harmless("awk: only prints", *tags)


def jq(program: str) -> Ruling:
    """A jq filter: it can print its input and the environment, no more; modules are refused."""
    if re.search(r"\b(?:import|include)\b", program):
        return unknown("jq: loads a module")
    return harmless("jq: only prints", *(("exposes-env",) if re.search(r"\benv\b|\$ENV", program) else ()))
