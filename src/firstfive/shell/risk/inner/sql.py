"""What SQL statements do: by their first word, by every word that writes, and by the functions they call.

Called by `languages` for psql, mysql and sqlite3. Functions are allow-listed: a SELECT may call one that changes something.
"""

from __future__ import annotations

import re

from firstfive.shell.risk.inner.lists import listed
from firstfive.shell.risk.verdict import Ruling, changing, destructive, harmless, unknown, worst

_TOKEN = re.compile(
    r"""(?x) (?P<blank>\s+) | (?P<string>'(?:[^'\\]|'')*') | (?P<quoted>"(?:[^"\\]|"")*"|`[^`\\]*`) | (?P<name>[A-Za-z_][\w$]*)
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) | (?P<end>;) | (?P<sign>::|@@|[-+*/%^<>=!~|&,.()\[\]]|@(?=\w))"""
)
_FIRST = listed("sql", "first")
_WRITES = listed("sql", "writes")
_GONE = set(["DELETE", "TRUNCATE", "DROP", "PURGE", "SHUTDOWN"])
_KNOWN_WRITES = _WRITES - set(
    ["SHARE", "PROCEDURE", "ANALYSE", "HANDLER", "FETCH", "DECLARE", "PREPARE", "COMMENT", "REPLACE"]
)
_BEFORE_PAREN = listed("sql", "before_paren")
_CALLS = listed("sql", "functions")
_META = re.compile(
    r"\\(?:l|list|d|dt|di|dv|dm|ds|df|dn|du|dg|dx|dp|dT|dS|dy|dO|db|dD|dF|dL|dRp|dRs|z|conninfo|timing|x|q|h|\?|echo|encoding|sf|sv|drds|dPt|dP)"
    r"[S+]*(?:\s+[\w.*?+\"-]+)*\s*;?\s*"
)


def sql(text: str, *, psql: bool = False) -> Ruling:
    """SQL statements, `\\G` at the end of one allowed; with `psql` also its listed backslash commands."""
    stripped = text.strip()
    if psql and "\\" in stripped:
        return worst(_meta_line(line) for line in stripped.splitlines() if line.strip())
    stripped = re.sub(r"\\G\s*(?=;?\s*$)", "", stripped)
    if not stripped:
        return harmless("no statement")
    statements: list[list[tuple[str, str]]] = [[]]
    at = 0
    while at < len(stripped):
        if stripped.startswith(("--", "/*", "#"), at):
            return unknown("sql: a comment, which the servers read differently")
        found = _TOKEN.match(stripped, at)
        if found is None:
            return unknown(f"sql: {stripped[at]!r} is not read here")
        at = found.end()
        if found.lastgroup == "end":
            statements.append([])
        elif found.lastgroup != "blank":
            statements[-1].append((str(found.lastgroup), found.group()))
    return worst(_statement(s) for s in statements if s)


def _meta_line(line: str) -> Ruling:
    if line.lstrip().startswith("\\"):
        return (
            harmless("psql: describes")
            if _META.fullmatch(line.strip())
            else unknown("psql: a backslash command that is not listed")
        )
    return unknown("psql: a backslash inside a statement") if "\\" in line else sql(line)


def _statement(tokens: list[tuple[str, str]]) -> Ruling:
    first = tokens[0][1].upper()
    while tokens[0][1] == "(" and len(tokens) > 1:
        tokens = tokens[1:]
        first = tokens[0][1].upper()
    names = [text.upper() for kind, text in tokens if kind == "name"]
    if first in _KNOWN_WRITES and tokens[0][0] == "name" and first not in _FIRST:
        return destructive(f"sql: {first}") if first in _GONE else changing(f"sql: {first}")
    if first not in _FIRST:
        return unknown(f"sql: {tokens[0][1][:20]} is not listed")
    if first == "SHOW":
        return harmless("sql: SHOW") if "INTO" not in names else unknown("sql: INTO")
    for index, (kind, text) in enumerate(tokens):
        upper = text.upper()
        follows = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        member = index > 0 and tokens[index - 1][1] == "."
        if kind == "name" and upper in _WRITES and not member and not (follows == "(" and text.lower() in _CALLS):
            return (
                destructive(f"sql: {upper}")
                if upper in _GONE
                else changing(f"sql: {upper}")
                if upper in _KNOWN_WRITES
                else unknown(f"sql: {upper}")
            )
        if (
            follows == "("
            and kind in ("name", "quoted")
            and not (kind == "name" and not member and (upper in _BEFORE_PAREN or text.lower() in _CALLS))
        ):
            if (
                kind == "name"
                and member
                and text.lower() in _CALLS
                and tokens[index - 2][1].lower() in ("pg_catalog", "information_schema")
            ):
                continue
            if _named_by_with(tokens, index):
                continue
            return unknown(f"sql: the function {text} is not listed")
    if "PG_SLEEP" in names or "SLEEP" in names:
        return unknown("sql: sleeps")
    return harmless(f"sql: {first} only reads")


def _named_by_with(tokens: list[tuple[str, str]], index: int) -> bool:
    """Whether `name (columns)` is the head of a WITH query."""
    if tokens[index][0] != "name" or index == 0 or tokens[index - 1][1].upper() not in ("WITH", ",", "RECURSIVE"):
        return False
    depth = 0
    for place in range(index + 1, len(tokens)):
        depth += (tokens[place][1] == "(") - (tokens[place][1] == ")")
        if depth == 0:
            return tokens[place + 1][1].upper() == "AS" if place + 1 < len(tokens) else False
    return False
