"""What the settings say, for people to read: every section by name, and never a secret, only whether it is there.

Called by `books`. Lists what may be shown, one by one: a new setting is not shown until somebody writes it here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from firstfive.settings import Settings
from firstfive.stores import shown

Told = dict[str, Any]
Row = tuple[str, str]
# Keys of a notifier whose values say where and how, and open nothing.
OPEN_KEYS = frozenset(("url", "room", "channel", "chat", "answers", "host", "port", "tls", "sender", "to"))
THERE, GONE = "set, not shown", "named, and not set: this tells nobody"


def told(settings: Settings) -> Told:
    """`file` and `sections`, each with a `name` and its `rows` of `key` and `value`; sections that say nothing are left out."""
    sections = [
        ("The vault", _vault(settings)),
        ("Where it listens", _listens(settings)),
        ("Timing", _timing(settings)),
        ("Targets", _targets(settings)),
        ("What it looks at", _looks(settings)),
        ("Where messages go", _mouth(settings)),
        ("Who may send signals", _ears(settings)),
        ("People and on call", _people(settings)),
        ("The public status page", _status(settings)),
        ("After an incident", _after(settings)),
    ]
    filled = [(name, list(rows)) for name, rows in sections]
    return {
        "file": str(settings.file) if settings.file else None,
        "sections": [
            {"name": name, "rows": [{"key": key, "value": value} for key, value in rows]}
            for name, rows in filled
            if rows
        ],
    }


def _vault(s: Settings) -> Iterator[Row]:
    yield "vault", str(s.vault)
    yield "page", s.page or "the one that looks like an incident page"
    yield "state", str(s.state)
    yield "database", shown(s.database)


def _listens(s: Settings) -> Iterator[Row]:
    yield "host", s.host
    yield "port", str(s.port)
    yield "address", s.address or "none: people reach it directly"
    yield "TLS", str(s.tls_cert) if s.tls_cert else "none of its own"
    if s.proxies:
        yield "proxies", ", ".join(s.proxies)
    if s.oidc is not None:
        yield "identity provider", _address(s.oidc.issuer)
        yield "its client", f"{s.oidc.client_id}, secret {_secret(s.oidc.client_secret)}"


def _timing(s: Settings) -> Iterator[Row]:
    for name, span in (
        ("probe_interval", s.probe_interval),
        ("log_quiet", s.log_quiet),
        ("deploy_grace", s.deploy_grace),
        ("resolve_after", s.resolve_after),
        ("update_every", s.update_every),
        ("escalate_after", s.escalate_after),
        ("one_fault", s.one_fault),
    ):
        yield name, _span(span)


def _targets(s: Settings) -> Iterator[Row]:
    for name, one in s.targets.items():
        how = f"{one.kind} {one.host or ''}".strip()
        marks = [
            *(["a lab"] if one.lab else []),
            *(["steps that name none run here"] if name == s.default_target else []),
        ]
        names = f"; variables {', '.join(sorted(one.environment))}" if one.environment else ""
        held = f"; env file {one.env_file}" if one.env_file else ""
        yield name, f"{how} in {one.workdir}{held}{names}{'; ' if marks else ''}{', '.join(marks)}"


def _looks(s: Settings) -> Iterator[Row]:
    yield "docker", s.docker or "the usual socket, when it is there"
    yield from ((f"log {name}", str(path)) for name, path in s.logs.items())
    yield from ((f"release link {name}", str(path)) for name, path in s.deploys.items())
    yield from ((f"probe {one.name}", one.kind) for one in s.probes)
    yield from (
        (f"tracker {one.name}", f"{one.kind} at {_address(one.url)}, token {_secret(one.token)}") for one in s.trackers
    )
    if s.allow:
        yield "networks that looks may reach", ", ".join(s.allow)


def _mouth(s: Settings) -> Iterator[Row]:
    yield "channel", s.channel
    for channel, ways in s.notify.channels.items():
        yield channel, ", ".join(ways)
    if s.notify.fallback:
        yield "fallback", ", ".join(s.notify.fallback)
    for one in s.notifiers:
        said = [f"{key} {_plain(key, value)}" for key, value in sorted(one.options.items()) if value]
        lost = [f"{name}: {GONE}" for name in one.missing]
        yield f"notifier {one.name}", "; ".join([one.kind, *said, *lost])
    yield "heartbeat of its own", _address(s.notify.heartbeat) or "none: nobody notices when it is silent"
    yield "weekly test of each way", "yes" if s.notify.reach_test else "no"


def _ears(s: Settings) -> Iterator[Row]:
    yield from ((f"token of {name}", _secret(value)) for name, value in s.intake.tokens.items())
    yield from ((f"signing key of {name}", _secret(value)) for name, value in s.intake.secrets.items())
    yield from ((name, "named, and not set: this door stays shut") for name in s.intake.missing)
    yield from (
        (f"heartbeat {one.name}", f"every {_span(one.every)}, grace {_span(one.grace)}") for one in s.heartbeats
    )
    yield from ((f"severity word {word}", f"SEV-{level}") for word, level in s.severity.items())


def _people(s: Settings) -> Iterator[Row]:
    for one in s.people.values():
        ways = ("email", "matrix", "slack", "telegram", "ntfy", "pagerduty", "apprise")
        reached = [way for way in ways if getattr(one, way)]
        yield one.name, f"reached by {', '.join(reached)}" if reached else "no way to reach them"
    for plan in s.oncall:
        names = ", ".join(sorted(person.name for person in plan.schedule.people))
        yield f"schedule {plan.schedule.name}", f"{names}{f'; calendar {plan.calendar}' if plan.calendar else ''}"
    if s.holidays.country:
        yield "holidays", f"{s.holidays.country} {s.holidays.subdivision}".strip()


def _status(s: Settings) -> Iterator[Row]:
    page = s.status_page
    if page is None:
        return
    yield "name", page.name
    yield "url", _address(page.url)
    yield "components", ", ".join(page.components) or "none"
    yield "report form", _address(page.report) or "none"
    yield "written to", str(page.folder) if page.folder else "nowhere: only served"
    if page.copy:
        yield "copied on by", page.copy[0]


def _after(s: Settings) -> Iterator[Row]:
    yield "post-mortems", s.postmortem_folder or "where the page says"
    yield "put into the vault's git history", "yes" if s.postmortem_commit else "no"
    if s.forge is not None:
        yield "action items", f"{s.forge.kind} {s.forge.project}, token {_secret(s.forge.token)}"
    yield "nightly copy", f"{s.backup.folder}, {s.backup.keep} kept" if s.backup.folder else "none"


def _secret(value: str) -> str:
    return THERE if value else "not set"


def _plain(key: str, value: str) -> str:
    """The value of a key that opens nothing; of an address only where it leads, since its path may be the secret."""
    if key not in OPEN_KEYS:
        return THERE
    return _address(value) if key == "url" else value


def _address(url: str) -> str:
    """Scheme and host of an address: a path, a query or a name in it may be a secret."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""


def _span(span: timedelta) -> str:
    seconds = span.total_seconds()
    for size, word in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:g} s"
