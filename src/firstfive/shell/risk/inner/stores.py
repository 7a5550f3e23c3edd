"""What commands to Redis and to the mongo shell do.

Called by `languages`. Redis commands are allow-listed; a mongo script must be chains of listed calls on literals, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from firstfive.shell.risk.inner.lists import listed, pairs
from firstfive.shell.risk.verdict import Ruling, changing, destructive, harmless, unknown, worst

_REDIS_READS = listed("redis", "reads")
_REDIS_PAIRS = pairs("redis")
_REDIS_HEAVY = {"KEYS", "SMEMBERS", "HGETALL", "LRANGE"}
_REDIS_GONE = listed("redis", "removes")
_REDIS_CHANGES = listed("redis", "changes")


def redis(words: Sequence[str]) -> Ruling:
    """One Redis command. An element that is only known when it runs holds a mark; commands and sub-commands must not."""
    name = words[0].upper()
    second = words[1].upper() if len(words) > 1 else ""
    if name in ("KEYS", "MONITOR", "SUBSCRIBE", "PSUBSCRIBE"):
        tags = {"KEYS": ("heavy",), "MONITOR": ("heavy", "unbounded")}.get(name, ("unbounded",))
        return harmless(f"redis {name}: only reads", *tags)
    if name in _REDIS_READS:
        return harmless(
            f"redis {name}: only reads",
            *(("heavy",) if name in _REDIS_HEAVY - {"LRANGE", "HGETALL", "SMEMBERS"} else ()),
        )
    if name in _REDIS_PAIRS and second in _REDIS_PAIRS[name]:
        if (name, second) == ("ACL", "LOG") and len(words) > 2 and not words[2].isdigit():
            return changing("redis ACL LOG RESET")
        shows = name in ("CONFIG", "ACL") and any(re.search(r"pass|auth|user|\*|[\ue000-\ue00f]", w) for w in words[2:])
        return harmless(f"redis {name} {second}: only reads", *(("exposes-env",) if shows else ()))
    if name in _REDIS_GONE or (name == "DEBUG" and second != "OBJECT"):
        return destructive(f"redis {name}")
    if name in _REDIS_CHANGES:
        return changing(f"redis {name} {second}".rstrip()[:40])
    return unknown(f"redis {name[:20]} is not listed")


# ------------------------------------------------------------------------------------------------------ mongo shell

_JS = re.compile(
    r"""(?x) (?P<blank>[ \t\r]+) | (?P<line>\n) | (?P<string>"(?:\\["'\\/nt$.dwsDWS]|[^"\\\n])*"|'(?:\\["'\\/nt$.dwsDWS]|[^'\\\n])*')
    | (?P<number>\d+(?:\.\d+)?) | (?P<name>[A-Za-z_$][\w$]*) | (?P<sign>[.(){}\[\]:,;*+/-])"""
)
_CHAIN = listed("mongo", "chain")
_ROOTS = {"db", "rs", "sh"}
_COMMANDS = listed("mongo", "commands")
_EVALUATES = {"$where", "$function", "$accumulator", "$out", "$merge", "mapReduce", "mapreduce"}
_MONGO_GONE = re.compile(r"\.(?:drop\w*|delete\w*|remove\w*|shutdownServer|fsyncLock|killOp)\s*\(")
_MONGO_CHANGES = re.compile(
    r"\.(?:insert\w*|update\w*|replace\w*|save|bulkWrite|create\w*|rename\w*|set\w*|findAndModify|findOneAnd\w+|grant\w*|revoke\w*|stepDown|reconfig|add\w*|freeze|initiate|compact)\s*\("
)


class _StrangeError(Exception):
    """The script is not one of the shapes that are known."""


class _Mongo:
    """A strict reader of chains such as `db.c.find({a: 1}).count()`."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        self.tags: set[str] = set()
        place = 0
        while place < len(text):
            found = _JS.match(text, place)
            if found is None:
                raise _StrangeError(f"{text[place]!r} is not read here")
            place = found.end()
            if found.lastgroup not in ("blank",):
                self.tokens.append((str(found.lastgroup), found.group()))

    def peek(self) -> str:
        self.blank_lines()
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def blank_lines(self) -> None:
        while self.at < len(self.tokens) and self.tokens[self.at][0] == "line":
            self.at += 1

    def take(self, wanted: str = "") -> tuple[str, str]:
        self.blank_lines()
        if self.at >= len(self.tokens) or (wanted and self.tokens[self.at][1] != wanted):
            raise _StrangeError(f"expected {wanted or 'more'}")
        self.at += 1
        return self.tokens[self.at - 1]

    def script(self) -> None:
        while self.peek():
            if self.peek() == ";":
                self.take()
                continue
            if (
                self.peek() in ("use", "show")
                and self.at + 1 < len(self.tokens)
                and self.tokens[self.at + 1][0] == "name"
            ):
                self.shell_word()
            else:
                self.expression()
            if self.at < len(self.tokens) and self.tokens[self.at][1] not in (";", "\n"):
                raise _StrangeError("something follows a statement")

    def shell_word(self) -> None:
        verb, what = self.take()[1], self.take()[1]
        if verb == "show" and what not in (
            "dbs",
            "databases",
            "collections",
            "tables",
            "users",
            "roles",
            "profile",
            "logs",
        ):
            raise _StrangeError(f"show {what}")

    def expression(self) -> None:
        name = self.peek()
        if name in ("printjson", "print", "tojson"):
            self.take()
            self.take("(")
            self.argument()
            self.take(")")
            return
        if name in ("JSON", "EJSON"):
            self.take()
            self.take(".")
            self.take("stringify")
            self.take("(")
            self.argument()
            while self.peek() == ",":
                self.take()
                self.literal()
            self.take(")")
            return
        if name not in _ROOTS:
            raise _StrangeError(f"{name[:20]} is not listed")
        self.take()
        self.chain()

    def argument(self) -> None:
        if self.peek() in _ROOTS | {"JSON", "EJSON", "tojson"}:
            self.expression()
        else:
            self.literal()

    def chain(self) -> None:
        while self.peek() in (".", "["):
            if self.take()[1] == "[":
                kind, _ = self.take()
                if kind not in ("number", "string"):
                    raise _StrangeError("a computed member")
                self.take("]")
                if self.peek() == "(":
                    raise _StrangeError("a call of a computed member")
                continue
            kind, member = self.take()
            if kind != "name" or member in ("constructor", "__proto__", "prototype"):
                raise _StrangeError("a member that is not listed")
            if self.peek() == "(":
                self.call(member)

    def call(self, member: str) -> None:
        if member not in _CHAIN:
            raise _StrangeError(f"{member} is not listed")
        self.take("(")
        if member == "forEach":
            if self.take()[1] not in ("printjson", "print"):
                raise _StrangeError("forEach of a function")
            self.take(")")
            return
        first = True
        while self.peek() != ")":
            if first and member in ("adminCommand", "runCommand"):
                self.command()
            else:
                self.literal()
            first = False
            if self.peek() == ",":
                self.take()
            elif self.peek() != ")":
                raise _StrangeError("an argument that is no literal")
        self.take(")")

    def command(self) -> None:
        start = self.at
        if self.peek() == "{":
            name = self.tokens[self.at + 1][1].strip("'\"") if self.at + 1 < len(self.tokens) else ""
        else:
            name = self.peek().strip("'\"")
        if name not in _COMMANDS:
            raise _StrangeError(f"the command {name[:20]} is not listed")
        self.at = start
        self.literal()

    def literal(self) -> None:
        self.operand()
        while self.peek() in ("*", "+", "-", "/"):
            self.take()
            self.operand()

    def operand(self) -> None:
        kind, text = self.take()
        if kind == "number":
            return
        if kind == "string":
            self.mind(text[1:-1])
        elif text in ("true", "false", "null", "undefined"):
            return
        elif text == "-":
            self.operand()
        elif text == "(":
            self.literal()
            self.take(")")
        elif text == "new" or text in ("Date", "ISODate", "ObjectId", "NumberLong", "NumberInt", "Timestamp"):
            self.made(text)
        elif text == "[":
            self.members("]", named=False)
        elif text == "{":
            self.members("}", named=True)
        else:
            raise _StrangeError(f"{text[:20]} is no literal")

    def made(self, text: str) -> None:
        if text == "new":
            text = self.take()[1]
            if text not in ("Date", "ISODate", "ObjectId", "Timestamp", "NumberLong"):
                raise _StrangeError(f"new {text[:20]}")
        elif text == "Date":
            self.take(".")
            self.take("now")
        self.take("(")
        while self.peek() != ")":
            self.literal()
            if self.peek() == ",":
                self.take()
        self.take(")")

    def members(self, end: str, *, named: bool) -> None:
        while self.peek() != end:
            if named:
                kind, key = self.take()
                if kind not in ("name", "string", "number"):
                    raise _StrangeError("a key that is computed")
                self.mind(key.strip("'\""))
                self.take(":")
            self.literal()
            if self.peek() == ",":
                self.take()
            elif self.peek() != end:
                raise _StrangeError("a literal that cannot be read")
        self.take(end)

    def mind(self, text: str) -> None:
        if text in _EVALUATES or ("\\" in text and any(e in text for e in ("where", "function", "out", "merge"))):
            raise _StrangeError(f"{text[:20]} runs code or writes")


def mongo(text: str) -> Ruling:
    """A script for the mongo shell."""
    if re.search("[\ue000-\ue00f]", text):
        return unknown("mongosh: a script that is only known when it runs")
    try:
        reader = _Mongo(text)
        reader.script()
    except _StrangeError as strange:
        if _MONGO_GONE.search(text):
            return destructive("mongosh: removes something")
        if _MONGO_CHANGES.search(text):
            return changing("mongosh: changes something")
        return unknown(f"mongosh: {strange}")
    return worst((harmless("mongosh: only reads"),))
