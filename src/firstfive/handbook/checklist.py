"""The first-five list and the rule on rolling back.

Called by `compile` with the section that holds the list. Only an inline command judged safe becomes a check's script.
"""

from __future__ import annotations

import re

from firstfive.handbook.markdown import Kind, Node
from firstfive.handbook.model import Check, CheckKind, Command, RollbackRule
from firstfive.handbook.phrases import duration, sentences, slug
from firstfive.handbook.sections import Section
from firstfive.handbook.steps.commands import Shell, mentioned, suggestions
from firstfive.shell.risk import Verdict

_TITLE = re.compile(
    r"\bfirst\s+(?:\d+|five|ten|few|fifteen)\s*(?:min|minutes)?\b|\bfirst response\b|\balways do this\b", re.IGNORECASE
)
_KINDS = (
    (re.compile(r"\back(?:nowledge)?\b|taking it|claim", re.IGNORECASE), CheckKind.ACKNOWLEDGE),
    (re.compile(r"\bsentry\b|\bbugsink\b|error (?:spikes?|tracker|rate)|issue spikes?", re.IGNORECASE), CheckKind.ERROR_SPIKES),
    (re.compile(r"host shell|\bssh\b|open (?:a|the) shell", re.IGNORECASE), CheckKind.HOST_SHELL),
    (re.compile(r"\bhealth", re.IGNORECASE), CheckKind.HEALTH),
    (re.compile(r"\bcontainers?\b|\bdocker ps\b|process(?:es)? status|\bpods?\b", re.IGNORECASE), CheckKind.CONTAINERS),
    (re.compile(r"\bdeploy(?:s|ed|ment)?\b|\breleases?d?\b", re.IGNORECASE), CheckKind.DEPLOYS),
)  # fmt: skip
_ROLL_BACK = re.compile(r"\broll(?:ing|ed)?[ -]?back\b|\bprevious (?:image|tag|version|release)\b", re.IGNORECASE)
_DEPLOY_AGE = re.compile(r"\b(?:in|within|during) the (?:last|past)\s+([^.?;,]{2,20})", re.IGNORECASE)
_NO_IDEA = re.compile(
    r"\b(?:hypothesis|idea|cause|explanation)\b[^.;,]{0,20}\b(?:in|within|after)\s+([^.;,]{2,20})", re.IGNORECASE
)


def is_first_five(title: str) -> bool:
    """Whether a heading announces the first-five list."""
    return _TITLE.search(title) is not None


def find_items(section: Section) -> tuple[Node, ...]:
    """The items of the section's numbered list, or of its first list of any kind."""
    lists = [node for node in section.nodes() if node.kind is Kind.LIST]
    chosen = next((node for node in lists if node.flag), lists[0] if lists else None)
    return chosen.children if chosen is not None else ()


def inline_commands(section: Section) -> list[str]:
    """The texts in the list that may be commands, for parsing in one batch."""
    return [code for item in find_items(section) for code in mentioned(item.marked())]


def read_checklist(section: Section, shell: Shell) -> tuple[Check, ...]:
    """The items in order, each with its kind, its commands and, where it is safe, its script."""
    checks: list[Check] = []
    for number, item in enumerate(find_items(section), start=1):
        text = item.plain()
        bold = next((node for node in item.find(Kind.STRONG)), None)
        title = bold.plain().rstrip(".:") if bold is not None else text.split(". ")[0].rstrip(".:")
        place = section.page.place(item)
        commands = _commands(section, item, shell)
        safe = [command.text for command in commands if shell.judged(command.text).auto]
        ids = {check.id for check in checks}
        name = slug(title) or f"check-{number}"
        checks.append(
            Check(
                id=name if name not in ids else f"{name}-{number}",
                number=number,
                title=title,
                text=text,
                kind=check_kind(title, text),
                script=safe[0] if safe else "",
                commands=commands,
                place=place,
            )
        )
    return tuple(checks)


def _commands(section: Section, item: Node, shell: Shell) -> tuple[Command, ...]:
    found: list[Command] = []
    for code in item.find(Kind.CODE):
        ticks = section.page.raw[code.start : code.end]
        place = section.page.at(code.start + len(ticks) - len(ticks.lstrip(b"` ")))
        for command in suggestions(shell, f"`{code.text}`", place):
            if command.verdict is not Verdict.UNKNOWN or len(code.text.split()) > 1:
                found.append(command)
    return tuple(found)


def check_kind(title: str, text: str) -> CheckKind:
    """What an item asks for, from its title first and from its text when the title does not say."""
    for words in (title, text):
        for pattern, kind in _KINDS:
            if pattern.search(words):
                return kind
    return CheckKind.OTHER


def read_rollback(section: Section) -> RollbackRule | None:
    """The two ages in the sentences on rolling back, wherever in the section they stand."""
    deploy = hypothesis = None
    place = None
    blocks = [*find_items(section), *(node for node in section.nodes() if node.kind is Kind.PARAGRAPH)]
    for block in blocks:
        text = block.plain()
        if not _ROLL_BACK.search(text):
            continue
        young, lost = _DEPLOY_AGE.search(text), _NO_IDEA.search(text)
        if (
            young
            and deploy is None
            and any(re.search(r"deploy|tag|release|version|moved|bumped", s, re.I) for _, s in sentences(text))
        ):
            deploy = duration(young.group(1))
            place = place or section.page.place(block)
        if lost and hypothesis is None:
            hypothesis = duration(lost.group(1))
            place = place or section.page.place(block)
    if place is None or (deploy is None and hypothesis is None):
        return None
    return RollbackRule(deploy_within=deploy, hypothesis_within=hypothesis, place=place)
