"""Tools whose words need more than a list: find, curl, wget, ip, tar, date, docker inspect, kubectl get and a few more.

Called by `calls` for entries with a `code` key. Each takes only what it knows and is unknown for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from firstfive.shell.risk.inner.lists import listed
from firstfive.shell.risk.options import Manner, Scan, read_options, scan, shown
from firstfive.shell.risk.table import Spec
from firstfive.shell.risk.verdict import Ruling, changing, destructive, harmless, unknown, worst
from firstfive.shell.risk.walk import Call, Judge
from firstfive.shell.risk.words import FOREIGN, GIVEN, Word

Code = Callable[[Judge, Spec, Call, int], Ruling]


def scanned(spec: Spec, call: Call, at: int) -> Scan:
    """The options of an entry, read its own way."""
    return scan(call.words, at, spec.options, spec.manner)


# ------------------------------------------------------------------------------------------------------------ find

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=", re.ASCII)
_FIND_FLAGS = listed("find", "flags")
_FIND_VALUES = listed("find", "values")


def _find(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    rulings = [harmless("find: only looks")]
    words = call.words
    started = False
    while at < len(words):
        word, text = words[at], words[at].plain
        if text in _FIND_FLAGS or (text is not None and re.fullmatch(r"-O[0-3]", text)):
            at += 1
        elif text in _FIND_VALUES:
            at += 2
        elif text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((i for i in range(at + 1, len(words)) if words[i].text in (";", "+")), len(words))
            inner = [Word(w.text.replace("{}", "./" + FOREIGN)) if "{}" in w.text else w for w in words[at + 1 : end]]
            rulings.append(judge.behind(Call(words=inner), 0, reason="find -exec: "))
            at = end + 1
        elif text in ("-delete", "-fprint", "-fprint0", "-fprintf", "-fls"):
            rulings.append(destructive("find -delete") if text == "-delete" else changing(f"find {text} writes a file"))
            at += 1
        elif text is not None and text.startswith("-"):
            rulings.append(unknown(f"find {shown(text)} is not listed"))
            at += 1
        else:
            if word.text[:1] in (GIVEN, FOREIGN, "\ue004") or (word.loose and FOREIGN in word.text):
                rulings.append(unknown("find with a word that could turn out to be an action"))
            if not started and word.text in ("/", "~"):
                rulings.append(harmless("", "heavy"))
            started = True
            at += 1
    return worst(rulings)


# ------------------------------------------------------------------------------------------------------------ curl

_HEADER = re.compile(
    r"(?i)(?:authorization|cookie|[\w-]*(?:api-?key|token|secret|auth)[\w-]*)\s*:\s*(?P<value>.+)", re.DOTALL
)
_URL = re.compile(
    r"(?i)(?!file:|ftps?:|smtps?:|imaps?:|pop3s?:|scp:|sftp:|tftp:|telnet:|gopher:|dict:|ldaps?:|mqtt:|rtsp:|smb:|ws).*",
    re.DOTALL,
)


def _curl(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    rulings = [found.ruling(), harmless("curl: asks, sends nothing", "network")]
    for name, value in found.options:
        text = value.text if value is not None else ""
        if name in ("-H", "--header"):
            if text.startswith("@"):
                rulings.append(unknown("curl -H @file"))
            if re.match(r"(?i)x-(?:http-)?method", text):
                rulings.append(unknown("a header that overrides the method"))
            told = _HEADER.match(text)
            if told and told["value"].strip():
                rulings.append(harmless("", "secret-in-argv"))
        if name in ("-w", "--write-out") and (text.startswith("@") or "output{" in text):
            rulings.append(unknown("curl -w with a file"))
        if name in ("-o", "--output") and text not in ("/dev/null", "-", "/dev/stdout"):
            rulings.append(changing(f"curl writes {shown(text)}"))
    if (found.has("-d", "--data", "--data-urlencode", "--data-raw", "--data-binary")) and not found.has("-G", "--get"):
        rulings.append(changing("curl sends data"))
    if any(v is not None and v.text.startswith("@") for n, v in found.options if n.startswith(("-d", "--data"))):
        rulings.append(unknown("curl sends a file"))
    if any(v is not None and "@" in v.text.partition("=")[0] for n, v in found.options if n == "--data-urlencode"):
        rulings.append(unknown("curl sends a file"))
    for word in (*found.operands, *(v for n, v in found.options if n == "--url" and v is not None)):
        rulings += _address(word)
    return worst(rulings)


def _address(word: Word) -> list[Ruling]:
    found: list[Ruling] = []
    if not _URL.fullmatch(word.text) or word.text.startswith("@"):
        found.append(unknown(f"{shown(word.text)} is no web address"))
    if re.match(r"(?i)https?://[^/@:]+:[^/@]+@", word.text):
        found.append(harmless("", "secret-in-argv"))
    if re.search(
        r"[?&;/](?:cmd|exec|action|delete|reset|shutdown|restart|reload|quit|quitquitquit)(?:[=&]|$)|/_shutdown|/-/(?:reload|quit)",
        word.text,
    ):
        found.append(unknown("an address that sounds like an order"))
    return found


def _wget(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    output = found.value("-O", "--output-document")
    rulings = [found.ruling(), harmless("wget: asks, keeps nothing", "network")]
    if output is not None and output.text not in ("-", "/dev/null", "/dev/stdout"):
        rulings.append(changing(f"wget writes {shown(output.text)}"))
    if output is None and not found.has("--spider", "--version", "--help", "-V"):
        rulings.append(changing("wget writes a file"))
    for name, value in found.options:
        if name == "--header" and value is not None and _HEADER.match(value.text):
            rulings.append(harmless("", "secret-in-argv"))
    for word in found.operands:
        rulings += _address(word)
    return worst(rulings)


# ---------------------------------------------------------------------------------------------------------------- ip

_IP_OPTIONS = read_options(
    "-4 -6 -0 -s -stats -statistics -d -details -o -oneline -br -brief -c= -color= -j -json -p -pretty -h -human"
    " -r -resolve -t -ts -n: -netns: -f: -family: -V -N -a -all"
)
_IP_OBJECTS = (
    "address",
    "addrlabel",
    "link",
    "route",
    "rule",
    "neighbor",
    "neighbour",
    "maddress",
    "mroute",
    "tunnel",
    "netns",
    "xfrm",
    "tcp_metrics",
    "token",
    "macsec",
    "vrf",
    "nexthop",
    "netconf",
    "l2tp",
    "fou",
    "sr",
    "mptcp",
)
_IP_SHORT = {
    "a": "address",
    "addr": "address",
    "l": "link",
    "r": "route",
    "ro": "route",
    "ru": "rule",
    "n": "neighbor",
    "neigh": "neighbor",
    "m": "maddress",
    "t": "tunnel",
    "x": "xfrm",
}
_IP_READS = {"show", "list", "lst", "ls", "sh", "get", "get-prefix", "identify", "pids", "count", "help"}


def _ip(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scan(call.words, at, _IP_OPTIONS, Manner(stop=True, single=True))
    rest = [w.plain for w in call.words[found.rest :]]
    if not rest:
        return worst((found.ruling(), harmless("ip: prints help")))
    if None in rest[:2]:
        return unknown("ip with a word that is only known when it runs")
    first = str(rest[0])
    thing = _IP_SHORT.get(first) or next((o for o in _IP_OBJECTS if o.startswith(first) and len(first) > 2), None)
    if thing == "netns" and rest[1:2] == ["exec"] and len(rest) > 3:
        return worst((found.ruling(), judge.behind(call, found.rest + 3, "container")))
    if first in ("monitor", "mon"):
        return worst((found.ruling(), harmless("ip monitor: follows", "unbounded")))
    if thing is None:
        return unknown(f"ip {shown(first)} is not listed")
    verb = rest[1] if len(rest) > 1 else "show"
    if thing == "xfrm":
        verb = rest[2] if len(rest) > 2 else "unknown"
    if verb in _IP_READS:
        return worst((found.ruling(), harmless(f"ip {thing} {verb}: only reads (code ip)")))
    if verb in ("flush", "del", "delete", "d", "f"):
        return destructive(f"ip {thing} {verb}")
    if verb in ("add", "change", "replace", "set", "append", "a", "s", "up", "down", "prepend", "test"):
        return changing(f"ip {thing} {verb}")
    return unknown(f"ip {thing} {shown(str(verb))} is not listed")


# ------------------------------------------------------------------------------------------------------------ others


def _tar(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    words = list(call.words)
    if at < len(words) and re.fullmatch(r"[a-zA-Z]+", words[at].text):
        words[at] = Word("-" + words[at].text)
    found = scanned(spec, replace(call, words=words), at)
    if found.has("-t", "--list") and not found.has("-x", "-c", "-r", "-u", "-A", "-d"):
        return worst((found.ruling(), harmless("tar: lists")))
    return worst((found.ruling(), changing("tar packs or unpacks")))


def _date(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    if any(not w.text.startswith("+") for w in found.operands):
        return worst((found.ruling(), changing("date with a time sets the clock")))
    return worst((found.ruling(), harmless("date: prints")))


def _crontab(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    if found.has("-l") and not found.has("-r", "-e") and not found.operands:
        return worst((found.ruling(), harmless("crontab -l: prints")))
    if found.has("-e"):
        return changing("crontab -e opens an editor", "editor", "interactive")
    return destructive("crontab -r removes it") if found.has("-r") else changing("crontab replaces the table")


def _service(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    words = [w.plain for w in call.words[at:]]
    if words == ["--status-all"] or (len(words) == 2 and words[1] == "status" and words[0] is not None):
        return harmless("service status: only reads")
    if len(words) == 2 and words[1] in (
        "start",
        "stop",
        "restart",
        "reload",
        "force-reload",
        "condrestart",
        "try-restart",
    ):
        return changing(f"service {words[1]}")
    return unknown("service with an action that is not listed")


def _ps(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """ps has no option that changes anything; `e` in the BSD style shows environments."""
    first = call.words[at].plain if len(call.words) > at else ""
    shows = bool(first) and not str(first).startswith("-") and "e" in str(first)
    return harmless("ps: only looks", *(("exposes-env",) if shows else ()))


def _top(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    if found.has("-b"):
        return worst((found.ruling(), harmless("top -b: prints", *(() if found.has("-n") else ("unbounded",)))))
    if found.has("-l"):
        return worst((found.ruling(), harmless("top -l: prints")))
    return worst((found.ruling(), harmless("top: looks", "interactive", "unbounded")))


def _rounds(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """vmstat and its like: an interval without a count goes on for ever."""
    found = scanned(spec, call, at)
    numbers = [w for w in found.operands if (w.plain or "").isdigit() or w.marked]
    return worst((found.ruling(), harmless(f"{spec.path}: only looks", *(("unbounded",) if len(numbers) == 1 else ()))))


def _heavy_path(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    heavy = any(w.plain == "/" for w in found.operands)
    return worst((found.ruling(), harmless(f"{spec.path}: only looks", *(("heavy",) if heavy else ()))))


_SHOWS_ENV = re.compile(r"(?i)\.Config(?:\s|\}|$)|Env|json \.\s*\}|json \.Config\s*\}|\{\{\s*\.\s*\}\}")


def _inspect(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """docker inspect shows the environment unless a template picks other fields."""
    found = scanned(spec, call, at)
    template = found.value("-f", "--format")
    shows = template is None or template.text == "json" or _SHOWS_ENV.search(template.text) is not None
    return worst((found.ruling(), harmless(f"{spec.path}: only reads", *(("exposes-env",) if shows else ()))))


def _stats(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    return worst(
        (found.ruling(), harmless(f"{spec.path}: only reads", *(() if found.has("--no-stream") else ("unbounded",))))
    )


def _events(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    return worst(
        (found.ruling(), harmless(f"{spec.path}: only reads", *(() if found.has("--until") else ("unbounded",))))
    )


def _kubectl_get(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """`get` of secrets shows them in every format but the plain table; `--raw` asks the API server for a path."""
    words = list(call.words)
    raw = next(
        (i for i in range(at, len(words)) if words[i].text == "--raw" or words[i].text.startswith("--raw=")), None
    )
    rulings = [harmless(f"{spec.path}: only reads (table {spec.path.replace(' ', '.')})")]
    if raw is not None:
        path = words[raw].text.partition("=")[2] or (words[raw + 1].text if raw + 1 < len(words) else "")
        if "/proxy" in path or "/exec" in path or "/attach" in path or not re.match(r"/[\w./?=&%:-]*$", path):
            rulings.append(unknown(f"kubectl get --raw {shown(path)}"))
        words[raw : raw + (1 if "=" in words[raw].text else 2)] = []
    found = scanned(spec, replace(call, words=words), at)
    output = found.value("-o", "--output")
    secrets = any(
        re.match(r"(?i)secrets?(?:[/,.]|$)", w.text) or re.search(r",secrets?\b", w.text) for w in found.operands
    )
    if secrets and output is not None and output.text not in ("wide", "name"):
        rulings.append(harmless("", "exposes-env"))
    return worst((found.ruling(), *rulings))


def _ping(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    return worst(
        (found.ruling(), harmless("ping: asks", "network", *(() if found.has("-c", "-w") else ("unbounded",))))
    )


def _tcpdump(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    return worst((found.ruling(), harmless("tcpdump: prints", *(() if found.has("-c", "-D") else ("unbounded",)))))


def _s_client(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """It waits for typing unless something is written to it."""
    found = scanned(spec, call, at)
    if not call.fed:
        return worst((found.ruling(), unknown("openssl s_client waits for input", "interactive")))
    if call.text is None or call.text.strip() not in ("", "Q", "QUIT"):
        return worst((found.ruling(), unknown("openssl s_client sends what is written to it")))
    return worst((found.ruling(), harmless("openssl s_client: asks")))


def _rpm(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """-i and -h mean something else after -q: the mode letter decides."""
    found = scanned(spec, call, at)
    if found.has("-q", "--query", "-V", "--verify", "--version"):
        return worst((found.ruling(), harmless("rpm: asks its database")))
    return worst((found.ruling(), changing("rpm installs or removes")))


def _pm2_logs(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    found = scanned(spec, call, at)
    return worst(
        (found.ruling(), harmless(f"{spec.path}: only reads", *(() if found.has("--nostream") else ("unbounded",))))
    )


def _builder(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    """Tools that build or roll out: only asking for their version reads."""
    name = call.words[at - 1].text
    if len(call.words) == at + 1 and call.words[at].plain in ("--version", "-version", "version"):
        return harmless(f"{name}: prints its version")
    return changing(f"{name} builds or rolls out")


CODE: Mapping[str, Code] = {
    "pm2-logs": _pm2_logs,
    "builder": _builder,
    "rpm": _rpm,
    "ping": _ping,
    "tcpdump": _tcpdump,
    "s_client": _s_client,
    "inspect": _inspect,
    "stats": _stats,
    "events": _events,
    "kubectl-get": _kubectl_get,
    "service": _service,
    "ps": _ps,
    "top": _top,
    "rounds": _rounds,
    "heavy-path": _heavy_path,
    "find": _find,
    "curl": _curl,
    "wget": _wget,
    "ip": _ip,
    "tar": _tar,
    "date": _date,
    "crontab": _crontab,
}
