"""A real nginx with the documented file in front of real nodes, and somebody who asks it over TLS.

The file is `examples/several-machines/nginx.conf`, word for word but for addresses and paths.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parents[2] / "examples" / "several-machines"
NAME = "ops.example.org"


def needed(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI has no {program}: tests/prepare installs it", pytrace=False)
        pytest.skip(f"{program} is not installed")
    return found


def written(folder: Path, *, port: int, nodes: Mapping[str, str]) -> Path:
    """The documented file at another port of loopback, with `nodes` in the place of its names, and a certificate beside it."""
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-days", "2"]
    words += ["-addext", f"subjectAltName=DNS:{NAME}"]
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([needed("openssl"), *words, *made], check=True, capture_output=True, timeout=60)
    file = (HERE / "nginx.conf").read_text()
    for name, address in nodes.items():
        file = file.replace(f"server {name}:8455", f"server {address}")
    assert not re.search(r"server node-", file)
    file = file.replace("/etc/nginx/tls", str(folder)).replace("listen 443", f"listen 127.0.0.1:{port}")
    paths = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    file = file.replace("http {", "http {\n" + "\n".join([*paths, "access_log off;"]), 1)
    root = "user root;\n" if os.geteuid() == 0 else ""
    conf = folder / "nginx.conf"
    conf.write_text(f"{root}pid {folder}/pid;\nerror_log {folder}/error.log;\n{file}")
    return conf


def free_port(address: str = "127.0.0.1") -> int:
    with socket.create_server((address, 0)) as free:
        return int(free.getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The nginx that people reach. `source` is the address of loopback that somebody asks from: nginx keeps each at one node."""

    port: int
    folder: Path

    def line(self, source: str, patience: float) -> http.client.HTTPConnection:
        """A connection, shaken hands over."""
        context = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        made = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=patience, source_address=(source, 0))
        made.sock = context.wrap_socket(plain, server_hostname=NAME)
        return made

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | str | None = None,
        *,
        source: str = "127.0.0.1",
        patience: float = 60,
        **headers: str,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body. A dict goes as JSON, a word as a form. Raises OSError when nobody answers."""
        given = {"Host": NAME, **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent = body
        if body is not None:
            form = isinstance(body, str)
            given["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
            sent = body if form else json.dumps(body)
        line = self.line(source, patience)
        try:
            line.request(method, path, sent, given)
            answer = line.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except http.client.HTTPException as problem:
            raise OSError(str(problem)) from problem
        finally:
            line.close()

    @contextlib.contextmanager
    def stream(self, path: str, *, source: str, last: str = "", patience: float = 60, **headers: str) -> Iterator[Any]:
        """The lines of a live stream, each event as (id, data), until it ends."""
        line = self.line(source, patience)
        given = {"Host": NAME, **headers, **({"Last-Event-ID": last} if last else {})}
        try:
            line.request("GET", path, None, given)
            answer = line.getresponse()
            assert answer.status == 200, answer.read()
            yield _events(answer)
        finally:
            line.close()


def _events(answer: http.client.HTTPResponse) -> Iterator[tuple[str, str]]:
    number, data = "", ""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        while line := answer.readline():
            name, _, value = line.decode().rstrip("\r\n").partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                number = value
            elif name == "data":
                data += value
            elif not name:
                if number:
                    yield number, data
                number, data = "", ""


@contextlib.contextmanager
def fronted(folder: Path, nodes: Mapping[str, str]) -> Iterator[Front]:
    """A running nginx before these nodes, ended by its id."""
    folder.mkdir(parents=True)
    front = Front(port=free_port(), folder=folder)
    conf = written(folder, port=front.port, nodes=nodes)
    argv = [needed("nginx"), "-p", str(folder), "-c", str(conf), "-g", "daemon off;"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                front.line("127.0.0.1", 5).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < until, (folder / "error.log").read_text()
                time.sleep(0.05)
        yield front
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
