"""Certificates for a stand-in behind TLS: one that is fine, and those that are not.

Knows: the openssl command. The certificate is its own authority, so a client must be told to trust it.
Must never know: connections.
"""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Literal

Kind = Literal["", "self-signed", "not-yet-valid", "expired"]

_DATES = {  # YYMMDD; one of them is right for the next decades
    "self-signed": ("200101", "491231"),
    "not-yet-valid": ("480101", "491231"),
    "expired": ("100101", "110101"),
}
_CONFIG = """
[ca]
default_ca = own
[own]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:localhost,IP:127.0.0.1
[req]
distinguished_name = name
[name]
"""


def make(kind: Kind, folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost and its key, as PEM files in that folder. OSError without openssl."""
    certificate, key, request = (folder / f"{name}.pem" for name in ("certificate", "key", "request"))
    (folder / "index").write_text("", encoding="ascii")
    (folder / "serial").write_text("01", encoding="ascii")
    (folder / "ca.cnf").write_text(_CONFIG.format(folder=folder), encoding="ascii")
    config = ["-config", str(folder / "ca.cnf")]
    since, until = (f"{day}000000Z" for day in _DATES[kind])
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key))
    _openssl("req", "-new", *config, "-key", str(key), "-subj", "/CN=localhost", "-out", str(request))
    sign = ["ca", "-batch", *config, "-selfsign", "-keyfile", str(key), "-in", str(request), "-notext"]
    _openssl(*sign, "-startdate", since, "-enddate", until, "-out", str(certificate))
    return certificate, key


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What a server needs to show it."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    return tls


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)
