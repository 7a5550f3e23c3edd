"""Tools that run what stands in their words: shells, ssh, xargs, env, watch, su, exec in a pod.

Called by `calls` for entries with a `code` key. What they run is judged in turn; text that is only known later is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from firstfive.shell.risk.names import before
from firstfive.shell.risk.options import Manner, scan, shown
from firstfive.shell.risk.table import Spec
from firstfive.shell.risk.verdict import Ruling, Verdict, harmless, unknown, worst
from firstfive.shell.risk.walk import Call, Judge
from firstfive.shell.risk.words import BOUND, FOREIGN, GIVEN, GLOB, Word, joined

Code = Callable[[Judge, Spec, Call, int], Ruling]
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=", re.ASCII)


def _xargs(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scan(call.words, at, spec.options, spec.manner)
    if found.verdict is not Verdict.READ_ONLY:
        return found.ruling()
    inner = list(call.words[found.rest :])
    if not inner:
        return harmless("xargs: prints")
    mark = next((v.plain or "{}" for n, v in found.options if n in ("-I", "--replace", "-i") and v is not None), None)
    if mark is None and found.has("-i", "--replace"):
        mark = "{}"
    if mark:
        inner = [Word(w.text.replace(mark, FOREIGN), w.loose) for w in inner]
    else:
        inner.append(Word(FOREIGN, loose=True))
    return judge.behind(Call(words=inner), 0, "untrusted", reason="xargs: ")


def _shell(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """bash, sh and their like: `-c script`, or a script on standard input."""
    found = scan(call.words, at, spec.options, spec.manner)
    if found.verdict is not Verdict.READ_ONLY:
        return found.ruling()
    if found.has("--version", "--help"):
        return harmless("prints its version")
    rest = call.words[found.rest :]
    if found.has("-c"):
        if not rest or rest[0].loose:
            return unknown(f"{spec.path} -c with text that is only known when it runs")
        return judge.script(rest[0].text)
    if found.has("-n") and rest:
        return harmless("only checks a script's syntax")
    if rest and not found.has("-s"):
        return unknown(f"{spec.path} runs a script that is not seen here")
    if call.text is not None:
        return judge.script(call.text)
    if call.fed:
        return unknown(f"{spec.path} runs what is written to it")
    return unknown(f"{spec.path} opens a shell", "interactive")


def _ssh(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scan(call.words, at, spec.options, spec.manner)
    tags = ("remote", "network")
    if found.verdict is not Verdict.READ_ONLY:
        return found.ruling()
    for name, value in found.options:
        text = value.text if value is not None else ""
        if name == "-o" and not _SSH_OPTION.fullmatch(text):
            return unknown(f"ssh -o {shown(text)} is not listed", *tags)
    if found.has("-V", "-G", "-Q"):
        return harmless("ssh: only prints")
    rest = call.words[found.rest :]
    extra = ("needs-tty",) if found.has("-t") else ()
    host = found.operands[0] if found.operands else None
    if host is None or GLOB in host.text or host.text[:1] == FOREIGN or host.text.startswith("-"):
        return unknown("ssh to a host that is only known when it runs", *tags)
    if not rest:
        if call.text is not None:
            return judge.script(call.text, *tags)
        return unknown("ssh opens a shell", *(("interactive",) if not call.fed else ()), *tags)
    typed = joined(rest)
    if typed.loose or any(mark in typed.text for mark in (GIVEN, FOREIGN, BOUND)):
        return unknown("ssh runs text that is only known when it runs", *tags)
    readings = [typed.text]
    if host.loose and len(rest) > 1:
        readings.append(joined(rest[1:]).text)
    ruling = worst(judge.script(text, *tags, *extra) for text in readings)
    return Ruling(ruling.verdict, f"ssh: {ruling.reason}", ruling.tags)


_SSH_OPTION = re.compile(
    r"(?i)(?:BatchMode|ConnectTimeout|ConnectionAttempts|StrictHostKeyChecking|ServerAliveInterval|ServerAliveCountMax|LogLevel|User|Port|HostName"
    r"|IdentitiesOnly|IdentityFile|PreferredAuthentications|PasswordAuthentication|PubkeyAuthentication|AddressFamily|Compression|RequestTTY"
    r"|UserKnownHostsFile|GlobalKnownHostsFile|NumberOfPasswordPrompts)[ =][\w./~%@:-]+"
)


def _exec_in(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """`kubectl exec POD -- command`: what stands behind the dashes, or behind the pod."""
    found = scan(call.words, at, spec.options, Manner(stop=True, count=1))
    words = call.words
    dashes = next((i for i in range(at, len(words)) if words[i].text == "--"), None)
    if dashes is not None:
        found = scan(words[:dashes], at, spec.options, Manner(calm=True))
        found.rest = dashes + 1
    if found.verdict is not Verdict.READ_ONLY:
        return found.ruling()
    if dashes is not None and len(found.operands) > 1:
        return unknown(f"{spec.path} with words between its pod and the dashes")
    if any((w.loose and w.foreign) or GLOB in w.text for w in words[at : found.rest]):
        return unknown(f"{spec.path} with words that are only known when it runs")
    tags = {"container", *found.tags}
    if found.rest >= len(words):
        return unknown(f"{spec.path} opens a shell", "interactive", *tags)
    inner = judge.behind(call, found.rest, *tags, reason=f"{spec.path}: ")
    return inner


def _env(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """env without a command prints the environment."""
    found = scan(call.words, at, spec.options, spec.manner)
    if found.verdict is not Verdict.READ_ONLY:
        return found.ruling()
    start = found.rest
    rulings = [found.ruling()]
    while start < len(call.words) and (given := _ASSIGNMENT.match(call.words[start].text)):
        if not before(given[1], call.words[start].tail(len(given[1]) + 1)):
            rulings.append(unknown(f"{given[1]}= in front of a command may change what it does"))
        start += 1
    if start >= len(call.words):
        return worst((*rulings, harmless("prints the environment", "exposes-env")))
    return worst((judge.behind(call, start), *rulings))


def _su(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scan(call.words, at, spec.options, Manner())
    script = found.value("-c")
    if found.verdict is not Verdict.READ_ONLY or script is None or script.loose:
        return worst((found.ruling(), unknown(f"{call.words[at - 1].text} opens a shell", "interactive")))
    return judge.script(script.text)


def _watch(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scan(call.words, at, spec.options, spec.manner)
    typed = joined(call.words[found.rest :])
    if found.verdict is not Verdict.READ_ONLY or typed.loose or not typed.text:
        return worst((found.ruling(), unknown("watch with words that are only known when it runs")))
    return judge.script(typed.text, "unbounded")


def _interpreter(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    name = call.words[at - 1].text
    if len(call.words) == at + 1 and call.words[at].plain in ("--version", "-V", "-v", "--help"):
        return harmless(f"{name}: prints its version")
    if len(call.words) == at and not call.fed:
        return unknown(f"{name} opens a session", "interactive")
    return unknown(f"{name} runs a program that is not read here")


def _knife_ssh(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scan(call.words, at, spec.options, spec.manner)
    if found.verdict is not Verdict.READ_ONLY or len(found.operands) != 2:
        return worst((found.ruling(), unknown("knife ssh without one query and one command")))
    script = found.operands[1]
    if script.marked or script.text in ("interactive", "screen", "tmux", "macterm", "cssh"):
        return unknown("knife ssh opens a session")
    ruling = judge.script(script.text, "remote", "network")
    return Ruling(ruling.verdict, f"knife ssh: {ruling.reason}", ruling.tags)


CODE: Mapping[str, Code] = {
    "knife-ssh": _knife_ssh,
    "xargs": _xargs,
    "shell": _shell,
    "ssh": _ssh,
    "exec": _exec_in,
    "env": _env,
    "su": _su,
    "watch": _watch,
    "interpreter": _interpreter,
}
