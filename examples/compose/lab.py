"""The lab: the page's stack on a Docker Engine of its own, in a mount namespace where it lies where the page says.

`make lab` calls `up`, `make lab-down` calls `down`; `enter COMMAND ...` runs a command where the stack is `/opt/backend`, `serve` runs
Firstfive there. The engine has its own data, socket and network, without packet filter rules; the machine's own engine is not asked.
Everything is kept below the cache folder. `drill` is `firstfive drill` in there. What it is made of stands in `images`, where the backend's
releases are pushed to and pulled from in `registry`.
"""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import images
import share
import tls
from alone import alone
from place import (
    ADDRESS,
    HERE,
    KEPT,
    REGISTRY,
    REPOSITORY,
    RUN,
    SUBNET,
    LabError,
    docker,
    environment,
    ran,
    say,
)
from registry import Registry

PORTS = (443, 5000, 5080, 6379, 2525, 27017)
MARK = ".firstfive-lab"
FILES = (
    "docker-compose.production.yml",
    ".env",
    *(f"nginx/conf/{name}" for name in ("nginx.conf", "websocket.inc", "blocks.inc")),
)
HEALTHY_WITHIN = 120  # seconds
FOLDERS = (Path("/opt/backend"), Path("/var/lib/docker"))  # where the page has the stack and its disk
MADE = KEPT / "made"  # which of them a lab has made; the last one that is up takes them away
REGISTERED = Registry(address=REGISTRY, folder=RUN / "registry")


def main() -> int:
    """One verb."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("build", "up", "down", "status", "enter", "serve", "drill", "restore"))
    parser.add_argument("--mongosh", action="store_true", help="build: the real MongoDB shell too (about a minute)")
    parser.add_argument(
        "--page", type=Path, help="serve: this page, unchanged, in the vault (default: the corrected one)"
    )
    parser.add_argument("words", nargs="*", help="enter: the command, after --")
    parser.add_argument("--quick", action="store_true", help="serve: shorter times still, for tests")
    chosen, more = parser.parse_known_args()
    chosen.words = [*chosen.words, *more]
    try:
        match chosen.verb:
            case "build":
                images.build(mongosh=chosen.mongosh)
            case "up":
                up()
            case "down":
                with alone():
                    down()
            case "status":
                say(status())
            case "restore":
                with alone():
                    restore()
            case "enter":
                return enter(chosen.words)
            case "drill":
                return drill(chosen.words)
            case "serve":
                return serve(chosen.page, chosen.words, quick=chosen.quick)
    except LabError as problem:
        say(f"lab: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def check_ports() -> None:
    """The lab's ports on its own loopback address are free."""
    for port in PORTS:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((ADDRESS, port))
            except OSError as problem:
                raise LabError(
                    f"port {port} of {ADDRESS} is taken ({problem.strerror}); `ss -ltnp` says by whom"
                ) from None


def interfaces() -> list[str]:
    """Network interfaces of this machine that have an address in the lab's network."""
    lab = ipaddress.ip_network(SUBNET)
    listed = [line.split() for line in ran(["ip", "-o", "-4", "addr", "show"]).splitlines()]
    return [row[1] for row in listed if len(row) > 3 and ipaddress.ip_interface(row[3]).ip in lab]


def check_network() -> None:
    """Nobody else has the lab's network."""
    if taken := interfaces():
        raise LabError(
            f"the network {SUBNET} is taken by {', '.join(taken)}; LAB_SUBNET=172.31.90.0/24 takes another one"
        )


# --------------------------------------------------------------------------------------------------------- up, down


@contextlib.contextmanager
def of_its_own() -> Iterator[None]:
    """A new lab, gone at the end. Raises LabError while one is up, which somebody may be using."""
    if status() == "up":
        raise LabError(
            "a lab is up, and somebody may be using it; `make lab-down` takes it away, and another one beside it takes"
            " FIRSTFIVE_LAB=/short/folder LAB_ADDRESS=127.84.0.9 LAB_SUBNET=172.31.90.0/24"
        )
    up()
    try:
        yield
    finally:
        with alone():
            down()


def up() -> None:
    """Engine, images, stack; a lab that is half there is taken down first."""
    with alone():
        state = status()
        if state == "up":
            return say(f"lab: it is up; the stack lies in {RUN / 'stack'}")
        if state != "down":
            say(f"lab: it is {state}; that is taken down first")
            down()
        images.build()
        images.check_room()
        check_ports()
        check_network()
        began = time.monotonic()
        try:
            lay_out()
            REGISTERED.start()
            start_engine()
            images.load_images()
            (RUN / "stack" / MARK / "digest").write_text(f"{images.digest()}\n")
            restore()
            back_up()
        except BaseException:
            if os.environ.get("LAB_KEEP") != "1":
                down()
            raise
    return say(f"lab: up after {time.monotonic() - began:.0f} s; {RUN / 'stack'}")


