"""One simple command against the list: which entry it is, whether every word of it is claimed, what runs behind it.

Called by `walk` for every command and by itself for the command behind a wrapper.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from firstfive.errors import FirstfiveError, ShellSyntaxError
from firstfive.shell.parse import parse
from firstfive.shell.risk import builtins, expansion
from firstfive.shell.risk.inner import languages
from firstfive.shell.risk.names import Variables, before
from firstfive.shell.risk.options import Option, Scan, scan, shown
from firstfive.shell.risk.table import Spec, Table
from firstfive.shell.risk.tools import clouds, looking, wrappers
from firstfive.shell.risk.verdict import Finding, Ruling, Verdict, harmless, unknown, worst
from firstfive.shell.risk.walk import Call, Judge, Reading
from firstfive.shell.risk.words import BOUND, FOREIGN, GIVEN, GLOB, MARKS, NUMBER, Word

DEPTH = 8
_FOLDERS = re.compile(r"(?:/usr(?:/local)?)?/s?bin/([^/]+)")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.ASCII | re.DOTALL)
_UNSURE = re.compile(f"[{GIVEN}{FOREIGN}{BOUND}{GLOB}]")
_SECRET_FILE = re.compile(
    r"(?:^|/)(?:\.env(?:\..*)?|.*\.env|.*\.(?:pem|key|p12|pfx|jks|keystore)|id_[a-z0-9]+|shadow|gshadow|\.pgpass|\.my\.cnf|\.netrc|environ|credentials"
    r"|kubeconfig|.*secrets?(?:\.[a-z]+)?)$"
)
_NAMES_ONLY = frozenset(
    (
        "ls",
        "stat",
        "test",
        "[",
        "file",
        "du",
        "find",
        "wc",
        "md5sum",
        "sha256sum",
        "basename",
        "dirname",
        "readlink",
        "realpath",
        "git",
        "namei",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowing:
    """The list in use, and how deep in wrappers and inner scripts the reading is."""

    table: Table
    depth: int = 0

    def __call__(self, call: Call) -> Ruling:
        """The ruling on one command."""
        words = call.words
        if not words:
            return unknown("the command is only known when it runs")
        if self.depth > DEPTH:
            return unknown("wrapped too deeply")
        name = words[0].plain
        if not name:
            return unknown("the command is only known when it runs")
        folder = _FOLDERS.fullmatch(name)
        if "/" in name and folder is None:
            return unknown(f"{shown(name)} is not in one of the system's folders")
        if folder is not None:
            name = folder[1]
        elif name in builtins.RULES:
            return builtins.RULES[name](self, call)
        spec = self.table.find(name)
        if spec is None:
            return unknown(f"{shown(name)} is not in the table")
        return self.entry(spec, call, 1, {})

    def behind(self, call: Call, at: int, *tags: str, reason: str = "") -> Ruling:
        """The ruling on the command that starts at word `at`."""
        inner = replace(self, depth=self.depth + 1)(replace(call, words=call.words[at:]))
        return Ruling(inner.verdict, f"{reason}{inner.reason}", inner.tags | frozenset(tags))

    def script(self, text: str, *tags: str) -> Ruling:
        """The ruling on a script in a string."""
        if any(c in text for c in MARKS) and any(c in text.replace(NUMBER, "") for c in MARKS):
            return unknown("a script that is only known when it runs", *tags)
        judged = read_script(text.replace(NUMBER, "0"), replace(self, depth=self.depth + 1))
        ruling = worst(Ruling(f.verdict, f.reason, f.tags) for f in judged)
        return Ruling(ruling.verdict, ruling.reason, ruling.tags | frozenset(tags))

    # ------------------------------------------------------------------------------------------------------ entries

    def entry(self, spec: Spec, call: Call, at: int, inherited: Mapping[str, Option]) -> Ruling:
        """The ruling of one entry on the words from `at` on."""
        if spec.code:
            known = replace(spec, options={**inherited, **spec.options}) if inherited else spec
            return _tagged(CODE[spec.code](self, known, call, at), spec)
        if spec.sub:
            return self._subcommand(spec, call, at, inherited)
        if spec.open:
            return self._closing(spec, call, call.words[at:])
        listed = {**inherited, **spec.options} if inherited else spec.options
        found = scan(call.words, at, listed, spec.manner)
        rulings = [found.ruling()]
        if spec.inner is not None:
            return self._wrapped(spec, call, found)
        rulings += self._operands(spec, call, found)
        for option, language in spec.script.items():
            for name, value in found.options:
                if name == option and value is not None:
                    rulings.append(languages.ruling(self, language, value))
        rulings.append(self._closing(spec, call, found.operands))
        return worst(rulings)

    def _subcommand(self, spec: Spec, call: Call, at: int, inherited: Mapping[str, Option]) -> Ruling:
        listed = {**inherited, **spec.options} if inherited else spec.options
        found = scan(call.words, at, listed, replace(spec.manner, stop=True))
        above = found.ruling()
        if found.rest >= len(call.words):
            if above.verdict is not Verdict.READ_ONLY:
                return above
            if spec.need and found.has(*spec.need):
                return worst((above, _tagged(harmless(f"{spec.path}: only reads"), spec)))
            if found.options and found.has("--version", "-v", "-V", "--help", "-h", "version") and not spec.bare:
                return _tagged(harmless(f"{spec.path}: prints its version or help"), spec)
            return worst((above, _bare(spec, call) if spec.bare else unknown(f"{spec.path} without a sub-command")))
        name = call.words[found.rest].plain
        if name is None:
            return unknown(f"the sub-command of {spec.path} is only known when it runs")
        inner = spec.sub.get(name) or spec.sub.get("*")
        if inner is None:
            return unknown(f"{spec.path} {shown(name)} is not in the table")
        passed = listed if spec.inherit else {}
        start = found.rest + (1 if name in spec.sub else 0)
        return _tagged(worst((self.entry(inner, call, start, passed), above)), spec)

    def _wrapped(self, spec: Spec, call: Call, found: Scan) -> Ruling:
        if found.verdict is not Verdict.READ_ONLY:
            return found.ruling()
        start = found.rest
        rulings: list[Ruling] = [found.ruling()]
        while spec.path in ("env", "sudo") and start < len(call.words):
            given = _ASSIGNMENT.match(call.words[start].text)
            if given is None:
                break
            if not before(given[1], Word(given[2])):
                rulings.append(unknown(f"{given[1]}= in front of a command may change what it does"))
            start += 1
        if start >= len(call.words):
            return worst((*rulings, _bare(spec, call)))
        if any(GLOB in w.text for w in call.words[:start]):
            return unknown(f"{spec.path} with a pattern that may become several words")
        prefix = "" if spec.path in ("sudo", "env", "timeout", "nice", "nohup") else f"{spec.path}: "
        rulings.append(self.behind(call, start, reason=prefix))
        if any(w.loose for w in call.words[:start]) and start + 1 < len(call.words):
            # an unquoted variable in front may be empty or bring options along: then the command starts one word later
            rulings.append(self.behind(call, start + 1, reason=prefix))
        return _tagged(worst(rulings), spec)

    def _operands(self, spec: Spec, call: Call, found: Scan) -> list[Ruling]:
        rulings: list[Ruling] = []
        if spec.need and not found.has(*spec.need):
            rulings.append(Ruling(spec.otherwise, f"{spec.path} without {' or '.join(sorted(spec.need))}"))
        if not found.operands and not (spec.need and found.has(*spec.need)):
            rulings.append(_bare(spec, call))
        limited = spec.args is not None and not (spec.free and found.has(*spec.free))
        if spec.args is not None and limited and len(found.operands) > spec.args:
            rulings.append(
                Ruling(spec.otherwise, f"{spec.path} with {'arguments' if spec.args == 0 else 'more arguments'}")
            )
        if limited and any((w.loose and w.foreign) or GLOB in w.text for w in found.operands):
            rulings.append(Ruling(spec.otherwise, f"{spec.path} with arguments that are only known when it runs"))
        if spec.operand is not None:
            for word in found.operands:
                # what is not known could be anything, an assignment too
                if any(not spec.operand.fullmatch(_UNSURE.sub(stand_in, word.text)) for stand_in in ("x", "=")):
                    rulings.append(Ruling(spec.otherwise, f"{spec.path} {shown(word.text)} is not listed"))
        return rulings

    def _closing(self, spec: Spec, call: Call, operands: Sequence[Word]) -> Ruling:
        """The entry's own risk, and what its operands show."""
        tags = set(spec.tags)
        name = spec.path.split()[0]
        if name not in _NAMES_ONLY:
            for index, word in enumerate(operands):
                if _SECRET_FILE.search(word.text) and not (name.endswith("grep") and _picks(operands[:index])):
                    tags.add("exposes-env")
                if "/dev/watchdog" in word.text:
                    return unknown("opening a watchdog may restart the machine")
        where = "a claim of this vault" if spec.claimed else f"table {spec.path.replace(' ', '.')}"
        says = "only reads" if spec.risk is Verdict.READ_ONLY else str(spec.risk)
        return Ruling(spec.risk, f"{spec.path}: {says} ({where})", frozenset(tags))


