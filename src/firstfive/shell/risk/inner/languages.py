"""Which language an argument is written in, and the tools that take such arguments.

Called by `calls`. A script with a piece that is only known when it runs is unknown: it would be read as code.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping

from firstfive.shell.risk.inner import sql, stores, text
from firstfive.shell.risk.options import Scan, scan, shown
from firstfive.shell.risk.table import Spec
from firstfive.shell.risk.verdict import Ruling, Verdict, changing, harmless, unknown, worst
from firstfive.shell.risk.walk import Call, Judge
from firstfive.shell.risk.words import FOREIGN, GLOB, MARKS, NUMBER, Word


def ruling(judge: Judge, language: str, script: Word) -> Ruling:
    """The ruling on a script in one of the inner languages."""
    known = script.text.replace(NUMBER, "0")
    if script.loose or any(c in known for c in MARKS):
        return unknown(f"{language}: a script that is only known when it runs")
    if language == "sh":
        return judge.script(known)
    return _READERS[language](known)


def _redis_lines(script: str) -> Ruling:
    rulings: list[Ruling] = [harmless("redis: nothing asked")]
    for line in script.splitlines():
        try:
            words = shlex.split(line)
        except ValueError:
            return unknown("redis: a line that cannot be read")
        if words:
            rulings.append(stores.redis(words))
    return worst(rulings)


_READERS: Mapping[str, Callable[[str], Ruling]] = {
    "sed": text.sed,
    "awk": text.awk,
    "jq": text.jq,
    "sql": sql.sql,
    "psql": lambda script: sql.sql(script, psql=True),
    "mongo": stores.mongo,
    "redis": _redis_lines,
}


def _programmed(language: str, *options: str) -> Callable[[Judge, Spec, Call, int], Ruling]:
    """A tool whose program is given by `options`, else by the first operand."""

    def rule(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
        found = scan(call.words, at, spec.options, spec.manner)
        rulings = [found.ruling()]
        programs = [v for n, v in found.options if n in options and v is not None]
        files = [*found.operands, *call.words[found.rest :]]
        if not programs and files:
            programs, files = files[:1], files[1:]
        if not programs and not found.has("--version", "--help"):
            rulings.append(harmless("jq: prints") if language == "jq" else unknown(f"{spec.path} without a program"))
        if language == "jq" and all(FOREIGN not in p.text for p in programs):
            rulings += [text.jq(p.text) for p in programs]
        else:
            rulings += [ruling(judge, language, p) for p in programs]
        for file in files:
            if re.search(r"(?:^|/)(?:\.env(?:\..*)?|shadow|environ)$", file.text) and language != "awk":
                rulings.append(harmless("", "exposes-env"))
        return worst(rulings)

    return rule


def _psql(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scan(call.words, at, spec.options, spec.manner)
    rulings = [found.ruling()]
    language = "psql" if spec.path == "psql" else "sql"
    scripts = [v for n, v in found.options if n in ("-c", "--command", "-e", "--execute") and v is not None]
    if spec.path == "sqlite3":
        scripts, found.operands = found.operands[1:], found.operands[:1]
        if any(GLOB in w.text for w in found.operands):
            return unknown("sqlite3 with a pattern that may become several words")
        if any(v.text.lstrip().startswith(".") for v in scripts):
            return _sqlite_dot(scripts, found)
    rulings += [ruling(judge, language, s) for s in scripts]
    rulings += [harmless("", "network")] if found.has("-h", "--host") else []
    if spec.path == "psql" and any(re.search(r"postgres(?:ql)?://[^:/@]+:[^@]+@", w.text) for w in found.operands):
        rulings.append(harmless("", "secret-in-argv"))
    if scripts or found.has("-l", "--list", "--version", "--help", "-V"):
        return worst(rulings)
    return worst((*rulings, _fed(judge, call, language, spec)))


def _sqlite_dot(scripts: list[Word], found: Scan) -> Ruling:
    for script in scripts:
        if not re.fullmatch(r"\.(?:tables|schema|databases|indexes|dbinfo|stats|show)(?: [\w%]+)?", script.text):
            return unknown(f"sqlite3 {shown(script.text)} is not listed")
    return worst((found.ruling(), harmless("sqlite3: describes")))


def _fed(judge: Judge, call: Call, language: str, spec: Spec) -> Ruling:
    if call.text is not None:
        return ruling(judge, language, Word(call.text))
    if call.fed:
        return unknown(f"{spec.path} runs what is written to it")
    return unknown(f"{spec.path} opens a session", "interactive")


def _redis_cli(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scan(call.words, at, spec.options, spec.manner)
    rulings = [found.ruling(), harmless("redis-cli: asks", "network")]
    words = call.words[found.rest :]
    if not words:
        if found.has(
            "--bigkeys",
            "--memkeys",
            "--hotkeys",
            "--latency",
            "--latency-history",
            "--stat",
            "--scan",
            "--version",
            "-v",
            "--help",
        ):
            return worst(rulings)
        return worst((*rulings, _fed(judge, call, "redis", spec)))
    if words[0].plain is None or any(w.loose and FOREIGN in w.text for w in words):
        return unknown("redis-cli with words that are only known when it runs")
    if len(words) == 1 and " " in words[0].text:
        return worst((*rulings, _redis_lines(words[0].text)))
    return worst((*rulings, stores.redis([w.text for w in words])))


def _mongosh(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scan(call.words, at, spec.options, spec.manner)
    rulings = [found.ruling()]
    scripts = [v for n, v in found.options if n == "--eval" and v is not None]
    rulings += [ruling(judge, "mongo", s) for s in scripts]
    for word in found.operands:
        if word.text.endswith((".js", ".mongodb")) or FOREIGN in word.text or GLOB in word.text:
            rulings.append(unknown("mongosh with a file of commands"))
        if re.search(r"mongodb(?:\+srv)?://[^:/@]+:[^@]+@", word.text):
            rulings.append(harmless("", "secret-in-argv"))
    if scripts or found.has("--version", "--help"):
        return worst(rulings)
    return worst((*rulings, _fed(judge, call, "mongo", spec)))


def _dump(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """pg_dump and its like: they read the database and write a file unless told to print."""
    found = scan(call.words, at, spec.options, spec.manner)
    if found.verdict is Verdict.READ_ONLY and found.has("--version", "--help", "-V"):
        return harmless(f"{spec.path}: prints its version")
    return worst((found.ruling(), changing(f"{spec.path} writes a copy", "heavy")))


CODE: Mapping[str, Callable[[Judge, Spec, Call, int], Ruling]] = {
    "sed": _programmed("sed", "-e", "--expression"),
    "awk": _programmed("awk"),
    "jq": _programmed("jq"),
    "sql": _psql,
    "redis-cli": _redis_cli,
    "mongosh": _mongosh,
    "dump": _dump,
}