def lay_out() -> None:
    """The stack's folder with its marker, certificates, names."""
    shutil.copytree(HERE / "stack", RUN / "stack")
    compose = RUN / "stack/docker-compose.production.yml"
    compose.write_text(compose.read_text().replace("LAB_REGISTRY", REGISTRY))
    for folder in ("engine/data", "stack/data", "stack/backup", "stack/nginx/logs", "stack/tls"):
        (RUN / folder).mkdir(parents=True)
    with (RUN / "stack" / ".env").open("a") as file:
        file.write(
            f"LAB_CACHE={KEPT}\nLAB_ENGINE_FOLDER={RUN / 'engine'}\nLAB_SUBNET={SUBNET}\nLAB_ADDRESS={ADDRESS}\n"
        )
    tls.make(RUN / "stack/tls", RUN / "authorities.pem")
    names = f"{ADDRESS} amn.gg shkeeper redis mongodb smtp\n"
    (RUN / "hosts").write_text(Path("/etc/hosts").read_text() + names)
    mark = RUN / "stack" / MARK
    for name in FILES:
        (mark / "as-new" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(RUN / "stack" / name, mark / "as-new" / name)
    (mark / "repository").write_text(f"{REPOSITORY}\n")


MOUNTS = """
set -e
mount --make-rprivate /
mount --bind "$RUN/stack" /opt/backend
mount -t tmpfs -o size=96m lab /opt/backend/data
mkdir /opt/backend/data/mongodb /opt/backend/data/logs
mount --bind "$RUN/engine/data" /var/lib/docker
mount --bind "$RUN/hosts" /etc/hosts
test ! -e /etc/ssl/certs/ca-certificates.crt || mount --bind "$RUN/authorities.pem" /etc/ssl/certs/ca-certificates.crt
exec dockerd --data-root /var/lib/docker --exec-root "$RUN/engine/exec" -p "$RUN/engine/pid" -H "unix://$RUN/engine/docker.sock" \\
  --bridge=none --iptables=false --ip-masq=false --ip6tables=false $SHARE
"""


def start_engine() -> None:
    """An engine in a mount namespace of its own. Folders that the page names are made on the machine only while it is up."""
    for folder in FOLDERS:
        if not folder.exists():
            MADE.mkdir(parents=True, exist_ok=True)
            (MADE / folder.name).write_text(str(folder))
            folder.mkdir(parents=True)
    environment = {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "RUN": str(RUN), "HOME": str(RUN)}
    environment["SHARE"] = share.ENGINE
    share.take()
    words = ["unshare", "--mount", "bash", "-c", MOUNTS]
    with (RUN / "engine/log").open("wb") as log:
        process = subprocess.Popen(
            words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, start_new_session=True
        )
    (RUN / "engine/host").write_text(str(process.pid))
    until = time.monotonic() + 40
    while time.monotonic() < until:
        with contextlib.suppress(LabError):
            if docker("version", "--format", "{{.Server.Version}}"):
                return
        if process.poll() is not None:
            raise LabError(f"the engine ended: {(RUN / 'engine/log').read_text()[-800:]}")
        time.sleep(0.2)
    raise LabError(f"no engine after 40 s: {(RUN / 'engine/log').read_text()[-800:]}")


def restore() -> None:
    """The stack as new: its files, its release, every container up; waits until the shop is healthy and a payment goes through."""
    from firstfive.faults.stack import AT_REST, UP_AGAIN

    for name in FILES:
        (RUN / "stack" / name).write_bytes((RUN / "stack" / MARK / "as-new" / name).read_bytes())
    inside(["bash", "-c", AT_REST])
    good = (RUN / "stack" / MARK / "digest").read_text().strip()
    docker("tag", docker("image", "inspect", "-f", "{{.Id}}", f"{REPOSITORY}@{good}"), f"{REPOSITORY}:latest")
    docker("push", "-q", f"{REPOSITORY}:latest")
    inside(["bash", "-eo", "pipefail", "-c", UP_AGAIN], patience=120)
    names = [f"br-{one}" for one in docker("network", "ls", "-q", "--filter", "driver=bridge").split()]
    (RUN / "bridges").write_text("\n".join(names))
    until = time.monotonic() + HEALTHY_WITHIN
    while time.monotonic() < until:
        with contextlib.suppress(LabError):
            inside(["curl", "-fsS", "-m", "3", "https://amn.gg/api/health"])
            if '"POST /api/payments HTTP/1.1" 200' in (RUN / "stack/nginx/logs/access.log").read_text()[-4000:]:
                return
        time.sleep(0.3)
    raise LabError(f"the shop is not healthy after {HEALTHY_WITHIN} s; look with {HERE / 'lab.py'} enter docker ps -a")


def back_up() -> None:
    """Last night's backup of the database: its files as they are at one instant, which it can open as after a crash."""
    for left in range(9, -1, -1):  # a busy machine does not always freeze at once
        try:
            docker("pause", "nickapp-mongodb")
            break
        except LabError:
            if not left:
                raise
            time.sleep(0.5)
    try:
        inside(["tar", "-cf", "backup/mongodb-nightly.tar", "-C", "data/mongodb", "."])
    finally:
        docker("unpause", "nickapp-mongodb")


def down() -> None:
    """Everything gone: containers, engine, mounts, folders."""
    if engine_pid() is not None:
        with contextlib.suppress(LabError):
            names = docker("ps", "-aq").split()
            if names:
                docker("rm", "-f", *names)
            docker("network", "prune", "-f")
        end_process(engine_pid())
    if engine_pid() is None:  # what an engine did not end itself outlives it
        share.end_all(str(RUN / "engine/exec/"))
    REGISTERED.end()
    share.give_back()
    bridges = (
        RUN / "bridges"
    )  # an engine that had no time to end leaves them, and the next lab's packets would go there
    for name in bridges.read_text().split() if bridges.is_file() and engine_pid() is None else ():
        subprocess.run(["ip", "link", "delete", name], capture_output=True, check=False)
    for name in ("exec/netns/default",):
        subprocess.run(["umount", "-l", str(RUN / "engine" / name)], capture_output=True, check=False)
    for made in MADE.glob("*"):
        folder = Path(made.read_text())
        if folder in FOLDERS and not in_use(folder):
            with contextlib.suppress(OSError):
                folder.rmdir()
            made.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        MADE.rmdir()
    shutil.rmtree(RUN, ignore_errors=True)
    if RUN.exists():
        raise LabError(f"{RUN} could not be removed whole; something of it is still in use")


def in_use(folder: Path) -> bool:
    """Whether something is mounted there in anybody's view of the file system, as another lab does: removing it would take that away."""
    for process in Path("/proc").glob("[0-9]*/mountinfo"):
        with contextlib.suppress(OSError):
            if any(line.split(" ")[4] == str(folder) for line in process.read_text().splitlines()):
                return True
    return False


def end_process(pid: int | None) -> None:
    """End the engine and wait for it."""
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if engine_pid() is None:
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)


