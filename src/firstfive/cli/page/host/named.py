"""What the commands of a page take for granted on the host: tools, files, variables, containers, services, each with its place.

Called by `host`. Reads the handbook only; a word that bash alone could know names nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from firstfive.errors import ShellSyntaxError
from firstfive.handbook.model import Command, Handbook, Place, StatusSymptom, Step
from firstfive.handbook.steps.defects import containers_in, services_in
from firstfive.shell.bind import bind, variable_uses
from firstfive.shell.commandline import nodes, program_of, words_of
from firstfive.shell.parse import parse
from firstfive.shell.risk import Verdict

# Programs whose plain words are files, and how many plain words come before the files.
_READERS = {"cat": 0, "df": 0, "du": 0, "egrep": 1, "fgrep": 1, "file": 0, "grep": 1, "head": 0, "ls": 0, "md5sum": 0, "readlink": 0,
            "sha256sum": 0, "stat": 0, "tail": 0, "wc": 0, "zcat": 0, "zgrep": 1, "awk": 1, "jq": 1, "sed": 1, "sort": 0}  # fmt: skip
_VALUED = {"head": "nc", "tail": "ncs", "grep": "ABCmef", "egrep": "ABCmef", "fgrep": "ABCmef", "zgrep": "ABCmef", "awk": "Fvf",
           "sort": "kto", "sed": "ef", "du": "d", "stat": "cf", "df": "t"}  # fmt: skip
_PATTERN_GIVEN = {
    "grep": ("-e", "-f"),
    "egrep": ("-e", "-f"),
    "fgrep": ("-e", "-f"),
    "sed": ("-e", "-f"),
    "awk": ("-f",),
}
_OF_THE_SHELL = frozenset(
    """
    : . alias break cd continue eval exec exit export read return set shift trap true false type ulimit umask unset wait
    """.split()  # noqa: SIM905 - a word list is read as words
)
_NO_FILE = re.compile(r"[*?\[\]{}~$`<>=]|://|^\d+$|^-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something that has to be there: `kind` is `tool`, `file`, `variable`, `container` or `service`."""

    kind: str
    name: str
    place: Place


def named(handbook: Handbook, target: str = "") -> tuple[Named, ...]:
    """Everything that the page's own commands name, each once, at its first place, by kind in the order of the page.

    Steps that the page sends to another target than `target` are left out: what they need is there, not here.
    """
    found: dict[tuple[str, str], Named] = {}
    mistaken = {problem.message.partition(" ")[0] for problem in handbook.problems if problem.code == "FF056"}
    for one in _every(handbook, target):
        if one.kind != "variable" or f"${one.name}" not in mistaken:
            found.setdefault((one.kind, one.name), one)
    order = ("tool", "file", "variable", "container", "service")
    return tuple(sorted(found.values(), key=lambda one: order.index(one.kind)))


def _every(handbook: Handbook, target: str) -> Iterator[Named]:
    for check in handbook.checks:
        if check.script:
            for command in check.commands:
                yield from _in_command(command)
    for runbook in handbook.runbooks:
        for symptom in runbook.symptoms:
            if isinstance(symptom, StatusSymptom) and symptom.via.startswith("docker"):
                yield Named(kind="container", name=symptom.subject, place=symptom.place)
        for step in runbook.steps:
            if step.script and (not target or step.on in (None, target)):
                yield from _in_step(step)


def _in_step(step: Step) -> Iterator[Named]:
    for command in step.commands:
        yield from _in_command(command)
    given = {parameter.variable for parameter in step.parameters}
    try:
        names = dict.fromkeys(use.name for use in variable_uses(step.script))
    except ShellSyntaxError:
        return
    for name in names:
        if name not in given:
            use = re.compile(rf"\$\{{?{name}\b")
            place = next((c.place for c in step.commands if use.search(c.text)), step.place)
            yield Named(kind="variable", name=name, place=place)


def _in_command(command: Command) -> Iterator[Named]:
    yield from (Named(kind="container", name=name, place=command.place) for name in containers_in([command.text]))
    yield from (Named(kind="service", name=name, place=command.place) for name in services_in([command.text]))
    words = _words(command.text)
    program = program_of(words) if words else None
    if not words or words[0] is None:
        return
    if words[0] not in _OF_THE_SHELL:
        yield Named(kind="tool", name=words[0], place=command.place)
    if program is None or program.container is not None:
        return
    name = words[program.at]
    if name and program.at:
        yield Named(kind="tool", name=name, place=command.place)
    rest = words[program.at + 1 :]
    if program.name in ("docker", "docker-compose"):
        files = [value for option, value in pairwise(rest) if option in ("-f", "--file") and "compose" in words]
    elif command.verdict is Verdict.READ_ONLY and program.name in _READERS:
        files = _operands(program.name, rest)
    else:
        files = []
    yield from (
        Named(kind="file", name=file, place=command.place) for file in files if file and not _NO_FILE.search(file)
    )


def _words(text: str) -> tuple[str | None, ...]:
    """The words of a simple command; placeholders are words that nobody knows."""
    try:
        tree = parse(bind(text, {}).script).tree
    except ShellSyntaxError:
        return ()
    call = next((node for node in nodes(tree) if node.get("Type") == "CallExpr"), None)
    return words_of(call) if call is not None else ()


def _operands(program: str, words: tuple[str | None, ...]) -> list[str | None]:
    """The plain words of a reading program that are files: its options, their values and its pattern are none."""
    plain: list[str | None] = []
    skip, pattern = False, _READERS[program]
    for word in words:
        if skip:
            skip = False
        elif word is not None and word.startswith("-") and len(word) > 1:
            skip = len(word) == 2 and word[1] in _VALUED.get(program, "")
            if word[:2] in _PATTERN_GIVEN.get(program, ()):
                pattern = 0
        else:
            plain.append(word)
    return plain[pattern:]
