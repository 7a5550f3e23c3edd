"""Commands that would not do what the page means, found by shape.

Called for every step once it is judged. Every finding points at the bytes and says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from firstfive.handbook.model import Command, Level, Place, Problem
from firstfive.handbook.steps.judged import Ready
from firstfive.shell.bind import is_secret
from firstfive.shell.parse import Script, Statement
from firstfive.shell.risk import Verdict

_LOOKED_AT = 4000
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_TTY = re.compile(r"(?<=\s)(-it|-ti|-t|--tty)(?=\s)")
_USE_DB = re.compile(r"""\bmongosh?\b[\s\S]*?--eval[\s=\\]+["']\s*use\s+\w+\s*;""")
_EXAMPLE = re.compile(
    r"[\w.+-]+@(?:x|example|test|foo|domain|your-?\w+)\.(?:com|org|net)\b|\b(?:CHANGEME|YOUR_\w+)\b|\bexample\.(?:com|org|net)\b"
)
_OPERATOR = re.compile(
    r"(?<!\\)\$(?:set|unset|inc|push|pull|addToSet|rename|lt|lte|gt|gte|eq|ne|in|nin|or|and|not|nor|exists|regex|match|group|project|elemMatch|size|expr)\b"
)
_EDITS = re.compile(r"\bsed\s+(?:-\S+\s+)*?(?:-i\S*|--in-place\S*)\s[\s\S]*?([\w./-]*(?:compose|docker)[\w.-]*\.ya?ml)")
_COMPOSE = re.compile(r"\bdocker(?:-| )compose(?P<rest>\s[^\n|;&]*)")
_DEFAULT_FILES = frozenset(
    {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "docker-compose.override.yml"}
)
_NAMED = re.compile(
    r"\bdocker\s+(?:container\s+)?(?:logs|exec|inspect|stop|start|restart|kill|rm)\s+(?:-[-\w]+(?:=\S+)?\s+)*([\w.-]+)"
)
_CLIENT = re.compile(r"(?:sudo (?:-\S+ )*)?(?:ssh|oc|kubectl|docker|podman|chroot|nsenter|su|mosh|telnet|crictl)\b")
_OPENS_SHELL = re.compile(
    r"(?:sudo (?:-\S+ )*)?(?:ssh(?: -[A-Za-z46]+)*(?: -[ilpFJ] \S+)* [\w@.-]+|chroot \S+(?: (?:/\S+/)?(?:ba)?sh)?|su(?: -l?)?(?: \w+)?"
    r"|(?:oc|kubectl)(?: -\S+(?: [\w-]+)?)*? debug(?: -\S+)* \S+|(?:oc|kubectl) [^|;&]*?\brsh [^|;&]*"
    r"|(?:docker|podman|kubectl|oc) [^|;&]*?\bexec [^|;&]*? (?:/\S+/)?(?:ba|z)?sh)|sudo -[is]"
)
_SERVICE_VERBS = frozenset(
    {"up", "restart", "stop", "start", "logs", "exec", "run", "kill", "pull", "build", "create", "rm", "ps"}
)


def defects(
    ready: Ready, parsed: Script | None, containers: frozenset[str], services: frozenset[str]
) -> Iterator[Problem]:
    """The findings of one step. `containers` and `services` are the names that the page uses elsewhere."""
    for command in (*ready.commands, *ready.hand_commands):
        yield from _by_tags(ready, command)
    if parsed is None:
        return
    for statement in parsed.statements:
        yield from _by_shape(ready, statement)
    yield from _compose(ready, parsed, containers, services)
    yield from _wrong_machine(ready, parsed)


def containers_in(scripts: Sequence[str]) -> frozenset[str]:
    """Names that the scripts of a page use as containers."""
    return frozenset(name for script in scripts for name in _NAMED.findall(script))


def services_in(scripts: Sequence[str]) -> frozenset[str]:
    """Names that the scripts of a page use as compose services."""
    return frozenset(
        name for script in scripts for found in _COMPOSE.finditer(script) for name, _ in _arguments(found.group("rest"))
    )


def _by_tags(ready: Ready, command: Command) -> Iterator[Problem]:
    tags, place = command.tags, command.place
    if "secret-in-argv" in tags:
        name, where = _secret(ready, command)
        yield _warn("FF050", f"the secret {name} on the command line is visible to everyone who can list processes", where,
                    "pass it through the environment or a file")  # fmt: skip
    if "editor" in tags:
        yield _warn("FF052", "an editor needs a person: this part becomes work by hand", place,
                    "say what to change; a step can then check it")  # fmt: skip
    if "needs-tty" in tags:
        found = _TTY.search(command.text)
        where = _moved(place, command.text[: found.start()]) if found else place
        yield _warn("FF051", f"{found.group() if found else 'this'} asks for a terminal; it is sent without one", where,
                    "write -i, or nothing")  # fmt: skip
    if "unbounded" in tags:
        seconds = int(ready.wishes.timeout.total_seconds())
        yield _warn("FF053", f"this follows for ever; it is stopped after {seconds} s", place,
                    "drop the following option, or set #: timeout=")  # fmt: skip
    if command.verdict is Verdict.UNKNOWN and command in ready.commands:
        yield Problem(code="FF015", level=Level.INFO, message=f"unknown risk, so it asks: {command.reason}", place=place,
                      help="a vault can review a command of its own in its risk table")  # fmt: skip


def _secret(ready: Ready, command: Command) -> tuple[str, Place]:
    for line in ready.lines:
        if line.line < command.place.line:
            continue
        for found in _VARIABLE.finditer(line.text):
            if is_secret(found.group(1)) and found.group() in command.text:
                column = line.column + len(line.text[: found.start()].encode())
                return "$" + found.group(1), Place(page=command.place.page, line=line.line, column=column)
    return "here", command.place


