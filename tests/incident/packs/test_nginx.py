"""A WebSocket location is found as nginx finds it, said with its line, and mended so that the real nginx takes it."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError, Refused
from firstfive.incident.packs.nginx import Finding, configuration_files, websocket_findings
from firstfive.incident.packs.nginx_fix import edit, fix
from firstfive.probes.upkeep.nginx_config import configuration
from firstfive.shell.risk import Verdict, judge

GOOD = 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
QUOTED = '"upgrade"'


def dump(text: str, **files: str) -> str:
    """As `nginx -T` prints it."""
    whole = {"/etc/nginx/nginx.conf": text} | {f"/etc/nginx/conf.d/{name}.conf": body for name, body in files.items()}
    return "".join(f"# configuration file {name}:\n{body}\n" for name, body in whole.items())


def found(server: str, above: str = "", **more: object) -> tuple[Finding, ...]:
    text = f"events {{}}\nhttp {{\n{above}\nserver {{\n{server}\n}}\n}}\n"
    return websocket_findings(configuration(dump(text)), **more)  # type: ignore[arg-type]


def lines(server: str, above: str = "", **more: object) -> list[str]:
    return [wanted.line for finding in found(server, above, **more) for wanted in finding.wanted]


VERSION, UPGRADE, CONNECTION, LONGER = (
    "proxy_http_version 1.1;",
    "proxy_set_header Upgrade $http_upgrade;",
    'proxy_set_header Connection "upgrade";',
    "proxy_read_timeout 90s;",
)
ALL = [VERSION, UPGRADE, CONNECTION]


@pytest.mark.parametrize(
    ("server", "above", "wanted"),
    [
        ("location / { proxy_pass http://a; }", "", [VERSION, UPGRADE, CONNECTION]),
        (f"location / {{ proxy_pass http://a; {GOOD} }}", "", []),
        (f"location / {{ proxy_pass http://a; {GOOD} }}", "proxy_read_timeout 10s;", [LONGER]),
        (f"location / {{ proxy_pass http://a; {GOOD} proxy_read_timeout 1h; }}", "proxy_read_timeout 10s;", []),
        (f"location / {{ proxy_pass http://a; {GOOD} proxy_read_timeout 30000ms; }}", "", [LONGER]),
        (f"location / {{ proxy_pass http://a; {GOOD} proxy_read_timeout '1m 5s'; }}", "", []),
        ("location / { proxy_pass http://a; }", GOOD, []),
        (f"{GOOD} location / {{ proxy_pass http://a; proxy_set_header Host $host; }}", "", [UPGRADE, CONNECTION]),
        (f"location / {{ proxy_pass http://a; {GOOD.replace('1.1', '1.0')} }}", "", [VERSION]),
        (
            f"location / {{ proxy_pass http://a; {GOOD.replace(QUOTED, 'close')} }}",
            "",
            [CONNECTION],
        ),
        (
            f"location / {{ proxy_pass http://a; {GOOD.replace(QUOTED, '$connection_upgrade')} }}",
            "",
            [],
        ),
        ("location / { root /srv; }", "", []),
        (f"location / {{ proxy_pass http://a; }} location /socket.io/ {{ proxy_pass http://b; {GOOD} }}", "", []),
        (
            f"location /socket.io {{ proxy_pass http://a; }} location / {{ proxy_pass http://b; {GOOD} }}",
            "",
            [VERSION, UPGRADE, CONNECTION],
        ),
        (f"location ^~ /s {{ proxy_pass http://a; {GOOD} }} location ~ io {{ proxy_pass http://b; }}", "", []),
        (f"location /s {{ proxy_pass http://a; }} location ~* ^/SOCKET {{ proxy_pass http://b; {GOOD} }}", "", []),
        (f"location = /socket.io/ {{ proxy_pass http://a; {GOOD} }} location ~ io {{ proxy_pass http://b; }}", "", []),
        (f"location / {{ proxy_pass http://a; location /socket.io/ {{ proxy_pass http://b; {GOOD} }} }}", "", []),
    ],
)
def test_what_a_location_lacks(server: str, above: str, wanted: list[str]) -> None:
    assert lines(server, above) == wanted


def test_headers_from_above_are_repeated_where_one_of_its_own_would_lose_them() -> None:
    above = 'proxy_set_header Host $host;\nproxy_set_header X-Real-IP $remote_addr;\nproxy_set_header X-Note "a b; c";'
    assert lines("location / { proxy_pass http://a; }", above) == [
        VERSION,
        "proxy_set_header Host $host;",
        "proxy_set_header X-Real-IP $remote_addr;",
        'proxy_set_header X-Note "a b; c";',
        UPGRADE,
        CONNECTION,
    ]


def test_the_place_is_that_of_the_included_file() -> None:
    main = "events {}\nhttp {\n    include mime.types;\n    include conf.d/*.conf;\n}\n"
    shop = "server {\n    server_name shop.example;\n    location / {\n        proxy_pass http://a;\n    }\n}\n"
    (finding,) = websocket_findings(configuration(dump(main, shop=shop)))
    assert finding.place == "/etc/nginx/conf.d/shop.conf:3"
    assert finding.server == ("shop.example",)


def test_another_path_and_another_pace_can_be_asked_for() -> None:
    server = f"location / {{ root /srv; }} location /ws {{ proxy_pass http://a; {GOOD} }}"
    assert lines(server) == []
    assert lines(server, path="/ws", quiet=timedelta(minutes=2)) == ["proxy_read_timeout 240s;"]


@pytest.mark.parametrize("text", ["", "nothing of nginx", "<html></html>"])
def test_what_is_no_configuration_is_said(text: str) -> None:
    with pytest.raises(FirstfiveError, match="no nginx configuration"):
        configuration(text)


def test_a_broken_file_is_said_with_its_line() -> None:
    with pytest.raises(FirstfiveError) as raised:
        configuration(dump("events {}\nhttp {\n  server {\n"))
    assert raised.value.where.startswith("/etc/nginx/nginx.conf:")


@pytest.mark.parametrize(
    "location",
    [
        "location / { proxy_pass http://a; }",
        "location /\n{\nproxy_pass http://a;\n}",
        "location / {\nproxy_pass http://a; proxy_http_version 1.0;\n}",
    ],
)
def test_lines_that_hold_more_than_one_thing_are_left_to_a_person(location: str) -> None:
    text = f"events {{}}\nhttp {{\nserver {{\n{location}\n}}\n}}\n"
    findings = websocket_findings(configuration(dump(text)))
    with pytest.raises(Refused) as raised:
        edit(findings, text)
    assert UPGRADE in raised.value.remedy


# ------------------------------------------------------------------------------------------------------ the real nginx

_MAIN = """daemon on;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    proxy_set_header Host $host;
    include {folder}/conf.d/*.conf;
}}
"""
_SHOP = """server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass http://127.0.0.1:{backend};
        proxy_http_version 1.0;  # as it always was
        proxy_read_timeout 2s;
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A real nginx, whose files lie in `folder`."""

    folder: Path
    port: int

    @property
    def shop(self) -> Path:
        return self.folder / "conf.d/shop.conf"

    @property
    def words(self) -> tuple[str, ...]:
        return ("nginx", "-c", f"{self.folder}/nginx.conf")

    def dump(self) -> str:
        return subprocess.run([*self.words, "-T"], capture_output=True, text=True, check=True).stdout

    def upgrades(self) -> int:
        """The status of a WebSocket's handshake through it."""
        there = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        there.request("GET", "/socket.io/", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
        status = there.getresponse().status
        there.close()
        return status


@contextmanager
def backend() -> Iterator[int]:
    """Says 101 to a handshake that arrives whole, and 400 to anything else, as engine.io does."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                there, _ = server.accept()
            except OSError:
                return
            with there:
                asked = there.recv(65536).decode().lower()
                whole = (
                    " http/1.1" in asked and "\r\nupgrade: websocket" in asked and "\r\nconnection: upgrade" in asked
                )
                first = (
                    "101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                    if whole
                    else "400 Bad Request\r\nContent-Length: 0"
                )
                there.sendall(f"HTTP/1.1 {first}\r\n\r\n".encode())

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Running]:
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx is not installed")
        pytest.skip("nginx is not installed (tests/prepare installs it)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "nginx.conf").write_text(_MAIN.format(folder=tmp_path))
    with backend() as behind:
        running = Running(folder=tmp_path, port=port)
        running.shop.write_text(_SHOP.format(port=port, backend=behind))
        subprocess.run(running.words, check=True, capture_output=True)
        try:
            yield running
        finally:
            subprocess.run([*running.words, "-s", "stop"], check=True, capture_output=True)
            until = time.monotonic() + 20
            while (tmp_path / "pid").exists() and time.monotonic() < until:
                time.sleep(0.05)


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)


def wait_for(nginx: Running, status: int) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if nginx.upgrades() == status:
            return True
        time.sleep(0.1)
    return False


def test_the_fix_lets_a_real_nginx_upgrade_and_the_undo_takes_it_back(nginx: Running) -> None:
    before, inode = nginx.shop.read_text(), nginx.shop.stat().st_ino
    assert configuration_files(nginx.dump())[str(nginx.shop)] == before, "byte for byte what nginx read"
    findings = websocket_findings(configuration(nginx.dump()))
    assert [finding.place for finding in findings] == [f"{nginx.shop}:3"]
    change = edit(findings, before)
    assert "\n-        proxy_http_version 1.0;  # as it always was\n" in change.diff
    assert "\n+        proxy_read_timeout 90s;\n" in change.diff
    packed = fix(change, nginx=nginx.words, backups=str(nginx.folder / "backups"))
    assert nginx.upgrades() == 400
    for _ in range(2):
        ran = run(packed.script)
        assert ran.returncode == 0, ran.stderr
    assert nginx.shop.read_text() == change.after
    assert nginx.shop.stat().st_ino == inode, "a container that mounts this one file sees the change"
    assert wait_for(nginx, 101)
    assert run(packed.verify).returncode == 0
    assert websocket_findings(configuration(nginx.dump())) == ()
    for _ in range(2):
        assert run(packed.undo).returncode == 0
    assert nginx.shop.read_text() == before
    assert wait_for(nginx, 400)
    assert run(packed.verify).returncode == 1


def test_it_chooses_the_location_that_a_real_nginx_chooses(tmp_path: Path, nginx: Running) -> None:
    rng = random.Random(7)
    texts = ("/", "/s", "/socket", "/socket.io", "/socket.io/", "/socket.io/x", "/ws", "/a/")
    expressions = ("io", "^/SOCK", r"\.io/$", "^/ws", "x$", "^/a")
    servers, wanted = [], []
    for number in range(120):
        locations: dict[str, str] = {}
        for _ in range(rng.randint(1, 6)):
            kind = rng.choice(("", "", "=", "^~", "~", "~*"))
            text = rng.choice(expressions if kind.startswith("~") else texts)
            mark = f"L{len(locations)}"
            written = text if kind in ("", "^~") else f"{kind} {text}"  # one prefix stands once, whatever its kind
            inner = (
                f"location {text}x {{ proxy_pass http://n; return 200 {mark}n; }}"
                if kind in ("", "^~") and rng.random() < 0.3
                else ""
            )
            body = f"location {f'{kind} {text}'.strip()} {{ proxy_pass http://n; return 200 {mark}; {inner} }}"
            locations.setdefault(written, body)
        path = rng.choice((*texts, "/SOCKET.IO/", "/wsx", "/socket.iox"))
        body = " ".join(locations.values())
        servers.append(f"server {{ listen 127.0.0.1:{nginx.port}; server_name s{number}; {body} }}")
        wanted.append((number, path))
    nginx.shop.write_text("upstream n { server 127.0.0.1:9; }\n" + "\n".join(servers) + "\n")
    subprocess.run([*nginx.words, "-s", "reload"], check=True, capture_output=True)
    assert wait_for(nginx, 200) or wait_for(nginx, 404)
    whole = configuration(nginx.dump())
    chosen = 0
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=10)) as there:
        for number, path in wanted:
            there.request("GET", path, headers={"Host": f"s{number}"})
            answered = there.getresponse().read().decode()
            ours = [f.location for f in websocket_findings(whole, path=path) if f.server == (f"s{number}",)]
            marks = [d.args[-1] for location in ours for d in location.block or () if d.name == "return"]
            # Without a location nginx looks for a file; where one with a slash more would fit it sends the client there.
            assert marks == ([answered] if answered.startswith("L") else []), (number, path, servers[number])
            chosen += len(marks)
    assert chosen > 40


def test_a_file_that_changed_since_it_was_looked_at_is_left_alone(nginx: Running) -> None:
    change = edit(websocket_findings(configuration(nginx.dump())), nginx.shop.read_text())
    packed = fix(change, nginx=nginx.words, backups=str(nginx.folder / "backups"))
    nginx.shop.write_text("# somebody was here\n" + nginx.shop.read_text())
    there = nginx.shop.read_text()
    for script in (packed.script, packed.undo):
        ran = run(script)
        assert ran.returncode == 1
        assert "look again" in ran.stderr or "changed since" in ran.stderr
    assert nginx.shop.read_text() == there


def test_what_nginx_does_not_take_is_taken_back_at_once(nginx: Running) -> None:
    before = nginx.shop.read_text()
    change = edit(websocket_findings(configuration(nginx.dump())), before)
    once = nginx.folder / "once"
    nginx_that_refuses = nginx.folder / "nginx-that-refuses"
    nginx_that_refuses.write_text(
        f'#!/bin/sh\n[ ! -e {once} ] || exit 1\n: > {once}\nexec {" ".join(nginx.words)} "$@"\n'
    )
    nginx_that_refuses.chmod(0o755)
    ran = run(fix(change, nginx=(str(nginx_that_refuses),), backups=str(nginx.folder / "backups")).script)
    assert ran.returncode == 1
    assert "as it was" in ran.stderr
    assert nginx.shop.read_text() == before


def test_the_script_is_a_change_and_the_look_is_not(tmp_path: Path) -> None:
    text = "events {}\nhttp {\nserver {\nlocation / {\nproxy_pass http://a;\n}\n}\n}\n"
    change = edit(websocket_findings(configuration(dump(text))), text)
    packed = fix(change, nginx=("docker", "exec", "nickapp-nginx", "nginx"))
    assert judge(packed.script).verdict is Verdict.CHANGING
    assert judge(packed.undo).verdict is Verdict.CHANGING
    assert judge(packed.verify).verdict is Verdict.READ_ONLY
    with pytest.raises(Refused):
        fix(change, path="relative.conf")
