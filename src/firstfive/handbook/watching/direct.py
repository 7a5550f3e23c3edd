"""What a family can be looked at directly: ask Redis, MongoDB, the mail server or the gateway itself, where their address is known.

Called by `plan`. Takes addresses from the host's environment by their usual names, and secrets only by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firstfive.handbook.model import HttpSymptom, Runbook, Symptom
from firstfive.handbook.watching.families import families_of, words_of

DAYS_LEFT = 14  # two weeks: one working week to notice, one to renew by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """One direct look: kind and options as in a `[probes.NAME]` table."""

    kind: str
    options: Mapping[str, object]
    what: str
    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where things are: values of the environment, names of its secrets, names of log files, the site's own origin.

    `origin` is set only where the runbook speaks of Socket.IO; `sites` are the https origins of all that the page watches.
    """

    environment: Mapping[str, str]
    secrets: frozenset[str]
    logs: tuple[str, ...]
    origin: str
    sites: tuple[str, ...] = ()


def direct_looks(runbook: Runbook, symptom: Symptom, host: Host) -> Iterator[Direct]:
    """Each kind once a runbook, at the symptom that says most about it, so that one fault is not told twice."""
    done: set[str] = set()
    for family in families_of(words_of(symptom)):
        for kind in family.looks:
            if kind in _LOOKS and kind not in done and _best(runbook, kind).id == symptom.id:
                found = _LOOKS[kind](host, words_of(symptom))
                if found is not None:
                    done.add(kind)
                    yield Direct(kind=kind, options=found[0], what=found[1], family=family.id)


def _best(runbook: Runbook, kind: str) -> Symptom:
    """The symptom of a runbook that a kind of look belongs to: the one that names an address or a path, else the first."""
    choosing = [s for s in runbook.symptoms if any(kind in family.looks for family in families_of(words_of(s)))]
    naming = [s for s in choosing if isinstance(s, HttpSymptom) or (kind == "offenders" and _PATH.search(words_of(s)))]
    return (naming or choosing)[0]


_PATH = re.compile(r"(?<![\w/])/[a-z][\w/.-]+")
Found = tuple[Mapping[str, object], str] | None


def _address(environment: Mapping[str, str], name: str, port: int) -> str:
    """host:port out of NAME_HOST and NAME_PORT, or of NAME_URL or NAME_URI; empty when none is set."""
    host = environment.get(f"{name}_HOST", "")
    if host:
        return f"{host}:{environment.get(f'{name}_PORT', '') or port}"
    for key in (f"{name}_URL", f"{name}_URI", f"{name}DB_URI", f"{name}DB_URL", f"{name}_CONNECTION_STRING"):
        found = re.match(r"\w+://(?:[^@/]*@)?([\w.-]+)(?::(\d+))?", environment.get(key, ""))
        if found:
            return f"{found[1]}:{found[2] or port}"
    return ""


def _named(secrets: frozenset[str], *names: str) -> str:
    return next((name for name in names if name in secrets), "")


def _redis(host: Host, words: str) -> Found:
    address = _address(host.environment, "REDIS", 6379)
    if not address:
        return None
    password = _named(host.secrets, "REDIS_PASSWORD", "REDIS_PASS")
    options: Mapping[str, object] = {"address": address} | ({"password_env": password} if password else {})
    return options, f"PING, memory and eviction policy of Redis at {address}"


def _mongo(host: Host, words: str) -> Found:
    address = _address(host.environment, "MONGO", 27017) or _address(host.environment, "DATABASE", 27017)
    return ({"address": address}, f"hello and ping of MongoDB at {address}") if address else None


def _smtp(host: Host, words: str) -> Found:
    address = _address(host.environment, "SMTP", 587)
    if not address:
        return None
    options: dict[str, object] = {"address": address}
    password = _named(host.secrets, "SMTP_PASS", "SMTP_PASSWORD")
    if password and host.environment.get("SMTP_USER"):
        options |= {"user_env": "SMTP_USER", "password_env": password}
    options["tls"] = "implicit" if host.environment.get("SMTP_SECURE", "").lower() == "true" else "starttls"
    return options, f"a mail session at {address}, signed in and sent nothing"


def _shkeeper(host: Host, words: str) -> Found:
    url = host.environment.get("SHKEEPER_API_URL", "")
    if not url.startswith(("http://", "https://")):
        return None
    key = _named(host.secrets, "SHKEEPER_API_KEY")
    return {"url": url} | (
        {"key_env": key} if key else {}
    ), f"what the payment gateway at {url} says, judged by its body"


def _offenders(host: Host, words: str) -> Found:
    file = _access_log(host)
    if not file:
        return None
    named = _PATH.search(words)
    path = named[0] if named else ""
    where = f" on {path}" if path else ""
    return {"file": file, "path": path, "status": "401,403,429", "more_than": 30, "window": "5m"}, (
        f"addresses with more than 30 refusals{where} in 5 minutes, in {file}"
    )


def _websocket(host: Host, words: str) -> Found:
    if not host.origin:
        return None
    url = f"{host.origin}/socket.io/?EIO=4&transport=websocket"
    return {"url": url}, f"an upgrade to WebSocket through the proxy at {host.origin}"


def _sockets(host: Host, words: str) -> Found:
    file = _access_log(host)
    if not file:
        return None
    return {"file": file}, f"upgrades that fail and clients that come back again and again, in {file}"


def _certificate(host: Host, words: str) -> Found:
    named = re.search(r"https://[^/\s`]+", words)
    site = named[0] if named else next(iter(host.sites), "")
    return certificate_of(site) if site else None


def certificate_of(site: str) -> tuple[Mapping[str, object], str]:
    """The look at the certificate of an https origin: options, and one line for people."""
    return {"url": site, "days_left": DAYS_LEFT}, f"the certificate of {site}, which should last {DAYS_LEFT} days yet"


_HOST = re.compile(r"(?<![\w.@/-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?![\w.(-])", re.IGNORECASE)
_FILE = re.compile(r"\.(?:js|ts|py|sh|ya?ml|json|log|md|txt|conf|env|html?)$", re.IGNORECASE)


def _domain(host: Host, words: str) -> str:
    """The name that words speak of, else that of the first site."""
    named = next((name for name in _HOST.findall(words) if not _FILE.search(name)), "")
    return named or next((site.partition("://")[2].partition(":")[0] for site in host.sites), "")


def _dns(host: Host, words: str) -> Found:
    name = _domain(host, words)
    return ({"name": name, "record": "A"}, f"whether {name} stands in the DNS") if name else None


def _mail_records(host: Host, words: str) -> Found:
    domain = _domain(host, words)
    return ({"domain": domain}, f"SPF and DMARC of {domain}") if domain else None


def _access_log(host: Host) -> str:
    return next((name for name in host.logs if re.search(r"access|nginx|proxy|web", name, re.IGNORECASE)), "")


_LOOKS = {
    "certificate": _certificate,
    "dns": _dns,
    "mail_records": _mail_records,
    "sockets": _sockets,
    "websocket": _websocket,
    "redis": _redis,
    "mongo": _mongo,
    "smtp": _smtp,
    "shkeeper": _shkeeper,
    "offenders": _offenders,
}
