"""The Compose file of several machines runs: PostgreSQL, two nodes and nginx on a real Docker Engine; one serves when the other is killed.

The file is run as it stands. Images cannot be pulled here, so those that it names are made of this machine's programs: each borrows /usr.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import firstfive
from lab.engine import Lab, engine
from postgres.cluster import _programs
from stories.front import HERE, NAME, Front, free_port, needed
from stories.nodes import soon

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("engine"), pytest.mark.timeout(400)]

PAGE = """# Incident Response

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | Site fully down | 15 min | Web is down |

## 3. Common incidents

### 3.1 Web down

**Symptoms.** Nobody sees the site. Sev 1.

**Runbook.**

```bash
date
```
"""
# What the entry point of the image that the file names does with the same variables.
POSTGRES = """#!/bin/bash
set -e
data=/var/lib/postgresql/data/pg
mkdir -p "$data" /run/postgresql && chown -R postgres: /var/lib/postgresql/data /run/postgresql
run() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
[ "${1-}" = postgres ] || exec "$@"
if [ ! -e "$data/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" > /tmp/word && chown postgres: /tmp/word
  run initdb -D "$data" -U "$POSTGRES_USER" -A scram-sha-256 --pwfile=/tmp/word --locale=C -E UTF8 --no-sync
  echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
  setpriv --reuid=postgres --regid=postgres --clear-groups postgres -D "$data" -c listen_addresses= & first=$!
  export PGPASSWORD=$POSTGRES_PASSWORD
  until psql -h /run/postgresql -U "$POSTGRES_USER" -d template1 -qc "CREATE DATABASE $POSTGRES_DB"; do sleep 0.3; done
  kill -TERM "$first"; wait "$first"
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups postgres -D "$data" -c 'listen_addresses=*'
"""


def image(lab: Lab, name: str, files: dict[str, str], *changes: str) -> None:
    """A root file system that borrows /usr, with these files in it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:

        def put(path: str, text: str = "", *, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o755) -> None:
            entry = tarfile.TarInfo(path)
            body = text.encode()
            entry.type, entry.linkname, entry.mode, entry.size = kind, link, mode, len(body)
            tar.addfile(entry, io.BytesIO(body))

        for folder in ("usr", "etc", "srv", "root", "run", "var", "var/lib", "var/log/nginx", "var/lib/nginx", "app"):
            put(folder, kind=tarfile.DIRTYPE)
        put("tmp", kind=tarfile.DIRTYPE, mode=0o1777)
        for one in ("bin", "sbin", "lib", "lib64"):
            put(one, kind=tarfile.SYMTYPE, link=f"usr/{one}")
        put("var/run", kind=tarfile.SYMTYPE, link="/run")
        people = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\npostgres:x:70:70::/:/bin/false\n"
        put("etc/passwd", people, mode=0o644)
        put("etc/group", "root:x:0:\nnogroup:x:65534:\npostgres:x:70:\n", mode=0o644)
        put("etc/nsswitch.conf", "hosts: files dns\n", mode=0o644)
        for path, text in files.items():
            put(path, text)
    words = [word for one in changes for word in ("--change", one)]
    lab.docker("import", *words, "-", name, stdin=made.getvalue())


def images(lab: Lab, services: dict[str, Any]) -> None:
    """Every image that the file names, and that of the nodes."""
    path = "ENV PATH=/app:{}/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin"
    programs = _programs()
    assert programs is not None
    image(
        lab,
        services["postgres"]["image"],
        {"app/start": POSTGRES},
        path.format(f"{programs}:"),
        'ENTRYPOINT ["/app/start"]',
        'CMD ["postgres"]',
    )
    nginx = ["nginx", "-g", "daemon off;"]
    image(lab, services["nginx"]["image"], {}, path.format(""), f"CMD {json.dumps(nginx)}")
    source = Path(firstfive.__file__).parents[1]
    start = f'#!/bin/bash\nPYTHONPATH={source} exec {sys.executable} -m firstfive "$@"\n'
    image(lab, "firstfive-node:test", {"app/firstfive": start}, path.format(""), "WORKDIR /srv")


def borrowed() -> list[str]:
    """Where the program and its Python lie on this machine, read-only."""
    places = {Path("/usr"), Path(sys.prefix), Path(sys.base_prefix), Path(firstfive.__file__).parents[1]}
    outer = [one for one in places if not any(other != one and one.is_relative_to(other) for other in places)]
    return [f"{one}:{one}:ro" for one in sorted(outer)]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[Lab, Front, list[str]]]:
    """The file, up; how it is reached, and the words that Compose is called with."""
    from ruamel.yaml import YAML

    needed("nginx")
    if _programs() is None:
        pytest.skip("PostgreSQL is not installed (tests/prepare does it)")
    here = tmp_path / "several-machines"
    shutil.copytree(HERE, here)
    (here / "vault").mkdir()
    (here / "vault" / "Incident Response.md").write_text(PAGE)
    (here / ".env").write_text("POSTGRES_PASSWORD=correct-horse\n")
    (here / "ssh").mkdir()
    (here / "tls").mkdir()
    made = ["-keyout", str(here / "tls" / "key.pem"), "-out", str(here / "tls" / "fullchain.pem")]
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-days", "2"]
    words += ["-addext", f"subjectAltName=DNS:{NAME}", *made]
    subprocess.run([needed("openssl"), *words], check=True, capture_output=True, timeout=60)
    services = YAML(typ="safe").load((here / "compose.yml").read_text())["services"]
    front = Front(port=free_port(), folder=here / "tls")
    mounts = json.dumps(borrowed())
    node = f"{{image: 'firstfive-node:test', build: !reset null, volumes: {mounts}}}"
    (here / "here.yml").write_text(
        f"services:\n  postgres: {{volumes: {mounts}}}\n  node-1: {node}\n  node-2: {node}\n"
        f'  nginx: {{volumes: {mounts}, ports: !override ["127.0.0.1:{front.port}:443"]}}\n'
    )
    with (
        tempfile.TemporaryDirectory(prefix="ff-", ignore_cleanup_errors=True) as folder,
        engine(Path(folder)) as lab,
    ):
        images(lab, services)
        compose = ["compose", "-p", "several", "--project-directory", str(here)]
        compose += ["-f", str(here / "compose.yml"), "-f", str(here / "here.yml")]
        try:
            told = subprocess.run(
                ["docker", *compose, "up", "-d", "--pull", "never", "--quiet-pull"],
                env=lab.environment,
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )
            logs = lab.docker(*compose, "logs", "--tail", "20", check=False)
            assert told.returncode == 0, f"{told.stderr}\n{logs}"
            yield lab, front, compose
        finally:
            lab.docker(*compose, "down", "-v", "-t", "3", check=False)