def _picks(before_file: Sequence[Word]) -> bool:
    """Whether a grep has a pattern that picks lines which do not sound secret."""
    patterns = [w.plain or "" for w in before_file if not w.text.startswith("-")]
    if not patterns:
        return False
    return len(re.sub(r"\W", "", patterns[0])) >= 3 and not re.search(
        r"(?i)pass|secret|token|key|cred|auth", patterns[0]
    )


def _bare(spec: Spec, call: Call) -> Ruling:
    """What the command does without any operand."""
    match spec.bare:
        case "":
            return harmless(f"{spec.path}: only reads")
        case "interactive":
            if call.fed:
                return unknown(f"{spec.path} runs what is written to it")
            return unknown(f"{spec.path} opens a session", "interactive")
        case word if word in ("read", "unknown", "changing", "destructive"):
            return Ruling(
                {"read": Verdict.READ_ONLY, "unknown": Verdict.UNKNOWN, "changing": Verdict.CHANGING}.get(
                    word, Verdict.DESTRUCTIVE
                ),
                f"{spec.path} without arguments",
            )
        case other:
            raise FirstfiveError(f"the risk table says bare = {other!r}", where=spec.path)


def _tagged(ruling: Ruling, spec: Spec) -> Ruling:
    return Ruling(ruling.verdict, ruling.reason, ruling.tags | spec.tags) if spec.tags else ruling


