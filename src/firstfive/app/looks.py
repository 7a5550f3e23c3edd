"""One constructor a kind of look: options as in a `[probes.NAME]` table in, a probe out.

Part of `app`. The page's own watchers and the settings' tables are built by the same functions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from firstfive.errors import SettingsError
from firstfive.incident.signals import Deploy
from firstfive.ports import Probe, Target
from firstfive.probes.docker import Containers, EngineApi
from firstfive.probes.logs.access.offenders import Offenders
from firstfive.probes.logs.access.sockets import Sockets
from firstfive.probes.logs.follow import FileTail
from firstfive.probes.logs.symptom import LogSymptoms, Sought, Wanted
from firstfive.probes.network import Certificate, Dns, Guard, Http, MailRecords, Tcp, Websocket
from firstfive.probes.programs import Mongo, Query, Redis, Shkeeper, Smtp
from firstfive.probes.upkeep import Backup, ClockSkew, DeployMissed, Disk
from firstfive.settings import Settings, reading
from firstfive.shell.risk import judge, load_table

Options = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What constructors need beside options. `target` and `engine` are those of the default target, `newest` asks the ledger of deploys."""

    settings: Settings
    target: Target
    engine: EngineApi | None
    environment: Mapping[str, str]
    newest: Callable[[str], Awaitable[Deploy | None]]
    targets: Mapping[str, Target] = field(default_factory=dict)

    @property
    def guard(self) -> Guard:
        """Where looks over the network may go."""
        return Guard(networks=self.settings.allow)


def build(kind: str, name: str, symptom: str, options: Options, around: Around) -> Probe:
    """The probe of one look. Raises SettingsError for an option that is missing or of the wrong type."""
    given = Given(name=name, options=options, around=around)
    return KINDS[kind](name, symptom, given, around)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Options, read with the name of their table in every complaint."""

    name: str
    options: Options
    around: Around

    def wrong(self, key: str, what: str, remedy: str) -> SettingsError:
        """An option that cannot be used."""
        at = str(self.around.settings.file or "")
        return SettingsError(f"probes.{self.name}.{key} {what}", where=at, remedy=remedy)

    def text(self, key: str, default: str | None = None) -> str:
        """Text; without a default it must be there."""
        value = self.options.get(key, default)
        if not isinstance(value, str) or (default is None and not value):
            raise self.wrong(key, "is text and must be there", f'write {key} = "..."')
        return value

    def number(self, key: str, default: int) -> int:
        """A whole number."""
        value = self.options.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(key, "is a whole number", f"write {key} = {default}")
        return value

    def span(self, key: str, default: timedelta) -> timedelta:
        """A duration."""
        if key not in self.options:
            return default
        return reading.span(self.options, key, str(self.around.settings.file or ""), shown=f"probes.{self.name}")

    def secret(self, key: str) -> str:
        """The value of the variable that an option names; empty when it names none."""
        named = self.text(key, "")
        if named and named not in self.around.environment:
            raise self.wrong(
                key, f"names {named}, which is not set", f"set {named} in the environment or in the env_file"
            )
        return self.around.environment.get(named, "")

    def there(self) -> tuple[Target, str]:
        """The target that `target` names, and what its signals are about: nothing for the default one, as everywhere."""
        default = self.around.settings.default_target
        named = self.text("target", default)
        if named == default:
            return self.around.target, ""
        found = self.around.targets.get(named)
        if found is None:
            raise self.wrong("target", f"names {named}, which is no target", f"add [targets.{named}]")
        return found, named

    def names(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of words, or one text of words with commas."""
        value = self.options.get(key, default)
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        if isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
            return tuple(value)
        raise self.wrong(key, "is a list of words", f'write {key} = ["..."]')


def _http(name: str, symptom: str, given: Given, around: Around) -> Probe:
    fails = frozenset(given.names("fails_when", ("timeout", "refused", "non-2xx")))
    known = {"timeout", "refused", "5xx", "non-2xx"}
    if fails - known:
        raise given.wrong("fails_when", f"knows {', '.join(sorted(known))}", 'write fails_when = ["timeout", "5xx"]')
    days = given.number("days_left", 0)
    return Http(
        name=name,
        symptom=symptom,
        url=given.text("url"),
        fails_when=fails,
        patience=given.span("patience", timedelta(seconds=3)),
        body=given.text("body", ""),
        days_left=days or None,
        guard=around.guard,
    )


def _certificate(name: str, symptom: str, given: Given, around: Around) -> Probe:
    return Certificate(
        name=name,
        symptom=symptom,
        url=given.text("url"),
        days_left=given.number("days_left", 14),
        patience=given.span("patience", timedelta(seconds=5)),
        guard=around.guard,
    )


def _tcp(name: str, symptom: str, given: Given, around: Around) -> Probe:
    patience = given.span("patience", timedelta(seconds=3))
    return Tcp(name=name, symptom=symptom, address=given.text("address"), patience=patience, guard=around.guard)


def _dns(name: str, symptom: str, given: Given, around: Around) -> Probe:
    record, value = given.text("record", "A"), given.text("value", "")
    return Dns(name=name, symptom=symptom, domain=given.text("name"), record=record, value=value)


def _mail_records(name: str, symptom: str, given: Given, around: Around) -> Probe:
    return MailRecords(name=name, symptom=symptom, domain=given.text("domain"), selector=given.text("selector", ""))


def _websocket(name: str, symptom: str, given: Given, around: Around) -> Probe:
    patience = given.span("patience", timedelta(seconds=5))
    return Websocket(name=name, symptom=symptom, url=given.text("url"), patience=patience, guard=around.guard)


