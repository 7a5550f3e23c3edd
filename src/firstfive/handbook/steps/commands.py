"""The seam between pages and shells: parse in batches, judge, and give every command its place on the page.

Called by the checklist and by steps. Runs nothing; the only process behind it is the parser's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from firstfive.errors import FirstfiveError, ShellSyntaxError
from firstfive.handbook.markdown import CodeLine
from firstfive.handbook.model import Command, Parameter, Place
from firstfive.shell.bind.placeholders import found_in
from firstfive.shell.conditions import Condition, FactType, compile
from firstfive.shell.facts import condition_for, facts_of, types
from firstfive.shell.parse import Script, parse_many
from firstfive.shell.risk import Judgement, Table, Verdict, judge

_COMMAND_WORD = re.compile(r"^(?:sudo\s+)?(?:\.?/)?[a-z][\w.+-]*(?:/[\w.+-]+)*$")


@dataclass(slots=True, kw_only=True)
class Shell:
    """What a compilation knows about shells: the risk table, the vault's lexicon and everything parsed so far."""

    table: Table | None = None
    lexicon: Mapping[str, str] = field(default_factory=dict)
    declared_facts: dict[str, FactType] = field(default_factory=dict)
    _parsed: dict[str, Script | ShellSyntaxError] = field(default_factory=dict)

    def prime(self, scripts: Iterable[str]) -> None:
        """Parse many scripts at once; later `parsed` calls are free."""
        fresh = [text for text in dict.fromkeys(scripts) if text not in self._parsed]
        if fresh:
            self._parsed.update(zip(fresh, parse_many(fresh), strict=True))

    def parsed(self, script: str) -> Script | ShellSyntaxError:
        """The script as parsed, or the error that says why it is none."""
        self.prime([script])
        return self._parsed[script]

    def judged(self, script: str, bound: Iterable[str] = ()) -> Judgement:
        """What the script would do; `bound` are variables that carry checked values."""
        parsed = self.parsed(script)
        return judge(parsed if isinstance(parsed, Script) else script, table=self.table, bound=frozenset(bound))

    def condition(self, phrase: str) -> Condition | None:
        """The condition that the lexicon knows for a phrase of the page, or None: then the operator is asked."""
        text = condition_for(phrase.replace("`", ""), overlay=self.lexicon)
        if text is None:
            return None
        try:
            return compile(text, self.fact_types())
        except FirstfiveError:
            return None

    def fact_types(self) -> dict[str, FactType]:
        """Every fact that a condition may name: the packs' and those the page declares."""
        return {**types(), **self.declared_facts}


def neutral(script: str) -> str:
    """The script with every `<placeholder>` turned into a word of the same byte length, so that positions stay true."""
    pieces, at = [], 0
    for found in found_in(script):
        width = len(script[found.start : found.end].encode())
        pieces += [script[at : found.start], "F" + "_" * (width - 2) + "F"]
        at = found.end
    return "".join((*pieces, script[at:]))


def facts_told(script: str) -> tuple[str, ...]:
    """The names of the facts that the script's output would tell."""
    return tuple(dict.fromkeys(spec.name for spec in facts_of(script)))


def commands_of(
    judgement: Judgement, lines: Sequence[CodeLine], page: str, parameters: Sequence[Parameter] = ()
) -> tuple[Command, ...]:
    """The judged commands with their places; bound variables are shown as the placeholders that the page has."""
    found: list[Command] = []
    for finding in judgement.findings:
        line = lines[min(finding.line, len(lines)) - 1]
        column = finding.column - 1
        if parameters and column >= 0:
            column = _stored_column(line, column, parameters)
        found.append(
            Command(
                text=as_written(finding.text, parameters),
                verdict=finding.verdict,
                reason=finding.reason,
                tags=frozenset(finding.tags),
                place=Place(page=page, line=line.line, column=line.column + max(0, column)),
            )
        )
    return tuple(found)


def as_written(text: str, parameters: Sequence[Parameter]) -> str:
    """Bound variables turned back into placeholders."""
    for parameter in parameters:
        reference = "${" + parameter.variable + "}"
        for form in (f"'\"{reference}\"'", f'"{reference}"', reference):
            text = text.replace(form, f"<{parameter.name}>")
    return text


def _stored_column(line: CodeLine, column: int, parameters: Sequence[Parameter]) -> int:
    """The column on the page for a column of the bound line: bindings before it made the line longer."""
    stored = line.text.encode()
    for parameter in parameters:
        written, start = f"<{parameter.name}>".encode(), 0
        while 0 <= (at := stored.find(written, start)) < column:
            grown = len(parameter.variable) + 5 - len(written) + (2 if stored[:at].count(b"'") % 2 else 0)
            column = max(at + len(written), column - grown)
            start = at + len(written)
    return column


def suggestions(shell: Shell, text: str, place: Place) -> tuple[Command, ...]:
    """Commands that prose mentions, in backticks or after a colon; shown with their risk, never run."""
    found: list[Command] = []
    for code in mentioned(text):
        judgement = shell.judged(neutral(code))
        if not judgement.findings:
            continue
        first = judgement.findings[0]
        if judgement.verdict is Verdict.UNKNOWN and not _plausible(code):
            continue
        reason = "; ".join(judgement.reasons) or first.reason
        found.append(
            Command(text=code, verdict=judgement.verdict, reason=reason, tags=frozenset(judgement.tags), place=place)
        )
    return tuple(found)


def mentioned(text: str) -> list[str]:
    """Texts that may be commands: inline code of several words, and what follows a colon at the end of a bullet."""
    codes = [code.strip() for code in re.findall(r"`([^`]+)`", text)]
    tail = re.search(r":\s+([a-z][\w-]+(?:\s[\w./=:<>-]+){1,8})$", text)
    if tail and not codes and _tool(tail.group(1)):
        codes.append(tail.group(1))
    return [code for code in codes if _plausible(code)]


_TOOLS = frozenset(
    [
        "docker",
        "kubectl",
        "oc",
        "systemctl",
        "journalctl",
        "curl",
        "redis-cli",
        "mongosh",
        "psql",
        "helm",
        "git",
        "ufw",
        "nginx",
        "service",
    ]
)


def _tool(text: str) -> bool:
    return text.split()[0] in _TOOLS


def _plausible(code: str) -> bool:
    words = code.split()
    return len(words) > 1 and _COMMAND_WORD.match(words[0]) is not None and not code.endswith(":")
