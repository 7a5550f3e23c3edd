"""firstfive.toml and the environment: what is read, where it is found, and how each slip is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from firstfive import settings
from firstfive.errors import Exit, SettingsError
from firstfive.settings import FILE, StatusPageSettings, TargetSettings, env_file, find, load
from firstfive.settings.watching import PROBES


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty vault to stand in, and an environment that says nothing."""
    for name in ("FIRSTFIVE_CONFIG", "FIRSTFIVE_USER", "SUDO_USER", "USER"):
        monkeypatch.delenv(name, raising=False)
    folder = (tmp_path / "vault").resolve()
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def written(text: str | bytes) -> Path:
    file = Path.cwd() / FILE
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


# ----------------------------------------------------------------------------------------------------------- defaults


def test_nothing_set_is_everything_at_its_default(home: Path) -> None:
    found = load()
    assert (found.file, found.vault, found.page, found.state) == (None, home, "", home / ".firstfive")
    assert found.database == f"sqlite:///{home}/.firstfive/journal.db"
    assert (found.host, found.port) == ("127.0.0.1", 8455)
    assert (found.probe_interval, found.log_quiet) == (timedelta(seconds=2), timedelta(seconds=60))
    assert (found.resolve_after, found.update_every, found.escalate_after) == (
        timedelta(minutes=10),
        timedelta(minutes=15),
        timedelta(minutes=15),
    )
    assert (found.channel, found.postmortem_folder, found.person) == ("#incidents", "", "operator")
    assert found.targets == {"local": TargetSettings(kind="local", workdir=home)}
    assert (found.default_target, found.logs, found.deploys, found.risk, found.lexicon) == ("local", {}, {}, {}, {})


def test_every_setting_is_read(home: Path) -> None:
    written(
        """
        vault = "notes"
        page = "ops/Incident Response.md"
        state = "var"
        database = "sqlite:////srv/journal.db"
        target = "host"
        [listen]
        host = "::1"
        port = 0
        [timing]
        probe_interval = "500ms"
        log_quiet = "1.5s"
        resolve_after = "5m"
        update_every = "1h"
        escalate_after = "1d"
        [notify]
        channel = "#ops"
        [postmortems]
        folder = "after"
        [targets.host]
        kind = "local"
        workdir = "../shop"
        env_file = ".env"
        path = ["bin", "/opt/bin"]
        environment = { COMPOSE_FILE = "prod.yaml", RETRIES = 3 }
        [logs]
        web = "log/web.log"
        [deploys]
        web = "current"
        [risk.cmd.keeper.sub]
        ps = "read"
        [lexicon]
        "it answers" = "http.ok"
        """
    )
    found = load()
    assert found.vault == home / "notes"
    assert (found.page, found.state, found.database) == (
        "ops/Incident Response.md",
        home / "var",
        "sqlite:////srv/journal.db",
    )
    assert (found.host, found.port) == ("::1", 0)
    spans = (found.probe_interval, found.log_quiet, found.resolve_after, found.update_every, found.escalate_after)
    assert [span.total_seconds() for span in spans] == [0.5, 1.5, 300, 3600, 86400]
    assert (found.channel, found.postmortem_folder, found.default_target) == ("#ops", "after", "host")
    assert found.targets["host"] == TargetSettings(
        kind="local",
        workdir=home.parent / "shop",
        env_file=home / ".env",
        environment={"COMPOSE_FILE": "prod.yaml", "RETRIES": "3"},
        path=(home / "bin", Path("/opt/bin")),
    )
    assert (found.logs, found.deploys) == ({"web": home / "log/web.log"}, {"web": home / "current"})
    assert (found.risk, found.lexicon) == ({"cmd": {"keeper": {"sub": {"ps": "read"}}}}, {"it answers": "http.ok"})


def test_a_journal_beside_the_settings_is_the_same_from_everywhere(home: Path) -> None:
    file = written('database = "sqlite:///kept.db"')
    assert load(config=file).database == f"sqlite:///{home}/kept.db"


