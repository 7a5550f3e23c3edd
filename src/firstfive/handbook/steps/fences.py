"""Code fences: which ones are shell, what their attributes say, and their lines without prompts and pasted output.

Called while drafts of steps are made. Attributes place a fence; they never change what runs or when.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from firstfive.handbook.markdown import CodeLine, Kind, Node, Page
from firstfive.handbook.model import Level, Problem
from firstfive.shell.parse import transcript

_SHELL = {"bash", "sh", "shell", "zsh", "ksh", "ash", "dash"}
_CONSOLE = {"console", "shell-session", "shellsession", "sh-session", "terminal", "bash-session"}
_PROMPT = re.compile(r"^\s*(?:(?:\[[^\]\n]{1,60}\]|[\w.-]{1,40}@[\w.:~/-]{1,60}) ?[$#%❯]|[$❯]) +\S")
_PLACEMENT = frozenset({"id", "on", "timeout", "cwd"})
_FOLDER = re.compile(r"(?!-)(?!.*(?:^|/)\.\.(?:/|$))[\w./@+:-]{1,400}")
_LOGIC = frozenset({"when", "if", "risk", "approve", "expect", "undo", "fact", "retry", "needs", "reviewed", "manual"})
_RUNME = {"name": "id", "cwd": "cwd", "tag": "tags", "category": "tags", "excludeFromRunAll": "manual"}
_ATTRIBUTE = re.compile(r"""#([\w.-]+)|\.([\w-]+)|([\w-]+)=("[^"]*"|'[^']*'|[^\s"'}]+)|(\S+)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A shell fence ready to be cut into steps.

    `lines` keep their places; in a transcript the prompts are gone, and lines that were output are gone too. `labelled` says
    that its info string calls it a script; `attributes` are the placement ones only.
    """

    page: Page
    node: Node
    lines: tuple[CodeLine, ...]
    labelled: bool
    output_dropped: bool
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The lines as one script."""
        return "\n".join(line.text for line in self.lines)


def language(node: Node) -> str:
    """The first word of the info string, in lower case."""
    word = re.split(r"[\s{,]", node.info.strip(), maxsplit=1)[0]
    return word.lower()


def is_shell(node: Node) -> bool:
    """Whether a code block is meant for a shell: by its label, by prompts, or (unlabelled) by its first word."""
    if node.kind is not Kind.CODE_BLOCK:
        return False
    label = language(node)
    if label in _SHELL or label in _CONSOLE:
        return True
    if label not in ("", "text", "plaintext", "plain", "txt"):
        return False
    if any(_PROMPT.match(line) for line in node.text.splitlines()[:20]):
        return True
    return not label and looks_like_command(node.text)


_COMMAND = re.compile(r"(?:sudo\s+)?(?:\./|/|~/)?[a-z][\w.+-]*(?:/[\w.+-]+)*(?:\s+\S.*)?")
_KNOWN = frozenset(
    re.split(
        r"\s+",
        "kubectl oc docker podman systemctl journalctl curl wget ssh sudo ps df du top ls cat grep tail head find awk"
        " sed jq redis-cli mongosh mongodump psql mysql nginx service ip ss netstat ping dig nslookup host git helm"
        " knife bundle consul gcloud aws az terraform ansible ansible-playbook make npm node python python3 ruby perl"
        " openssl rsync scp tar free uptime dmesg lsof kill pkill chown chmod mkdir rm cp mv ln echo export cd for while"
        " if set ceph rados etcdctl crictl nft ufw iptables keeper docker-compose apt apt-get yum dnf rpm dpkg snap brew"
        " pip stat readlink vmstat iostat sar strace date uname env hostname id whoami watch xargs sort uniq wc cut tr"
        " tee test true false sleep nc telnet traceroute mtr tcpdump",
    )
)


def looks_like_command(text: str) -> bool:
    """Whether the first line that is no comment begins with the name of a well-known tool."""
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        first = bare.split()[0].rpartition("/")[2]
        return first in _KNOWN and _COMMAND.fullmatch(bare.splitlines()[0]) is not None
    return False


