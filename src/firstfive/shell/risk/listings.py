"""Substitutions whose output is tame: whole numbers, or names and ids that Docker and Kubernetes gave out.

Asked by `expansion` for every `$(...)`. A name that Docker or Kubernetes accepts never starts with a dash and holds no blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from firstfive.shell.commandline import text_of

Node: TypeAlias = Mapping[str, Any]

_COUNT = re.compile(
    r"wc -[lcwm]|date \+%s|nproc|seq(?: \d+){1,3}|grep (?:-[iEv]+ )*-[iEv]*c[iEv]* [^\s*?{[]+(?: [^\s*?{[]+)?"
)
_ELSEWHERE = r"(?!.* (?:exec|run|rsh|debug) )"
_DOCKER = re.compile(
    _ELSEWHERE + r"(?:docker|podman|nerdctl|docker-compose|crictl) (?:.* )?(?:ps|images|ls|pods) (?:.* )?"
    r"(?:-[a-z]*q[a-z]*|--quiet|--format[ =]\{\{ ?\.(?:Names?|ID) ?\}\})(?: .*)?"
)
_FIELD = r"\{(?:range )?\.?(?:\.?items\[[*\d:]+\])?(?:\.(?:metadata\.name|spec\.nodeName|status\.podIP|metadata\.namespace))?\}"
_KUBERNETES = re.compile(
    _ELSEWHERE
    + r"(?:kubectl|oc) (?:.* )?get (?:.* )?(?:-o ?=?|--output[ =])(?:name|jsonpath=(?:"
    + _FIELD
    + r"|\{end\}"
    r"|\{\"\\n\"\}|\{\" \"\})+)(?: .*)?"
)
_TABLE = re.compile(
    _ELSEWHERE + r"(?:kubectl|oc) (?:.* )?get (?!.*(?: -o| --output| --template| -L| --label-columns| --raw)).*"
)
_THINNED = re.compile(
    r"head(?: -n ?\d+| -\d+)?|tail(?: -n ?\+?\d+| -\d+)?|sort(?: -[ru]+)?|uniq|e?grep (?:-[viEw]+ )*[^-].*"
    r"|awk \{ ?print \$(?:1|NF) ?\}|cut -d ?/ -f ?2"
)
_FIRST_COLUMN = re.compile(r"awk (?:/[\w. -]+/|NR ?> ?1)? ?\{ ?print \$1 ?\}")


def counts(statements: Sequence[Node]) -> bool:
    """Whether a substitution can only print whole numbers: it ends in `wc -l`, `grep -c PATTERN`, `date +%s`, `seq`, `nproc`."""
    stages = _stages(statements)
    return bool(stages) and stages is not None and _COUNT.fullmatch(stages[-1]) is not None


def names_only(statements: Sequence[Node]) -> bool:
    """Whether a substitution can only print such names: a listing that asks for them, perhaps thinned out."""
    stages = _stages(statements)
    if not stages:
        return False
    first, rest = stages[0], stages[1:]
    if _DOCKER.fullmatch(first) or _KUBERNETES.fullmatch(first):
        return all(_THINNED.fullmatch(stage) for stage in rest)
    if _TABLE.fullmatch(first) is None:
        return False
    column = next((i for i, stage in enumerate(rest) if _FIRST_COLUMN.fullmatch(stage)), None)
    if column is None:
        return False
    return all(_THINNED.fullmatch(stage) for i, stage in enumerate(rest) if i != column)


def _stages(statements: Sequence[Node]) -> list[str] | None:
    """The simple commands of a pipeline as plain text, left to right; None when one of them is not plain."""
    if len(statements) != 1:
        return None
    found: list[str] = []
    for statement in _pipeline(statements[0]):
        call = statement.get("Cmd") or {}
        if call.get("Type") != "CallExpr" or call.get("Assigns"):
            return None
        if any(_diverts(redirection) for redirection in statement.get("Redirs") or ()):
            return None
        words = [text_of(word) for word in call.get("Args") or ()]
        known = ["?" if word is None else word for word in words]
        if known[:1] == ["?"] or (found and "?" in known):
            return None
        found.append(" ".join(known))
    return found


def _diverts(redirection: Node) -> bool:
    """Whether it could bring other text into the output: all but reading a file and sending errors elsewhere."""
    operator, number = redirection.get("Op"), (redirection.get("N") or {}).get("Value", "")
    return not ((operator == "<" and not number) or (operator == ">" and number == "2"))


def _pipeline(statement: Node) -> Iterator[Node]:
    command = statement.get("Cmd") or {}
    if command.get("Type") == "BinaryCmd" and command.get("Op") == "|":
        yield from _pipeline(command["X"])
        yield from _pipeline(command["Y"])
    else:
        yield statement