def _moved(place: Place, before: str) -> Place:
    if "\n" in before:
        return place
    return Place(page=place.page, line=place.line, column=place.column + len(before.encode()))


def _by_shape(ready: Ready, statement: Statement) -> Iterator[Problem]:
    text, place = statement.text[:_LOOKED_AT], _statement_place(ready, statement)
    if _USE_DB.search(text):
        yield _warn("FF054", '"use" is a word of the mongo shell, not JavaScript: everything after it is lost', place,
                    "name the database as an argument: mongosh DATABASE --eval '...'")  # fmt: skip
    example = _EXAMPLE.search(text)
    if example:
        yield _warn("FF055", f"{example.group()} looks like an example, not a real value", place,
                    "write a <placeholder>, so that the value is asked for")  # fmt: skip
    for found in _OPERATOR.finditer(text):
        if _in_double_quotes(text, found.start()):
            yield _warn("FF056", f"{found.group()} inside double quotes is an unset shell variable: it expands to nothing",
                        _inside(ready, statement, found.start()), f"write \\{found.group()}, or use single quotes")  # fmt: skip


def _in_double_quotes(text: str, at: int) -> bool:
    """Whether a position stands between double quotes, by the shell's own rules for quotes on one level."""
    quote = ""
    index = 0
    while index < at:
        letter = text[index]
        if letter == "\\" and quote != "'":
            index += 2
            continue
        if letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
        index += 1
    return quote == '"'


def _statement_place(ready: Ready, statement: Statement) -> Place:
    line = ready.lines[min(statement.line, len(ready.lines)) - 1]
    return Place(page=ready.draft.place.page, line=line.line, column=line.column + statement.column - 1)


def _inside(ready: Ready, statement: Statement, at: int) -> Place:
    """The place of a character of a statement's text."""
    before = statement.text[:at]
    down = before.count("\n")
    line = ready.lines[min(statement.line + down, len(ready.lines)) - 1]
    column = len(before.rpartition("\n")[2].encode()) + (0 if down else statement.column - 1)
    return Place(page=ready.draft.place.page, line=line.line, column=line.column + column)


def _arguments(rest: str) -> list[tuple[str, int]]:
    """Service names after a compose verb, with their offset in the text."""
    words = [(found.group(), found.start()) for found in re.finditer(r"\S+", rest)]
    verb = next((at for at, (word, _) in enumerate(words) if word in _SERVICE_VERBS), None)
    if verb is None:
        return []
    one = words[verb][0] in ("exec", "run")
    names = [(word, at) for word, at in words[verb + 1 :] if re.fullmatch(r"[A-Za-z][\w.-]*", word)]
    return names[:1] if one else names


def _compose(ready: Ready, parsed: Script, containers: frozenset[str], services: frozenset[str]) -> Iterator[Problem]:
    edited: tuple[str, int] | None = None
    for statement in parsed.statements:
        edit = _EDITS.search(statement.text[:_LOOKED_AT])
        if edit:
            edited = (edit.group(1), _statement_place(ready, statement).line)
        call = _COMPOSE.search(statement.text[:_LOOKED_AT])
        if call is None:
            continue
        has_file = re.search(r"(?:^|\s)(?:-f|--file)(?:[\s=])", call.group("rest"))
        if edited and not has_file and edited[0].rpartition("/")[2] not in _DEFAULT_FILES:
            yield _warn("FF057", f"line {edited[1]} edits {edited[0]}, but this compose call reads the default file",
                        _statement_place(ready, statement), f"write docker compose -f {edited[0]} ...")  # fmt: skip
        for name, at in _arguments(call.group("rest")):
            near = next((s for s in sorted(services, key=len) if name != s and name.endswith("-" + s)), "")
            if name in containers and near:
                yield _warn("FF058", f'"{name}" is a container elsewhere on the page; compose wants a service',
                            _inside(ready, statement, call.start("rest") + at), f'did you mean "{near}"?')  # fmt: skip


def _wrong_machine(ready: Ready, parsed: Script) -> Iterator[Problem]:
    """FF016: commands after one that opens a shell elsewhere would run here, not there."""
    tagged = ready.judgement.findings if ready.judgement is not None else ()
    lines = {finding.line for finding in tagged if "interactive" in finding.tags and "editor" not in finding.tags}
    for statement in parsed.statements[:-1]:
        words = " ".join(statement.text[:_LOOKED_AT].split())[:500]
        if _OPENS_SHELL.fullmatch(words) or (statement.line in lines and _CLIENT.match(words)):
            yield Problem(
                code="FF016",
                level=Level.ERROR,
                message="this opens a shell on another machine; the commands after it would run here, not there",
                place=_statement_place(ready, statement),
                help="give that shell its commands as an argument, or split the block into steps by hand",
            )
            return


def broken(ready: Ready, line: int, column: int, what: str) -> Problem:
    """FF010 at its place on the page, for a labelled fence that bash cannot read."""
    at = ready.lines[min(max(1, line), len(ready.lines)) - 1]
    return Problem(
        code="FF010",
        level=Level.ERROR,
        message=f"bash cannot read this: {what}",
        place=Place(page=ready.draft.place.page, line=at.line, column=at.column + max(0, column - 1)),
        help='mend the command, or label the block "text" if it is none',
    )


def _warn(code: str, message: str, place: Place, remedy: str) -> Problem:
    return Problem(code=code, level=Level.WARNING, message=message, place=place, help=remedy)