# ------------------------------------------------------------------------------------------------------------ inside


def engine_pid() -> int | None:
    """The engine's process, when it runs and is ours."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((RUN / "engine/host").read_text())
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
        if str(RUN).encode() in line or b"unshare" in line:
            return pid
    return None


def status() -> str:
    """up, down, or what is half about it."""
    if not RUN.exists():
        return "down"
    if engine_pid() is None:
        return "half there: its folder is left and its engine is gone"
    with contextlib.suppress(LabError):
        running = docker("ps", "--format", "{{.Names}}").split()
        if not {"nickapp-nginx", "nickapp-people"} <= set(running):
            return "half there: its engine runs without the stack"
        return "up" if REGISTERED.answers() else "half there: its registry is gone"
    return "half there: its engine does not answer"


def door(folder: Path | str) -> list[str]:
    """The words before a command that runs inside, in that folder."""
    pid = engine_pid()
    if pid is None:
        raise LabError("it is not up; `make lab` starts it")
    return ["nsenter", "--mount", "--target", str(pid), "--", "sh", "-c", 'cd "$0" && exec "$@"', str(folder)]


def inside(words: Sequence[str], *, patience: float = 30) -> str:
    """What a command prints inside, in the stack's folder."""
    return ran([*door("/opt/backend"), *words], patience=patience, env=environment())


def enter(words: list[str]) -> int:
    """Run a command inside, in the current folder, with this terminal."""
    words = words[1:] if words[:1] == ["--"] else words
    return subprocess.run([*door(Path.cwd()), *(words or ["bash"])], env=environment(), check=False).returncode


def lay_vault(page: Path | None, folder: Path | None = None, *, quick: bool = False) -> Path:
    """A vault with that page unchanged, or the corrected one, and the lab's settings; returns the settings file."""
    vault = folder or RUN / "vault"
    source = page or HERE / "vault-corrected" / "Incident Response.md"
    try:
        text = source.read_bytes()
    except OSError as problem:
        raise LabError(f"the page {source} cannot be read: {problem.strerror}") from None
    vault.mkdir(parents=True, exist_ok=True)
    (vault / "Incident Response.md").write_bytes(text)
    settings = (HERE / "firstfive.toml").read_text()
    settings = settings.replace("LAB_SOCKET", str(RUN / "engine/docker.sock")).replace(
        "LAB_DOCKER_CONFIG", str(KEPT / "docker")
    )
    if quick:
        settings = settings.replace('settled = "10s"', 'settled = "4s"')
        settings = settings.replace('log_quiet = "5s"', 'log_quiet = "3s"').replace(
            'resolve_after = "8s"', 'resolve_after = "3s"'
        )
    (vault / "firstfive.toml").write_text(settings)
    return vault / "firstfive.toml"


def drill(words: list[str]) -> int:
    """`firstfive drill` against the server that `serve` has started."""
    door("/")
    settings = RUN / "vault/firstfive.toml"
    if not settings.exists():
        raise LabError("Firstfive is not beside it yet; `make lab-serve` in another terminal starts it")
    return enter([sys.executable, "-m", "firstfive", "drill", *words, "--config", str(settings)])


def serve(page: Path | None, words: list[str], *, quick: bool = False) -> int:
    """Firstfive on the lab."""
    door("/")  # nothing is laid where no lab is
    settings = lay_vault(page, quick=quick)
    return enter([sys.executable, "-m", "firstfive", "serve", "--config", str(settings), *words])


if __name__ == "__main__":
    sys.exit(main())
