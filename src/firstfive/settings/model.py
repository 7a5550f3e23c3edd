"""What a team sets, as frozen values; every path in them is absolute.

Made by `toml_file`; read by `app`, `web` and `cli`. Holds no reading and no rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from firstfive.incident.oncall import Schedule

PORT = 8455


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """Where commands run. `workdir` is absolute; `env_file` holds `KEY=VALUE` lines that steps may use by name.

    `kind` is `local` or `ssh`; `host` is the ssh alias or name, resolved as ssh_config says. For ssh, `env_file` is a path on the
    host and `config_file`, `known_hosts` replace the person's own when set. `lab` marks a target on which drills may do harm.
    """

    kind: str
    workdir: Path
    env_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    path: tuple[Path, ...] = ()
    host: str = ""
    config_file: Path | None = None
    known_hosts: Path | None = None
    docker: str = ""
    lab: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """A look that settings add, or the parameters of one that the page asks for. `options` are the keys of its kind."""

    name: str
    kind: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerSettings:
    """An error tracker that can be asked: `kind` is `sentry` or `bugsink`; `token` is a secret, read from `token_env` of the env file."""

    name: str
    kind: str
    url: str
    project: str
    organisation: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSettings:
    """A sign of life that must keep coming: silence for `every` + `grace` is an alert."""

    name: str
    every: timedelta
    grace: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Data that can be restored: its container, the folder `data`, the pattern `backups` of tar archives, and whom to `stop` meanwhile."""

    name: str
    container: str
    data: str
    backups: str
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSettings:
    """What packs may do: `never` are addresses and networks that are never blocked, `block` the way to block, `zone` Cloudflare's id of
    the zone, `nginx` the words that call it on the target, `websocket_path` the path whose connections it has to let through.

    `offer` are changes that are offered without being asked for. `keep` are Compose's files and `keep_nginx` nginx's whose good versions
    are kept (one is good that stood `settled`); `nginx_blocks` is a file that nginx includes; `logs` are patterns of logs that may be
    emptied; `restore` is data with its backups.
    """

    never: tuple[str, ...] = ()
    block: str = "nftables"
    zone: str = ""
    nginx: tuple[str, ...] = ("nginx",)
    websocket_path: str = "/socket.io/"
    nginx_blocks: str = ""
    offer: frozenset[str] = frozenset()
    keep: tuple[str, ...] = ()
    keep_nginx: tuple[str, ...] = ()
    settled: timedelta = timedelta(minutes=10)
    logs: tuple[str, ...] = ()
    restore: tuple[StoreSettings, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """One way to tell people: `kind` and the keys of its table, with secrets in place of the variables that name them.

    `missing` are variables that nobody has set: such a notifier tells nobody.
    """

    name: str
    kind: str
    options: Mapping[str, str]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """Where messages go. A way is the name of a notifier, or `name:address`; `channels` are in lower case.

    `heartbeat` is an address that is asked for while all is well, so that our own silence is noticed elsewhere. `reach_test` is whether
    each way to each person is tested once a week.
    """

    channel: str = "#incidents"
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fallback: tuple[str, ...] = ()
    heartbeat: str = ""
    reach_test: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """Who may send: `tokens` maps a sender's name to its token, `secrets` to the key that its signatures are made with.

    `missing` are variables that settings name and nobody has set: what they would have opened stays shut.
    """

    tokens: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPageSettings:
    """The public status page: its name, the address it is read at, and the parts that customers know, in order.

    `folder` is where it is written, None when it is only served; `copy` is the command, word by word, that carries the folder on, and
    `copy_within` how long that may take. `report` is the address of the form with which anybody reports trouble, empty for no form.
    """

    name: str
    url: str
    components: tuple[str, ...] = ()
    folder: Path | None = None
    copy: tuple[str, ...] = ()
    copy_within: timedelta = timedelta(seconds=60)
    report: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """Where the server copies everything to once a night, None for nowhere, and how many of these copies stay."""

    folder: Path | None = None
    keep: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeSettings:
    """Where action items are filed: `kind` is github or gitlab, `project` owner/name, `url` empty for the public one; `missing` is the
    variable that is not set.
    """

    kind: str
    project: str
    token: str
    url: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSettings:
    """A person and where they are reached; an empty text is an address that nobody gave.

    `aliases` are the other names by which the page, calendars and chats call them.
    """

    name: str
    aliases: tuple[str, ...] = ()
    email: str = ""
    matrix: str = ""
    slack: str = ""
    telegram: str = ""
    ntfy: str = ""
    pagerduty: str = ""
    apprise: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """An on-call schedule as written, and the calendar file whose events stand below its overrides.

    `zone` is what a time without an offset means; None when the schedule names no zone.
    """

    schedule: Schedule
    calendar: Path | None = None
    zone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidaySettings:
    """Whose holidays and weekend count: ISO 3166 codes; no country means Monday to Friday without holidays."""

    country: str = ""
    subdivision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """An identity provider that vouches for people. `roles` maps a value of `role_claim` to a role; who has none gets in as nobody.

    `name_claim` holds the person's name; `client_secret` is a secret; `label` is what its button says.
    """

    issuer: str
    client_id: str
    client_secret: str = ""
    name_claim: str = "preferred_username"
    role_claim: str = "groups"
    roles: Mapping[str, str] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a team sets. Paths are absolute; `file` is where it was read from, None when all is default.

    `alone` is set when a page itself was named: then only it and the pages that it links to are read.
    `address` is how people reach the room through a proxy, empty when they do not.
    `allow` are networks that probes may look at beside what the page and settings name; `docker` is the Engine's socket, empty for
    the usual one when it is there; `pin_images` lets the ledger keep what a roll-back needs under a tag of its own.
    `status_page` is None when there is none for the public. With `tls_cert` and `tls_key` the room speaks TLS itself; `proxies` are
    addresses whose word about the client is taken. `token` is what the command line shows the room in place of its key,
    `server` the address of one elsewhere that it asks, empty for none.
    """

    file: Path | None
    vault: Path
    page: str
    alone: bool
    state: Path
    database: str
    host: str = "127.0.0.1"
    port: int = PORT
    address: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxies: tuple[str, ...] = ()
    oidc: OidcSettings | None = None
    token: str = ""
    server: str = ""
    probe_interval: timedelta = timedelta(seconds=2)
    log_quiet: timedelta = timedelta(seconds=60)
    deploy_grace: timedelta = timedelta(seconds=20)
    resolve_after: timedelta = timedelta(minutes=10)
    update_every: timedelta = timedelta(minutes=15)
    escalate_after: timedelta = timedelta(minutes=15)
    channel: str = "#incidents"
    postmortem_folder: str = ""
    postmortem_commit: bool = False
    targets: Mapping[str, TargetSettings] = field(default_factory=dict)
    default_target: str = "local"
    logs: Mapping[str, Path] = field(default_factory=dict)
    deploys: Mapping[str, Path] = field(default_factory=dict)
    risk: Mapping[str, Any] = field(default_factory=dict)
    lexicon: Mapping[str, str] = field(default_factory=dict)
    inherited: Mapping[str, str] = field(default_factory=dict)
    person: str = "operator"
    variables: Mapping[str, str] = field(default_factory=dict)
    cache: Path = Path("/nonexistent")
    one_fault: timedelta = timedelta(minutes=2)
    probes: tuple[ProbeSettings, ...] = ()
    allow: tuple[str, ...] = ()
    docker: str = ""
    pin_images: bool = False
    trackers: tuple[TrackerSettings, ...] = ()
    heartbeats: tuple[HeartbeatSettings, ...] = ()
    intake: IntakeSettings = field(default_factory=IntakeSettings)
    notifiers: tuple[NotifierSettings, ...] = ()
    notify: NotifySettings = field(default_factory=NotifySettings)
    packs: PackSettings = field(default_factory=PackSettings)
    severity: Mapping[str, int] = field(default_factory=dict)
    status_page: StatusPageSettings | None = None
    forge: ForgeSettings | None = None
    backup: BackupSettings = field(default_factory=BackupSettings)
    people: Mapping[str, PersonSettings] = field(default_factory=dict)
    oncall: tuple[ScheduleSettings, ...] = ()
    holidays: HolidaySettings = field(default_factory=HolidaySettings)
