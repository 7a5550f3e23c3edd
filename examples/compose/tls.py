"""The lab's certificate, signed by an authority that only the lab trusts. Called by `lab`."""

from __future__ import annotations

from pathlib import Path

from place import ran

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
NAMES = "subjectAltName=DNS:amn.gg,DNS:nginx,DNS:smtp\n"


def make(folder: Path, authorities: Path) -> None:
    """The shop's key and certificate in `folder`; `authorities` are those of this machine with the lab's own."""
    ca = ["openssl", "req", "-x509", *KEY, "-days", "30", "-subj", "/CN=Lab"]
    ran([*ca, "-keyout", folder / "ca.key", "-out", folder / "ca.pem"])
    asked = ["openssl", "req", *KEY, "-subj", "/CN=amn.gg"]
    ran([*asked, "-keyout", folder / "shop.key", "-out", folder / "shop.csr"])
    (folder / "names").write_text(NAMES)
    signs = [
        "openssl",
        "x509",
        "-req",
        "-days",
        "30",
        "-CA",
        folder / "ca.pem",
        "-CAkey",
        folder / "ca.key",
        "-CAcreateserial",
    ]
    ran([*signs, "-extfile", folder / "names", "-in", folder / "shop.csr", "-out", folder / "shop.pem"])
    system = Path("/etc/ssl/certs/ca-certificates.crt")
    trusted = (system.read_text() if system.exists() else "") + (folder / "ca.pem").read_text()
    authorities.write_text(trusted)
