"""Real sshd processes for tests, each with keys, configuration and port of its own; nothing of the machine's own ssh is touched."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")
ME = pwd.getpwuid(os.getuid()).pw_name


def needed(*, root: bool = False) -> None:
    """Skip where no sshd can be had; under CI that is a failure, so that the tests cannot vanish unseen."""
    missing = "sshd is not installed (openssh-server)" if SSHD is None else ""
    if root and os.geteuid() != 0:
        missing = "network namespaces need root"
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def keygen(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@dataclass(slots=True, kw_only=True)
class Server:
    """One sshd. `namespace` puts it into a network namespace; `address` is where it listens."""

    folder: Path
    authorized: Path  # a public key file
    address: str = "127.0.0.1"
    port: int = 0
    namespace: str = ""
    extra: str = ""
    process: subprocess.Popen[bytes] | None = None
    host_key: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        self.host_key = self.folder / "host_key"
        if not self.host_key.exists():
            keygen(self.host_key)

    def start(self) -> Server:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True, mode=0o755)
        config = self.folder / "sshd_config"
        config.write_text(
            f"ListenAddress {self.address}\nPort {self.port}\nHostKey {self.host_key}\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {self.authorized}\nStrictModes no\nPasswordAuthentication no\nLogLevel VERBOSE\n"
            f"KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n{self.extra}"
        )
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        assert SSHD is not None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*inside, SSHD, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        for _ in range(200):
            if b"Server listening" in self.log.read_bytes():
                return self
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def stop(self) -> None:
        """End it and its sessions."""
        if self.process is None:
            return
        for session in self.sessions():
            _kill(session)
        self.process.kill()
        self.process.wait()
        self.process = None
        self.log.unlink(missing_ok=True)

    def sessions(self) -> list[int]:
        """Processes of sshd that serve a connection now."""
        assert self.process is not None
        found, level = [], [self.process.pid]
        while level:
            level = [child for parent in level for child in _children(parent) if _name(child).startswith("sshd")]
            found += level
        return found

    def cut(self) -> int:
        """kill -9 of every session: the client sees its connection break. How many there were."""
        found = self.sessions()
        for session in found:
            _kill(session)
        return len(found)

    def public(self) -> str:
        kind, key, *_ = self.host_key.with_suffix(".pub").read_text().split()
        return f"[{self.address}]:{self.port} {kind} {key}\n"


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A server, and the client's side of it: key, configuration with the alias `prod`, known hosts."""

    server: Server
    key: Path
    config: Path
    known: Path


def bench(folder: Path, *, extra: str = "") -> Bench:
    """A started server and everything a client needs for the alias `prod`."""
    folder.mkdir(parents=True, exist_ok=True)
    key = keygen(folder / "id_ed25519")
    server = Server(folder=folder / "server", authorized=key.with_suffix(".pub"), extra=extra).start()
    known, config = folder / "known_hosts", folder / "config"
    known.write_text(server.public())
    config.write_text(
        f"Host prod\n  HostName 127.0.0.1\n  Port {server.port}\n  User {ME}\n  IdentityFile {key}\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n"
    )
    return Bench(server=server, key=key, config=config, known=known)
