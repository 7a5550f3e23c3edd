"""A script's tree, followed to every command that it can reach.

Called by `judge`. Every node type that is not named here makes its script unknown, and so does a command that nothing looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from firstfive.shell.risk import expansion
from firstfive.shell.risk.names import NAME, Variables, before, dangerous
from firstfive.shell.risk.options import shown
from firstfive.shell.risk.pipes import live_nodes, narrowed, printed, redirections, stages_of
from firstfive.shell.risk.table import Table
from firstfive.shell.risk.verdict import Finding, Ruling, Verdict, harmless, unknown, worst
from firstfive.shell.risk.words import FOREIGN, Word, untrusted

Node: TypeAlias = Mapping[str, Any]

_NUMERIC_TESTS = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"}
_TEXT_TESTS = {"=", "==", "!=", "=~", "<", ">", "-nt", "-ot", "-ef"}
_UNARY_TESTS = {
    "-e",
    "-f",
    "-d",
    "-r",
    "-w",
    "-x",
    "-s",
    "-z",
    "-n",
    "-L",
    "-h",
    "-S",
    "-p",
    "-b",
    "-c",
    "-g",
    "-u",
    "-k",
    "-O",
    "-G",
    "-N",
    "-t",
}
_DECLARED = {"-x", "-r", "-a", "-A", "-g", "-p", "-l", "-u", "-f", "-F"}


# the shell's own commands have no command line that others could see
_SECRET_IN = {"echo": "exposes-env", "printf": "exposes-env", "[": "secret", "test": "secret"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One simple command for the judges. `text`: what is written to its input, when the script says; `fed`: something is."""

    words: list[Word]
    text: str | None = None
    fed: bool = False
    last: bool = False