def _redis(name: str, symptom: str, given: Given, around: Around) -> Probe:
    user, password = given.secret("user_env"), given.secret("password_env")
    return Redis(
        name=name, symptom=symptom, address=given.text("address"), user=user, password=password, guard=around.guard
    )


def _mongo(name: str, symptom: str, given: Given, around: Around) -> Probe:
    return Mongo(name=name, symptom=symptom, address=given.text("address"), guard=around.guard)


def _smtp(name: str, symptom: str, given: Given, around: Around) -> Probe:
    tls = given.text("tls", "starttls")
    if tls not in ("starttls", "implicit", "none"):
        raise given.wrong("tls", f"{tls!r} is not known", 'there are "starttls", "implicit" and "none"')
    user, password = given.secret("user_env"), given.secret("password_env")
    return Smtp(
        name=name,
        symptom=symptom,
        address=given.text("address"),
        user=user,
        password=password,
        tls=tls,
        guard=around.guard,
    )


def _shkeeper(name: str, symptom: str, given: Given, around: Around) -> Probe:
    return Shkeeper(name=name, symptom=symptom, url=given.text("url"), key=given.secret("key_env"), guard=around.guard)


def _query(name: str, symptom: str, given: Given, around: Around) -> Probe:
    command = given.text("command")
    verdict = judge(command, table=load_table(around.settings.risk or None))
    if not verdict.auto:
        raise given.wrong(
            "command", "is not known to be read-only, so it is not run by itself", "firstfive risk -c says why"
        )
    target, host = given.there()
    return Query(
        name=name,
        symptom=symptom,
        target=target,
        host=host,
        command=command,
        more_than=given.number("more_than", 0),
        unit=given.text("unit", ""),
        every=given.span("every", timedelta(minutes=1)),
    )


def _disk(name: str, symptom: str, given: Given, around: Around) -> Probe:
    target, host = given.there()
    return Disk(
        name=name,
        symptom=symptom,
        target=target,
        path=given.text("path", "/"),
        more_than=given.number("more_than", 80),
        host=host,
    )


def _backup(name: str, symptom: str, given: Given, around: Around) -> Probe:
    older = given.span("older_than", timedelta(hours=24))
    target, host = given.there()
    return Backup(name=name, symptom=symptom, target=target, files=given.text("files"), older_than=older, host=host)


def _deploy_missed(name: str, symptom: str, given: Given, around: Around) -> Probe:
    older = given.span("older_than", timedelta(days=7))
    return DeployMissed(
        name=name, symptom=symptom, subject=given.text("subject"), newest=around.newest, older_than=older
    )


def _clock(name: str, symptom: str, given: Given, around: Around) -> Probe:
    target, host = given.there()
    return ClockSkew(
        name=name, symptom=symptom, target=target, more_than=given.span("more_than", timedelta(seconds=5)), host=host
    )


def log_file(named: str, settings: Settings) -> Path:
    """A log by the name that settings give it, else by its path beside the settings."""
    home = settings.file.parent if settings.file else settings.vault
    return settings.logs.get(named, home / named)


def _offenders(name: str, symptom: str, given: Given, around: Around) -> Probe:
    return Offenders(
        name=name,
        symptom=symptom,
        lines=FileTail(path=log_file(given.text("file"), around.settings)),
        path=given.text("path", ""),
        statuses=frozenset(int(word) for word in given.names("status", ("401", "403", "429")) if word.isdigit()),
        more_than=given.number("more_than", 30),
        window=given.span("window", timedelta(minutes=5)),
    )


def _sockets(name: str, symptom: str, given: Given, around: Around) -> Probe:
    return Sockets(
        name=name,
        symptom=symptom,
        lines=FileTail(path=log_file(given.text("file"), around.settings)),
        path=given.text("path", "/socket.io/"),
        more_than=given.number("more_than", 10),
    )


def _log(name: str, symptom: str, given: Given, around: Around) -> Probe:
    regex = given.options.get("regex") is True
    wanted = Wanted(
        symptom=symptom,
        sought=(Sought(text=given.text("pattern"), regex=regex),),
        per_minute=given.number("per_minute", 0),
    )
    tail = FileTail(path=log_file(given.text("file"), around.settings))
    settings = around.settings
    return LogSymptoms(
        name=name, lines=tail, wanted=(wanted,), quiet=settings.log_quiet, cache=settings.cache / "patterns"
    )


def _container(name: str, symptom: str, given: Given, around: Around) -> Probe:
    if around.engine is None:
        raise given.wrong("kind", "needs a Docker Engine, and none is here", '[docker] socket = "/var/run/docker.sock"')
    wanted = {symptom or name: (given.text("container"), given.text("shows", "Restarting"))}
    return Containers(name=name, engine=around.engine, wanted=wanted)


KINDS: Mapping[str, Callable[[str, str, Given, Around], Probe]] = {
    "http": _http,
    "certificate": _certificate,
    "tcp": _tcp,
    "dns": _dns,
    "mail_records": _mail_records,
    "websocket": _websocket,
    "redis": _redis,
    "mongo": _mongo,
    "smtp": _smtp,
    "shkeeper": _shkeeper,
    "query": _query,
    "disk": _disk,
    "backup": _backup,
    "deploy_missed": _deploy_missed,
    "clock": _clock,
    "offenders": _offenders,
    "sockets": _sockets,
    "log": _log,
    "container": _container,
}
