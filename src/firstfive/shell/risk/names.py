"""Which variables may be set, and what is known of their values while a script is read.

Asked by `walk` at every assignment and every `$name`. It never sees real values, only those written in the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firstfive.shell.risk.words import BOUND, FOREIGN, GIVEN, GLOB, NUMBER, Word

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SPLITS = re.compile(r"[\s*?\[]")
# Variables that programs (the shell first of all) read as commands, options, search paths or files to load.
_DANGEROUS = re.compile(
    r"""(?x) PATH|IFS|ENV|BASHOPTS|SHELLOPTS|SHELL|PS[0-9]|HOME|PWD|OLDPWD|CDPATH|FCEDIT|FIGNORE
    |EXECIGNORE|GLOBIGNORE|INPUTRC|POSIXLY_CORRECT
    |TMOUT|TMPDIR|TEMP|TMP|TERMINFO|TERMCAP|TERM|MAIL|MAILPATH|HISTFILE|HISTCONTROL|HOSTALIASES|RES_OPTIONS|LOCALDOMAIN|NLSPATH|TZDIR|LOCPATH
    |BROWSER|VISUAL|KUBECONFIG|CONFIG|OPTIND|OPTARG|OPTERR|REPLY|MAPFILE|COPROC|FUNCNEST|CHILD_MAX|DIRSTACK|GROUPS|TIMEFORMAT|LINENO|RANDOM
    |WGETRC|CLASSPATH|KUBE_EDITOR|SUDO_.*|AUTO_RESUME|auto_resume|histchars|LS_COLORS|GREP_COLORS|IGNOREEOF
    |(?:LD|DYLD|GIT|LC|NPM|npm|PIP|UV|GEM|BUNDLE|JAVA|JDK|_JAVA|MAVEN|GRADLE|CURL|SSH|RSYNC|TAR|GZIP|XZ|ZSTD|BZIP2?|DOCKER|BUILDX|BUILDKIT|COMPOSE|CONTAINERD
    |CONTAINERS|PODMAN|KUBECTL|KUBE|HELM|AWS|CLOUDSDK|GOOGLE|AZURE|TF|TERRAFORM|VAULT|CONSUL|ETCDCTL|OPENSSL|SSL|SYSTEMD|DEBIAN|DEBCONF|APT|DPKG|RPM|PSQL|MYSQL|MARIADB
    |REDISCLI|MONGO|MONGOSH|MALLOC|LUA|FZF|RIPGREP|BAT|JQ|GO|RUST|CARGO|PHP|XDG|DBUS|GPG|GNUPG|LV|ANSIBLE|CHEF|KNIFE|CEPH|SNAP|HOMEBREW|BREW|KRB5|NSS|BASH|GCONV|GLIBC)_.*
    |(?:BASH|LESS|PYTHON|PERL5|RUBY|MANPAGER|MANPATH|MANOPT|MANROFF|AWKPATH|AWKLIBPATH|GAWK|GCONV|GNUPGHOME|SSLKEYLOGFILE|LESSOPEN|GZIP|GOFLAGS|DISPLAY|PG[A-Z]{2}).*
    |NODE_(?:OPTIONS|PATH|EXTRA_CA_CERTS|REPL.*|V8_.*|DEBUG.*|REDIRECT.*|TLS.*|ENV)|CONTAINER_(?:HOST|CONNECTION|SSHKEY)
    |.*(PAGER|EDITOR|ASKPASS|PRELOAD|OPTS?|OPTIONS|ARGS|_FLAGS|_COMMAND|_CMD|_EXEC|_SHELL|_RSH|_PATH|_HOME|_CONFIG|_CONF|_LIB|_DIR_PATH)
    |[a-z]+_proxy|[A-Z]+_PROXY""",
    re.ASCII,
)
# What a command may be given in front of it (`LANG=C sort`): these change how it prints or where it asks, nothing else.
_BEFORE = re.compile(
    r"LC_[A-Z]+|LANG|LANGUAGE|TZ|COLUMNS|LINES|NO_COLOR|PG(?:PASSWORD|HOST|PORT|USER|DATABASE|CONNECT_TIMEOUT|SSLMODE)|MYSQL_PWD|REDISCLI_AUTH"
    r"|AWS_(?:PROFILE|REGION|DEFAULT_REGION)|ETCDCTL_API|ETCDCTL_ENDPOINTS|CONSUL_HTTP_(?:ADDR|TOKEN)|VAULT_(?:ADDR|TOKEN)|SYSTEMD_COLORS",
    re.ASCII,
)
_QUIET_PAGER = re.compile(r"(?:[A-Z]+_)?PAGER", re.ASCII)
_SECRET = re.compile(
    r"PASS(?:WORD|WD|PHRASE)?(?:_|$)|_PW$|_PWD$|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_KEY$|CREDENTIAL|_AUTH$"
)
# Set by the shell itself: harmless words, or whole numbers, or whatever was read last.
_OWN = frozenset(("HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "HOSTNAME"))
_COUNTS = frozenset(
    (
        "?",
        "#",
        "$",
        "!",
        "SECONDS",
        "RANDOM",
        "SRANDOM",
        "UID",
        "EUID",
        "PPID",
        "BASHPID",
        "LINENO",
        "EPOCHSECONDS",
        "COLUMNS",
        "LINES",
    )
)
_ANYTHING = frozenset(
    ("REPLY", "MAPFILE", "OPTARG", "BASH_REMATCH", "_", "COPROC", "@", "*", "0", "BASH_ARGV", "BASH_COMMAND")
)


def dangerous(name: str) -> bool:
    """Whether setting this variable may change what later commands do."""
    return _DANGEROUS.fullmatch(name) is not None


def secret(name: str) -> bool:
    """Whether the name says that its value is a secret."""
    return _SECRET.search(name.upper()) is not None


def before(name: str, value: Word | None) -> bool:
    """Whether `name=value` may stand in front of a command, or be exported to all that follow."""
    if _BEFORE.fullmatch(name):
        return True
    if _QUIET_PAGER.fullmatch(name):
        return value is not None and value.plain in ("", "cat")
    return name == "GIT_OPTIONAL_LOCKS" or (
        name == "DEBIAN_FRONTEND" and value is not None and value.plain == "noninteractive"
    )


@dataclass(slots=True, kw_only=True)
class Variables:
    """What a reading of the script has seen so far. `sure` holds texts set on the straight path; `marks` what else was set."""

    bound: frozenset[str] = frozenset()
    sure: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    _set: set[str] = field(default_factory=set)

    def put(self, name: str, value: Word, *, straight: bool, always: bool = False) -> None:
        """Note an assignment; `straight` when nothing could have skipped or hidden it, `always` when it comes before every use."""
        text = value.plain
        self._set.add(name)
        if straight and text is not None and name not in self.marks:
            self.sure[name] = text
            return
        old = self.sure.pop(name, None)
        known = self.marks.get(name) or (NUMBER if straight or always else GIVEN)
        if old is not None and not straight:
            known = _worse(known, kind(Word(old)))
        self.marks[name] = _worse(known, kind(value))

    def get(self, name: str, *, straight: bool) -> Word:
        """The word that `$name` stands for."""
        hidden = secret(name)
        if name in self.sure and straight and name not in self.marks:
            return Word(self.sure[name], secret=False)
        if name in self.marks:
            mark = self.marks[name] if name in self._set else _worse(GIVEN, self.marks[name])
            return Word(mark, secret=hidden)
        if name in self.sure:
            return Word(_worse(GIVEN, kind(Word(self.sure[name]))), secret=hidden)
        if name in self.bound:
            return Word(BOUND, secret=hidden)
        if name in _COUNTS:
            return Word(NUMBER)
        if name in _OWN:
            return Word("/" + BOUND if name in ("HOME", "PWD", "OLDPWD") else BOUND)
        if name in _ANYTHING or name.isdigit():
            return Word(FOREIGN)
        return Word(GIVEN, secret=hidden)

    def next_reading(self) -> Variables:
        """For a second reading of a script with loops: what was set anywhere is known from the start."""
        return Variables(bound=self.bound - self.marks.keys() - self.sure.keys(), marks=dict(self.marks))


def kind(value: Word) -> str:
    """The mark for a value: the worst that it could turn out to be as an argument."""
    text = value.text
    if (
        FOREIGN in text
        or text[:1] == GLOB
        or text.startswith("-")
        or (value.plain is not None and _SPLITS.search(text))
    ):
        return FOREIGN
    if text.isascii() and text.isdigit():
        return NUMBER
    if not value.loose and text and all(c == NUMBER for c in text):
        return NUMBER
    return GIVEN if GIVEN in text else BOUND


def _worse(one: str, other: str) -> str:
    order = (NUMBER, BOUND, GIVEN, FOREIGN)
    return max(one, other, key=order.index)


def names_in(tree: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Names that the assignments of a call set."""
    return frozenset(a["Name"]["Value"] for a in tree if a.get("Name"))
