"""The page's commands on a real engine with a real Redis: those that work do, those with a defect fail as said, the corrected ones work."""

from __future__ import annotations

import http.server
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from lab.engine import BUSYBOX, Lab, engine
from lab.page_commands import ROWS, Outcome, Row
from page import original_page

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("engine"), pytest.mark.timeout(180)]

PASSWORD, KEY = "hush-redis", "hush-key"
COMPOSE = """\
services:
  backend: {{container_name: nickapp-backend, image: "nickapp-backend:latest", network_mode: none, stop_grace_period: 0s}}
  mongodb: {{container_name: nickapp-mongodb, image: "mongo-stand-in:latest", network_mode: none, stop_grace_period: 0s}}
  nginx: {{container_name: nickapp-nginx, image: "nginx-stand-in:latest", network_mode: none, stop_grace_period: 0s}}
  watchtower: {{container_name: watchtower, image: "watchtower:latest", network_mode: none, stop_grace_period: 0s}}
  redis:
    container_name: nickapp-redis
    image: redis:latest
    network_mode: none
    command: ["/usr/bin/redis-server", "--requirepass", "{password}", "--save", ""]
"""
# The page's folders, in a namespace of mounts: nothing of the machine is touched.
_INSIDE = """
mount -t tmpfs none /opt && mkdir /opt/backend && mount --bind "$STACK" /opt/backend || exit 99
mount -t tmpfs none /var/lib && mkdir /var/lib/docker || exit 99
cd /opt/backend
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The page's stack, up. `folder` is what the page calls /opt/backend."""

    lab: Lab
    folder: Path
    keeper: str

    def run(self, script: str, *, patience: int = 30) -> subprocess.CompletedProcess[str]:
        environment = self.lab.environment | {
            "STACK": str(self.folder),
            "REDIS_PASSWORD": PASSWORD,
            "SHKEEPER_API_KEY": KEY,
            "SHKEEPER_API_URL": self.keeper,
        }
        words = ["unshare", "--mount", "timeout", str(patience), "bash", "-o", "pipefail", "-c", _INSIDE + script]
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90, check=False
        )

    def up(self) -> None:
        """As it was at the start of a test."""
        (self.folder / "docker-compose.production.yml").write_text(COMPOSE.format(password=PASSWORD))
        spoken = "docker logs nickapp-$1 2>&1 | grep -qE '🔌|ready|Ready to accept'"
        waits = f"for name in backend mongodb redis; do set -- $name; until {spoken}; do sleep 0.1; done; done"
        ran = self.run(f"docker compose -f docker-compose.production.yml up -d && {waits}")
        assert ran.returncode == 0, ran.stderr


def image(lab: Lab, tag: str, *programs: str) -> None:
    """An image of busybox and these programs of this machine, each with its libraries."""
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w", dereference=True) as tar:
        tar.add(BUSYBOX, "bin/busybox")
        for applet in ("sh", "sleep", "ls"):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        held: set[str] = set()
        for program in programs:
            found = shutil.which(program) or pytest.skip(f"{program} is not installed")
            needed = re.findall(
                r"(/\S+) \(", subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout
            )
            for path in {found, *needed} - held:
                tar.add(path, f"usr/bin/{program}" if path == found else path.lstrip("/"))
                held.add(path)
    lab.docker("import", "-", tag, stdin=made.getvalue())


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="ff", ignore_cleanup_errors=True) as made, engine(Path(made)) as lab:
        folder = Path(made) / "stack"
        (folder / "nginx/logs").mkdir(parents=True)
        asked = '203.0.113.7 - - [23/Nov/2026:10:00:00 +0000] "GET /socket.io/?x HTTP/1.1" 200 5\n'
        (folder / "nginx/logs/access.log").write_text(asked * 400 + asked.replace("203.0.113.7", "198.51.100.2") * 20)
        (folder / ".env").write_text("RATE_LIMIT_MAX=100\n")
        image(lab, "redis:latest", "redis-server", "redis-cli")
        image(lab, "tools:latest", "curl")
        says = "while :; do /bin/busybox sleep 0.2; done"
        for name in ("mongo-stand-in", "nginx-stand-in", "watchtower"):
            lab.release(name, "latest", f"trap 'exit 0' TERM; echo {name} ready; {says}")
        built = lab.docker(
            "create", "tools:latest", "/bin/sh", "-c", f"trap 'exit 0' TERM; echo '🔌 User connected'; {says}"
        )
        change = ["--change", f'CMD ["/bin/sh", "-c", "trap \'exit 0\' TERM; echo \'🔌 User connected\'; {says}"]']
        for tag in ("latest", "1.4.1"):
            lab.docker("commit", *change, built, f"nickapp-backend:{tag}")
        lab.docker("rm", built)
        keeper = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Keeper)
        thread = threading.Thread(target=keeper.serve_forever)
        thread.start()
        try:
            yield Stack(lab=lab, folder=folder, keeper=f"http://127.0.0.1:{keeper.server_port}")
        finally:
            keeper.shutdown()
            keeper.server_close()
            thread.join()