def test_the_journal_s_address_may_stand_in_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written('database_env = "JOURNAL"')
    with pytest.raises(SettingsError, match="JOURNAL, which nobody has set"):
        load(config=file)
    monkeypatch.setenv("JOURNAL", "postgresql://ff:secret@db/ff")
    assert load(config=file).database == "postgresql://ff:secret@db/ff"
    with pytest.raises(SettingsError, match="twice"):
        load(config=written('database = "sqlite:///kept.db"\ndatabase_env = "JOURNAL"'))


# ----------------------------------------------------------------------------------------------------- where it is found


def test_the_file_is_found_here_or_above(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written("")
    below = home / "a" / "b"
    below.mkdir(parents=True)
    assert find(below) == file
    monkeypatch.chdir(below)
    assert find() == file
    (below / FILE).write_text("")
    assert find() == below / FILE, "the nearest one counts"


def test_the_environment_names_the_file_before_any_folder_does(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written("page = 'here.md'")
    other = home.parent / "other.toml"
    other.write_text("page = 'there.md'")
    monkeypatch.setenv("FIRSTFIVE_CONFIG", str(other))
    assert load().page == "there.md"
    assert load(config=home / FILE).page == "here.md", "an option counts more than the environment"


def test_a_vault_may_be_given_as_the_page_in_it(home: Path) -> None:
    page = home / "Down.md"
    page.write_text("# Down\n")
    found = load(vault=page)
    assert (found.vault, found.page) == (home, "Down.md")


def test_an_option_counts_more_than_the_file(home: Path) -> None:
    written("page = 'a.md'\nvault = 'elsewhere'")
    found = load(vault=home, page="b.md")
    assert (found.vault, found.page) == (home, "b.md")


@pytest.mark.parametrize(
    ("variables", "person"),
    [
        ({"FIRSTFIVE_USER": "ada", "SUDO_USER": "sam", "USER": "root"}, "ada"),
        ({"SUDO_USER": "sam", "USER": "root"}, "sam"),
        ({"USER": "kim"}, "kim"),
        ({"FIRSTFIVE_USER": "", "USER": "kim"}, "kim"),
    ],
    ids=["said so", "the person behind sudo", "the account", "an empty name is none"],
)
def test_who_speaks(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], person: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load().person == person


def test_steps_see_a_short_list_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("LANG", "C.UTF-8")
    inherited = load().inherited
    assert inherited["LANG"] == "C.UTF-8"
    assert set(inherited) <= set(settings.INHERITED)


# -------------------------------------------------------------------------------------------------------------- slips

KNOWN = (
    "backup, database, database_env, deploys, docker, forge, heartbeats, holidays, intake, lexicon, listen, logs, notifiers, notify, oidc,"
    " oncall, packs, page, people, postmortems, probes, risk, severity, state, status_page, target, targets, timing, trackers, vault"
)
SPAN = 'write a number and ms, s, m, h or d: "2s"'

SLIPS = [
    pytest.param(
        "[forge]\nkind = 'cvs'", "forge.kind is github or gitlab", 'write kind = "github"', id="a forge of old"
    ),
    pytest.param(
        "[forge]\nkind = 'github'",
        "forge needs project and token_env",
        'write project = "owner/name" and token_env = "VARIABLE"',
        id="a forge of nobody",
    ),
    pytest.param(
        "[packs]\noffer = ['magic']",
        "packs.offer knows no 'magic'",
        "known: put-back, block, make-room, restore, rejoin",
        id="an offer that nobody knows",
    ),
    pytest.param(
        "[packs]\noffer = ['put-back']",
        "packs.offer names put-back, which needs packs.keep",
        "write keep, or take put-back out of offer",
        id="an offer without what it needs",
    ),
    pytest.param(
        "[packs]\nlogs = ['/var/log/$(id).log']",
        "packs.logs: '/var/log/$(id).log' is no absolute pattern of files",
        "from / on, with letters, digits, . _ - and * or ? only",
        id="a pattern that a shell would read",
    ),
    pytest.param(
        "[packs.restore.db]\ncontainer = 'db'\ndata = '/srv/db'",
        "packs.restore.db.backups is missing",
        'write backups = "..."',
        id="a restore without backups",
    ),
    pytest.param(
        "[packs.restore.db]\ncontainer = 'db'\ndata = '/srv/../etc'\nbackups = '/b/*.tar'",
        "packs.restore.db: '/srv/../etc' is no absolute pattern of files",
        "from / on, with letters, digits, . _ - and * or ? only",
        id="a restore that climbs",
    ),
    pytest.param(
        "[packs.restore.db]\nfrom = '/b'",
        "there is no setting [packs.restore.db] from",
        "known here: backups, container, data, stop",
        id="a restore with an unknown key",
    ),
    pytest.param(
        "[packs]\nrestore = {db = 1}",
        "packs.restore.db is a table",
        "write [packs.restore.db] and its keys below it",
        id="a restore that is no table",
    ),
    pytest.param("[backup]\nkeep = 0", "backup.keep is a number from 1 to 1000", "write keep = 7", id="no copy at all"),
    pytest.param("pagee = 'x'", "there is no setting pagee", f"known here: {KNOWN}", id="a slip of the pen"),
    pytest.param(
        "[listen]\nadress = 'x'",
        "there is no setting [listen] adress",
        "known here: address, behind_proxy, host, port, proxies, tls_cert, tls_key",
        id="in a table",
    ),
    pytest.param(
        "[timing]\nresolve = '1m'",
        "there is no setting [timing] resolve",
        "known here: deploy_grace, escalate_after, log_quiet, one_fault, probe_interval, resolve_after, update_every",
        id="a time that is not known",
    ),
    pytest.param(
        "[targets.local]\nhost = 'x'",
        "there is no setting [targets.local] host",
        "known here: docker, env_file, environment, kind, lab, path, workdir",
        id="in a table of a table",
    ),
    pytest.param("page = 3", "page is a text", 'write page = "..."', id="a number for a text"),
    pytest.param("vault = []", "vault is a text", 'write vault = "..."', id="a list for a path"),
    pytest.param("listen = 8455", "listen is a table", "write [listen] and its keys below it", id="no table"),
    pytest.param(
        "targets = 'local'", "targets is a table", "write [targets] and its keys below it", id="targets: no table"
    ),
    pytest.param(
        "targets.local = 'here'",
        "targets.local is a table",
        "write [targets.local] and its keys below it",
        id="a target: no table",
    ),
    *[
        pytest.param(
            f"[listen]\nport = {value}",
            f"listen.port is a number from 0 to 65535, not {shown}",
            "write port = 8455, or 0 for any free one",
            id=f"port {value}",
        )
        for value, shown in (("70000", "70000"), ("-1", "-1"), ("'8455'", "'8455'"), ("true", "True"))
    ],
    *[
        pytest.param(
            f"[timing]\nlog_quiet = {value}", f"timing.log_quiet is a duration, not {shown}", SPAN, id=f"span {value}"
        )
        for value, shown in (("60", "60"), ("'soon'", "'soon'"), ("'-2s'", "'-2s'"), ("'2 s'", "'2 s'"), ("''", "''"))
    ],
    *[
        pytest.param(
            f"[timing]\nprobe_interval = '{value}'",
            f"timing.probe_interval is between 10ms and 366d, not {value}",
            "give a duration that makes sense",
            id=f"span {value}",
        )
        for value in ("0s", "1ms", "367d", "9" * 400 + "d")
    ],
    pytest.param(
        "[targets.web]\nkind = 'telnet'",
        "targets.web.kind 'telnet' is not known",
        'there are "local" and "ssh"',
        id="a kind of target that is not there",
    ),
    pytest.param(
        "[targets.web]\nkind = 'ssh'\nhost = '-oProxyCommand=x'",
        "targets.web.host '-oProxyCommand=x' is no host",
        'write the alias of ~/.ssh/config: host = "prod"',
        id="a host that would be an option",
    ),
    pytest.param(
        "[targets.web]\nkind = 'ssh'\nworkdir = 'app'",
        "targets.web.workdir is a path on the host and begins with /",
        'write workdir = "/opt/app"',
        id="a folder on a host is absolute",
    ),
    pytest.param(
        "[probes.shop]\nkind = 'smell'",
        "probes.shop.kind 'smell' is not known",
        "there are " + ", ".join(sorted(PROBES)),
        id="a look that nobody can do",
    ),
    pytest.param(
        "[probes.redis]\npassword = 'x'",
        "there is no setting [probes.redis] password",
        "known here: address, kind, password_env, symptom, user_env",
        id="a secret in the file",
    ),
    pytest.param(
        "[probes]\nallow = ['ten']",
        "probes.allow holds no network: 'ten' does not appear to be an IPv4 or IPv6 network",
        'write allow = ["10.0.0.0/8"]',
        id="no network",
    ),
    pytest.param(
        "[heartbeats.backup]\ngrace = '1m'",
        "heartbeats.backup needs every",
        'write [heartbeats.backup] and every = "5m"',
        id="a heartbeat without its period",
    ),
    pytest.param(
        "[trackers.sentry]\nurl = 'https://s.example'",
        "trackers.sentry needs project",
        'write project = "..."',
        id="a tracker without its project",
    ),
    pytest.param(
        "[severity]\ncritical = 'one'",
        "severity.critical is a level of the matrix",
        "write critical = 1",
        id="a word that maps to no level",
    ),
    pytest.param("[docker]\npin_images = 'yes'", "pin_images is true or false", "write pin_images = true", id="a flag"),
    pytest.param(
        "[targets.web]\npath = 'bin'",
        "targets.web.path is a list of folders",
        'write path = ["bin"]',
        id="path: a text",
    ),
    pytest.param(
        "[targets.web]\npath = [1]",
        "targets.web.path is a list of folders",
        'write path = ["bin"]',
        id="path: a number",
    ),
    pytest.param(
        "[targets.web.environment]\nX = true",
        "targets.web.environment.X is a text",
        'write X = "..."',
        id="environment: true would be a guess",
    ),
    pytest.param("[targets.web]\nworkdir = 1", "workdir is a text", 'write workdir = "..."', id="workdir: a number"),
    pytest.param("target = 'web'", "there is no target 'web'", "known here: local", id="a target nobody described"),
    pytest.param("[logs]\nweb = 1", "logs.web is a path", 'write web = "path/to/file"', id="a log: a number"),
    pytest.param("[deploys]\nweb = []", "deploys.web is a path", 'write web = "path/to/file"', id="a link: a list"),
    pytest.param("[lexicon]\nx = []", "lexicon.x is a text", 'write x = "..."', id="a phrase: a list"),
    pytest.param(b"page = '\xff'", "settings are not UTF-8 text", "save the file as UTF-8", id="not UTF-8"),
]


@pytest.mark.parametrize(("text", "what", "remedy"), SLIPS)
def test_a_slip_is_named_with_its_file_and_its_remedy(text: str | bytes, what: str, remedy: str) -> None:
    file = written(text)
    with pytest.raises(SettingsError) as refused:
        load()
    assert (refused.value.what, refused.value.remedy) == (what, remedy)
    assert refused.value.where == str(file)
    assert refused.value.exit_code is Exit.USAGE


@pytest.mark.parametrize("text", ["page = ", "page = 'a'\npage = 'b'\n", "[listen\n", "= 1\n"])
def test_what_is_no_toml_is_refused_with_the_line(text: str) -> None:
    file = written(text)
    with pytest.raises(SettingsError, match=r"(?m)^settings are not TOML: .+ \(at .+\)$") as refused:
        load()
    assert (refused.value.where, refused.value.remedy) == (str(file), "mend the line it names")


def test_a_file_that_cannot_be_read(home: Path) -> None:
    for file, reason in ((home / "no.toml", "No such file or directory"), (home, "Is a directory")):
        with pytest.raises(SettingsError) as refused:
            load(config=file)
        assert str(refused.value) == (
            f"settings cannot be read: {reason}\n  --> {file}\n  help: check the path and its rights"
        )


def test_a_vault_that_is_not_there(home: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load(vault=home / "gone")
    assert refused.value.what == f"there is no vault at {home / 'gone'}"


# ----------------------------------------------------------------------------------------------------------- env files


def test_an_env_file_is_read_as_a_shell_would_be_told() -> None:
    file = Path.cwd() / ".env"
    file.write_text("# comment\n\nA=1\nexport B='two words'\nC=\"x=y\"\n  D = 4 \nno-name=1\nnothing\nE=\n")
    assert env_file(file) == {"A": "1", "B": "two words", "C": "x=y", "D": "4", "E": ""}


def test_an_env_file_that_is_not_there_is_empty(home: Path) -> None:
    assert env_file(None) == {}
    assert env_file(home / "missing") == {}


# -------------------------------------------------------------------------------------------------------- status page

PAGE = """
[status_page]
name = "Example Shop"
url = "https://status.example.com"
"""


def test_without_its_table_there_is_no_status_page() -> None:
    assert load().status_page is None


def test_a_status_page_is_read_whole(home: Path) -> None:
    written(
        PAGE
        + 'components = ["Check  out", "Chat"]\nfolder = "public"\ncopy = ["rsync", "-a", "./", "w:/p"]\ncopy_within = "20s"\n'
        + 'report = "https://status.example.com/status/report"'
    )
    assert load().status_page == StatusPageSettings(
        name="Example Shop",
        url="https://status.example.com",
        components=("Check out", "Chat"),
        folder=home / "public",
        copy=("rsync", "-a", "./", "w:/p"),
        copy_within=timedelta(seconds=20),
        report="https://status.example.com/status/report",
    )


STATUS_PAGES = [
    ("[status_page]", "status_page.name is a name", "a page has a name"),
    ('[status_page]\nname = "x"', "status_page.url is the address", "and an address"),
    ('[status_page]\nname = "x"\nurl = "javascript:alert(1)"', "status_page.url", "that is one of the web"),
    ('[status_page]\nname = "x"\nurl = "https://a/?q=1"', "status_page.url", "and can be added to"),
    (PAGE + 'report = "/status/report"', "status_page.report is the address", "a copy elsewhere leads there too"),
    (PAGE + 'components = ["shop-redis"]', "a name of the inside", "customers know no container"),
    (PAGE + 'components = ["Chat", "Chat"]', "status_page.components holds 'Chat'", "twice the same"),
    (
        PAGE + 'components = ["Chat, Search"]',
        "status_page.components holds",
        "the comma stands between names elsewhere",
    ),
    (PAGE + 'copy = ["rsync"]', "status_page.copy", "nothing to copy without a folder"),
    (PAGE + 'folder = "public"\ncopy = "rsync -a"', "copy is a list of texts", "no shell splits words"),
    (PAGE + 'folder = "."', "status_page.folder would publish", "it would carry the journal out"),
    (PAGE + 'folder = ".."', "status_page.folder would publish", "or more than that"),
    (PAGE + 'folder = ".firstfive"', "status_page.folder would publish", "or the key"),
    (PAGE + "colour = 1", "there is no setting [status_page] colour", "an unknown key"),
]


@pytest.mark.parametrize(("text", "says", "why"), STATUS_PAGES, ids=[row[2] for row in STATUS_PAGES])
def test_a_slip_in_the_status_page_is_refused(text: str, says: str, why: str) -> None:
    written(text)
    with pytest.raises(SettingsError) as refused:
        load()
    assert says in refused.value.what, why
    assert refused.value.remedy
    assert refused.value.where