def test_a_node_is_killed_and_the_other_serves(up: tuple[Lab, Front, list[str]]) -> None:
    lab, front, compose = up
    known = soon(
        lambda: lab.docker(*compose, "exec", "-T", "node-1", "cat", "/srv/.firstfive/server.json", check=False),
        within=90,
    )
    bearer = {"Authorization": f"Bearer {json.loads(known)['key']}"}

    def asked(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer through nginx, or nothing when there is none yet."""
        try:
            status, _, said = front.ask(method, f"/api/v1{path}", body, patience=30, **bearer)
        except OSError:
            return None
        return json.loads(said) if status < 300 else None

    def alive() -> int:
        said = lab.docker(*compose, "exec", "-T", "node-2", *NODES, check=False)
        return sum(node["alive"] for node in json.loads(said)["nodes"]) if said.startswith("{") else 0

    soon(lambda: asked("GET", "/incidents") is not None, within=90)
    soon(lambda: alive() == 2, within=90)
    made = asked("POST", "/incidents", {"by": "ada", "title": "web is down", "level": 1})
    assert made is not None
    name = made["id"]
    texts = []
    for gone in ("node-1", "node-2"):
        lab.docker(*compose, "kill", "-s", "KILL", gone)
        text = f"said while {gone} is gone"
        soon(lambda t=text: asked("POST", f"/incidents/{name}/note", {"by": "ada", "text": t}), within=60)  # type: ignore[misc]
        texts.append(text)
        lab.docker(*compose, "start", gone)
        soon(lambda: alive() == 2, within=90)
    entries = [entry["text"] for entry in asked("GET", f"/incidents/{name}")["timeline"]]
    assert [text for text in texts if not any(text in one for one in entries)] == []
    verified = lab.docker(
        *compose, "exec", "-T", "node-1", "firstfive", "verify", "--config", "/srv/firstfive.toml", "--json"
    )
    assert json.loads(verified)["ok"], verified
    assert "correct-horse" not in lab.docker(*compose, "logs")


NODES = ("firstfive", "nodes", "--config", "/srv/firstfive.toml", "--json")