def read_script(script: str, judge: Knowing, bound: frozenset[str] = frozenset()) -> list[Finding]:
    """The findings of a script in a string; one that cannot be read is unknown."""
    if not expansion.clean(script):
        return [_whole(script, "it holds characters that no script needs")]
    try:
        parsed = parse(script)
    except ShellSyntaxError as problem:
        return [
            Finding(text=script, line=problem.line, column=problem.column, verdict=Verdict.UNKNOWN, reason=problem.what)
        ]
    return read_tree(parsed.tree, script, judge, bound)


def read_tree(
    tree: Mapping[str, object], source: str, judge: Knowing, bound: frozenset[str] = frozenset()
) -> list[Finding]:
    """The findings of a parsed script. With loops or functions it is read again until nothing new is learnt of its variables."""
    raw = source.encode()
    reading = Reading(raw=raw, judge=judge, variables=Variables(bound=bound))
    reading.script(tree)
    for _ in range(6):
        if not reading.loops:
            return reading.findings
        known = dict(reading.variables.marks)
        reading = Reading(raw=raw, judge=judge, variables=reading.variables.next_reading(), defines=reading.defines)
        reading.script(tree)
        if reading.variables.marks == known:
            return reading.findings
    return [_whole(source, "its variables depend on each other in too many ways")]


def _whole(script: str, reason: str) -> Finding:
    return Finding(text=script, line=1, column=1, verdict=Verdict.UNKNOWN, reason=reason)


CODE: Mapping[str, Callable[[Judge, Spec, Call, int], Ruling]] = {
    **looking.CODE,
    **clouds.CODE,
    **wrappers.CODE,
    **languages.CODE,
}
