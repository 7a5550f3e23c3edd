"""The shell's own commands: what each does to this shell, and which of them run something else.

Called by `calls` for a bare command name; they go before anything of the same name on disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from firstfive.shell.risk.names import NAME, dangerous
from firstfive.shell.risk.options import Manner, read_options, scan, shown
from firstfive.shell.risk.verdict import Ruling, changing, harmless, unknown, worst
from firstfive.shell.risk.walk import Call, Judge
from firstfive.shell.risk.words import FOREIGN, GIVEN, Word, joined

Rule = Callable[[Judge, Call], Ruling]
_UNARY = frozenset("-" + letter for letter in "efdrwxsznLhSpbcgukOGNta")
_JOINS = frozenset(
    (
        "=",
        "==",
        "!=",
        "<",
        ">",
        "!",
        "(",
        ")",
        "]",
        "-a",
        "-o",
        "-eq",
        "-ne",
        "-lt",
        "-le",
        "-gt",
        "-ge",
        "-nt",
        "-ot",
        "-ef",
    )
)
_SETS_A_VARIABLE = re.compile(r"%[^A-Za-z%]*[hljzt]*n")
_SET = re.compile(r"[-+][euxvhnfmbCH]*o?")
_SET_NAMES = frozenset(["errexit", "nounset", "xtrace", "verbose", "pipefail", "noclobber", "noglob"])


def _quiet(reason: str) -> Rule:
    return lambda judge, call: harmless(reason)


def _test(judge: Judge, call: Call) -> Ruling:
    for word in call.words[1:]:
        text = word.text
        if (
            word.plain is not None
            and text.startswith("-")
            and len(text) > 1
            and text not in _UNARY
            and text not in _JOINS
        ):
            if not re.fullmatch(r"-\d+", text):
                return unknown(f"the test {shown(text)} is not listed")
        elif word.loose and FOREIGN in text:
            return unknown("a test on words that are only known when it runs")
    return harmless("a test")


def _printf(judge: Judge, call: Call) -> Ruling:
    first = call.words[1] if len(call.words) > 1 else Word("")
    if first.text == "--" and len(call.words) > 2:
        first = call.words[2]
    if first.text[:1] in ("-", GIVEN) or first.loose or first.may_be_option() or _SETS_A_VARIABLE.search(first.text):
        return unknown(f"printf {shown(first.text)} may set a variable")
    return harmless("printf: only prints")


def _names(judge: Judge, call: Call) -> Ruling:
    """`read`, `mapfile`, `unset`, `getopts`: they set variables by name."""
    command = call.words[0].text
    listed = {
        "read": "-r -s -e -a: -d: -n: -N: -p: -t: -u:",
        "mapfile": "-t -d: -n: -O: -s: -u:",
        "readarray": "-t -d: -n: -O: -s: -u:",
        "unset": "-v",
        "wait": "-n -f",
    }[command]
    found = scan(call.words, 1, read_options(listed), Manner())
    rulings = [found.ruling()]
    array = found.value("-a")
    for word in (*found.operands, *([array] if array else [])):
        plain = word.plain
        if command == "wait" and plain is None:
            continue
        if plain is None or (
            (dangerous(plain) or not NAME.fullmatch(plain))
            and not (command == "wait" and re.fullmatch(r"%?\d+", plain))
        ):
            rulings.append(unknown(f"{command} sets {shown(word.text)}"))
    tags = ["interactive"] if command == "read" and not call.fed and not found.has("-t") else []
    rulings.append(harmless(f"{command}: this shell only", *tags))
    return worst(rulings)


def _set(judge: Judge, call: Call) -> Ruling:
    if len(call.words) == 1:
        return harmless("prints the variables", "exposes-env")
    for word in call.words[1:]:
        if word.text == "--":
            break
        if word.plain is None or not (_SET.fullmatch(word.text) or word.text in _SET_NAMES):
            return unknown(f"set {shown(word.text)} is not listed")
    return harmless("set: options of this shell")


def _eval(judge: Judge, call: Call) -> Ruling:
    text = joined(call.words[1:])
    if text.loose:
        return unknown("eval of text that is only known when it runs")
    return _in_this_shell(judge, text.text)


_SETS = re.compile(
    r"=|\b(?:read|mapfile|readarray|printf|getopts|unset|for|select|let|wait|shift|set|declare|typeset|local|export|readonly|exec|trap)\b|\(\(|\(\)"
)


def _in_this_shell(judge: Judge, text: str) -> Ruling:
    """Code that could also change the variables that the rest of the script was judged with."""
    ruling = judge.script(text)
    return (
        ruling if _SETS.search(text) is None else worst((ruling, unknown("code that may set variables of this shell")))
    )


def _exec(judge: Judge, call: Call) -> Ruling:
    if len(call.words) == 1:
        return harmless("exec: only its redirections")
    if call.words[1].text.startswith("-"):
        return unknown("exec with options")
    return judge.behind(call, 1)


def _command(judge: Judge, call: Call) -> Ruling:
    name = call.words[0].text
    rest = call.words[1:]
    if name == "command" and rest and rest[0].plain in ("-v", "-V"):
        return harmless("says where a command is")
    if not rest:
        return harmless(f"{name}: nothing to run")
    if rest[0].text == "--":
        return judge.behind(call, 2)
    if rest[0].text.startswith("-"):
        return unknown(f"{name} {shown(rest[0].text)} is not listed")
    if name == "builtin" and rest[0].plain not in RULES:
        return unknown(f"builtin {shown(rest[0].text)} is not known")
    return judge.behind(call, 1)


def _trap(judge: Judge, call: Call) -> Ruling:
    rest = call.words[1:]
    if not rest or rest[0].plain in ("-p", "-l", "-", ""):
        return harmless("trap: prints or clears")
    if rest[0].text.startswith("-") or rest[0].loose:
        return unknown("trap with text that is only known when it runs")
    return _in_this_shell(judge, rest[0].text)


def _listed(options: str, *tags: str, args: int | None = None) -> Rule:
    known = read_options(options)

    def rule(judge: Judge, call: Call) -> Ruling:
        found = scan(call.words, 1, known, Manner())
        name = call.words[0].text
        if args is not None and len(found.operands) > args:
            return unknown(f"{name} with arguments is not listed")
        return worst((found.ruling(), harmless(f"{name}: this shell only", *tags)))

    return rule


def _refused(reason: str) -> Rule:
    return lambda judge, call: unknown(f"{call.words[0].text}: {reason}")


def _kill(judge: Judge, call: Call) -> Ruling:
    rest = [w.plain for w in call.words[1:]]
    if rest[:1] in (["-l"], ["-L"]):
        return harmless("kill -l: names of signals")
    if (rest and rest[0] == "-0") or rest[:2] == ["-s", "0"]:
        return harmless("kill -0: only asks whether it runs")
    return changing("kill: ends or disturbs a process")


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        (":", "true", "false", "break", "continue", "return", "exit", "shift", "times", "caller", "logout"),
        _quiet("only this shell"),
    ),
    **dict.fromkeys(("echo", "help"), _quiet("only prints")),
    **dict.fromkeys(("test", "["), _test),
    **dict.fromkeys(("read", "mapfile", "readarray", "unset", "wait"), _names),
    **dict.fromkeys(("command", "builtin"), _command),
    **dict.fromkeys(("cd", "pushd", "popd"), _listed("-L -P -e -n -NUM")),
    **dict.fromkeys(("pwd", "dirs"), _listed("-L -P -l -p -v", args=0)),
    "printf": _printf,
    "set": _set,
    "eval": _eval,
    "exec": _exec,
    "trap": _trap,
    "kill": _kill,
    "type": _listed("-a -t -p -P -f"),
    "hash": _listed("-l -t"),
    "jobs": _listed("-l -p -n -r -s"),
    "history": _listed("", "exposes-env"),
    "umask": _listed("-S -p", args=0),
    "ulimit": _listed("-a -S -H -n -u -c -d -f -l -m -s -t -v", args=0),
    "shopt": _listed("-s -u -q -p -o"),
    **dict.fromkeys(("source", "."), _refused("runs a file that is not seen here")),
    **dict.fromkeys(
        (
            "alias",
            "unalias",
            "enable",
            "bind",
            "complete",
            "compgen",
            "compopt",
            "fc",
            "getopts",
            "disown",
            "bg",
            "fg",
            "suspend",
            "let",
        ),
        _refused("is not judged here"),
    ),
}
