"""Serving wider than this machine: refused in the clear, and over TLS only by name. Real processes; 127.0.0.2 stands for a network."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cli.door import process
from firstfive.stores.accounts import FILE, Accounts
from programs import start
from web.accounts.house import PASSWORD, PORT, house

pytestmark = pytest.mark.process

PAGE = """# Incident Response

## 3.1 Shop down

**Symptoms.** The door is locked.

**Runbook.**

```bash
# 1. Look
echo looked
```
"""
WIDE = "127.0.0.2"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((WIDE, 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "Incident Response.md").write_text(PAGE)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(WIDE))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "room.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "room.key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return tmp_path


def listens(vault: Path, **keys: object) -> None:
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in keys.items())
    (vault / "firstfive.toml").write_text(f"[listen]\n{lines}")


TLS = {"tls_cert": "room.pem", "tls_key": "room.key.pem"}
REFUSED = [
    ("in the clear", {}, "could be read on the way", 6),
    ("nobody knows its name", TLS, "by which name people reach it", 6),
    ("half of a pair", {"tls_cert": "room.pem"}, "belong together", 2),
    ("a proxy that nobody named", {"behind_proxy": True}, "belong together", 2),
    ("a proxy that is no address", {"behind_proxy": True, "proxies": ["proxy.lan"]}, "is no address", 2),
    ("no certificate there", {"tls_cert": "no.pem", "tls_key": "no.pem", "address": "https://a.example"}, "TLS", 1),
    (
        "a key of another",
        {"tls_cert": "room.pem", "tls_key": "room.pem", "address": "https://a.example"},
        "cannot speak TLS",
        1,
    ),
]


@pytest.mark.parametrize(("reason", "keys", "says", "code"), REFUSED, ids=[row[0] for row in REFUSED])
def test_the_room_is_not_opened_to_a_network(
    vault: Path, reason: str, keys: dict[str, object], says: str, code: int
) -> None:
    listens(vault, host=WIDE, port=0, **keys)
    said = process("serve", cwd=vault)
    assert says in said.err, said.err
    assert said.code == code
    assert "help:" in said.err


@contextmanager
def serving(vault: Path) -> Iterator[dict[str, str]]:
    """What `serve --json` says, while it runs."""
    running = start(vault, "--json")
    try:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())
    finally:
        running.terminate()
        _, err = running.communicate(timeout=20)
        assert "Traceback" not in err, err


def call(
    port: int, method: str, path: str, *, vault: Path | None, body: str = "", **headers: str
) -> tuple[int, http.client.HTTPMessage, str]:
    """One request; over TLS that trusts the vault's certificate when there is a vault."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if vault is None:
        connection = http.client.HTTPConnection(WIDE, port, timeout=20)
    else:
        trusting = ssl.create_default_context(cafile=str(vault / "room.pem"))
        connection = http.client.HTTPSConnection(WIDE, port, timeout=20, context=trusting)
    try:
        connection.request(method, path, body.encode(), sent)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def test_over_tls_the_first_admin_comes_in_through_the_link_that_is_printed(vault: Path) -> None:
    port = free_port()
    listens(vault, host=WIDE, port=port, address=f"https://localhost:{port}", **TLS)
    with serving(vault) as told:
        assert told["welcome"].startswith(f"https://localhost:{port}/welcome/")
        assert "key=" not in json.dumps(told)
        host = {"Host": f"localhost:{port}", "Sec_Fetch_Site": "same-origin"}
        assert call(port, "GET", "/", vault=vault, **host)[0] == 303, "nobody is in before the first account either"
        key = json.loads((vault / ".firstfive" / "server.json").read_text())["key"]
        assert call(port, "GET", f"/?key={key}", vault=vault, **host)[1]["set-cookie"] is None
        body = f"password={quote(PASSWORD)}&again={quote(PASSWORD)}"
        status, headers, _ = call(port, "POST", urlsplit(told["welcome"]).path, vault=vault, body=body, **host)
        assert status == 303
        cookie = headers["set-cookie"]
        assert cookie.startswith("__Host-firstfive=")
        assert "Secure" in cookie
        assert call(port, "GET", "/people", vault=vault, Cookie=cookie.split(";")[0], **host)[0] == 200
        with pytest.raises((OSError, http.client.HTTPException)):
            call(port, "GET", "/", vault=None, **host)
        told_by_command = process("status", "--all", "--json", cwd=vault)
        assert (told_by_command.code, told_by_command.err) == (0, "")
        made = process("token", "new", "sam", "--scope", "act", "--json", cwd=vault).json["token"]
        noted = process("declare", "slow", "--json", cwd=vault, FIRSTFIVE_TOKEN=made, FIRSTFIVE_USER="mallory")
        assert noted.json["timeline"][0]["by"] == "sam", "the token's person, whoever the shell says it is"
    with serving(vault) as again:
        assert "welcome" not in again


FORWARDED = [
    (["127.0.0.1"], "192.0.2.77", "the proxy's word is taken"),
    (["10.9.9.9"], "127.0.0.1", "a stranger's is not"),
]


@pytest.mark.parametrize(("proxies", "source", "reason"), FORWARDED, ids=[row[2] for row in FORWARDED])
def test_behind_a_proxy_the_record_names_the_client(vault: Path, proxies: list[str], source: str, reason: str) -> None:
    port = free_port()
    listens(vault, host=WIDE, port=port, address="https://ops.example", behind_proxy=True, proxies=proxies)
    with serving(vault):
        headers = {"Host": "ops.example", "Sec_Fetch_Site": "same-origin", "X_Forwarded_For": "192.0.2.77"}
        assert call(port, "POST", "/sign-in", vault=None, body="name=ann&password=x", **headers)[0] == 401
    book = Accounts(vault / ".firstfive" / FILE)
    try:
        assert book.audit()[0].source == source
    finally:
        book.close()


@pytest.mark.parametrize(
    ("address", "host", "strict", "because"),
    [
        ("https://ops.example", "ops.example", True, "it is reached over TLS under its own name"),
        ("", "ops.example", False, "nobody said that it is reached over TLS"),
        ("https://ops.example", f"127.0.0.1:{PORT}", False, "loopback is shared with other programs and may be plain"),
    ],
)
def test_a_browser_is_told_to_come_back_over_tls_only_where_that_is_true(
    tmp_path: Path, address: str, host: str, strict: bool, because: str
) -> None:
    answer = house(tmp_path, address=address).browser(host=host).get("/health")
    assert ("strict-transport-security" in {name.lower() for name in answer.headers}) is strict, because