class Judge(Protocol):
    """Whoever knows what commands do."""

    @property
    def table(self) -> Table:
        """The list in use."""

    def __call__(self, call: Call) -> Ruling:
        """The ruling on one command."""

    def behind(self, call: Call, at: int, *tags: str, reason: str = "") -> Ruling:
        """The ruling on the command that starts at word `at`."""

    def script(self, text: str, *tags: str) -> Ruling:
        """The ruling on a script in a string."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One reading of one script."""

    raw: bytes
    judge: Judge
    variables: Variables
    straight: bool = True
    functions: set[str] = field(default_factory=set)
    defines: bool = False
    findings: list[Finding] = field(default_factory=list)
    loops: bool = False
    fed: bool = False
    _seen: set[int] = field(default_factory=set)

    # ------------------------------------------------------------------------------------------------- statements

    def script(self, tree: Node) -> None:
        """Read a whole tree, then make sure that nothing in it was passed over."""
        for statement in tree.get("Stmts") or ():
            self.statement(statement)
        for node in live_nodes(tree):
            if id(node) not in self._seen:
                self.refuse(node, f"{node.get('Type')} stands where nothing is known to run")

    def statements(self, nodes: Sequence[Node] | None) -> None:
        """Read statements one after the other."""
        for node in nodes or ():
            self.statement(node)

    def inside(self, statements: Sequence[Node]) -> None:
        """Read statements that run in a shell of their own, or perhaps not at all."""
        with self._apart():
            self.statements(statements)

    @contextmanager
    def _apart(self) -> Iterator[None]:
        kept, self.straight = self.straight, False
        try:
            yield
        finally:
            self.straight = kept

    def statement(self, node: Node, *, fed: bool = False, text: str | None = None, last: bool = False) -> None:
        """Read one statement with its redirections."""
        if node.get("Coprocess") or node.get("Disown"):
            self.refuse(node, "a coprocess")
        rulings, given, feeds = redirections(self, node.get("Redirs") or ())
        text, fed = (given, True) if feeds else (text, fed)
        command = node.get("Cmd")
        if command is not None and command.get("Type") == "CallExpr":
            with self._apart() if node.get("Background") else nullcontext():
                self._call(command, node, rulings, fed=fed or self.fed, text=text, last=last)
            return
        bad = [r for r in rulings if r.verdict is not Verdict.READ_ONLY or r.tags]
        if bad or command is None:
            self.note(node, worst(bad) if bad else harmless("only a redirection"))
        if command is None:
            return
        kept, self.fed = self.fed, self.fed or fed
        with self._apart() if node.get("Background") else nullcontext():
            self._compound(command)
        self.fed = kept

    def _compound(self, node: Node) -> None:
        self.saw(node)
        match node.get("Type"):
            case "BinaryCmd":
                self._binary(node)
            case "Block":
                self.statements(node.get("Stmts"))
            case "Subshell":
                self.inside(node.get("Stmts") or ())
            case "IfClause":
                self._if(node)
            case "WhileClause" | "ForClause":
                self._loop(node)
            case "CaseClause":
                expansion.word(self, node.get("Word"))
                for item in node.get("Items") or ():
                    for pattern in item.get("Patterns") or ():
                        expansion.word(self, pattern)
                    self.inside(item.get("Stmts") or ())
            case "FuncDecl":
                self._function(node)
            case "ArithmCmd":
                expansion.arithmetic(self, node.get("X"))
                self.note(node, harmless("arithmetic"))
            case "TestClause":
                self._test(node.get("X"))
                self.note(node, harmless("a test"))
            case "DeclClause":
                self._declaration(node)
            case "TimeClause":
                self.statements([node["Stmt"]] if node.get("Stmt") else ())
            case other:
                self.refuse(node, f"{other} is not known here")

    def _binary(self, node: Node) -> None:
        if node.get("Op") in ("&&", "||"):
            self.statement(node["X"])
            self.inside([node["Y"]])
            return
        if node.get("Op") not in ("|", "|&"):
            self.refuse(node, f"the operator {node.get('Op')}")
            return
        stages = list(stages_of(node))
        with self._apart():
            text: str | None = None
            for number, stage in enumerate(stages):
                began = len(self.findings)
                self.statement(stage, fed=number > 0, text=text, last=number + 1 == len(stages))
                text = None if self.defines else printed(stage)
                if number and len(self.findings) == began + 1:
                    self._narrow(began)

    def _narrow(self, at: int) -> None:
        """A stage that lets only chosen lines or fields through takes the secrets tag off the one before it."""
        if at and narrowed(self.findings[at].text):
            kept = self.findings[at - 1]
            tags = kept.tags - {"exposes-env"} | ({"filtered"} if "exposes-env" in kept.tags else set())
            self.findings[at - 1] = Finding(
                text=kept.text, line=kept.line, column=kept.column, verdict=kept.verdict, reason=kept.reason, tags=tags
            )

    def _if(self, node: Node) -> None:
        self.statements(node.get("Cond"))
        self.inside(node.get("Then") or ())
        other = node.get("Else")
        if other:
            with self._apart():
                self._if(other)

    def _loop(self, node: Node) -> None:
        self.loops = True
        with self._apart():
            loop = node.get("Loop")
            if node.get("Type") == "WhileClause":
                began = len(self.findings)
                self.statements(node.get("Cond"))
                if not any(f.text.startswith(("read ", "IFS= read ")) for f in self.findings[began:]):
                    self.note(node, harmless("a loop that ends when its condition does", "unbounded"), short=True)
            elif loop is not None and loop.get("Type") == "WordIter":
                self.saw(loop)
                items = expansion.words(self, loop.get("Items") or ())
                if loop.get("Items") is None:
                    items = [Word(FOREIGN)]
                for item in items:
                    self.assign(node, loop["Name"]["Value"], item, always=True)
                if node.get("Select"):
                    self.note(node, harmless("a menu", "interactive"), short=True)
            elif loop is not None and loop.get("Type") == "CStyleLoop":
                self.saw(loop)
                for part in ("Init", "Cond", "Post"):
                    expansion.arithmetic(self, loop.get(part))
                if not loop.get("Cond"):
                    self.note(node, harmless("a loop without an end", "unbounded"), short=True)
            else:
                self.refuse(node, "a loop of a kind that is not known here")
            self.statements(node.get("Do"))

    def _function(self, node: Node) -> None:
        self.loops = self.defines = True
        name = (node.get("Name") or {}).get("Value")
        with self._apart():
            self.statement(node["Body"])
        if name and self.straight:
            self.functions.add(name)
        self.note(node, harmless(f"defines the function {name}"), short=True)

    # -------------------------------------------------------------------------------------------- simple commands

    def _call(
        self, node: Node, statement: Node, rulings: list[Ruling], *, fed: bool, text: str | None, last: bool
    ) -> None:
        self.saw(node)
        given = node.get("Args") or ()
        words = expansion.words(self, given)
        reads = bool(words) and words[0].plain == "read"
        for item in node.get("Assigns") or ():
            if not (reads and item["Name"]["Value"] == "IFS" and not item.get("Append") and not item.get("Index")):
                rulings.append(self._assignment(item, alone=not given))
            elif item.get("Value"):
                expansion.word(self, item["Value"])
        self._told(words)
        if given:
            rulings.append(self._ruled(Call(words=words, text=text, fed=fed, last=last)))
            if untrusted(words):
                rulings.append(harmless("", "untrusted"))
            if any(w.secret for w in words):
                rulings.append(harmless("", _SECRET_IN.get(words[0].plain or "", "secret-in-argv")))
        ruling = worst([r for r in reversed(rulings)])
        self.note(statement, ruling, node=node)

    def _told(self, words: Sequence[Word]) -> None:
        """`read x` and `unset x` leave nothing known of x."""
        heads = {word.plain for word in words[:3]}
        if heads & {"read", "mapfile", "readarray", "unset"}:
            for word in words:
                if word.plain is not None and NAME.fullmatch(word.plain):
                    self.variables.put(word.plain, Word(FOREIGN), straight=False)

    def _ruled(self, call: Call) -> Ruling:
        name = call.words[0].plain if call.words else ""
        if name is not None and name in self.functions:
            known = self.judge(call)
            return known if known.verdict > Verdict.UNKNOWN else harmless(f"calls the function {name}")
        return self.judge(call)

    def _assignment(self, node: Node, *, alone: bool) -> Ruling:
        name = (node.get("Name") or {}).get("Value", "")
        if node.get("Index") is not None:
            expansion.arithmetic(self, node["Index"]) if node["Index"].get("Type") != "Word" else expansion.number(
                self, node["Index"]
            )
        values = [expansion.word(self, node.get("Value"))] if node.get("Value") else []
        for item in (node.get("Array") or {}).get("Elems") or ():
            if item.get("Index") is not None:
                expansion.word(self, item["Index"])
            values += expansion.words(self, [item["Value"]] if item.get("Value") else [])
        value = values[0] if len(values) == 1 and not node.get("Array") and not node.get("Append") else None
        if not alone:
            return (
                harmless("")
                if before(name, values[0] if values else Word(""))
                else unknown(f"{name}= in front of a command may change what it does")
            )
        if not NAME.fullmatch(name) or (dangerous(name) and not before(name, values[0] if values else Word(""))):
            return unknown(f"sets {shown(name)}, which programs read as commands, options or places")
        for one in values if value is None else ():
            self.variables.put(name, Word(one.text, one.loose or not one.marked, one.secret), straight=False)
        if value is not None or not values:
            self.variables.put(
                name, value or Word(""), straight=self.straight and not node.get("Array") and not node.get("Append")
            )
        return harmless(f"sets {name} in this shell only")

    def assign(self, node: Node, name: str, value: Word, *, always: bool = False) -> None:
        """Note an assignment that is no command of its own."""
        if not NAME.fullmatch(name) or dangerous(name):
            self.refuse(node, f"sets {shown(name)}, which programs read as commands, options or places")
        self.variables.put(name, value, straight=False, always=always)

    def _declaration(self, node: Node) -> None:
        rulings = [harmless(f"{node['Variant']['Value']}: this shell only")]
        if node["Variant"]["Value"] not in ("declare", "typeset", "local", "export", "readonly"):
            rulings.append(unknown(f"{node['Variant']['Value']} is not known here"))
        named = False
        for item in node.get("Args") or ():
            if item.get("Naked") and not item.get("Name"):
                text = expansion.word(self, item.get("Value")).plain
                flags = {"-" + c for c in (text or "?")[1:]} if (text or "").startswith("-") else {"?"}
                if not flags <= _DECLARED:
                    rulings.append(unknown(f"{shown(text or '...')} is not listed"))
            elif item.get("Name") and not item.get("Naked"):
                named = True
                rulings.append(self._assignment(item, alone=True))
            else:
                named = True
        if not named:
            rulings.append(harmless("prints the variables", "exposes-env"))
        self.note(node, worst(rulings))

    def _test(self, node: Node | None) -> None:
        node = node or {}
        operator = node.get("Op", "")
        match node.get("Type", "Word"):
            case "BinaryTest" if operator in ("&&", "||"):
                self._test(node.get("X"))
                self._test(node.get("Y"))
            case "BinaryTest" if operator in _NUMERIC_TESTS:
                expansion.number(self, node["X"])
                expansion.number(self, node["Y"])
            case "BinaryTest" if operator in _TEXT_TESTS:
                expansion.word(self, node.get("X"))
                expansion.word(self, node.get("Y"))
            case "UnaryTest" if operator in _UNARY_TESTS:
                expansion.word(self, node.get("X"))
            case "UnaryTest" if operator == "!":
                self._test(node.get("X"))
            case "UnaryTest" if operator == "-v" and NAME.fullmatch(expansion.word(self, node.get("X")).plain or ""):
                pass
            case "ParenTest":
                self._test(node.get("X"))
            case "Word":
                expansion.word(self, node)
            case _:
                self.refuse(node, f"the test {operator} is not listed")

    # ------------------------------------------------------------------------------------------------------- notes

    def saw(self, node: Node) -> None:
        """Note that a node was looked at."""
        self._seen.add(id(node))

    def refuse(self, node: Node, reason: str) -> None:
        """Note something that is not known here."""
        self.note(node, unknown(reason))

    def note(self, where: Node, ruling: Ruling, *, node: Node | None = None, short: bool = False) -> None:
        """Add a finding for a place in the script."""
        at = where.get("Pos") or {"Offset": 0, "Line": 1, "Col": 1}
        ends = [n["End"]["Offset"] for n in (where if node is None else node,) if n.get("End")]
        if node is not None:
            ends += [r["Word"]["End"]["Offset"] for r in where.get("Redirs") or () if r.get("Word")]
        text = self.raw[at["Offset"] : max(ends, default=at["Offset"])].decode("utf-8", "replace")
        self.findings.append(
            Finding(
                text=text.split("\n", 1)[0] if short else text,
                line=at["Line"],
                column=at["Col"],
                verdict=ruling.verdict,
                reason=ruling.reason,
                tags=ruling.tags,
            )
        )