class _Keeper(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        right = self.headers.get("X-Shkeeper-Api-Key") == KEY and self.path == "/api/v1/healthcheck"
        self.send_response(200 if right else 403)
        self.end_headers()
        self.wfile.write(b"well" if right else b"no")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the console of the tests."""


Ran = subprocess.CompletedProcess[str]


def prints(pattern: str) -> Callable[[Ran], bool]:
    return lambda ran: ran.returncode == 0 and re.search(pattern, ran.stdout + ran.stderr) is not None


def fails(code: int, pattern: str) -> Callable[[Ran], bool]:
    return lambda ran: ran.returncode == code and re.search(pattern, ran.stdout + ran.stderr) is not None


# What the command as written does, and what the corrected one does.
SEEN: dict[int, tuple[Callable[[Ran], bool], Callable[[Ran], bool] | None]] = {
    48: (prints("User connected"), None),
    55: (prints('"OOMKilled": false'), None),
    61: (prints("^$"), prints("^$")),
    62: (fails(1, "no configuration file provided"), prints("nickapp-backend")),
    64: (prints("watchtower"), None),
    79: (prints("nickapp-mongodb"), None),
    82: (prints("ready"), None),
    86: (prints("/var/lib"), None),
    94: (prints("nickapp-mongodb"), None),
    114: (prints("nickapp-redis"), None),
    117: (prints("Ready to accept connections"), None),
    118: (prints("nickapp-redis"), None),
    121: (prints("PONG"), prints(r"\APONG\s*\Z")),
    126: (fails(1, "no configuration file provided"), prints("nickapp-redis")),
    129: (prints("OK"), prints(r"\AOK\s*\Z")),
    144: (prints("well"), prints("well")),
    155: (fails(7, "onnect"), None),
    206: (prints(r"\A[1-9]\d*\n"), None),
    209: (fails(124, "^$"), prints("socket.io")),
    223: (fails(1, "no configuration file provided"), prints("nickapp-nginx  Started")),
    236: (prints(r"\A\s*400 203\.0\.113\.7\n\s*20 198"), None),
    243: (prints("RATE_LIMIT_MAX=100"), None),
    246: (fails(1, "not a TTY"), None),
}


def test_each_row_is_run_or_says_why_not() -> None:
    assert {row.line for row in ROWS if not row.untried} == set(SEEN)


@pytest.mark.skipif(os.geteuid() != 0, reason="the page's folders can be put up by root only")
@pytest.mark.parametrize("row", [row for row in ROWS if not row.untried], ids=lambda row: f"line {row.line}")
def test_a_command_does_what_the_table_says(stack: Stack, row: Row) -> None:
    written, corrected = SEEN[row.line]
    stack.up()
    text = original_page().decode().split("\n")[row.line - 1 : row.lines.stop - 1]
    script = "\n".join(line for line in text if not line.startswith("#") or "//" in line)
    patience = 3 if row.line == 209 else 30
    ran = stack.run(script.replace("<previous-version>", "1.4.1"), patience=patience)
    assert written(ran), f"{ran.returncode}: {ran.stdout[-500:]}{ran.stderr[-500:]}"
    if row.outcome is Outcome.DEFECT and row.corrected:
        assert corrected is not None
        stack.up()
        ran = stack.run(row.corrected.replace("<previous-version>", "1.4.1"))
        assert corrected(ran), f"{ran.returncode}: {ran.stdout[-500:]}{ran.stderr[-500:]}"


@pytest.mark.skipif(os.geteuid() != 0, reason="the page's folders can be put up by root only")
def test_the_corrected_edit_turns_one_image_and_the_written_one_all(stack: Stack) -> None:
    changed = []
    (row,) = (row for row in ROWS if row.line == 61)
    for script in (original_page().decode().split("\n")[60], row.corrected):
        stack.up()
        assert stack.run(script.replace("<previous-version>", "1.4.1")).returncode == 0
        changed.append((stack.folder / "docker-compose.production.yml").read_text().count(":1.4.1"))
    assert changed == [5, 1]