_OUTPUT_SAID = re.compile(
    r"\b(?:example|sample|expected)\s+output|\bsimilar to (?:the following|this)|\boutput\b.{0,40}\b(?:looks?|should|like|similar|be)\b"
    r"|\b(?:you|we) (?:should|will|would|might) (?:\w+ )?(?:see|get)\b|\b(?:should|will) look like\b|\blooks? like this\b",
    re.IGNORECASE,
)
_LOG_LINE = re.compile(
    r"(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d|\d{4}-\d\d-\d\d[T ]\d\d:|\[?\d\d:\d\d:\d\d)"
)


def is_output(node: Node, announced: str) -> bool:
    """Whether a shell fence without prompts shows output: the words before it say so, or it begins like a log."""
    lines = [line for line in node.text.splitlines() if line.strip()]
    if any(_PROMPT.match(line) for line in lines):
        return False
    return _OUTPUT_SAID.search(announced) is not None or (bool(lines) and _LOG_LINE.match(lines[0]) is not None)


def read_fence(page: Page, node: Node, problems: list[Problem]) -> Fence:
    """The fence with prompts and pasted output removed; FF011, FF044, FF045 and FF059 are found here."""
    lines = page.code_lines(node)
    attributes = _attributes(page, node, problems)
    dropped = False
    if any(_PROMPT.match(line.text) for line in lines):
        kept = transcript("\n".join(line.text for line in lines))
        if kept is not None:
            whole = len([line for line in lines if line.text.strip()])
            lines = _match_lines(lines, kept.split("\n"))
            dropped = len([line for line in lines if line.text.strip()]) < whole
    if dropped and language(node) in _SHELL:
        problems.append(
            Problem(
                code="FF059",
                level=Level.WARNING,
                message="this fence mixes commands with their output; only lines after a prompt are commands",
                place=page.place(node),
                help='move the output to a fence of its own, or label this one "console"',
            )
        )
    labelled = language(node) in _SHELL
    return Fence(page=page, node=node, lines=lines, labelled=labelled, output_dropped=dropped, attributes=attributes)


def _match_lines(lines: tuple[CodeLine, ...], kept: list[str]) -> tuple[CodeLine, ...]:
    """Give each line that a transcript kept its place back, by finding it in order at the end of a stored line."""
    result: list[CodeLine] = []
    rest = iter(lines)
    for text in kept:
        for line in rest:
            if line.text.endswith(text) and (text or not line.text):
                column = line.column + len(line.text.encode()) - len(text.encode())
                result.append(CodeLine(text=text, line=line.line, column=column))
                break
    return tuple(result)


def _attributes(page: Page, node: Node, problems: list[Problem]) -> dict[str, str]:
    begin = node.info.find("{")
    if begin < 0:
        return {}
    inside = node.info[begin:].strip()
    pairs = _runme(inside) if inside.startswith(('{"', '{ "')) else None
    if pairs is None:
        pairs = {}
        for name, _css, key, value, _junk in _ATTRIBUTE.findall(inside.strip("{}")):
            if name:
                pairs["id"] = name
            elif key:
                pairs[key] = value.strip("\"'")
    for key in sorted(pairs.keys() & _LOGIC - {"manual"} | (pairs.keys() & {"background"})):
        column = node.column + max(0, page.line_bytes(node.line)[node.column - 1 :].find(key.encode()))
        problems.append(
            Problem(
                code="FF045",
                level=Level.ERROR,
                message=f'the fence attribute "{key}" changes what happens, but nobody reading the page can see it',
                place=page.place(CodeLine(text="", line=node.line, column=column)),
                help=f'write it inside the fence, as a line "#: {key} ..."',
            )
        )
    if "cwd" in pairs and not _FOLDER.fullmatch(pairs["cwd"]):
        problems.append(
            Problem(
                code="FF041",
                level=Level.ERROR,
                message=f"cwd={pairs.pop('cwd')} is no plain folder",
                place=page.place(node),
                help="write a path of letters, digits and ./@+:- without .. and without variables: cwd=/opt/shop",
            )
        )
        pairs["manual"] = "true"  # in another folder the same words may do something else
    return {key: value for key, value in pairs.items() if key in _PLACEMENT or key == "manual"}


def _runme(text: str) -> dict[str, str] | None:
    """The JSON form that some runbook tools write; its names become ours."""
    try:
        pairs = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, dict):
        return None
    found = {
        _RUNME.get(str(key), str(key)): str(value) for key, value in pairs.items() if not isinstance(value, dict | list)
    }
    if str(pairs.get("background", "")).lower() != "true":
        found.pop("background", None)
    return found
