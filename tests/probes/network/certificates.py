"""Certificates of a made-up authority, for servers on loopback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TODAY = datetime.now(UTC)


class Authority:
    """Signs certificates; its own is at `path`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of tests")])
        self.path = folder / "authority.pem"
        made = self._made(self.name, self.key.public_key(), -1, 3650).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.path.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _made(self, name: x509.Name, key: ec.EllipticCurvePublicKey, begins: int, ends: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(TODAY + timedelta(days=begins))
            .not_valid_after(TODAY + timedelta(days=ends))
        )

    def sign(self, host: str, *, begins: int = -400, ends: int = 90) -> Path:
        """A key and a certificate of `host` in one file; its days count from today."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        known = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        made = self._made(name, key.public_key(), begins, ends).add_extension(
            x509.SubjectAlternativeName([known]), critical=False
        )
        path = self.folder / f"{host}{begins}{ends}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        return path
